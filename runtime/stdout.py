"""A standard output whose reader may leave early, as in `| head`."""

from __future__ import annotations

import io
import sys


class _Pipe(io.FileIO):
    """A file descriptor that drops output once its reader has closed it."""

    def write(self, data: object, /) -> int:
        """Write some bytes."""
        try:
            return super().write(data)  # type: ignore[arg-type]  # any buffer, as in FileIO
        except BrokenPipeError:
            return memoryview(data).nbytes  # type: ignore[arg-type]  # likewise


def survive_closed_pipe() -> None:
    """Ignore a closed standard output, so that the command ends with its own exit code."""
    before = sys.stdout
    if before is None:  # the caller has closed it
        return
    before.flush()
    raw = _Pipe(before.fileno(), "w", closefd=False)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=before.encoding,
        errors=before.errors,
        line_buffering=raw.isatty(),
    )
