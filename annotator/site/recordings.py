"""Recordings as the player shows them: each step with its lines of Go and Python, and the notes on these."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from annotator.parity import recording
from annotator.parity.recording import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from annotator.model.port import PythonObject, Recording
    from annotator.site.page_locations import PageLocation
    from annotator.site.site_index import SiteChapter, SiteIndex

Line = tuple[str, int]
"""A file and a 1-based line."""


class StepNote(msgspec.Struct, frozen=True):
    """A note of a chapter on a line of a step."""

    chapter: str
    page: str
    number: int


class PlayedStep(msgspec.Struct, frozen=True):
    """A step and its display.

    Attributes:
        id: Its anchor on the page of the player.
        step: What happens.
        python: The function.
        go_line: The line of the original that does the same; 0 if none is known.
        stack: The functions around it, from the outside, with their lines of Python and Go.
        thread: The thread.
        notes: The notes on its lines.
    """

    id: str
    step: Step
    python: PythonObject
    go_line: int
    stack: tuple[tuple[PythonObject, int, int], ...]
    thread: str
    notes: tuple[StepNote, ...] = ()


class PlayedRecording(msgspec.Struct, frozen=True):
    """A recording with its steps."""

    recording: Recording
    steps: tuple[PlayedStep, ...]


class Recordings:
    """All recordings of a site."""

    def __init__(self, index: SiteIndex) -> None:
        self._index = index

    @cached_property
    def played(self) -> tuple[PlayedRecording, ...]:
        """The recordings in the order in which they are offered."""
        lines = frozenset((*self._lines, *self._noted_lines))
        return tuple(
            PlayedRecording(one, tuple(self._steps(one, lines)))
            for one in self._index.input.python.recordings
        )

    @cached_property
    def by_note(self) -> Mapping[tuple[str, int], tuple[tuple[str, str], ...]]:
        """By a chapter's page and the number of a note, the first step of each recording on its line."""
        found: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
        for played in self.played:
            for step in played.steps:
                for note in step.notes:
                    found[note.page, note.number].setdefault(played.recording.title, step.id)
        return {key: tuple(steps.items()) for key, steps in found.items()}

    def original(self, name: str) -> PageLocation | None:
        """Return the place of the first original of a function that has a page."""
        return next(iter(self._index.locations_by_counterpart.get(name, ())), None)

    @cached_property
    def _functions(self) -> Mapping[str, PythonObject]:
        recordings = self._index.input.python.recordings
        names = sorted({call.python for one in recordings for call in one.calls})
        return {name: self._index.input.python.objects[name] for name in names}

    @cached_property
    def _lines(self) -> Mapping[tuple[str, int], int]:
        """By a function and a line of it, the line of its original that does the same."""
        side_by_side = self._index.side_by_side
        sides = (side for facing in side_by_side.by_page.values() for side in facing.sides)
        found: dict[tuple[str, int], int] = {}
        for side in sides:
            if side.name in self._functions and self.original(side.name) == side.place:
                for link in side_by_side.line_links(side):
                    found.setdefault((side.name, link.python[1]), link.go[1])
        for name, line, go_line in self._noted_pairs():
            found.setdefault((name, line), go_line)
        return found

    def _noted_pairs(self) -> Iterator[tuple[str, int, int]]:
        """Yield the functions and lines of Python that a note has together with a line of the original."""
        for placed in self._index.input.notes:
            for ours in (line for line in placed.lines if line.line):
                for name, one in self._functions.items():
                    place = self.original(name)
                    if place and one.path == ours.path and one.line <= ours.line <= one.end_line:
                        span = place.declaration.span
                        for go in placed.lines:
                            if go.path == place.path and span.line <= go.line <= span.end_line:
                                yield name, ours.line, go.line

    @cached_property
    def _notes(self) -> Mapping[Line, tuple[StepNote, ...]]:
        """By a line of Go or Python, the notes of the chapters on it."""
        found: dict[Line, list[StepNote]] = defaultdict(list)
        for chapter in self._index.chapters:
            for line, note in self._notes_of(chapter):
                found[line].append(note)
        return {line: tuple(notes) for line, notes in found.items()}

    def _notes_of(self, chapter: SiteChapter) -> Iterator[tuple[Line, StepNote]]:
        placed = self._index.notes.get(chapter.text.name, ()) if chapter.text else ()
        for number, one in enumerate(placed, 1):
            for line in one.lines:
                if line.line:
                    yield (line.path, line.line), StepNote(chapter.label, chapter.page, number)

    @cached_property
    def _noted_lines(self) -> frozenset[tuple[str, int]]:
        """Functions and lines of Python that notes are about."""
        return frozenset(
            (name, line)
            for path, line in self._notes
            for name, one in self._functions.items()
            if one.path == path and one.line <= line <= one.end_line
        )

    def _steps(self, one: Recording, lines: frozenset[tuple[str, int]]) -> Iterator[PlayedStep]:
        for number, step in enumerate(recording.steps(one, lines), 1):
            call = one.calls[step.call]
            around = (
                (self._functions[one.calls[at].python], line, self._go_line(one.calls[at].python, line))
                for at, line in step.stack
            )
            go_line = self._go_line(call.python, step.line)
            original = self.original(call.python)
            python = self._functions[call.python]
            yield PlayedStep(
                id=f"{one.name}-{number}",
                step=step,
                python=python,
                go_line=go_line,
                stack=tuple(around),
                thread=call.thread,
                notes=tuple(
                    self._of((python.path, step.line), (original.path, go_line) if original else None)
                ),
            )

    def _go_line(self, name: str, line: int) -> int:
        """Return the line of the original that does what a line of Python does: of the name for the first."""
        original = self.original(name)
        if original is not None and line == self._functions[name].line:
            return original.declaration.line
        return self._lines.get((name, line), 0)

    def _of(self, *lines: Line | None) -> Iterable[StepNote]:
        return dict.fromkeys(note for line in lines if line for note in self._notes.get(line, ()))
