"""Recordings of the port for the player: made by `recorder`, reduced to the calls of counterparts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from annotator.config import Project, Run
from annotator.errors import InvalidInput
from annotator.model.port import Changes, Counterpart, PythonObject, RecordedCall, RecordedEvent, Recording
from annotator.subprocess_pool import Finished


class _Call(msgspec.Struct, frozen=True, array_like=True):
    parent: int
    thread: str
    file: str
    line: int
    end: int


class _Events(msgspec.Struct, frozen=True):
    calls: tuple[_Call, ...]
    events: tuple[RecordedEvent, ...]


_decode = msgspec.json.Decoder(_Events).decode


def command(project: Project, run: Run, out: Path) -> list[str]:
    """Return the command that makes a run and writes its recording to a file."""
    settings = project.config.recordings
    folders = [str(project.root / package) for package in project.config.packages]
    script = str(project.root / settings.script)
    module = "annotator.parity.recorder"
    return [sys.executable, "-m", module, str(out), settings.snapshot, *folders, "--", script, run.name]


def read(run: Run, out: Path, finished: Finished) -> bytes:
    """Return what the recorder wrote.

    Raises:
        InvalidInput: The run failed.
    """
    if finished.code or not out.is_file():
        raise InvalidInput(f"the recording {run.name!r} failed: {finished.complaint}")
    return out.read_bytes()


def with_lines(run: Run, text: bytes, line_of: Callable[[str, int], int]) -> bytes:
    """Return what the recorder wrote with other lines, given by a file and its line.

    Raises:
        InvalidInput: It wrote something else.
    """
    recorded = _parse(run, text)
    replace, calls = msgspec.structs.replace, recorded.calls
    moved = [replace(call, line=line_of(call.file, call.line)) for call in calls]
    events = [
        replace(event, line=line_of(calls[event.call].file, event.line)) if event.call >= 0 else event
        for event in recorded.events
    ]
    return msgspec.json.encode(_Events(tuple(moved), tuple(events)))


def _parse(run: Run, text: bytes) -> _Events:
    try:
        return _decode(text)
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"the recording {run.name!r} cannot be read: {error}") from error


def load(
    project: Project,
    run: Run,
    text: bytes,
    objects: Mapping[str, PythonObject],
    counterparts: Iterable[Counterpart],
) -> Recording:
    """Build a recording from what the recorder wrote.

    Raises:
        InvalidInput: It wrote something else, or the run never calls what it is a recording of.
    """
    recorded = _parse(run, text)
    mirrored = {one.name: {f"{it.path}::{it.symbol}" for it in one.mirrors} for one in counterparts}
    names = {
        (one.path, one.line): one.name
        for one in objects.values()
        if one.kind == "function" and one.name in mirrored
    }
    root = str(project.root.resolve()).rstrip("/") + "/"
    called = [names.get((call.file.removeprefix(root), call.line), "") for call in recorded.calls]
    first = next((at for at, name in enumerate(called) if name and run.of in mirrored[name]), None)
    if first is None:
        raise InvalidInput(f"the recording {run.name!r} never calls a counterpart of {run.of}")
    return _Reduction(run, recorded, called, first).recording()


class _Reduction:
    """Keeps the counterparts among the calls, from the call of one function to its end."""

    def __init__(self, run: Run, recorded: _Events, called: list[str], first: int) -> None:
        self._run, self._recorded, self._called, self._first = run, recorded, called, first
        end = recorded.calls[first].end
        self._end = None if end < 0 else end
        self._numbers: dict[int, int] = {}
        self._calls: list[RecordedCall] = []
        self._lines: dict[int, int] = {}

    def recording(self) -> Recording:
        start: dict[str, dict[str, str | None]] = {}
        events: list[RecordedEvent] = []
        is_running = False
        for event in self._recorded.events[: self._end]:
            if event.call == self._first and not is_running:
                is_running = True
                events += self._outside()
            if not is_running:
                self._lines[event.call] = event.line
                for heading, found in (event.changes or {}).items():
                    start.setdefault(heading, {}).update(found)
            else:
                events += self._event(event)
        run = self._run
        return Recording(run.name, run.title, tuple(self._calls), start, tuple(events), run.about)

    def _outside(self) -> Iterator[RecordedEvent]:
        """Yield the lines that the calls around the first one have reached."""
        for call in reversed(tuple(self._around(self._first))[1:]):
            if self._called[call]:
                yield RecordedEvent(self._number(call), self._lines[call])

    def _around(self, call: int) -> Iterator[int]:
        """Yield a call and those around it, from the inside."""
        while call >= 0:
            yield call
            call = self._recorded.calls[call].parent

    def _number(self, call: int) -> int:
        """Return the number of a counterpart's call in the recording."""
        if call not in self._numbers:
            around = (one for one in self._around(self._recorded.calls[call].parent) if self._called[one])
            parent = next(map(self._number, around), -1)
            thread = self._recorded.calls[call].thread
            self._numbers[call] = len(self._calls)
            self._calls.append(RecordedCall(parent, thread, self._called[call]))
        return self._numbers[call]

    def _event(self, event: RecordedEvent) -> Iterator[RecordedEvent]:
        call = next((one for one in self._around(event.call) if self._called[one]), -1)
        if call < 0:
            return
        if call == event.call:
            self._lines[call] = event.line
        if call == event.call or event.changes:
            yield RecordedEvent(self._number(call), self._lines[call], event.changes)


class Step(msgspec.Struct, frozen=True):
    """A step of a recording: a call begins, is about to run a line, or has changed the state.

    Attributes:
        call: The number of the call.
        line: The line.
        stack: The calls around it with the lines that they have reached, from the outside.
        begins: Whether the call begins.
        changes: What the line changed.
    """

    call: int
    line: int
    stack: tuple[tuple[int, int], ...]
    begins: bool
    changes: Changes = {}


def steps(recording: Recording, lines: frozenset[tuple[str, int]]) -> Iterator[Step]:
    """Yield the steps: the begins of calls, what changes the state, and the given lines of functions.

    What a run repeats as often as the machine wants it, such as a call for each mount, stands there once.
    """
    reached: dict[int, int] = {}
    before: Step | None = None
    for event in recording.events:
        begins = event.call not in reached
        reached[event.call] = event.line
        call = recording.calls[event.call]
        if not (begins or event.changes or (call.python, event.line) in lines):
            continue
        step = Step(
            event.call, event.line, _stack(recording, reached, call.parent), begins, event.changes or {}
        )
        if before is None or not _is_repeated(recording, before, step):
            yield step
        before = step


def _stack(recording: Recording, reached: Mapping[int, int], call: int) -> tuple[tuple[int, int], ...]:
    found = []
    while call >= 0:
        found.append((call, reached[call]))
        call = recording.calls[call].parent
    return tuple(reversed(found))


def _is_repeated(recording: Recording, before: Step, step: Step) -> bool:
    one, other = recording.calls[before.call], recording.calls[step.call]
    return one == other and before.line == step.line and not step.changes
