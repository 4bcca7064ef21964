"""Answers to an editor: hover, definition, completion, code lenses, quick fixes."""

from __future__ import annotations

import os
import stat

import msgspec
import pytest

from annotator.articles import rewrite
from annotator.errors import InvalidInput, SourceUnavailable
from annotator.model.go import Kind
from annotator.model.reference import Anchor, Missing
from annotator.project_source import SourceOptions
from annotator.servers import open_project, quick_fixes
from annotator.servers import workspace as workspace_module
from annotator.servers.workspace import Workspace

FIRE = "The function `Fire` is at `kiln/kiln.go:4`.\n"


def opened(workspace, kiln, text, tag=None, name="a.md"):
    """Return a workspace, an open document in it and the verdict on its first reference."""
    made = workspace(tag)
    document = made.open(kiln / name)
    document.update(text)
    return made, document, document.verdicts()[0]


def applied(document, fix):
    """Return a document's text after a fix."""
    return rewrite.apply(document.lines, fix.edits)


def fix_of(document, verdict, title):
    """Return the fix whose title begins so, or None."""
    found = quick_fixes.fixes(document, verdict)
    return next((fix for fix in found if fix.title.startswith(title)), None)


# ── Hover ────────────────────────────────────────────────────────────────────────────────────────
def test_hover_shows_declaration_at_origin(workspace, kiln):
    made, _, verdict = opened(workspace, kiln, FIRE)

    text = made.hover(verdict, kiln / "a.md")

    assert "```go\n// Fire heats the kiln.\nfunc Fire(temp int) error\n```" in text
    assert "at `v1.0.0`" in text
    assert "https://github.com/example/kiln/blob/" in text


def test_hover_shows_newest_tag_and_what_changed(workspace, kiln):
    made, _, verdict = opened(workspace, kiln, FIRE)

    text = made.hover(verdict, kiln / "a.md")

    assert "At `v1.2.0`, the newest: `kiln/kiln.go:8` `Fire`" in text
    assert "call `log` is new" in text
    assert "- `v1.2.0`: `kiln/kiln.go:8` `Fire`, another text" in text


def test_hover_tells_of_move_to_another_file(workspace, kiln):
    made, _, verdict = opened(workspace, kiln, "See `kiln/kiln.go::Shelf.Put`.\n")

    text = made.hover(verdict, kiln / "a.md")

    assert "`kiln/shelf.go:10` `Shelf.Put`" in text
    assert "Its text is the same." in text


def test_hover_marks_guess_as_guess(workspace, kiln):
    made, _, verdict = opened(workspace, kiln, FIRE)
    guess = Anchor("kiln/kiln.go", "Fire", Kind.FUNC, 4, 10)
    missing = msgspec.structs.replace(verdict, outcome=Missing("it is gone", guess))

    assert "A guess, not an answer: `kiln/kiln.go:4` `Fire`" in made.hover(missing, kiln / "a.md")


def test_foreign_words_are_no_markup():
    assert open_project.escaped("[a](javascript:b) <img> `x`") == r"\[a\](javascript:b) \<img\> \`x\`"
    assert open_project.code("a`b`") == "`a\N{RIGHT SINGLE QUOTATION MARK}b\N{RIGHT SINGLE QUOTATION MARK}`"


# ── Definition ───────────────────────────────────────────────────────────────────────────────────
def test_definition_is_read_only_copy_in_cache(workspace, kiln):
    made, _, verdict = opened(workspace, kiln, FIRE)

    found = made.definition(verdict, kiln / "a.md")

    assert found.file.is_relative_to(os.environ["ANNOTATOR_CACHE"])
    assert found.file.read_text().splitlines()[found.line - 1].startswith("func Fire")
    assert not stat.S_IMODE(found.file.stat().st_mode) & 0o222


def test_definition_is_at_the_requested_tag(workspace, kiln):
    made, _, verdict = opened(workspace, kiln, FIRE, "v1.2.0")

    assert made.definition(verdict, kiln / "a.md").line == 8


def test_copy_that_cannot_be_written_leaves_permalink(workspace, kiln, monkeypatch):
    made, _, verdict = opened(workspace, kiln, FIRE)
    (kiln / "file").write_text("")
    monkeypatch.setenv("ANNOTATOR_CACHE", str(kiln / "file"))

    found = made.definition(verdict, kiln / "a.md")

    assert found.file is None
    assert found.address.startswith("https://github.com/example/kiln/blob/")


# ── Completion ───────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("see `kiln/kiln.go::F", ["kiln/kiln.go::Fire"]),
        ("kiln/kiln.go::Shelf.", ["kiln/kiln.go::Shelf.Width", "kiln/kiln.go::Shelf.Pots"]),
        ("src/kiln/kiln.go::Co", ["src/kiln/kiln.go::Cool"]),
        ("Go: kiln/k", ["kiln/kiln.go"]),
        ("kiln/none.go::F", []),
        ("plain words", []),
        ("", []),
    ],
)
def test_completion_offers_paths_and_symbols(workspace, kiln, before, expected):
    made, _, _ = opened(workspace, kiln, FIRE)

    labels = [each.label for each in made.completions(kiln / "a.md", before)]

    assert labels[: len(expected)] == expected
    assert bool(labels) == bool(expected)


# ── Code lens ────────────────────────────────────────────────────────────────────────────────────
def test_lens_counts_documents_that_cite_declaration(workspace, kiln):
    (kiln / "docs").mkdir()
    for name in ("one.md", "two.md"):
        (kiln / "docs" / name).write_text(FIRE)
    made, _, verdict = opened(workspace, kiln, FIRE, "v1.2.0")
    file = made.definition(verdict, kiln / "a.md").file

    lenses = list(made.lenses(file, file.read_text()))

    assert [(each.line, each.title) for each in lenses] == [(8, "cited in 2 documents")]
    assert {path.name for path, _ in lenses[0].references} == {"one.md", "two.md"}


def test_go_file_of_no_source_has_no_lens(workspace, kiln):
    made, _, _ = opened(workspace, kiln, FIRE)

    assert list(made.lenses(kiln / "other.go", "package kiln\n\nfunc Fire() {}\n")) == []


# ── Quick fixes ──────────────────────────────────────────────────────────────────────────────────
PERMALINK = "https://github.com/example/kiln/blob/v1.0.0/kiln/kiln.go#L4"


def test_fix_writes_where_reference_is_now(workspace, kiln):
    _, document, verdict = opened(workspace, kiln, f"See <{PERMALINK}>.\n", "v1.2.0")

    fix = fix_of(document, verdict, "Write where it is")

    expected = PERMALINK.replace("v1.0.0", "v1.2.0").replace("L4", "L8")
    assert applied(document, fix) == f"See <{expected}>.\n"


def test_fix_writes_line_of_symbol_that_was_mistaken(workspace, kiln):
    _, document, verdict = opened(workspace, kiln, "See `kiln/kiln.go::Cool#L4`.\n")

    fix = fix_of(document, verdict, "Write")

    assert applied(document, fix) == "See `kiln/kiln.go::Cool#L13`.\n"


def test_line_at_another_tag_than_the_documents_is_not_offered(workspace, kiln):
    # At the baseline, at which a text without a tag is read, the new line would be wrong.
    _, document, verdict = opened(workspace, kiln, "Heats: `kiln/kiln.go:4`.\n", "v1.2.0")

    assert verdict.name == "moved"
    assert fix_of(document, verdict, "Write where it is") is None


def test_fix_names_symbol(workspace, kiln):
    _, document, verdict = opened(workspace, kiln, FIRE)

    fix = fix_of(document, verdict, "Name the symbol")

    assert applied(document, fix) == "The function `Fire` is at `kiln/kiln.go::Fire#L4`.\n"


def test_line_within_function_gets_no_symbol(workspace, kiln):
    _, document, verdict = opened(workspace, kiln, "See `kiln/kiln.go:6`.\n")

    assert fix_of(document, verdict, "Name the symbol") is None


def test_fix_makes_permalink(workspace, kiln):
    made, document, verdict = opened(workspace, kiln, "It is at `kiln/kiln.go:4`, there.\n")

    fix = fix_of(document, verdict, "Make it a permalink")

    commit = made.open(kiln / "a.md").session.tree.snapshot.commit
    address = f"https://github.com/example/kiln/blob/{commit}/kiln/kiln.go#L4"
    assert applied(document, fix) == f"It is at [`kiln/kiln.go:4`]({address}), there.\n"


def test_permalink_gets_no_permalink(workspace, kiln):
    _, document, verdict = opened(workspace, kiln, f"See <{PERMALINK}>.\n")

    assert fix_of(document, verdict, "Make it a permalink") is None


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.md", "See `kiln/kiln.go:99`.\n", "See `kiln/kiln.go:99`. <!-- annotator: ignore -->\n"),
        ("a.rst", "See ``kiln/kiln.go:99``.\n", ".. annotator: ignore\nSee ``kiln/kiln.go:99``.\n"),
        ("a.adoc", "See `kiln/kiln.go:99`.\n", "// annotator: ignore\nSee `kiln/kiln.go:99`.\n"),
        ("a.org", "See =kiln/kiln.go:99=.\n", "# annotator: ignore\nSee =kiln/kiln.go:99=.\n"),
    ],
)
def test_fix_ignores_line(workspace, kiln, name, text, expected):
    made, document, verdict = opened(workspace, kiln, text, name=name)

    fix = fix_of(document, verdict, "Ignore")

    assert applied(document, fix) == expected
    document = made.open(kiln / name)
    document.update(expected)
    assert document.references == []


def test_right_reference_is_not_to_be_ignored(workspace, kiln):
    _, document, verdict = opened(workspace, kiln, FIRE)

    assert fix_of(document, verdict, "Ignore") is None


def test_file_is_carried_with_its_tag(workspace, kiln):
    text = "---\ntag: v1.0.0\n---\n\nHeats: `kiln/kiln.go:4`, cools: `kiln/kiln.go:13`.\n"
    _, document, _ = opened(workspace, kiln, text, "v1.1.0")

    fix = quick_fixes.carried(document)

    expected = "---\ntag: v1.1.0\n---\n\nHeats: `kiln/kiln.go:8`, cools: `kiln/kiln.go:17`.\n"
    assert applied(document, fix) == expected


def test_file_in_which_all_is_right_is_not_carried(workspace, kiln):
    _, document, _ = opened(workspace, kiln, FIRE)

    assert quick_fixes.carried(document) is None


# ── Projects ─────────────────────────────────────────────────────────────────────────────────────
def test_document_outside_workspace_is_not_checked(workspace, kiln, tmp_path):
    made = workspace()
    (kiln / "link.md").symlink_to("/etc/passwd")

    assert made.is_checked(kiln / "a.md")
    assert not made.is_checked(tmp_path / "a.md")
    assert not made.is_checked(kiln / ".." / "a.md")
    assert not made.is_checked(kiln / "link.md")


def test_document_without_settings_is_checked_against_the_source(workspace, kiln):
    (kiln / "annotator.toml").unlink()
    made = workspace("v1.1.0")
    document = made.open(kiln / "a.md")
    document.update("Gone: `kiln/kiln.go:99`.\n")

    assert [each.name for each in document.verdicts()] == ["missing"]


def test_document_without_settings_or_source_is_refused(kiln, tmp_path):
    made = Workspace(SourceOptions(), print)

    with pytest.raises(InvalidInput, match=r"annotator\.toml"):
        made.open(tmp_path / "a.md")


def test_changed_settings_open_the_source_again(workspace, kiln):
    made, document, _ = opened(workspace, kiln, FIRE)
    settings = kiln / "annotator.toml"
    assert not made.saved(settings)

    settings.write_text(settings.read_text().replace("v1.0.0", "v1.2.0"))
    os.utime(settings, ns=(1, 1))

    assert made.saved(settings)
    assert made.open(kiln / "a.md") is not document
    assert made.open(kiln / "a.md").session.tag == "v1.2.0"


def test_source_that_is_not_there_is_tried_again_after_saving(kiln, source, monkeypatch):
    made = Workspace(SourceOptions("/nowhere/at/all"), print)
    tried = []
    real = workspace_module.OpenProject

    def opened(project, options, warn):
        tried.append(project)
        return real(project, options, warn)

    monkeypatch.setattr(workspace_module, "OpenProject", opened)

    for _ in range(3):
        with pytest.raises(SourceUnavailable):
            made.open(kiln / "a.md")
    assert len(tried) == 1

    made.options = SourceOptions(source)
    assert made.saved(kiln / "annotator.toml")
    assert made.open(kiln / "a.md")
    made.close()
