"""A traced run beside Go: what ran, in which thread, and in which order."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from annotator.config import GoNames
from annotator.errors import InvalidInput
from annotator.model import port
from annotator.parity import call_order, go_facts
from annotator.python_source import objects
from annotator.python_source.docstrings import read_docstrings
from annotator.python_source.modules import read_packages

GO = """package shop

func Open() {
	defer Close()
	Light(Switch())
	Unlock()
}

func Light(n int) {}

func Switch() int { return 1 }

func Unlock() {}

func Close() {}
"""

PYTHON = '''\
"""A shop."""

import threading


def open_() -> None:
    """Open.

    Go:
        shop/shop.go::Open
    """
    _helper()
    helper = threading.Thread(target=unlock, name="helper")
    helper.start()
    helper.join()
    close()


def _helper() -> None:
    light(switch())


def light(n: int) -> None:
    """Light.

    Go:
        shop/shop.go::Light
    """


def switch() -> int:
    """Switch.

    Go:
        shop/shop.go::Switch
    """
    return 1


def unlock() -> None:
    """Unlock.

    Go:
        shop/shop.go::Unlock
    """


def close() -> None:
    """Close.

    Go:
        shop/shop.go::Close
    """


if __name__ == "__main__":
    open_()
'''


@pytest.fixture
def walked(tree, tmp_path: Path):
    """The walk of a port whose text is given, really run under the recorder."""

    def run(text: str = PYTHON) -> tuple[port.TracedRun, list[str]]:
        folder = tmp_path / "port"
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").write_text("")
        (folder / "shop.py").write_text(text)
        out = tmp_path / "calls.json"
        subprocess.run(
            [
                sys.executable,
                "-m",
                "annotator.parity.recorder",
                str(out),
                "-",
                str(folder),
                "--",
                str(folder / "shop.py"),
            ],
            check=True,
            cwd=Path(call_order.__file__).parents[2],
        )
        source = tree({"shop/shop.go": GO})
        facts = go_facts.collect_facts(
            source, (), go_facts.declarations_in_packages(source, ["shop"]), GoNames()
        )
        files = read_packages(tmp_path, [folder.name])
        found = read_docstrings(files).counterparts
        made = call_order.build_run(
            call_order.parse(out.read_bytes()),
            str(tmp_path.resolve()),
            found,
            {symbol.notation: symbol for symbol in facts},
            objects.read(files),
        )
        return made, [remark.message for remark in call_order.problems(made, found)]

    return run


def names(steps: tuple[port.TracedStep, ...]) -> list[str]:
    return [step.python.rpartition(".")[2] for step in steps]


def test_counterparts_that_ran_stand_in_a_tree_helpers_left_out(walked):
    made, _ = walked()

    (opened,) = made.threads[0].steps
    assert names(opened.steps) == ["switch", "light", "close"]
    assert opened.go == ("shop/shop.go::Open",)
    assert opened.micros >= sum(step.micros for step in opened.steps)


def test_every_thread_has_a_tree_of_its_own(walked):
    made, _ = walked()

    assert [(thread.name, names(thread.steps)) for thread in made.threads] == [
        ("MainThread", ["open_"]),
        ("helper", ["unlock"]),
    ]


def test_arguments_run_before_the_call_and_what_is_deferred_runs_last(walked):
    _, remarks = walked()

    assert remarks == []


def test_another_order_is_a_finding(walked):
    _, remarks = walked(PYTHON.replace("    _helper()\n", "    close()\n    _helper()\n"))

    assert remarks == [
        "port.shop.open_: order: shop/shop.go::Close ran before shop/shop.go::Switch, which Go calls first"
    ]


def test_a_stated_order_is_none(walked):
    text = PYTHON.replace("    _helper()\n", "    close()\n    _helper()\n").replace(
        "        shop/shop.go::Open\n",
        "        shop/shop.go::Open\n\n    Differs:\n        order Close: it is closed first here.\n",
    )

    made, remarks = walked(text)

    assert remarks == []
    assert made.threads[0].steps[0].order[0].reason == "it is closed first here."


def test_what_the_recorder_did_not_write_is_refused():
    with pytest.raises(InvalidInput):
        call_order.parse(json.dumps([{"thread": 1}]).encode())


def test_lines_move_with_their_code() -> None:
    call = {"thread": "a", "parent": -1, "file": "shop.py", "line": 3, "start": 1, "end": 2}

    moved = call_order.with_lines(json.dumps([call]).encode(), lambda file, line: line + len(file))

    assert json.loads(moved) == [call | {"line": 10}]


def test_calls_of_many_threads_each_have_a_number_of_their_own(tmp_path):
    module = tmp_path / "shop.py"
    module.write_text("\ndef serve(left):\n    if left:\n        serve(left - 1)\n")
    script = tmp_path / "walk.py"
    script.write_text(
        "import sys, threading\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "import shop\n"
        "sys.setswitchinterval(1e-6)\n"
        "threads = [threading.Thread(target=lambda: [shop.serve(20) for _ in range(50)]) for _ in range(8)]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\n"
    )
    out = tmp_path / "calls.json"
    command = [
        sys.executable,
        "-m",
        "annotator.parity.recorder",
        str(out),
        "-",
        str(tmp_path),
        "--",
        str(script),
    ]
    subprocess.run(command, check=True)

    calls = [call for call in json.loads(out.read_text()) if call["line"] == 2]
    assert len(calls) == 8 * 50 * 21
    assert all(call["end"] >= 0 for call in calls)
