"""Notes on lines of source: what a text says of a line, and where that line is."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class NotePlace(msgspec.Struct, frozen=True):
    """A line of source, named by its declaration and by some of its text; the number is derived."""

    path: str
    symbol: str
    quote: str

    @property
    def is_go(self) -> bool:
        """Whether the line is one of Go, which is carried from tag to tag."""
        return self.path.endswith(".go")


class LineNote(msgspec.Struct, frozen=True):
    """A footnote that explains lines.

    Attributes:
        text: The name of the text that has it.
        label: What it is called there.
        line: 1-based line of the text's file.
        places: The lines: one of Go, one of Python, or both.
        words: The explanation; code and notations stand between backticks.
    """

    text: str
    label: str
    line: int
    places: tuple[NotePlace, ...]
    words: str


class NoteState(StrEnum):
    """The state of an annotated line; mistaken: its quote was never in exactly one line of its source."""

    SAME = "same"
    CHANGED = "changed"
    GONE = "gone"
    MISTAKEN = "mistaken"


class PlacedLine(msgspec.Struct, frozen=True):
    """Where an annotated line is.

    Attributes:
        place: The line as the note names it.
        state: What became of it.
        path: The file that has it now.
        symbol: The declaration that has it now.
        line: Its 1-based number; 0 if it is nowhere.
        text: Its text there.
        was: Its text at the baseline, if that changed or is gone.
        reason: Why it is nowhere, in a clause.
    """

    place: NotePlace
    state: NoteState
    path: str = ""
    symbol: str = ""
    line: int = 0
    text: str = ""
    was: str = ""
    reason: str = ""


class PlacedNote(msgspec.Struct, frozen=True):
    """A note and where its lines are, in the order of its places."""

    note: LineNote
    lines: tuple[PlacedLine, ...]


class NoteChange(msgspec.Struct, frozen=True):
    """An annotated line that reads differently at the newer of two tags, or is not there.

    Attributes:
        file: The text that has the note.
        at_line: 1-based line of the note there.
        label: What the note is called.
        place: The line as the note names it.
        was: Its text at the older tag.
        now: Its text at the newer tag; empty if it is not there.
        reason: Why it is not there, in a clause.
    """

    file: str
    at_line: int
    label: str
    place: NotePlace
    was: str
    now: str = ""
    reason: str = ""
