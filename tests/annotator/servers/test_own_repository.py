"""Documents that lie in the repository whose Go code they cite."""

from __future__ import annotations

import subprocess

import pytest
from small_repository import KILN, SHIFTED, build

from annotator.project_source import SourceOptions
from annotator.servers.workspace import Workspace

TEXT = "# Heat\n\nHeats: `kiln/kiln.go:4`.\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A work tree: the document is as old as the first version, the code is the second one's."""
    folder = tmp_path_factory.mktemp("own") / "kiln"
    module = "module example.org/kiln\n"
    build(
        folder,
        {
            "v1.0.0": {"go.mod": module, "kiln/kiln.go": KILN, "docs/a.md": TEXT},
            "v1.1.0": {"go.mod": module, "kiln/kiln.go": SHIFTED, "docs/a.md": TEXT},
        },
    )
    subprocess.run(["git", "-C", str(folder), "reset", "-q", "--hard"], check=True)
    return folder


@pytest.fixture
def workspace(made, tmp_path, monkeypatch):
    """A workspace of that repository, which has no settings."""
    monkeypatch.setenv("ANNOTATOR_CACHE", str(tmp_path / "cache"))
    opened = Workspace(SourceOptions(history=True), print)
    opened.folders = [made]
    yield opened
    opened.close()


def verdicts(workspace, file, text):
    document = workspace.open(file)
    document.update(text)
    return [(each.reference.at_line, each.name) for each in document.verdicts()]


def test_old_line_is_judged_by_its_commit(workspace, made):
    assert verdicts(workspace, made / "docs" / "a.md", TEXT) == [(3, "moved")]


def test_line_that_moves_keeps_its_commit(workspace, made):
    text = TEXT.replace("# Heat\n", "# Heat\n\nMore.\n\nStill more.\n")

    assert verdicts(workspace, made / "docs" / "a.md", text) == [(7, "moved")]


def test_line_that_is_not_saved_is_judged_at_the_head(workspace, made):
    text = TEXT.replace("Heats: `kiln/kiln.go:4`", "Heats now: `kiln/kiln.go:8`")

    assert verdicts(workspace, made / "docs" / "a.md", text) == [(3, "verified")]


def test_go_file_of_the_work_tree_has_lenses(workspace, made):
    workspace.open(made / "docs" / "a.md")
    file = made / "kiln" / "kiln.go"

    lenses = list(workspace.lenses(file, f"// a new line\n{file.read_text()}"))

    assert [(each.line, each.title) for each in lenses] == [(9, "cited in 1 document")]


def test_lens_needs_no_open_document(workspace, made):
    file = made / "kiln" / "kiln.go"

    assert [each.line for each in workspace.lenses(file, file.read_text())] == [8]
