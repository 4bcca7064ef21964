"""Runs a script and notes which functions of some folders ran.

`python -m annotator.parity.tracer OUT FOLDER... -- SCRIPT` writes them to OUT as JSON. It runs in a process
of its own, beside the annotator, and knows nothing of what it runs.
"""

from __future__ import annotations

import json
import runpy
import sys
import threading
import time
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

# A run that makes more calls than this is no walk any more.
MAX_CALLS = 50_000


class Recorder:
    """The calls of all threads, in the order in which they began."""

    def __init__(self, folders: tuple[str, ...]) -> None:
        self._folders = folders
        self._local = threading.local()
        self._wanted: dict[CodeType, bool] = {}
        self._started = time.perf_counter_ns()
        self._lock = threading.Lock()
        self.calls: list[dict[str, Any]] = []

    def watch(self, frame: FrameType, event: str, _: object) -> None:
        """Record calls and their ends; this is the profile function."""
        if event == "call":
            self._enter(frame.f_code)
        elif event == "return" and self._is_wanted(frame.f_code):
            self._leave()

    def _is_wanted(self, code: CodeType) -> bool:
        known = self._wanted.get(code)
        if known is None:
            known = code.co_filename.startswith(self._folders) and not code.co_name.startswith("<")
            self._wanted[code] = known
        return known

    def _stack(self) -> list[int]:
        stack: list[int] | None = getattr(self._local, "stack", None)
        if stack is None:
            stack = self._local.stack = []
        return stack

    def _now(self) -> int:
        return (time.perf_counter_ns() - self._started) // 1000

    def _enter(self, code: CodeType) -> None:
        if not self._is_wanted(code):
            return
        stack = self._stack()
        call = {
            "thread": threading.current_thread().name,
            "parent": stack[-1] if stack else -1,
            "file": code.co_filename,
            "line": code.co_firstlineno,
            "name": code.co_qualname,
            "start": self._now(),
            "end": -1,
        }
        with self._lock:  # else two threads could number their calls alike
            number = len(self.calls) if len(self.calls) < MAX_CALLS else -1
            if number >= 0:
                self.calls.append(call)
        stack.append(number)

    def _leave(self) -> None:
        stack = self._stack()
        if stack:
            number = stack.pop()
            if number >= 0:
                self.calls[number]["end"] = self._now()


def main(arguments: list[str]) -> None:
    """Run the script under a recorder, and write the recorded calls as JSON."""
    split = arguments.index("--")
    out, *folders = arguments[:split]
    script, *rest = arguments[split + 1 :]
    recorder = Recorder(tuple(str(Path(folder).resolve()) + "/" for folder in folders))
    sys.argv = [script, *rest]
    threading.setprofile(recorder.watch)
    sys.setprofile(recorder.watch)
    try:
        runpy.run_path(script, run_name="__main__")
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    Path(out).write_text(json.dumps(recorder.calls), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
