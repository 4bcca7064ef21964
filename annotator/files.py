"""File locks on every system."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

fcntl: ModuleType | None
msvcrt: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
try:
    import msvcrt
except ImportError:  # everywhere else
    msvcrt = None

_AGAIN = 0.05
"""Seconds between two attempts where the system cannot wait for a lock."""


@contextlib.contextmanager
def lock(file: Path, *, wait: bool = True) -> Iterator[int]:
    """Hold the lock that a file stands for; the system releases it when the process ends, however it does.

    Args:
        file: The lock's file, made if it is not there.
        wait: Whether to wait for another process that holds it.

    Yields:
        The lock's file descriptor. On POSIX a process that inherits it holds the lock until it ends, too.

    Raises:
        BlockingIOError: Another process holds the lock, and `wait` is false.
        OSError: The file cannot be made.
    """
    handle = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield handle
        elif msvcrt is not None:
            _retry(lambda: _lock_first_byte(handle), wait=wait)
            yield handle
        else:
            marker = file.with_name(f"{file.name}.held")
            _retry(lambda: _create(marker), wait=wait)
            try:
                yield handle
            finally:
                marker.unlink(missing_ok=True)
    finally:
        os.close(handle)


def _retry(attempt: Callable[[], None], *, wait: bool) -> None:
    while True:
        try:
            attempt()
        except BlockingIOError:
            if not wait:
                raise
            time.sleep(_AGAIN)
        else:
            return


def _lock_first_byte(handle: int) -> None:
    assert msvcrt is not None  # noqa: S101 - the caller looked
    try:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    except OSError as error:
        raise BlockingIOError(str(error)) from error


def _create(marker: Path) -> None:
    """Create a file that names this process, unless the process that another one names still runs."""
    try:
        handle = os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        if not _is_stale(marker):
            raise BlockingIOError(f"{marker} is held") from error
        marker.unlink(missing_ok=True)
        handle = os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(str(os.getpid()))


def _is_stale(marker: Path) -> bool:
    try:
        os.kill(int(marker.read_text(encoding="ascii")), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):  # another user's process, or one that is about to write its id
        return False
    return False
