"""Atomic writes, private directories, and reads and syncs of files.

Go: pkg/ioutils/fswriters.go
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO

from runtime.errdefs import EngineError

PRIVATE = 0o700
"""The mode of the engine's own directories."""


def make_directories(path: Path) -> None:
    """Create a directory and its missing parents, readable for the engine only.

    `Path.mkdir` gives parents the default mode: with umask 0 every user could write into them.

    Raises:
        OSError: One of them cannot be created.
    """
    try:
        path.mkdir(PRIVATE, exist_ok=True)
    except FileNotFoundError:
        make_directories(path.parent)
        path.mkdir(PRIVATE, exist_ok=True)


def make_private(path: Path) -> None:
    """Create a directory as `make_directories` does, if it does not exist.

    Raises:
        EngineError: `failed to mkdir PATH`.
    """
    try:
        make_directories(path)
    except OSError as error:
        raise EngineError(f"failed to mkdir {path}: {error}", error) from error


def atomic_write_file(filename: Path, data: bytes, perm: int) -> None:
    """Write a temporary file, sync it, and rename it into place.

    Raises:
        OSError: nothing has changed then.

    Differs:
        behaviour directory: synced too, so that the rename survives a power cut.
        order mode: set before the content is written, which is never readable for others.
    """
    descriptor, temporary = tempfile.mkstemp(prefix=f".tmp-{filename.name}", dir=filename.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), perm)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(filename)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_directory(filename.parent)


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file to read; do not follow links or wait for a pipe.

    Raises:
        OSError: it cannot be opened, or is not a regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "no regular file", str(path))
    return os.fdopen(descriptor, "rb")


def sync_directory(path: Path) -> None:
    """Sync a directory's entries."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file_system(path: Path) -> None:
    """Sync the file system of a directory.

    Raises:
        OSError: The disk fails, or there is no such directory.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if libc.syncfs(descriptor):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(path))
    finally:
        os.close(descriptor)
