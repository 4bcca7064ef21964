"""One command from nothing to a served site, on a real release of moby."""

from __future__ import annotations

import html
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0

pytestmark = pytest.mark.slow


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project as a clean clone has it: nothing generated."""
    folder = tmp_path / "clone"
    generated = shutil.ignore_patterns("docs", "html", ".cache", "__pycache__", "node_modules")
    for name in ("annotator", "runtime", "templates", "site"):
        shutil.copytree(ROOT / name, folder / name, ignore=generated)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def annotator(folder: Path, *arguments: str) -> list[str]:
    return [
        "env",
        "--default-signal=INT",
        f"PYTHONPATH={folder}",
        sys.executable,
        "-m",
        "annotator",
        *arguments,
    ]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def fetched(address: str, process: subprocess.Popen[bytes]) -> str:
    """A page, once the server is up; while the site is built again it lets its readers wait."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - our own server
                return html.unescape(answer.read().decode())
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"nothing is served at {address}")


@pytest.fixture
def served(copy: Path, release) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    release("v20.10.24")
    port = free_port()
    process = subprocess.Popen(
        annotator(copy, "serve", "--source", "debian", "--tag", "v20.10.24", "--port", str(port)),
        cwd=copy,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    yield f"http://127.0.0.1:{port}", process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def test_serve_ends_with_a_site_that_says_which_release_it_shows(served):
    address, process = served

    assert "v20.10.24" in fetched(f"{address}/index.html", process)
    assert "NewManager" in fetched(f"{address}/chapters/2.2.3.html", process)


def seen(word: str, address: str, process: subprocess.Popen[bytes]) -> bool:
    """Whether a word comes to stand on a served page."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if word in fetched(address, process):
            return True
        time.sleep(0.2)
    return False


@pytest.mark.parametrize(
    ("file", "old", "page"),
    [
        ("runtime/volume/service/store.py", '"""', "py/runtime/volume/service/store.html"),
        ("site/chapters/2.2.3.md", "\n+++\n\n", "chapters/2.2.3.html"),
        ("templates/module.md.jinja", "{% block body %}\n", "py/runtime/volume/service/store.html"),
    ],
)
def test_what_is_changed_shows_on_the_served_page_by_itself(served, copy, file, old, page):
    address, process = served
    fetched(f"{address}/index.html", process)
    text = (copy / file).read_text(encoding="utf-8")
    assert old in text

    (copy / file).write_text(text.replace(old, f"{old}zorkmid ", 1), encoding="utf-8")

    assert seen("zorkmid", f"{address}/{page}", process)


def test_ctrl_c_ends_the_server_too(served):
    address, process = served
    fetched(f"{address}/index.html", process)

    os.killpg(process.pid, signal.SIGINT)

    assert process.wait(60) in (0, 130)


def test_verify_of_the_projects_own_article_needs_no_baseline_at_hand(copy, release):
    release("v20.10.24")

    done = subprocess.run(
        annotator(copy, "verify", "--source", "debian", "--tag", "v20.10.24", "--format", "json"),
        cwd=copy,
        capture_output=True,
        check=False,
    )

    report = json.loads(done.stdout)
    ours = [row for row in report["references"] if row["reference"]["file"].endswith("volume-init.toml")]
    assert (done.returncode, report["commit"]) == (1, None)
    assert report["version"].startswith("20.10.24")
    assert {row["verdict"] for row in ours} == {"verified", "moved"}
    assert report["counterparts"]["remarks"] == []
