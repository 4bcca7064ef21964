"""Removes directory trees safely, even if another process moves entries meanwhile.

Go: pkg/system/rm.go
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Final

from runtime.errdefs import EngineError
from runtime.pkg import mount

DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_SWAPPED: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR)
_NOT_EMPTY: Final = (errno.ENOTEMPTY, errno.EEXIST)
_TAKEN: Final = (*_NOT_EMPTY, errno.ENOTDIR)

ROUNDS: Final = 100
"""Times that a directory is emptied while another process fills it."""


class MountInside(EngineError):
    """Something is mounted in the directory, and its files are not ours to delete."""

    def __init__(self, name: str) -> None:
        super().__init__(f"something is mounted at {name!r} in it; unmount that first")


@contextmanager
def opened(name: str | os.PathLike[str], parent: int | None = None) -> Iterator[int]:
    """Open a directory, not through a symlink, and close its descriptor at the end.

    Raises:
        OSError: It does not exist, or is not a directory.
    """
    descriptor = os.open(name, DIRECTORY, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def remove_tree(name: str, parent: int) -> None:
    """Delete the entry `name` of the directory with the descriptor `parent`, if it exists.

    Every step goes through descriptors and follows no symlink, so that a swapped symlink has no effect. A
    nested directory is first moved to the top, so that neither depth nor the number of open files grows.

    Raises:
        MountInside: Something is mounted below.
        OSError: Something cannot be deleted.
    """
    for _ in range(ROUNDS):
        try:
            empty_tree(name, parent)
            if not stat.S_ISDIR(os.lstat(name, dir_fd=parent).st_mode):
                os.unlink(name, dir_fd=parent)
            elif not _rmdir(name, parent):
                continue
        except FileNotFoundError:
            pass
        return
    raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), name)


def empty_tree(name: str, parent: int) -> None:
    """Delete the content of the directory `name`; do nothing if it is not a directory.

    Raises:
        MountInside: Something is mounted below.
        OSError: Something cannot be deleted.
    """
    if not stat.S_ISDIR(os.lstat(name, dir_fd=parent).st_mode):
        return
    with opened(name, parent) as top:
        _Emptying(top, _mount_of(parent)).run(name)


class _Emptying:
    """One directory being emptied; it and everything below must be on one mount."""

    def __init__(self, top: int, mount: tuple[str, int]) -> None:
        self.top = top
        self.mount = mount
        self.numbers = count()

    def run(self, name: str) -> None:
        self._check_mount(self.top, name)
        while entries := _entries(self.top):
            for entry, is_directory in entries:
                self._drop(entry, self.top, is_directory=is_directory)

    def _drop(self, name: str, parent: int, *, is_directory: bool) -> None:
        """Delete one entry; one that was swapped since it was listed is left for the next round."""
        try:
            if not is_directory:
                os.unlink(name, dir_fd=parent)
            elif not _rmdir(name, parent):
                self._flatten(name, parent)
        except OSError as error:
            if error.errno == errno.EBUSY:
                raise MountInside(name) from error
            if error.errno not in _SWAPPED:
                raise

    def _flatten(self, name: str, parent: int) -> None:
        """Delete the entries of a directory at the top, and it; move a deeper directory to the top."""
        if parent != self.top:
            self._move_up(name, parent)
            return
        with opened(name, self.top) as directory:
            self._check_mount(directory, name)
            for child, is_directory in _entries(directory):
                self._drop(child, directory, is_directory=is_directory)
        _rmdir(name, self.top)

    def _move_up(self, name: str, parent: int) -> None:
        """Rename a directory to a free number at the top."""
        for number in self.numbers:
            try:
                os.rename(name, f".{number}", src_dir_fd=parent, dst_dir_fd=self.top)
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise
            else:
                return

    def _check_mount(self, directory: int, name: str) -> None:
        if _mount_of(directory) != self.mount:
            raise MountInside(name)


def _entries(directory: int) -> list[tuple[str, bool]]:
    with os.scandir(directory) as entries:
        return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]


def _rmdir(name: str, parent: int) -> bool:
    """Remove a directory if it is empty; return whether it was."""
    try:
        os.rmdir(name, dir_fd=parent)
    except OSError as error:
        if error.errno in _NOT_EMPTY:
            return False
        raise
    return True


def _mount_of(descriptor: int) -> tuple[str, int]:
    """Identify a mount, even among bind mounts of one file system."""
    device = os.fstat(descriptor).st_dev
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", encoding="utf-8") as lines:  # noqa: PTH123 - no Path needed
            return next((line for line in lines if line.startswith("mnt_id")), ""), device
    except OSError:
        return "", device


REMOVE_RETRIES = 50
"""Tries of `ensure_remove_all` while something is busy."""
REMOVE_WAIT = 0.1
"""Seconds between two tries."""

_BUSY = (errno.EBUSY, errno.ENOTEMPTY)


def ensure_remove_all(path: Path, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Remove a file, a link or a directory tree, if it exists, and the mounts in it.

    Raises:
        OSError: something was still busy after 50 tries, or cannot be removed.

    Differs:
        behaviour retry: also after entries vanish; moby counts tries for each path.
        calls Mounted, Unmount: each retry detaches all mounts below; moby detaches the busy path.
        error error-while-removing: `device or resource busy` after the last try.
    """
    for attempt in range(REMOVE_RETRIES + 1):
        with suppress(OSError):
            mount.recursive_unmount(path)
        try:
            _remove(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno not in _BUSY or attempt == REMOVE_RETRIES:
                raise
            sleep(REMOVE_WAIT)
        else:
            return


def _remove(path: Path) -> None:
    parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        remove_tree(path.name, parent)
    except MountInside as error:
        raise OSError(errno.EBUSY, f"device or resource busy ({error})", str(path)) from error
    finally:
        os.close(parent)
