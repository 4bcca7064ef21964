"""The mount points that a plugin's root file system must have.

Go: daemon/initlayer/setup_unix.go
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_DIRECTORIES = ("/dev/pts", "/dev/shm", "/proc", "/sys")  # noqa: S108 -- paths in the container
_FILES = ("/.dockerenv", "/etc/resolv.conf", "/etc/hosts", "/etc/hostname", "/dev/console")
_LINKS = {"/etc/mtab": "/proc/mounts"}

_MODE = 0o755

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def setup(rootfs: Path) -> None:
    """Create the mount points that a container needs.

    Every step goes through descriptors and follows no link, so that a swapped link has no effect.

    Raises:
        OSError: one of them cannot be created.

    Differs:
        behaviour unlink: replaces links only; moby replaces files too, such as `/etc/hosts`, with empty ones.
    """
    top = os.open(rootfs, _DIRECTORY)
    try:
        for path in _DIRECTORIES:
            with _parent(top, path) as (parent, name):
                _make_directory(name, parent)
        for path in _FILES:
            with _parent(top, path) as (parent, name):
                _touch(name, parent)
        for path, target in _LINKS.items():
            with _parent(top, path) as (parent, name), suppress(FileExistsError):
                os.symlink(target, name, dir_fd=parent)
    finally:
        os.close(top)


@contextmanager
def _parent(top: int, path: str) -> Iterator[tuple[int, str]]:
    """Open the parent of a path, not through links; return its descriptor and the name."""
    *parents, name = Path(path).parts[1:]
    descriptor = os.dup(top)
    try:
        for part in parents:
            _make_directory(part, descriptor)
            below = os.open(part, _DIRECTORY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor, name
    finally:
        os.close(descriptor)


def _make_directory(name: str, parent: int) -> None:
    _drop_link(name, parent)
    with suppress(FileExistsError):
        os.mkdir(name, _MODE, dir_fd=parent)


def _touch(name: str, parent: int) -> None:
    """Create an empty file, unless the name exists."""
    _drop_link(name, parent)
    with suppress(FileExistsError):
        os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, _MODE, dir_fd=parent))


def _drop_link(name: str, parent: int) -> None:
    with suppress(FileNotFoundError):
        if stat.S_ISLNK(os.lstat(name, dir_fd=parent).st_mode):
            os.unlink(name, dir_fd=parent)
