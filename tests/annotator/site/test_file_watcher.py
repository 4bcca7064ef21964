"""Changes of files are told once they have come to rest."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from annotator.site.file_watcher import watching

PATIENCE = 20


@pytest.mark.parametrize("name", ["text.md", "module.py", "page.md.jinja"])
def test_a_changed_file_is_told(tmp_path: Path, name: str) -> None:
    told = threading.Event()
    with watching([tmp_path], [], told.set):
        (tmp_path / name).write_text("new", encoding="utf-8")

        assert told.wait(PATIENCE)


def test_a_file_that_is_none_of_ours_is_not_told(tmp_path: Path) -> None:
    count, told = [], threading.Event()

    def changed() -> None:
        count.append(None)
        told.set()

    with watching([tmp_path], [], changed):
        (tmp_path / "page.html").write_text("new", encoding="utf-8")
        (tmp_path / ".swap.swp").write_text("new", encoding="utf-8")
        (tmp_path / "text.md").write_text("new", encoding="utf-8")
        assert told.wait(PATIENCE)

    assert len(count) == 1


def test_what_lies_deeper_counts_only_where_it_is_wanted(tmp_path: Path) -> None:
    told = threading.Event()
    (tmp_path / "deep").mkdir()
    (tmp_path / "flat" / "below").mkdir(parents=True)
    with watching([tmp_path / "deep"], [tmp_path / "flat"], told.set):
        (tmp_path / "flat" / "below" / "x.md").write_text("new", encoding="utf-8")
        (tmp_path / "deep" / "below").mkdir()
        assert not told.wait(0.5)

        (tmp_path / "flat" / "x.toml").write_text("new", encoding="utf-8")
        assert told.wait(PATIENCE)
