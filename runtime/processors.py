"""On which of the machine's processors the engine runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ALLOWED: Final = frozenset(os.sched_getaffinity(0))
"""The processors that the engine was given when it was loaded."""

_PROCESSOR: Final = 36
"""Where the kernel's line about a thread, from the state on, has the processor on which it is."""


@contextmanager
def staying() -> Iterator[None]:
    """Within the block this thread, and those that it starts, stay on the processor where it is.

    Python runs one of its threads at a time. On several processors they would hand its lock to and fro at
    each call of the system, and wake another processor every time, which takes longer than most calls do.
    """
    with _on({_current()} & ALLOWED or ALLOWED):
        yield


@contextmanager
def anywhere() -> Iterator[None]:
    """Within the block this thread, and what it starts, may run on all that the engine was given."""
    with _on(ALLOWED):
        yield


@contextmanager
def _on(processors: frozenset[int] | set[int]) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _current() -> int:
    line = Path("/proc/thread-self/stat").read_text("utf-8", "surrogateescape")
    return int(line.rpartition(")")[2].split()[_PROCESSOR])
