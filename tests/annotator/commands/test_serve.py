"""Changes of source files are reported once they have come to rest."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from annotator.commands.serve import watching

PATIENCE = 60


class Calls:
    """Counts calls, and waits for the next one."""

    def __init__(self) -> None:
        self.count, self._called = 0, threading.Semaphore(0)

    def __call__(self) -> None:
        self.count += 1
        self._called.release()

    def wait(self) -> bool:
        return self._called.acquire(timeout=PATIENCE)


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["text.md", "module.py", "page.md.jinja", "new/deep/x.toml"])
def test_new_file_is_reported(tmp_path: Path, calls: Calls, name: str) -> None:
    with watching([tmp_path], [], calls):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("new", encoding="utf-8")

        assert calls.wait()


@pytest.mark.slow
def test_changed_replaced_and_removed_files_are_reported(tmp_path: Path, calls: Calls) -> None:
    file = tmp_path / "text.md"
    file.write_text("old", encoding="utf-8")
    with watching([tmp_path], [], calls):
        file.write_text("new", encoding="utf-8")
        assert calls.wait()

        (tmp_path / ".text.md.swp").write_text("newer", encoding="utf-8")
        (tmp_path / ".text.md.swp").replace(file)
        assert calls.wait()

        file.unlink()
        assert calls.wait()


def test_generated_and_other_files_are_not_reported(tmp_path: Path, calls: Calls) -> None:
    (tmp_path / "docs").mkdir()
    with watching([tmp_path], [tmp_path / "docs"], calls):
        (tmp_path / "docs" / "page.md").write_text("new", encoding="utf-8")
        (tmp_path / "docs" / "deep").mkdir()
        (tmp_path / "__pycache__").mkdir()
        (tmp_path / "page.html").write_text("new", encoding="utf-8")
        (tmp_path / ".swap.swp").write_text("new", encoding="utf-8")
        (tmp_path / "text.md").write_text("new", encoding="utf-8")
        assert calls.wait()

    assert calls.count == 1


@pytest.mark.slow
def test_change_during_a_call_leads_to_another(tmp_path: Path) -> None:
    calls, began, go_on = Calls(), threading.Event(), threading.Event()

    def changed() -> None:
        began.set()
        go_on.wait(PATIENCE)
        calls()

    with watching([tmp_path], [], changed):
        (tmp_path / "a.md").write_text("new", encoding="utf-8")
        assert began.wait(PATIENCE)
        (tmp_path / "b.md").write_text("new", encoding="utf-8")
        go_on.set()

        assert calls.wait()
        assert calls.wait()
