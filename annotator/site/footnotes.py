"""Footnotes of our texts, which are notes on lines of source."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from annotator.model.reference import LineNote, NotePlace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST_QUOTE = 60
"""Characters of a line of source that a note may quote."""

_LABEL = r"\[\^([^\]\s]{1,60})\]"

# Code is matched first, as what looks like a footnote in it is none.
_USE = re.compile(rf"`[^`\n]*`|<code>.*?</code>|{_LABEL}")
_DEFINITION = re.compile(rf"{_LABEL}:")

# The quote ends where another place or the explanation begins, so it may hold quotation marks.
_PLACE = re.compile(r'\s*`([^`\s:]+)::([^`\s]+)` "(.+?)"(?=, `|: )(,?)')
_FORM = '`[^label]: `path::Symbol` "some text of the line": explanation`'


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a footnote at a 1-based line of the file, in a sentence."""

    line: int
    message: str


class Footnotes(msgspec.Struct, frozen=True):
    """A text without the definitions of its footnotes, its notes by first use, and what is wrong."""

    body: str
    notes: tuple[LineNote, ...] = ()
    faults: tuple[Fault, ...] = ()


def read(name: str, body: str, first: int) -> Footnotes:
    """Return the footnotes of a text; `first` is the line of the file at which its body begins."""
    kept, definitions = _split(body, first)
    uses: dict[str, int] = {}
    for match in _USE.finditer(kept):
        if match[1]:
            uses.setdefault(match[1], first + kept.count("\n", 0, match.start()))
    notes: dict[str, LineNote] = {}
    faults: list[Fault] = []
    for line, text in definitions:
        label, _, definition = text.removeprefix("[^").partition("]:")
        note = LineNote(name, label, line, *_places(definition))
        told = _fault(note, notes, uses)
        if told:
            faults.append(Fault(line, f"the note {note.label} {told}"))
        notes.setdefault(note.label, note)
    faults += [
        Fault(line, f"the note {label} is not defined; add {_FORM}")
        for label, line in uses.items()
        if label not in notes
    ]
    usable = (notes[label] for label in uses if label in notes)
    return Footnotes(kept, tuple(note for note in usable if note.places), tuple(faults))


def linked(body: str, show: Callable[[str, int], str]) -> str:
    """Replace each use of a footnote by what `show(label, number of its use)` makes of it."""
    seen: Counter[str] = Counter()

    def replace(match: re.Match[str]) -> str:
        if not match[1]:
            return match[0]
        seen[match[1]] += 1
        return show(match[1], seen[match[1]])

    return _USE.sub(replace, body)


def _split(body: str, first: int) -> tuple[str, list[tuple[int, str]]]:
    """Return the body with blank lines for the definitions, and each with the line where it begins."""
    kept: list[str] = []
    definitions: list[tuple[int, str]] = []
    inside = False
    for number, line in enumerate(body.split("\n"), first):
        if _DEFINITION.match(line):
            definitions.append((number, line))
            inside = True
        elif inside and line.startswith(" ") and line.strip():
            at, text = definitions[-1]
            definitions[-1] = at, f"{text} {line.strip()}"
        else:
            inside = False
            kept.append(line)
            continue
        kept.append("")
    return "\n".join(kept).rstrip("\n"), definitions


def _places(text: str) -> tuple[tuple[NotePlace, ...], str]:
    """Return the places of a definition and its explanation; no places if it cannot be read."""
    found: list[NotePlace] = []
    at = 0
    while match := _PLACE.match(text, at):
        found.append(NotePlace(match[1], match[2], match[3]))
        at = match.end()
        if not match[4]:
            break
    words = text[at:].removeprefix(": ").strip()
    return (tuple(found), words) if text[at : at + 2] == ": " else ((), words)


def _fault(note: LineNote, others: dict[str, LineNote], uses: dict[str, int]) -> str:
    """Return what is wrong with the form of a note, or nothing."""
    return next(_faults(note, others, uses), "")


def _faults(note: LineNote, others: dict[str, LineNote], uses: dict[str, int]) -> Iterator[str]:
    if note.label in others:
        yield f"is defined in line {others[note.label].line}, too; give each its own label"
    if not note.places or not note.words:
        yield f"cannot be read; write {_FORM}"
    if note.label not in uses:
        yield f"is not used; add [^{note.label}] to the text, or delete the note"
    endings = [place.path.rpartition(".")[2] for place in note.places]
    if not set(endings) <= {"go", "py"} or len(set(endings)) < len(endings):
        yield "names other places than one line of Go, one of Python, or both"
    for place in note.places:
        if len(place.quote) > LONGEST_QUOTE:
            yield f"quotes {len(place.quote)} characters of a line; quote at most {LONGEST_QUOTE}"
