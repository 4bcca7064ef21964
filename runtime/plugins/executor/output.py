"""What plugins print: files that never block them, read into the log by whoever watches."""

from __future__ import annotations

import os
from pathlib import Path

from runtime.plugins.logs import WriteCloser

CHUNK = 64 << 10
BACKLOG_LIMIT = 8 << 20
"""Bytes of unread output beyond which it is dropped; a plugin must not fill the disk."""


class OutputFile:
    """A file to which a plugin appends, and what is read from it.

    A pipe would block the plugin when nobody reads, and break it when the engine is gone; a file does
    neither. What was read is cut off, so that an engine that starts later finds just what nobody has read.

    Go:
        plugin/executor/containerd/containerd.go::rio

    Differs:
        field IO: a file; containerd has named pipes.
        field wg: the thread that waits for the plugin's end reads too, so there is nobody to wait for.
    """

    def __init__(self, path: Path, sink: WriteCloser) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        self._sink = sink

    def fileno(self) -> int:
        """The descriptor that the plugin is to write to."""
        return self._fd

    def drain(self) -> None:
        """Read what is there, then cut it off."""
        size = os.fstat(self._fd).st_size
        if size > BACKLOG_LIMIT:
            os.ftruncate(self._fd, 0)
            self._sink.write(f"[{size} bytes of output dropped]\n".encode())
            return
        read = 0
        while read < size and (data := os.pread(self._fd, CHUNK, read)):
            self._sink.write(data)
            read += len(data)
        if read and os.fstat(self._fd).st_size == read:
            os.ftruncate(self._fd, 0)
        elif read:
            self._keep_from(read)

    def close(self) -> None:
        """Read no more."""
        os.close(self._fd)
        self._sink.close()

    def _keep_from(self, read: int) -> None:
        """Something was written meanwhile: log it too before all is cut off."""
        while data := os.pread(self._fd, CHUNK, read):
            self._sink.write(data)
            read += len(data)
            if read > BACKLOG_LIMIT:
                break
        os.ftruncate(self._fd, 0)
