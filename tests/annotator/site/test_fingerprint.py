"""The state of a site changes with whatever its pages are made of."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from annotator.config import Config, Project
from annotator.site import fingerprint, output


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for folder in ("site/chapters", "site/docs", "us"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "site/chapters/1.md").write_text("one", encoding="utf-8")
    (tmp_path / "us/code.py").write_text("x = 1\n", encoding="utf-8")
    return Project(tmp_path, Config(repository="https://example.org/x", baseline="v1", packages=("us",)))


def state(project: Project, **snapshot: Any) -> str:
    known = {"repository": "r", "tag": "v1", "commit": "a" * 40, "version": "v1", **snapshot}
    return fingerprint.site_fingerprint(project, (), (SimpleNamespace(**known), None))


def test_nothing_changed_is_the_same_state(project: Project) -> None:
    assert state(project) == state(project)


@pytest.mark.parametrize("path", ["site/chapters/1.md", "us/code.py", "site/scope.toml"])
def test_another_file_is_another_state(project: Project, path: str) -> None:
    before = state(project)

    (project.root / path).write_text("other", encoding="utf-8")

    assert state(project) != before


def test_another_commit_is_another_state(project: Project) -> None:
    assert state(project) != state(project, commit="b" * 40)


def test_generated_files_do_not_count(project: Project) -> None:
    before = state(project)

    (project.site / "docs" / "page.md").write_text("made", encoding="utf-8")

    assert state(project) == before


def test_a_site_as_it_was_written_is_known_again(project: Project) -> None:
    folder = project.site / "docs"
    output.write({"page.md": b"made"}, folder)
    output.write_stamp(folder, "state", b"note\nmore")

    assert output.read_stamp(folder, "state") == b"note\nmore"
    assert output.read_stamp(folder, "other") is None


def test_a_site_that_somebody_touched_is_made_anew(project: Project) -> None:
    folder = project.site / "docs"
    output.write({"page.md": b"made"}, folder)
    output.write_stamp(folder, "state", b"note")

    (folder / "page.md").write_bytes(b"changed")

    assert output.read_stamp(folder, "state") is None
