"""What the pages' Python gets instead of threads, locks and temporary directories."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from runtime.examples import _browser, dockerd_root
from runtime.examples.plugin import Handler, Volumes

ROOT = Path(__file__).parents[3]
RUN = """
import sys
from pathlib import Path
from runtime.examples import _browser
print(_browser.run(sys.argv[1], Path(sys.argv[1]).read_text()))
"""


def run(file: str | Path) -> tuple[list[str], dict[str, object]]:
    """Run a program as a page does, and return its output and what it left."""
    command = [sys.executable, "-c", RUN, str(file)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    *lines, left = ended.stdout.splitlines()
    return lines, json.loads(left)


def test_an_example_prints_what_it_prints_in_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    dockerd_root.main()
    lines, left = run("runtime/examples/dockerd_root.py")
    assert lines == capsys.readouterr().out.splitlines()
    assert left["succeeded"] is True
    paths = [file["path"] for file in left["files"]]
    assert "example/root/volumes/metadata.sqlite3" in paths


def test_an_error_shows_the_lines_of_the_program(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("def fail():\n    assert 1 > 2, 'one is not larger'\n\n\nfail()\n")
    lines, left = run(program)
    assert left["succeeded"] is False
    assert lines[0] == "Traceback (most recent call last):"
    assert f'  File "{program}", line 2, in fail' in lines
    assert not any("_browser" in line for line in lines)
    assert lines[-1] == "AssertionError: one is not larger"


def test_the_example_plugin_answers_a_request(tmp_path: Path) -> None:
    server = cast("Any", SimpleNamespace(volumes=Volumes(tmp_path), show=print))
    exchange = _browser.Exchange(b"POST /Plugin.Activate HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
    Handler(cast("Any", exchange), ("", 0), server)
    assert exchange.bodies() == {"request": "{}", "reply": '{"Implements": ["VolumeDriver"]}\n'}
