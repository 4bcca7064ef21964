"""The served site: rendered only when something has changed, and without banners of others."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture
def served(project, shop) -> Callable[..., str]:
    """Serve the project until its first page is there, press Ctrl-C, and return what was printed."""
    shutil.copy(ROOT / "site" / "mkdocs.yml", project / "site")
    shutil.copy(ROOT / "site" / "versions.yml", project / "site")
    for name in ("assets", "theme"):
        shutil.copytree(ROOT / "site" / name, project / "site" / name)

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def serve(page: str, *arguments: str) -> str:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "annotator", "serve", "--source", str(shop), "--port", str(port)]
        process = subprocess.Popen(
            ["env", "--default-signal=INT", *command, *arguments], cwd=project, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            wait_for(f"http://127.0.0.1:{port}/{page}", process)
        finally:
            os.killpg(process.pid, signal.SIGINT)
            printed, _ = process.communicate(timeout=60)
        assert process.returncode == 130
        return printed.replace(str(port), "PORT")

    return serve


def wait_for(address: str, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 300
    while process.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=10):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"nothing is served at {address}")


def rendered(project: Path) -> dict[str, int]:
    folder = project / "site" / ".cache" / "preview"
    return {str(file): file.stat().st_mtime_ns for file in folder.rglob("*.html")}


def test_unchanged_site_is_not_rendered_again(served, project):
    served("index.html")
    before = rendered(project)
    served("index.html")
    assert before
    assert rendered(project) == before

    assets = project / "site" / "assets" / "site.css"
    assets.write_text(assets.read_text() + "\n")
    served("index.html")
    assert rendered(project) != before


def test_other_languages_are_served_once_they_are_rendered(served, project):
    settings = project / "annotator.toml"
    settings.write_text(f'languages = ["zh"]\n{settings.read_text()}')

    served("zh/symbols.html")

    assert '<html lang="zh"' in (project / "site" / ".cache" / "preview" / "zh" / "symbols.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "page"),
    [(("--quiet",), "index.html"), (("--quiet", "--tag", "v1.0.0", "--tag", "v2.0.0"), "v2.0.0/index.html")],
)
def test_serve_prints_no_banner_of_others(served, arguments, page):
    printed = served(page, *arguments).splitlines()

    assert printed[-2:] == [
        "http://127.0.0.1:PORT/ shows the site; Ctrl-C ends it",
        "annotator: the server has ended",
    ]
    assert len(printed) == 3  # and what was built, before
    assert not any("\x1b" in line for line in printed)
