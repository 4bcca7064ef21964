"""The lock by which engines keep off each other's roots."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

from runtime.errors import EngineError
from runtime.volumes.timings import Timings


class Guard:
    """The lock that every engine holds on the metadata file while it uses a root.

    Args:
        path: The file; it is made, empty, if there is none.
        timings: How long to wait for another engine.

    Raises:
        EngineError: Another engine uses the root.
    """

    def __init__(self, path: Path, timings: Timings) -> None:
        self._descriptor = _open_for_lock(path)
        deadline = time.monotonic() + timings.database_lock
        while not self._try():
            if time.monotonic() >= deadline:
                os.close(self._descriptor)
                raise EngineError("error while opening volume store metadata database: timeout")
            time.sleep(timings.database_retry)

    def release(self) -> None:
        """Give the root free."""
        os.close(self._descriptor)

    def _try(self) -> bool:
        import fcntl  # noqa: PLC0415 - where there are no processes there is no such module

        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EINTR):
                return False
            os.close(self._descriptor)
            raise
        return True


def _open_for_lock(path: Path) -> int:
    flags = os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except OSError:
        return os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
