"""Traces of scripts that really run in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Trace = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    """Run a script under the tracer, and return the calls of functions in its own folder."""

    def run(script: str) -> list[dict[str, Any]]:
        (tmp_path / "us").mkdir()
        file = tmp_path / "us/walk.py"
        file.write_text(script)
        tracer = [sys.executable, "-m", "annotator.parity.tracer"]
        words = ["out.json", "us", "--", str(file), "word"]
        subprocess.run([*tracer, *words], cwd=tmp_path, check=True, capture_output=True)
        calls: list[dict[str, Any]] = json.loads((tmp_path / "out.json").read_text())
        return calls

    return run


def test_calls_name_their_callers(trace: Trace) -> None:
    calls = trace("def inner(): pass\ndef outer():\n    inner()\n    len('')\nouter()\n")

    assert [(call["name"], call["line"], call["parent"]) for call in calls] == [
        ("outer", 2, -1),
        ("inner", 1, 0),
    ]
    assert all(0 <= call["start"] <= call["end"] for call in calls)


def test_functions_of_other_folders_are_left_out(trace: Trace) -> None:
    calls = trace("import json\ndef dump(): return json.dumps([1], indent=1)\ndump()\n")

    assert [call["name"] for call in calls] == ["dump"]


def test_function_that_raises_has_an_end(trace: Trace) -> None:
    script = "def bad(): raise ValueError\ndef good(): pass\ntry: bad()\nexcept ValueError: good()\n"

    assert [(call["name"], call["parent"]) for call in trace(script)] == [("bad", -1), ("good", -1)]


def test_script_gets_its_arguments(trace: Trace) -> None:
    calls = trace("import sys\ndef word(): pass\nif sys.argv[1:] == ['word']: word()\n")

    assert [call["name"] for call in calls] == ["word"]


def test_calls_of_threads_are_named(trace: Trace) -> None:
    thread = "t = threading.Thread(target=work, name='mine')"
    script = f"import threading\ndef work(): pass\n{thread}\nt.start()\nt.join()\n"

    assert [(call["name"], call["thread"]) for call in trace(script)] == [("work", "mine")]
