"""A standard output whose reader may leave early, as in `| head`."""

from __future__ import annotations

import io
import sys


class _Pipe(io.FileIO):
    """A file descriptor; what is written after its reader has left is dropped."""

    def write(self, data: object, /) -> int:
        """Write some bytes."""
        try:
            return super().write(data)  # type: ignore[arg-type]  # any buffer, as in FileIO
        except BrokenPipeError:
            return memoryview(data).nbytes  # type: ignore[arg-type]  # likewise


def survive_closed_pipe() -> None:
    """Go on when nobody reads standard output any more, so that the exit code still says what was found."""
    before = sys.stdout
    if before is None:  # closed by whoever started us
        return
    before.flush()
    raw = _Pipe(before.fileno(), "w", closefd=False)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=before.encoding,
        errors=before.errors,
        line_buffering=raw.isatty(),
    )
