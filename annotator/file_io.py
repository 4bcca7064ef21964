"""File locks, atomic replacement of files and folders, size-limited reading."""

from __future__ import annotations

import os
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Self

from annotator.errors import InvalidInput, SourceUnavailable

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


@contextmanager
def lock(file: Path, *, wait: bool = True) -> Iterator[int]:
    """Hold the lock on a file, which is made if needed; the system releases it when the process ends.

    Yields the lock's file descriptor. On POSIX a process that inherits it holds the lock until it ends, too.

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


@contextmanager
def locked(target: Path) -> Iterator[int]:
    """Hold the one lock on a folder of the cache, whether it exists yet or not.

    Yields:
        The lock's file descriptor: a process that inherits it holds the lock until it ends, so that
        nobody works beside a child whose parent was killed.

    Raises:
        SourceUnavailable: The cache folder cannot be written to.
    """
    marker = target.with_name(f"{target.name}.lock")
    with ExitStack() as held:
        try:
            marker.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = held.enter_context(lock(marker))
        except OSError as error:
            raise unwritable(target, error) from error
        yield handle


def written(target: Path, write: Callable[[Path], None]) -> None:
    """Create a folder atomically: write it under a temporary name and rename it; call this under the lock.

    What an interrupted run left beside the place is removed first. When `write` fails, nothing is left.

    Raises:
        SourceUnavailable: The disk is full, or the cache folder cannot be written to.
    """
    aside = target.with_name(f"{target.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir(mode=0o700)
        write(aside)
        shutil.rmtree(target, ignore_errors=True)
        aside.rename(target)
    except OSError as error:
        raise unwritable(target, error) from error
    finally:
        with suppress(OSError):
            shutil.rmtree(aside)


def replaced(file: Path, content: bytes) -> None:
    """Replace a small file as one step; call it under a lock. OSError if it cannot be written."""
    aside = file.with_name(f"{file.name}.part")
    try:
        aside.write_bytes(content)
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)


def unwritable(target: Path, error: OSError) -> SourceUnavailable:
    """Return the sentence for a cache folder that cannot be written to."""
    why = error.strerror or str(error)
    return SourceUnavailable(
        f"{target} cannot be written: {why}; make room there, set ANNOTATOR_CACHE to another folder, "
        "or give `--source` the path of a git repository"
    )


class Closing(ABC):
    """A base that closes itself when its `with` block ends, however it ends."""

    @abstractmethod
    def close(self) -> None:
        """Close the resource."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


MAX_ARTICLE_BYTES = 64 * 1024 * 1024


def bytes_of(file: Path) -> bytes:
    """Read a whole file of limited size; raise InvalidInput if it cannot be read."""
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_ARTICLE_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"{file}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_ARTICLE_BYTES:
        raise InvalidInput(f"{file}: larger than {MAX_ARTICLE_BYTES >> 20} MiB; split the article")
    return data


def write_together(contents: Sequence[tuple[Path, bytes]]) -> None:
    """Replace several files, or leave all of them as they are.

    Raises:
        InvalidInput: One cannot be written.
    """
    staged: list[tuple[Path, Path, bytes]] = []
    replaced_files: list[tuple[Path, bytes]] = []
    try:
        for file, data in contents:
            target = file.resolve()
            aside = target.with_name(f".{target.name}.new")
            staged.append((aside, target, target.read_bytes()))
            aside.write_bytes(data)
            shutil.copymode(target, aside)
        for aside, target, before in staged:
            aside.replace(target)
            replaced_files.append((target, before))
    except BaseException as error:  # also when it is interrupted
        for target, before in replaced_files:
            target.write_bytes(before)
        for aside, _, _ in staged:
            with suppress(OSError):
                aside.unlink()
        if isinstance(error, OSError):
            why = f"{error.filename} cannot be written: {error.strerror}"
            raise InvalidInput(f"{why}; all files are as they were") from error
        raise


def write_aside(file: Path, content: str | bytes) -> None:
    """Replace a file at once or not at all; its mode stays, and a link still leads to it."""
    target = file.resolve()
    aside = target.with_name(f".{target.name}.new")
    try:
        aside.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        if target.exists():
            shutil.copymode(target, aside)
        aside.replace(target)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise InvalidInput(f"{file}: cannot be written: {error.strerror}; it is as it was") from error
