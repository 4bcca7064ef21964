"""Footnotes of our texts: places and words, and what is wrong with them."""

from __future__ import annotations

import pytest

from annotator.model.reference import NotePlace
from annotator.site import project_texts

TEXT = """+++
title = "A title"
+++

First[^one] and then[^two], `a/b.go::F`.

[^two]: `a.go::T.M` "x := 1":
    Said
    in two lines.
[^one]: `a.go::T.M` "return "a", nil", `p/a.py::T.m` "return "a"": `code` and words.
"""


def test_notes_are_numbered_by_first_use() -> None:
    text = project_texts.parse("2.1", TEXT)

    assert [note.label for note in text.notes] == ["one", "two"]
    assert text.notes[0].places == (
        NotePlace("a.go", "T.M", 'return "a", nil'),
        NotePlace("p/a.py", "T.m", 'return "a"'),
    )
    assert [note.words for note in text.notes] == ["`code` and words.", "Said in two lines."]
    assert [TEXT.splitlines()[note.line - 1][:6] for note in text.notes] == ["[^one]", "[^two]"]


def test_definitions_leave_no_trace_in_the_body() -> None:
    text = project_texts.parse("2.1", TEXT)

    assert text.body == "First[^one] and then[^two], `a/b.go::F`."
    assert text.faults == ()
    assert project_texts.link_footnotes(text.body, lambda label, _: f"<{label}>").startswith(
        "First<one> and then<two>"
    )


@pytest.mark.parametrize("code", ["`[^x]`", "<code>a [^x]: `p::S`</code>"])
def test_a_footnote_in_code_is_none(code: str) -> None:
    text = project_texts.parse("1", f'+++\ntitle = "A"\n+++\n\nWrite {code} there.\n')

    assert text.faults == ()
    assert project_texts.link_footnotes(text.body, lambda *_: "") == f"Write {code} there."


@pytest.mark.parametrize(
    ("definition", "wrong"),
    [
        ('[^a]: `a.go::F` "x"', "cannot be read"),
        ('[^a]: a.go::F "x": words', "cannot be read"),
        ("[^a]: words alone", "cannot be read"),
        (f'[^a]: `a.go::F` "{"x" * 61}": words', "quotes 61 characters of a line; quote at most 60"),
        ('[^a]: `a.go::F` "x", `b.go::G` "y": words', "names other places than one line of Go"),
        ('[^a]: `a.txt::F` "x": words', "names other places than one line of Go"),
        ('[^a]: `a.go::F` "x": one\n[^a]: `a.go::F` "y": two', "is defined in line 7, too"),
        ('[^b]: `a.go::F` "x": words', "the note b is not used"),
        ("", "the note a is not defined"),
    ],
)
def test_a_note_that_cannot_be_read_is_reported(definition: str, wrong: str) -> None:
    text = project_texts.parse("2.1", f'+++\ntitle = "A"\n+++\n\nWords[^a].\n\n{definition}\n')

    assert any(wrong in fault.message for fault in text.faults)
    assert all(fault.line in (5, 7, 8) for fault in text.faults)
