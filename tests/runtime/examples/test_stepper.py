"""An example is stepped through in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from runtime.cli import app
from runtime.daemon.daemon import create_daemon_root
from runtime.examples import mount
from runtime.examples._stepper import Originals, stepping

Story = Callable[[str], tuple[int, list[str]]]


@pytest.fixture
def told() -> Story:
    """Run an example step by step with some answers, and return its exit code and its lines."""

    def run(answers: str) -> tuple[int, list[str]]:
        result = CliRunner().invoke(app, ["example", "start", "--step"], input=answers)
        return result.exit_code, result.stdout.splitlines()

    return run


def test_step_shows_place_stack_and_state(told: Story) -> None:
    code, lines = told("\n" * 7 + "q\n")
    assert code == 0
    at = lines.index(next(line for line in lines if line.endswith("8. Manager.__init__")))
    python, go, stack = lines[at + 1 : at + 4]
    assert python.startswith("   Python  runtime/plugin/manager.py:")
    assert go == "   Go      plugin/manager.go:102  NewManager"
    assert stack.startswith("   Stack   Daemon.__init__, line ")
    assert "     + run/plugins/: directory" in lines
    assert lines[-1].endswith("Ended.")


def test_closed_input_ends_the_example(told: Story) -> None:
    code, lines = told("")
    assert (code, lines[-1]) == (0, "Ended.")
    assert sys.gettrace() is None


def test_example_goes_on_to_its_end(told: Story) -> None:
    code, lines = told("\n" * 1000)
    assert code == 0
    assert "Stopping, in reverse" in "\n".join(lines)
    assert "Ended." not in lines


def test_ended_example_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    answers = iter([""] * 30)
    with stepping(lambda _: None, lambda _: next(answers, "q")):
        mount.main()
    assert list(tmp_path.iterdir()) == []


def test_without_the_facts_stated_originals_are_known(tmp_path: Path) -> None:
    code = create_daemon_root.__code__
    assert Originals(tmp_path / "none").of(code) == ""
    assert Originals().of(code) == "daemon/daemon.go:1368  CreateDaemonRoot"
