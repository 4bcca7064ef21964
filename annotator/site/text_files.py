"""The project's own texts on disk, and what became of the lines that their notes explain."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from annotator.config import name_of
from annotator.files import bytes_of
from annotator.site import markdown_text
from annotator.tracking import note_placement

if TYPE_CHECKING:
    from annotator.config import Project
    from annotator.model.reference import LineNote, NoteChange
    from annotator.session import Session
    from annotator.site.markdown_text import MarkdownText


def own_texts(project: Project) -> tuple[MarkdownText, ...]:
    """Read the project's texts: chapters, and other pages with `pages/` before their names."""
    files = [
        (prefix + file.stem, file)
        for folder, prefix in (("chapters", ""), ("pages", "pages/"))
        for file in sorted((project.site / folder).glob("*.md"))
    ]
    return tuple(markdown_text.parse(name, bytes_of(file).decode("utf-8", "replace")) for name, file in files)


def note_changes(at: Session, old: str, new: str) -> tuple[NoteChange, ...]:
    """Return the annotated lines that read differently at the newer of two tags, or are not there."""
    notes = [_go_alone(note) for text in own_texts(at.project) for note in text.notes]
    before, after = (note_placement.place_notes(at.at_tag(tag), notes) for tag in (old, new))
    return tuple(note_placement.changes(before, after, partial(file_of, at.project)))


def _go_alone(note: LineNote) -> LineNote:
    """Return a note without its lines of Python, which are the same at every tag."""
    return msgspec.structs.replace(note, places=tuple(place for place in note.places if place.is_go))


def file_of(project: Project, name: str) -> str:
    """Return the file of a text, as the project names its files."""
    folder = project.site if name.startswith("pages/") else project.site / "chapters"
    return name_of(project, folder / f"{name}.md")
