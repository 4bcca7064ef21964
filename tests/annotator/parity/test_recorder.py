"""Recordings of a script that really runs, and their reduction to the calls of counterparts."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from annotator.config import Config, Project, RecordingSettings, Run
from annotator.errors import InvalidInput
from annotator.model.port import Counterpart, PythonObject
from annotator.model.reference import Reference
from annotator.parity import recorder, recording
from annotator.subprocess_pool import Finished

PORT = """\
class Shop:
    def __init__(self):
        self.goods = {}
        self.open()

    def open(self):
        put(self, "tea")


def put(shop, name):
    shop.goods[name] = "one"
    helper(shop)


def helper(shop):
    shop.goods["cup"] = "one"
    del shop.goods["tea"]
"""

SNAPSHOT = """\
from port import Shop


def snapshot(shop: Shop, other: Shop | None = None):
    return {"Goods": dict(vars(shop).get("goods", {}))}
"""

STORY = """\
import sys, threading
from port import Shop, put

shop = Shop()
worker = threading.Thread(target=put, args=(shop, sys.argv[1]), name="worker 1")
worker.start()
worker.join()
"""

RUN = Run("tea", "Tea", "shop.go::Shop")


def _function(name: str, line: int) -> PythonObject:
    return PythonObject(name, "function", "port/__init__.py", line, line + 3)


OBJECTS = {
    one.name: one
    for one in (_function("port.Shop.__init__", 2), _function("port.Shop.open", 6), _function("port.put", 10))
}
COUNTERPARTS = [
    Counterpart(name, "function", one.path, one.line, (Reference("shop.go", symbol, 1),))
    for (name, one), symbol in zip(OBJECTS.items(), ("Shop", "Shop.Open", "Put"), strict=True)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    for name, text in (("port/__init__.py", PORT), ("story/snap.py", SNAPSHOT), ("story/tell.py", STORY)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def project(folder: Path) -> Project:
    recordings = RecordingSettings("story/tell.py", "story/snap.py::snapshot", (RUN,))
    return Project(folder, Config(repository="r", baseline="v1", packages=("port",), recordings=recordings))


@pytest.fixture(scope="module")
def text(project: Project) -> bytes:
    out = project.root / "out.json"
    subprocess.run(recording.command(project, RUN, out), cwd=project.root, check=True)
    return out.read_bytes()


def test_recording_has_calls_and_what_they_change(project: Project, text: bytes) -> None:
    made = recording.load(project, RUN, text, OBJECTS, COUNTERPARTS)
    assert [(call.parent, call.python) for call in made.calls] == [
        (-1, "port.Shop.__init__"),
        (0, "port.Shop.open"),
        (1, "port.put"),
    ]
    changed = [(event.call, event.line, event.changes) for event in made.events if event.changes]
    assert changed == [
        (2, 11, {"Goods": {"tea": "one"}}),
        (2, 12, {"Goods": {"cup": "one"}}),  # by a helper, which has no original
        (2, 12, {"Goods": {"tea": None}}),
    ]


def test_recording_ends_with_its_function(project: Project, text: bytes) -> None:
    run = Run("put", "Put", "shop.go::Put")
    made = recording.load(project, run, text, OBJECTS, COUNTERPARTS)
    assert [call.thread for call in made.calls] == ["MainThread"] * 3
    first = next(recording.steps(made, frozenset()))
    assert (made.calls[first.call].python, first.line) == ("port.Shop.__init__", 4)


def test_steps_have_the_stack_with_its_lines(project: Project, text: bytes) -> None:
    made = recording.load(project, RUN, text, OBJECTS, COUNTERPARTS)
    steps = list(recording.steps(made, frozenset({("port.Shop.open", 7)})))
    assert [(step.call, step.line, step.begins) for step in steps][:4] == [
        (0, 2, True),
        (1, 6, True),
        (1, 7, False),
        (2, 10, True),
    ]
    assert steps[3].stack == ((0, 4), (1, 7))


def test_lines_move_with_their_code(project: Project, text: bytes) -> None:
    moved = recording.with_lines(RUN, text, lambda file, line: line + 10 * file.endswith("port/__init__.py"))
    lower = {name: msgspec.structs.replace(one, line=one.line + 10) for name, one in OBJECTS.items()}
    made = recording.load(project, RUN, text, OBJECTS, COUNTERPARTS)
    after = recording.load(project, RUN, moved, lower, COUNTERPARTS)
    assert [event.line for event in after.events] == [event.line + 10 for event in made.events]
    assert after.calls == made.calls


def test_run_without_its_function_is_refused(project: Project, text: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"'none' never calls a counterpart of shop\.go::None"):
        recording.load(project, Run("none", "None", "shop.go::None"), text, OBJECTS, COUNTERPARTS)


def test_text_that_is_no_recording_is_refused(project: Project) -> None:
    with pytest.raises(InvalidInput, match="the recording 'tea' cannot be read"):
        recording.load(project, RUN, b'{"calls": 1}', OBJECTS, COUNTERPARTS)


def test_failed_run_says_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="the recording 'tea' failed: ValueError: no tea"):
        recording.read(RUN, tmp_path / "none", Finished(1, b"", b"Traceback\nValueError: no tea\n"))


def test_changes_name_what_is_new_different_and_gone() -> None:
    before = {"a": {"x": "1", "y": "1"}, "b": {"z": "1"}}
    assert recorder.changes(before, {"a": {"x": "1", "y": "2", "w": "3"}}) == {
        "a": {"y": "2", "w": "3"},
        "b": {"z": None},
    }


def test_what_a_machine_repeats_is_one_step() -> None:
    calls = tuple(recording.RecordedCall(-1, "MainThread", "port.read") for _ in range(3))
    events = tuple(recording.RecordedEvent(call, 5) for call in range(3))
    made = recording.Recording("r", "R", calls, {}, events)
    assert len(list(recording.steps(made, frozenset()))) == 1


Trace = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    """Record the calls of a script, and return the calls of functions in its own folder."""

    def run(script: str) -> list[dict[str, Any]]:
        (tmp_path / "us").mkdir()
        file = tmp_path / "us/walk.py"
        file.write_text(script)
        recorder = [sys.executable, "-m", "annotator.parity.recorder"]
        words = ["out.json", "-", "us", "--", str(file), "word"]
        subprocess.run([*recorder, *words], cwd=tmp_path, check=True, capture_output=True)
        found = (node for node in ast.walk(ast.parse(script)) if isinstance(node, ast.FunctionDef))
        names = {function.lineno: function.name for function in found}
        calls: list[dict[str, Any]] = json.loads((tmp_path / "out.json").read_text())
        return [{**call, "name": names[call["line"]]} for call in calls]

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
