"""Opens the records of a root, with those that dockerd left there."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from runtime.quoting import located
from runtime.root_lock import RootLock
from runtime.volumes import metadata
from runtime.volumes.metadata import Metadata
from runtime.volumes.syncing import Sync

log = logging.getLogger(__name__)

STORE_MODE: Final = 0o750


class Records:
    """The records of a root, and the lock on it.

    Args:
        db: The records.
        lock: The lock on the root; None for records in memory.
        problems: What could not be read, one sentence each.
    """

    def __init__(self, db: Metadata, lock: RootLock | None, problems: tuple[str, ...] = ()) -> None:
        self.db = db
        self.lock = lock
        self.problems = problems

    def close(self) -> None:
        """Write nothing more, and release the lock on the root."""
        self.db.close()
        if self.lock is not None:
            self.lock.release()


def in_memory() -> Records:
    """Records that do not last."""
    return Records(Metadata(metadata.connect(None)), None)


def open_records(directory: Path, lock: RootLock) -> Records:
    """The records in a directory of volumes; what dockerd has written since the last time is added.

    Where nothing can be written, the records are those that can be read, and no change of them is possible.

    Args:
        directory: The directory of volumes.
        lock: The lock on the root, which the records hold until they are closed.
    """
    lock.hold()
    try:
        directory.mkdir(STORE_MODE, exist_ok=True)
        metadata.narrow(directory)
        database, problems = _database(directory / metadata.FILE)
        problems += _take_over(database, directory / metadata.BOLT_FILE)
        return Records(Metadata(database, Sync(directory / metadata.FILE)), lock, problems)
    except (sqlite3.Error, OSError) as error:
        return _unchangeable(directory, lock, error)
    except BaseException:
        lock.release()
        raise


def _unchangeable(directory: Path, lock: RootLock, error: Exception) -> Records:
    """The records that can be read in a place where none can be written."""
    why = located(error) if isinstance(error, OSError) else error
    problem = f"{directory}: no record can be written, so no volume can be made or removed: {why}"
    log.error("%s", problem)
    database = metadata.connect(None)
    with suppress(OSError, sqlite3.Error), TemporaryDirectory(prefix="metadata-") as folder:
        for suffix in metadata.SIDE_FILES[:2]:
            if (directory / (metadata.FILE + suffix)).is_file():
                shutil.copyfile(directory / (metadata.FILE + suffix), Path(folder, metadata.FILE + suffix))
        with closing(metadata.connect(Path(folder, metadata.FILE))) as copy:
            copy.backup(database)
    problems = (problem, *_take_over(database, directory / metadata.BOLT_FILE))
    database.execute("pragma query_only = on")
    return Records(Metadata(database), lock, problems)


def _database(path: Path) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    """The database; a damaged one is put aside, and what can be read of it is in the new one."""
    for suffix in metadata.SIDE_FILES:
        _put_aside(path, (suffix,), lambda file: os.path.lexists(file) and not file.is_file(), "no file")
    database = None
    try:
        database = metadata.connect(path)
        database.execute("select max(name), max(value) from volumes").fetchall()  # which are all to be read
        database.execute("select facts.value, taken_over.value from facts, taken_over where key = name")
    except sqlite3.DatabaseError as error:
        if database is None and type(error) is not sqlite3.DatabaseError:
            raise
        database = _anew(path, _sound(database), error)
    return database, _kept_aside(path)


def _sound(database: sqlite3.Connection | None) -> Mapping[str, bytes]:
    """The records of a damaged database that can be read; it is closed."""
    sound: dict[str, bytes] = {}
    if database is not None:
        with closing(database), suppress(sqlite3.DatabaseError):
            sound.update(database.execute("select name, value from volumes"))
    return sound


def _anew(path: Path, sound: Mapping[str, bytes], error: sqlite3.Error) -> sqlite3.Connection:
    why = f"damaged ({error}), and {len(sound)} of its records are used"
    _put_aside(path, metadata.SIDE_FILES, Path.exists, why)
    database = metadata.connect(path)
    database.execute("begin")
    database.executemany("insert into volumes values (?, ?)", sound.items())
    database.execute("commit")
    return database


def _put_aside(path: Path, suffixes: Sequence[str], wanted: Callable[[Path], bool], why: str) -> None:
    """Give files that cannot be used another name; nothing is deleted."""
    aside = next(name for name in _names_aside(path) if not os.path.lexists(name))
    for suffix in suffixes:
        file = path.with_name(path.name + suffix)
        if wanted(file):
            file.rename(aside.with_name(aside.name + suffix))
            log.error("%s is %s; it is kept as %s", file, why, aside.name + suffix)


def _names_aside(path: Path) -> Iterator[Path]:
    return (path.with_name(f"{path.name}{metadata.ASIDE}{number}") for number in count(1))


def _kept_aside(path: Path) -> tuple[str, ...]:
    """The damaged databases that are kept, one sentence each, for as long as they are."""
    begin = path.name + metadata.ASIDE
    names = (name for name in os.listdir(path.parent) if name.startswith(begin))  # noqa: PTH208 - all are names
    return tuple(
        f"{aside} is a damaged database that was put aside; what could be read of it is in {path.name}"
        for aside in sorted(map(path.with_name, names))
    )


def _take_over(database: sqlite3.Connection, path: Path) -> tuple[str, ...]:
    """Add the records that dockerd has written since the last time."""
    found = _stamp(path)
    before = dict(database.execute("select key, value from facts")).get(metadata.BOLT_FILE)
    if not found or found == before:
        return ()
    from runtime.volumes import bolt  # noqa: PLC0415 - most roots have no such file

    snapshot = bolt.read(path)
    for problem in snapshot.problems:
        log.error("%s", problem)
    database.execute("begin immediate")
    added = _merge(database, snapshot.records)
    if not snapshot.problems:
        database.execute("insert or replace into facts values (?, ?)", (metadata.BOLT_FILE, found))
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
    """What changes with each of dockerd's writes; empty if there is nothing there, or an empty file."""
    try:
        status = path.stat()
    except OSError:
        return "no file" if os.path.lexists(path) else ""
    empty = stat.S_ISREG(status.st_mode) and not status.st_size
    return "" if empty else f"{status.st_size} {status.st_mtime_ns}"
