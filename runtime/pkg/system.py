"""Deletes a directory and what is in it, and nothing else, whoever moves things meanwhile.

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
"""Times that a directory is emptied while somebody fills it again."""


class MountInside(EngineError):
    """Something is mounted in the directory; what is on it is not ours to delete."""

    def __init__(self, name: str) -> None:
        super().__init__(f"something is mounted at {name!r} in it; unmount that first")


@contextmanager
def opened(name: str | os.PathLike[str], parent: int | None = None) -> Iterator[int]:
    """Open a directory that is no symlink, and close its descriptor at the end.

    Raises:
        OSError: There is none, or it is something else.
    """
    descriptor = os.open(name, DIRECTORY, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def remove_tree(name: str, parent: int) -> None:
    """Delete the entry `name` of the directory that `parent` is a descriptor of; it may be gone already.

    Every step goes through descriptors and follows no symlink, so that swapping one in leads nowhere. A
    directory in a directory is first moved up, so that neither depth nor open files are bounded.

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
    """Delete what is in the directory `name`, but not the directory; anything else stays.

    Raises:
        MountInside: Something is mounted below.
        OSError: Something cannot be deleted.
    """
    if not stat.S_ISDIR(os.lstat(name, dir_fd=parent).st_mode):
        return
    with opened(name, parent) as top:
        _Emptying(top, _mount_of(parent)).run(name)


class _Emptying:
    """One directory being emptied; it and all below it must be on one mount."""

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
        """Delete one entry; what is not what it was when listed is seen again in the next round."""
        try:
            if not is_directory:
                os.unlink(name, dir_fd=parent)
            elif not _rmdir(name, parent):
                self._divide(name, parent)
        except OSError as error:
            if error.errno == errno.EBUSY:
                raise MountInside(name) from error
            if error.errno not in _SWAPPED:
                raise

    def _divide(self, name: str, parent: int) -> None:
        """Empty a directory that lies at the top by one level; move one that lies deeper to the top."""
        if parent != self.top:
            self._move_up(name, parent)
            return
        with opened(name, self.top) as directory:
            self._check_mount(directory, name)
            for child, is_directory in _entries(directory):
                self._drop(child, directory, is_directory=is_directory)
        _rmdir(name, self.top)

    def _move_up(self, name: str, parent: int) -> None:
        """Rename to a number that is free at the top."""
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
    with os.scandir(directory) as found:
        return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in found]


def _rmdir(name: str, parent: int) -> bool:
    """Whether the directory was empty, and is gone."""
    try:
        os.rmdir(name, dir_fd=parent)
    except OSError as error:
        if error.errno in _NOT_EMPTY:
            return False
        raise
    return True


def _mount_of(descriptor: int) -> tuple[str, int]:
    """Return what tells one mount from another, even a bind of the same file system."""
    device = os.fstat(descriptor).st_dev
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", encoding="utf-8") as lines:  # noqa: PTH123 - no Path needed
            return next((line for line in lines if line.startswith("mnt_id")), ""), device
    except OSError:
        return "", device


REMOVE_RETRIES = 50
"""Tries of `ensure_remove_all` while something is busy."""
REMOVE_WAIT = 0.1
"""Seconds between two of them."""

_BUSY = (errno.EBUSY, errno.ENOTEMPTY)


def ensure_remove_all(path: Path, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Remove a file, a link or a directory tree, and unmount what is mounted in it.

    Links are removed, never followed; a path that is not there is fine.

    Raises:
        OSError: something was still busy after 50 tries, or cannot be removed.

    Differs:
        behaviour retry: of entries that vanish meanwhile too, without counting paths.
        calls Mounted, Unmount: each retry detaches all that is mounted below again; moby detaches the one
            path that was busy.
        error error-while-removing: a mount that cannot be detached shows as the busy path after the last try.
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
