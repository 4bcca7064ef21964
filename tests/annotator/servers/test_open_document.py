"""Diagnostics of a document during edits."""

from __future__ import annotations

import pytest

from annotator.errors import InvalidInput
from annotator.servers import open_document
from annotator.tracking import verification

LINES = [f"The kiln: `kiln/kiln.go:{number % 30 + 1}` has step {number}.\n\n" for number in range(200)]


@pytest.fixture
def document(workspace, kiln):
    """A long document that is open."""
    made = workspace("v1.1.0").open(kiln / "long.md")
    made.update("".join(LINES))
    return made


def _places(document):
    return [(each.at_line, each.at_column, each.path, each.line) for each in document.references]


def test_change_reads_only_the_lines_around_it(document, monkeypatch):
    read = []
    real = open_document.read_article

    def read_article(project, file, data, own):
        read.append(len(data))
        return real(project, file, data, own)

    monkeypatch.setattr(open_document, "read_article", read_article)

    document.update("".join([*LINES[:100], "new\n\n", *LINES[100:]]))

    assert len(read) == 1
    assert read[0] < len("".join(LINES)) / 2


def test_change_judges_only_new_references(document, monkeypatch):
    document.verdicts()
    judged = []
    real = verification.verify_references

    def verify(at, references):
        judged.extend(references)
        return real(at, references)

    monkeypatch.setattr(open_document, "verify_references", verify)

    document.update("".join([*LINES[:100], "See `kiln/kiln.go:77`.\n\n", *LINES[100:]]))
    verdicts = document.verdicts()

    assert [each.line for each in judged] == [77]
    assert len(verdicts) == 201


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [*lines[:50], "more\n\n", *lines[50:]],
        lambda lines: [*lines[:50], *lines[80:]],
        lambda lines: ["# Title\n\n", *lines],
        lambda lines: [*lines, "`kiln/kiln.go:4` is the end.\n"],
        lambda lines: [*lines[:100], "```go\n", *lines[100:120], "```\n", *lines[120:]],
        lambda lines: [line.replace("kiln.go:9`", "kiln.go:8`") for line in lines],
        lambda lines: lines[::-1],
        lambda lines: lines[:0],
    ],
)
def test_changed_part_reads_as_whole_document(document, workspace, kiln, change):
    text = "".join(change(LINES))
    whole = workspace("v1.1.0").open(kiln / "long.md")
    whole.update(text)

    document.update(text)

    assert _places(document) == _places(whole)
    assert [each.name for each in document.verdicts()] == [each.name for each in whole.verdicts()]


def test_rest_of_document_is_read_when_it_rests(document):
    # The fence opens a listing that only the whole document shows.
    document.update("".join(["---\ntag: v1.1.0\n---\n", *LINES]))
    whole = document.read_whole()

    assert whole is not None
    document.settle(whole)
    assert document.read_whole() is None
    assert {each.written_at for each in document.references} == {"v1.1.0"}


def test_verdicts_are_those_of_verify(document):
    expected = verification.verify_references(document.session, document.references)

    assert tuple(document.verdicts()) == expected


def test_changed_line_of_tagged_document_keeps_the_tag(workspace, kiln):
    text = ["---\ntag: v1.1.0\n---\n", *LINES]
    document = workspace("v1.1.0").open(kiln / "long.md")
    document.update("".join(text))

    document.update("".join([*text[:150], "`kiln/kiln.go:8` fires.\n\n", *text[150:]]))

    assert {each.written_at for each in document.references} == {"v1.1.0"}


def test_too_long_document_is_refused(workspace, kiln):
    document = workspace().open(kiln / "huge.md")

    with pytest.raises(InvalidInput, match="characters are not checked"):
        document.update("x" * (open_document.LARGEST + 1))
    assert document.verdicts() == []


def test_go_line_of_docstring_is_a_reference(workspace, kiln):
    document = workspace().open(kiln / "port.py")
    document.update('"""A port."""\n\n\ndef fire():\n    """Heat.\n\n    Go: kiln/kiln.go::Fire\n    """\n')

    (reference,) = document.references
    assert (reference.symbol, reference.at_line) == ("Fire", 7)
    assert [each.name for each in document.verdicts()] == ["verified"]


def test_go_line_that_names_nothing_is_a_problem(workspace, kiln):
    document = workspace().open(kiln / "port.py")
    document.update('"""A port."""\n\n\ndef fire():\n    """Heat.\n\n    Go: kiln/kiln.go::Fyre\n    """\n')

    (problem,) = document.problems
    assert problem.line == 7
    assert "Fire" in problem.message


def test_excluded_document_is_not_checked(workspace, kiln):
    settings = kiln / "annotator.toml"
    settings.write_text(f'{settings.read_text()}exclude = ["old/**"]\n')
    document = workspace().open(kiln / "old" / "a.md")
    document.update("See `kiln/kiln.go:99`.\n")

    assert document.verdicts() == []


def test_python_that_is_being_typed_is_no_error(workspace, kiln):
    document = workspace().open(kiln / "port.py")
    document.update("def fire(:\n")

    assert (document.references, document.problems) == ([], [])
