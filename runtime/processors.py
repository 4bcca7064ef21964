"""On which of the machine's processors the engine runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
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
    with _on(_current() & ALLOWED or ALLOWED):
        yield


@contextmanager
def anywhere() -> Iterator[None]:
    """Within the block this thread, and what it starts, may run on all that the engine was given."""
    with _on(ALLOWED):
        yield


@contextmanager
def _on(processors: AbstractSet[int]) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    _place(processors)
    try:
        yield
    finally:
        _place(before)


def _place(processors: AbstractSet[int]) -> None:
    """Have this thread run on some processors; where a sandbox forbids that, it runs as well without."""
    with suppress(OSError):
        os.sched_setaffinity(0, processors)


def _current() -> AbstractSet[int]:
    """The processor on which this thread is; none where the kernel does not tell."""
    try:
        line = Path("/proc/thread-self/stat").read_text("utf-8", "surrogateescape")
        return {int(line.rpartition(")")[2].split()[_PROCESSOR])}
    except (OSError, ValueError, IndexError):
        return frozenset()
