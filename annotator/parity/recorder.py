"""Runs a script and records its calls, its lines and their changes of the project's state.

`python -m annotator.parity.recorder OUT SNAPSHOT FOLDER... -- SCRIPT ARGUMENT...` writes them to OUT as JSON.
SNAPSHOT is `path/of/module.py::function`. The function returns the state as texts by heading and name. It
gets the newest instance of the class of each of its parameters. Files in its folder belong to the story, not
to the port, and are not recorded. Like the tracer, this knows nothing of what it runs.
"""

from __future__ import annotations

import importlib
import inspect
import json
import runpy
import sys
import threading
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

# A run with more events than this is too long to be stepped through.
MAX_EVENTS = 200_000

State = dict[str, dict[str, str]]


class Recorder:
    """The events of all threads in order: `[call, line]`, and what changed since the last event, if anything.

    A call is `[parent, thread, file, line, end]`; `end` is the number of events before its end, or -1. A
    change belongs to the line that the innermost call of its thread has reached; its event stands before the
    event of the next line. Call -1 is the state at the start.
    """

    def __init__(self, folders: tuple[str, ...], left_out: str, observe: Observer) -> None:
        self._folders, self._left_out, self._observe = folders, left_out, observe
        self._local = threading.local()
        self._wanted: dict[CodeType, bool] = {}
        self._lock = threading.Lock()
        self._state: State = {}
        self.calls: list[list[Any]] = []
        self.events: list[tuple[Any, ...]] = []

    def watch(self, frame: FrameType, event: str, _: object) -> Callable[..., Any] | None:
        """Record the begin of a call; this is the trace function of new frames."""
        code = frame.f_code
        if event != "call" or not self._is_wanted(code):
            return None
        if code.co_name == "__init__":
            self._observe.note(frame.f_locals.get(code.co_varnames[0]))
        stack = self._stack()
        with self._lock:
            self._note_changes(stack)
            call = len(self.calls)
            parent = stack[-1][0] if stack else -1
            thread = threading.current_thread().name
            self.calls.append([parent, thread, code.co_filename, code.co_firstlineno, -1])
            stack.append([call, code.co_firstlineno])
            self._append(call, code.co_firstlineno)
        return self._watch_lines

    def _watch_lines(self, frame: FrameType, event: str, _: object) -> Callable[..., Any]:
        stack = self._stack()
        with self._lock:
            self._note_changes(stack)
            if event == "line":
                stack[-1][1] = frame.f_lineno
                self._append(stack[-1][0], frame.f_lineno)
            elif event == "return":
                self.calls[stack.pop()[0]][-1] = len(self.events)
        return self._watch_lines

    def _is_wanted(self, code: CodeType) -> bool:
        known = self._wanted.get(code)
        if known is None:
            name = code.co_filename
            known = name.startswith(self._folders) and not name.startswith(self._left_out)
            known = self._wanted[code] = known and not code.co_name.startswith("<")
        return known

    def _stack(self) -> list[list[int]]:
        stack: list[list[int]] | None = getattr(self._local, "stack", None)
        if stack is None:
            stack = self._local.stack = []
        return stack

    def _append(self, *event: object) -> None:
        if len(self.events) < MAX_EVENTS:
            self.events.append(event)

    def _note_changes(self, stack: list[list[int]]) -> None:
        now = self._observe.state()
        if now == self._state:
            return
        # What was there before the first call belongs to none; a new thread comes after what caused it.
        call, line = stack[-1] if stack else self.events[-1][:2] if self.events else (-1, 0)
        self._append(call, line, changes(self._state, now))
        self._state = now


class Observer:
    """Calls the project's snapshot function with the newest instances of its parameters' classes."""

    def __init__(self, snapshot: Callable[..., State]) -> None:
        hints = typing.get_type_hints(snapshot)
        self._snapshot = snapshot
        self._classes = {name: _class(hints[name]) for name in inspect.signature(snapshot).parameters}
        self._first = next(iter(self._classes))
        self._instances: dict[str, object] = {}

    def note(self, instance: object) -> None:
        """Note an object that is being constructed."""
        for name, known in self._classes.items():
            if isinstance(instance, known):
                self._instances[name] = instance

    def state(self) -> State:
        """Return the state, which is empty before there is an instance for the first parameter."""
        return self._snapshot(**self._instances) if self._first in self._instances else {}


def _class(hint: Any) -> type:
    """Return the class of an annotation, also of `Class | None`."""
    return (
        hint
        if isinstance(hint, type)
        else next(one for one in typing.get_args(hint) if one is not type(None))
    )


def changes(before: State, now: State) -> dict[str, dict[str, str | None]]:
    """Return new and different values by heading and name; None for a removed one."""
    return {heading: found for heading in now | before if (found := dict(_changes(before, now, heading)))}


def _changes(before: State, now: State, heading: str) -> Iterator[tuple[str, str | None]]:
    old, new = before.get(heading, {}), now.get(heading, {})
    yield from ((name, text) for name, text in new.items() if old.get(name) != text)
    yield from ((name, None) for name in old if name not in new)


def main(arguments: list[str]) -> None:
    """Run the script under a recorder, and write the recording as JSON."""
    split = arguments.index("--")
    out, snapshot, *folders = arguments[:split]
    script, *rest = arguments[split + 1 :]
    path, _, function = snapshot.partition("::")
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    recorder = Recorder(
        tuple(str(Path(folder).resolve()) + "/" for folder in folders),
        str(Path(path).resolve().parent) + "/",
        Observer(getattr(module, function)),
    )
    sys.argv = [script, *rest]
    threading.settrace(recorder.watch)
    sys.settrace(recorder.watch)
    try:
        runpy.run_path(script, run_name="__main__")
    finally:
        sys.settrace(None)
        threading.settrace(None)
    text = json.dumps({"calls": recorder.calls, "events": recorder.events})
    Path(out).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
