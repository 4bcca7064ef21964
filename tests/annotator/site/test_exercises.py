"""Each exercise fails as it is, is solved by its solution, and belongs to a chapter."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotator import config
from annotator.site.project_texts import MarkdownText, own_texts

ROOT = Path(__file__).parents[3]
TEXTS = own_texts(config.find(ROOT))
EXERCISES = [text for text in TEXTS if text.exercise]


@pytest.mark.parametrize("text", EXERCISES, ids=lambda text: text.name.rpartition("/")[2])
def test_only_the_solution_solves_it(text: MarkdownText, capsys: pytest.CaptureFixture[str]) -> None:
    assert text.exercise is not None
    with pytest.raises((AssertionError, NotImplementedError)) as failed:
        run(text.exercise.task)
    assert failed.type is NotImplementedError or str(failed.value)
    assert "Solved" not in capsys.readouterr().out
    run(text.exercise.solution)
    assert capsys.readouterr().out.splitlines()[-1].startswith("Solved: ")


def run(program: str) -> None:
    exec(compile(program, "program.py", "exec"), {"__name__": "__main__"})  # noqa: S102 - our own programs


def test_each_question_has_an_exercise() -> None:
    numbers = {text.number for text in TEXTS}
    chapters = [text.exercise.chapter for text in EXERCISES if text.exercise]
    assert set(chapters) <= numbers
    assert {"2.1", "2.2", "2.3", "3.1", "3.2", "3.3", "3.4", "3.5"} <= set(chapters)


def test_each_exercise_has_hints_and_takes_minutes() -> None:
    for text in EXERCISES:
        assert text.exercise is not None
        assert text.exercise.hints
        assert 5 <= text.exercise.minutes <= 10
