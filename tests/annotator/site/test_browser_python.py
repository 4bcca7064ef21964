"""Python for browsers is downloaded once, checked, and left out with a sentence if it is not to be had."""

from __future__ import annotations

import base64
import hashlib
import io
import logging
import tarfile
from pathlib import Path

import msgspec
import pytest

from annotator.config import BrowserSettings, Config, Examples, Project
from annotator.site import browser_python, output


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("ANNOTATOR_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "project"
    (root / "shop").mkdir(parents=True)
    (root / "shop" / "till.py").write_text("MONEY = 1\n")
    (root / "wheels.txt").write_text("# none\n")
    browser = BrowserSettings("shop.page", "wheels.txt")
    config = Config(
        repository="https://example.org/shop",
        baseline="v1",
        packages=("shop",),
        examples=Examples(browser=browser),
    )
    return Project(root, config)


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry with one package, which a small `npm` copies."""
    package = io.BytesIO()
    with tarfile.open(fileobj=package, mode="w:gz") as packed:
        for name in (*browser_python._FILES, browser_python._LOCK):
            data = b'{"info": {}, "packages": {"a": {}}}' if name.endswith(".json") else name.encode()
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(data)
            packed.addfile(entry, io.BytesIO(data))
    (tmp_path / "pyodide.tgz").write_bytes(package.getvalue())
    digest = base64.b64encode(hashlib.sha512(package.getvalue()).digest()).decode()
    monkeypatch.setattr(browser_python, "_INTEGRITY", digest)
    programs = tmp_path / "bin"
    programs.mkdir()
    file = programs / "npm"
    file.write_text(f'#!/bin/sh\necho asked >> "{tmp_path}/asked"\ncp "{tmp_path}/pyodide.tgz" .\n')
    file.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    return tmp_path


def test_python_is_downloaded_once_and_linked(project: Project, npm: Path, tmp_path: Path) -> None:
    first = browser_python.install(project)
    assert first is not None
    assert browser_python.install(project) == first
    assert (npm / "asked").read_text() == "asked\n"
    output.write({"index.md": b"x"}, tmp_path / "docs", first)
    wasm = tmp_path / "docs" / "assets" / "run" / "pyodide.asm.wasm"
    assert wasm.read_bytes() == b"pyodide.asm.wasm"
    assert wasm.stat().st_ino == first["assets/run/pyodide.asm.wasm"].stat().st_ino
    assert (wasm.parent / "pyodide-lock.json").read_text() == '{"info": {}, "packages": {}}'


def test_another_package_than_the_pinned_one_is_refused(
    project: Project, npm: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (npm / "pyodide.tgz").write_bytes(b"something else")
    with caplog.at_level(logging.WARNING, "annotator"):
        assert browser_python.install(project) is None
    assert "is not the one whose hash is known" in caplog.text


def test_without_npm_one_line_says_what_to_do(
    project: Project, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with caplog.at_level(logging.WARNING, "annotator"):
        assert browser_python.install(project) is None
    (record,) = caplog.records
    assert record.message.startswith("the pages run no examples: install npm (Debian: `apt install npm`)")


def test_a_project_without_the_setting_needs_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    plain = msgspec.structs.replace(
        project, config=msgspec.structs.replace(project.config, examples=Examples())
    )
    assert browser_python.install(plain) is None
    assert caplog.records == []


def test_an_archive_is_the_same_for_the_same_files(project: Project) -> None:
    assert browser_python.archive(project) == browser_python.archive(project)
