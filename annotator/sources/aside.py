"""Folders of the cache that are whole or absent: written aside under a lock, renamed when they are done."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from annotator import files
from annotator.errors import SourceUnavailable


@contextmanager
def locked(target: Path) -> Iterator[int]:
    """Hold the one lock on a folder of the cache, whether it exists yet or not.

    Yields:
        The lock's file descriptor: a process that inherits it holds the lock until it ends, so that
        nobody works beside a child whose parent was killed.

    Raises:
        SourceUnavailable: The cache folder cannot be written to.
    """
    lock = target.with_name(f"{target.name}.lock")
    try:
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(target, error) from error
    with ExitStack() as held:
        try:
            handle = held.enter_context(files.lock(lock))
        except OSError as error:
            raise unwritable(target, error) from error
        yield handle


def written(target: Path, write: Callable[[Path], None]) -> None:
    """Make a folder by having it written beside its place and renamed; call it under the lock.

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
    """The sentence for a cache folder that cannot be written to."""
    why = error.strerror or str(error)
    return SourceUnavailable(
        f"{target} cannot be written: {why}; make room there, set ANNOTATOR_CACHE to another folder, "
        "or give `--source` the path of a git repository"
    )
