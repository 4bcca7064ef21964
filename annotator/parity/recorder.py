"""Runs a script and records its calls, its lines and their changes of the project's state.

`python -m annotator.parity.recorder OUT SNAPSHOT FOLDER... -- SCRIPT ARGUMENT...` writes them to OUT as JSON.
SNAPSHOT is `path/of/module.py::function`. The function returns the state as texts by heading and name. It
gets the newest instance of the class of each of its parameters. Files in its folder belong to the story, not
to the port, and are not recorded. Where SNAPSHOT is `-`, the calls alone are noted, with their times. The
recorder runs in a process of its own, and knows nothing of what it runs.
"""

from __future__ import annotations

import importlib
import inspect
import json
import runpy
import sys
import threading
import time
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

# A run with more calls or events than these is too long to be followed or stepped through.
MAX_CALLS = 50_000
MAX_EVENTS = 200_000

State = dict[str, dict[str, str]]


class _Threads(threading.local):
    """The calls of a thread that have begun and not ended, from the outside."""

    def __init__(self) -> None:
        self.stack: list[Any] = []


class _Functions:
    """Which functions are recorded: those in some folders but one, without comprehensions and lambdas."""

    def __init__(self, folders: tuple[str, ...], left_out: tuple[str, ...] = ()) -> None:
        self._folders, self._left_out = folders, left_out
        self._known: dict[CodeType, bool] = {}

    def __contains__(self, code: CodeType) -> bool:
        if code not in self._known:
            name = code.co_filename
            is_inside = name.startswith(self._folders) and not name.startswith(self._left_out)
            self._known[code] = is_inside and not code.co_name.startswith("<")
        return self._known[code]


class CallRecorder:
    """The calls of all threads, in the order in which they began."""

    def __init__(self, folders: tuple[str, ...]) -> None:
        self._functions = _Functions(folders)
        self._local = _Threads()
        self._started = time.perf_counter_ns()
        self._lock = threading.Lock()
        self.calls: list[dict[str, Any]] = []

    def watch(self, frame: FrameType, event: str, _: object) -> None:
        """Record calls and their ends; this is the profile function."""
        if event not in ("call", "return") or frame.f_code not in self._functions:
            return
        stack = self._local.stack
        if event == "call":
            stack.append(self._begin(frame.f_code, stack[-1] if stack else -1))
        elif stack and (number := stack.pop()) >= 0:
            self.calls[number]["end"] = self._now()

    def _begin(self, code: CodeType, parent: int) -> int:
        """Note a call; return its number, or -1 where there are too many."""
        call = {
            "thread": threading.current_thread().name,
            "parent": parent,
            "file": code.co_filename,
            "line": code.co_firstlineno,
            "start": self._now(),
            "end": -1,
        }
        with self._lock:  # else two threads could number their calls alike
            if len(self.calls) >= MAX_CALLS:
                return -1
            self.calls.append(call)
            return len(self.calls) - 1

    def _now(self) -> int:
        return (time.perf_counter_ns() - self._started) // 1000


class StateRecorder:
    """The events of all threads in order: `[call, line]`, and what changed since the last event, if anything.

    A call is `[parent, thread, file, line, end]`; `end` is the number of events before its end, or -1. A
    change belongs to the line that the innermost call of its thread has reached; its event stands before the
    event of the next line. Call -1 is the state at the start.
    """

    def __init__(self, folders: tuple[str, ...], left_out: str, observer: Observer) -> None:
        self._functions = _Functions(folders, (left_out,))
        self._observer = observer
        self._local = _Threads()
        self._lock = threading.Lock()
        self._state: State = {}
        self.calls: list[list[Any]] = []
        self.events: list[tuple[Any, ...]] = []

    def watch(self, frame: FrameType, event: str, _: object) -> Callable[..., Any] | None:
        """Record the begin of a call; this is the trace function of new frames."""
        code = frame.f_code
        if event != "call" or code not in self._functions:
            return None
        if code.co_name == "__init__":
            self._observer.note(frame.f_locals.get(code.co_varnames[0]))
        stack: list[list[int]] = self._local.stack
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
        stack: list[list[int]] = self._local.stack
        with self._lock:
            self._note_changes(stack)
            if event == "line":
                stack[-1][1] = frame.f_lineno
                self._append(stack[-1][0], frame.f_lineno)
            elif event == "return":
                self.calls[stack.pop()[0]][-1] = len(self.events)
        return self._watch_lines

    def _append(self, *event: object) -> None:
        if len(self.events) < MAX_EVENTS:
            self.events.append(event)

    def _note_changes(self, stack: list[list[int]]) -> None:
        now = self._observer.state()
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
    classes: list[type] = [one for one in typing.get_args(hint) if one is not type(None)]
    return hint if isinstance(hint, type) else classes[0]


def changes(before: State, now: State) -> dict[str, dict[str, str | None]]:
    """Return new and different values by heading and name; None for a removed one."""
    return {heading: found for heading in now | before if (found := dict(_changes(before, now, heading)))}


def _changes(before: State, now: State, heading: str) -> Iterator[tuple[str, str | None]]:
    old, new = before.get(heading, {}), now.get(heading, {})
    yield from ((name, text) for name, text in new.items() if old.get(name) != text)
    yield from ((name, None) for name in old if name not in new)


def main(arguments: list[str]) -> None:
    """Run the script, and write its recording as JSON."""
    split = arguments.index("--")
    out, snapshot, *names = arguments[:split]
    sys.argv = arguments[split + 1 :]
    folders = tuple(f"{Path(name).resolve()}/" for name in names)
    if snapshot == "-":
        calls = CallRecorder(folders)
        _run(calls.watch, sys.setprofile, threading.setprofile)
        found: object = calls.calls
    else:
        path, _, function = snapshot.partition("::")
        module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
        observer = Observer(getattr(module, function))
        states = StateRecorder(folders, f"{Path(path).resolve().parent}/", observer)
        _run(states.watch, sys.settrace, threading.settrace)
        found = {"calls": states.calls, "events": states.events}
    Path(out).write_text(json.dumps(found), encoding="utf-8")


def _run(watch: Callable[..., Any], here: Callable[..., Any], in_threads: Callable[..., Any]) -> None:
    """Run the script of `sys.argv` with a function that watches this thread and new ones."""
    in_threads(watch)
    here(watch)
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    finally:
        here(None)
        in_threads(None)


if __name__ == "__main__":
    main(sys.argv[1:])
