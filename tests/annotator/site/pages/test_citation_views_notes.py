"""Notes on their chapter: numbers in the prose, marks on lines, and the list."""

from __future__ import annotations

import re

import msgspec
import pytest
from made_site import make_site

from annotator.model.reference import LineNote, NotePlace, NoteState, PlacedLine, PlacedNote
from annotator.site import project_texts
from annotator.site.inputs import PythonInput, SiteInput
from annotator.site.view_models import ChapterPage

GO, PYTHON = "pantry/shelf/shelf.go", "larder/shelves.py"
TEXT = (
    '+++\nnumber = "1.10"\ntitle = "Put"\n+++\n\nPut,[^put] too large,[^large] or gone.[^gone]\n\n'
    f'[^put]: `{GO}::Shelf.Put` "s.jars", `{PYTHON}::Shelf.put` "self.jars[jar]": By `label`.\n'
    f'[^large]: `{GO}::tooLarge` "return nil": Never.\n[^gone]: `{GO}::Gone` "<b>": No more.\n'
)


@pytest.fixture
def chapter(given: SiteInput, mirror: PythonInput) -> ChapterPage:
    text = project_texts.parse("1.10", TEXT)
    put, large, gone = text.notes
    lines = {
        put: (at(put, 0, "Shelf.Put", 19), at(put, 1, "Shelf.put", 29)),
        large: (at(large, 0, "tooLarge", 23),),
        gone: (PlacedLine(gone.places[0], NoteState.GONE, was="<b>", reason="it is gone"),),
    }
    notes = tuple(PlacedNote(note, placed) for note, placed in lines.items())
    made = make_site(msgspec.structs.replace(given, texts=(text,), python=mirror, notes=notes))
    view = next(page.view for page in made.pages if page.path == "chapters/1.10.md")
    assert isinstance(view, ChapterPage)
    return view


def at(note: LineNote, place: int, symbol: str, line: int) -> PlacedLine:
    where: NotePlace = note.places[place]
    return PlacedLine(where, NoteState.SAME, where.path, symbol, line)


def test_each_note_has_a_number_and_a_link_in_the_prose(chapter: ChapterPage) -> None:
    links = re.findall(
        r'<a class="note-ref( note-gone)?" id="[^"]*" href="([^"]*)" data-note="(\d)"', chapter.body
    )

    assert links == [
        ("", "#note&#45;1", "1"), ("", "#note&#45;2", "2"), (" note-gone", "#note&#45;text&#45;3", "3"),
    ]  # fmt: skip


def test_each_line_is_shown_with_one_anchor(chapter: ChapterPage) -> None:
    shown = (*chapter.citations, *chapter.shown)
    excerpts = [excerpt for one in shown for excerpt in (one.excerpt, *one.beside) if excerpt]
    marks = [(e.path, line.number, m.id) for e in excerpts for line in e.lines for m in line.notes if m.id]

    assert sorted(marks) == [(PYTHON, 29, "note-1-other"), (GO, 19, "note-1"), (GO, 23, "note-2")]


def test_the_list_quotes_a_line_that_is_gone(chapter: ChapterPage) -> None:
    put, _, gone = chapter.notes

    assert put.words == "By <code>label</code>&#46;"
    assert [line.link.href for line in put.lines] == ["#note-1", "#note-1-other"]
    assert (gone.lines[0].state, gone.lines[0].was) == ("gone", "<b>")
    assert (
        chapter.lost
        == "The line of 1 note of 3 is no longer in the source at v1; the list of notes quotes it"
    )
