"""Opens the records of a root, with those that dockerd left there."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Final

from runtime.errors import EngineError
from runtime.volumes import metadata
from runtime.volumes.guard import Guard
from runtime.volumes.metadata import Metadata
from runtime.volumes.syncing import Sync
from runtime.volumes.timings import Timings

log = logging.getLogger(__name__)

BOLT_FILE: Final = "metadata.db"
SIDE_FILES: Final = ("", "-wal", "-shm")


class Records:
    """The records of a root, and the lock on it.

    Args:
        db: The records.
        guard: The lock; None for records in memory.
        problems: What could not be read, one sentence each.
    """

    def __init__(self, db: Metadata, guard: Guard | None, problems: tuple[str, ...] = ()) -> None:
        self.db = db
        self.guard = guard
        self.problems = problems

    def close(self) -> None:
        """Write nothing more, and give the root free."""
        self.db.close()
        if self.guard is not None:
            self.guard.release()


def in_memory() -> Records:
    """Records that do not last."""
    return Records(Metadata(metadata.connect(None)), None)


def open_records(directory: Path, timings: Timings) -> Records:
    """The records in a directory of volumes; what dockerd has written since the last time is added.

    Raises:
        EngineError: Another engine uses the root, or nothing can be written there.
    """
    guard = Guard(directory / BOLT_FILE, timings)
    try:
        database, problems = _database(directory / metadata.FILE)
        problems += _take_over(database, directory / BOLT_FILE)
        return Records(Metadata(database, Sync(directory / metadata.FILE)), guard, problems)
    except sqlite3.Error as error:
        guard.release()
        raise EngineError(f"error while setting up volume store metadata database: {error}", error) from error
    except BaseException:
        guard.release()
        raise


def _database(path: Path) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    """The database; a damaged one is put aside, and what can be read of it is in the new one."""
    try:
        database = metadata.connect(path)
    except sqlite3.Error as error:
        if type(error) is not sqlite3.DatabaseError and not path.is_dir():
            raise
        return _anew(path, {}, error)
    sound: dict[str, bytes] = {}
    try:
        sound.update(database.execute("select name, value from volumes"))
    except sqlite3.DatabaseError as error:
        database.close()
        return _anew(path, sound, error)
    return database, ()


def _anew(
    path: Path, sound: Mapping[str, bytes], error: sqlite3.Error
) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    aside = next(name for name in _names_aside(path) if not name.exists())
    for suffix in SIDE_FILES:
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.rename(aside.with_name(aside.name + suffix))
    database = metadata.connect(path)
    database.execute("begin")
    database.executemany("insert into volumes values (?, ?)", sound.items())
    database.execute("commit")
    problem = f"{path} is damaged ({error}); it is kept as {aside}, and {len(sound)} of its records are used"
    log.error("%s", problem)
    return database, (problem,)


def _names_aside(path: Path) -> Iterator[Path]:
    return (path.with_name(f"{path.name}.damaged-{number}") for number in count(1))


def _take_over(database: sqlite3.Connection, path: Path) -> tuple[str, ...]:
    """Add the records that dockerd has written since the last time."""
    found = _stamp(path)
    before = dict(database.execute("select key, value from facts")).get(BOLT_FILE)
    if not found or found == before:
        return ()
    from runtime.volumes import bolt  # noqa: PLC0415 - most roots have no such file

    snapshot = bolt.read(path)
    for problem in snapshot.problems:
        log.error("%s", problem)
    database.execute("begin immediate")
    added = _merge(database, snapshot.records)
    if not snapshot.problems:
        database.execute("insert or replace into facts values (?, ?)", (BOLT_FILE, found))
    database.execute("commit")
    if before is not None or added:
        log.info("%s has changed: %d records were added or brought up to date", path, added)
    return snapshot.problems


def _merge(database: sqlite3.Connection, records: Mapping[bytes, bytes]) -> int:
    """Take the records that are new, or newer than what was taken before and not changed here since."""
    taken = dict(database.execute("select name, value from taken_over"))
    ours = dict(database.execute("select name, value from volumes"))
    changed = 0
    for key, value in records.items():
        name = key.decode(errors="replace")
        known = ours.get(name)
        if taken.get(key) != value and (known is None or known == taken.get(key)):
            database.execute("insert or replace into volumes values (?, ?)", (name, value))
            changed += 1
    database.executemany("insert or replace into taken_over values (?, ?)", records.items())
    return changed


def _stamp(path: Path) -> str:
    """What changes with each of dockerd's writes; empty if there is no file, or nothing in it."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size} {status.st_mtime_ns}" if status.st_size else ""
