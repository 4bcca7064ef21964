"""The metadata database: a record for each volume, in SQLite.

Go: volume/service/db.go
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import stat
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeAlias

import msgspec

from runtime.daemon.root_lock import RootLock
from runtime.errdefs import EngineError, InvalidParameter
from runtime.golang import encoding_json
from runtime.golang.strconv import cause, located, quote
from runtime.volume.local.crash import has_journal
from runtime.volume.service import bolt

FILE: Final = "metadata.sqlite3"
SIDE_FILES: Final = ("", "-wal", "-shm", "-journal")
"""Suffixes of the files that SQLite keeps for the database."""
ASIDE: Final = ".damaged-"
"""Between the name and a number in the new name of a damaged database."""
BOLT_FILE: Final = "metadata.db"
"""Dockerd's database; it is read and never written."""
FILE_MODE: Final = 0o600
"""Options hold passwords (`o=username=…,password=…`), and other users can enter the directory."""
CHECKPOINT: Final = 250
"""Changes between two checkpoints; the write-ahead file has about a megabyte by then."""
WAL_SIZE: Final = 32 + CHECKPOINT * (24 + 4096)
"""Bytes of the write-ahead file by then: its header, and a page with a header for each change."""
SCHEMA_VERSION: Final = 1
"""SQLite's `user_version`; a database with a higher one is only read."""
SCHEMA: Final = """
create table if not exists volumes (name text primary key, value blob not null) without rowid;
create table if not exists taken_over (name blob primary key, value blob not null) without rowid;
create table if not exists facts (key text primary key, value text not null) without rowid;
"""

Flush: TypeAlias = Callable[[], None]
"""Syncs the directories of a volume before its record is written."""


class VolumeMetadata(msgspec.Struct, frozen=True, rename="pascal", gc=False, forbid_unknown_fields=True):
    """The record of a volume."""

    name: str = ""
    driver: str = ""
    labels: Mapping[str, str] | None = None
    options: Mapping[str, str] | None = None


class Write:
    """A change that waits for its commit.

    Args:
        name: The volume's name.
        value: The record; None to delete it.
        flush: Syncs the volume's directories; called before the commit.
    """

    __slots__ = ("committed", "done", "error", "flush", "name", "value")

    def __init__(self, name: str, value: bytes | None, flush: Flush | None) -> None:
        self.name = name
        self.value = value
        self.flush = flush
        self.committed: Callable[[], None] = lambda: None
        self.done = False
        self.error: BaseException | None = None


class GroupCommit:
    """Commits changes; those that arrive during a commit share the next one, and its sync."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        self._mu = threading.Lock()
        self._leader = threading.Lock()
        self._queue: list[Write] = []
        self._changes = 0
        file = database.execute("pragma database_list").fetchone()[2]
        self._how = "truncate" if not file or has_journal(Path(file).parent) else "passive"

    def run(self, write: Write) -> None:
        """Return once a change is on disk, or its `error` says why it is not."""
        with self._mu:
            self._queue.append(write)
        with self._leader:
            if not write.done:  # else the thread that held the lock has written it
                self._commit()

    def close(self) -> None:
        """Close the database."""
        with self._leader:
            self.database.close()

    def _commit(self) -> None:
        """Write all waiting changes; if that fails, each on its own, so that none fails for another."""
        with self._mu:
            batch, self._queue = self._queue, []
        try:
            error = self._try(batch)
            for write in batch:
                write.error = self._try([write]) if error and len(batch) > 1 else error
                if write.error is None:
                    write.committed()
                write.done = True
        except BaseException as error:  # else the other threads would report success
            for write in batch:
                if not write.done:
                    write.error, write.done = error, True
            raise

    def _try(self, batch: Sequence[Write]) -> Exception | None:
        try:
            self._changes += len(batch)
            if self._changes > CHECKPOINT:
                checkpoint(self.database, self._how)
                self._changes = len(batch)
            for flush in {write.flush for write in batch if write.flush is not None}:
                flush()
            self._transact(batch)
        except Exception as error:  # noqa: BLE001 - each writer gets it
            return error
        return None

    def _transact(self, batch: Sequence[Write]) -> None:
        if len(batch) == 1:
            self._apply(batch[0])  # a statement is a transaction of its own
            return
        self.database.execute("begin immediate")
        try:
            for write in batch:
                self._apply(write)
            self.database.execute("commit")
        except BaseException:
            if self.database.in_transaction:
                self.database.execute("rollback")
            raise

    def _apply(self, write: Write) -> None:
        if write.value is None:
            self.database.execute("delete from volumes where name = ?", (write.name,))
        else:
            self.database.execute("insert or replace into volumes values (?, ?)", (write.name, write.value))


class Metadata:
    """All records, on disk and in memory; a change returns once it is on disk.

    Records that cannot be decoded are kept, and reported in `warnings`.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        self.path = str(database.execute("pragma database_list").fetchone()[2]) or "memory"
        self.rows: dict[str, VolumeMetadata] = {}
        self.broken: dict[str, str] = {}
        self.drivers: Counter[str] = Counter()
        self.commits = GroupCommit(database)
        for name, value in _rows(database):
            self._load(name, value)

    def get(self, name: str) -> VolumeMetadata:
        """Return the record of a volume, or an empty one.

        Raises:
            EngineError: The record cannot be decoded.

        Go:
            volume/service/db.go::VolumeStore.getMeta
            volume/service/db.go::getMeta
        """
        if name in self.broken:
            raise EngineError(f"error unmarshaling volume metadata: {self.broken[name]}")
        return self.rows.get(name) or VolumeMetadata()

    def set(self, name: str, meta: VolumeMetadata, flush: Flush | None = None) -> None:
        """Write a record.

        Raises:
            InvalidParameter: A text in it is not valid Unicode.
            EngineError: It cannot be written.

        Go:
            volume/service/db.go::VolumeStore.setMeta
            volume/service/db.go::setMeta
        Differs:
            call InvalidParameter: invalid Unicode is refused; Go replaces it.
        """
        self._write(Write(name, encode(meta), flush), meta, "error setting volume metadata")

    def remove(self, name: str, flush: Flush | None = None) -> None:
        """Delete a record, if there is one.

        Raises:
            EngineError: It cannot be deleted.

        Go:
            volume/service/db.go::VolumeStore.removeMeta
            volume/service/db.go::removeMeta
        """
        if name in self.rows or name in self.broken:
            self._write(Write(name, None, flush), None, "error removing volume metadata")

    def list(self) -> tuple[VolumeMetadata, ...]:
        """Return all records that can be decoded.

        Go: volume/service/db.go::listMeta
        """
        return tuple(self.rows.values())

    def __contains__(self, name: object) -> bool:
        """Return whether there is a record, decoded or broken."""
        return name in self.rows or name in self.broken

    def warnings(self) -> Sequence[str]:
        """Return one sentence for each record that cannot be decoded."""
        return tuple(_complaint(name, why) for name, why in self.broken.items())

    def close(self) -> None:
        """Close the database once the waiting changes are written."""
        self.commits.close()

    def _load(self, name: str, value: bytes) -> None:
        if not value:
            return
        try:
            meta = decode(value)
        except EngineError as error:
            self.broken[name] = str(error)
            log.error("%s", _complaint(name, str(error)))  # noqa: TRY400 - the file is at fault, not the code
            return
        self._keep(name, msgspec.structs.replace(meta, name=name, driver=sys.intern(meta.driver)))

    def _write(self, write: Write, meta: VolumeMetadata | None, failure: str) -> None:
        write.committed = lambda: self._keep(write.name, meta)
        self.commits.run(write)
        if write.error is not None:
            raise EngineError(f"{failure}: {self.path}: {_message(write.error)}", write.error)

    def _keep(self, name: str, meta: VolumeMetadata | None) -> None:
        before = self.rows.get(name)
        if meta is None:
            self.rows.pop(name, None)
        else:
            self.rows[name] = meta
            self.drivers[meta.driver] += 1
        if before is not None:
            self.drivers[before.driver] -= 1
        self.broken.pop(name, None)


def _message(error: BaseException) -> str:
    """Return the text of an error, for a message."""
    if isinstance(error, OSError):
        return cause(error)
    return (
        "cannot allocate memory" if isinstance(error, MemoryError) else str(error) or "the write was stopped"
    )


def connect(path: Path | None) -> sqlite3.Connection:
    """Open the database in a file, or one in memory without a path.

    Raises:
        sqlite3.Error: The file is not a database, or cannot be used.
        OSError: The file cannot be created.
    """
    if path is not None:
        # SQLite gives its other files the mode of the database, which it would make readable for all.
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, FILE_MODE))
    database = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
    try:
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = full")  # a commit returns when it is on disk
        database.execute("pragma wal_autocheckpoint = 0")  # see `checkpoint`
        database.executescript(SCHEMA)
        if _version(database) == 0:  # new, or written before versions were
            database.execute(f"pragma user_version = {SCHEMA_VERSION}")
        checkpoint(database)
        if path is not None and not has_journal(path.parent):
            _reserve(Path(f"{path}-wal"))
    except BaseException:
        database.close()
        raise
    return database


def restrict_mode(directory: Path) -> None:
    """Make the database files readable for the owner only; earlier versions did not."""
    for name in os.listdir(directory):  # noqa: PTH208 - names suffice
        if not name.startswith(FILE):
            continue
        with suppress(OSError):  # another user's file, or one that is gone by now
            if stat.S_ISREG(os.lstat(directory / name).st_mode):
                os.chmod(directory / name, FILE_MODE)  # noqa: PTH101 - like the calls around it


def checkpoint(database: sqlite3.Connection, how: str = "truncate") -> None:
    """Move the content of the write-ahead file into the database.

    Args:
        database: The database.
        how: `truncate` empties the file, which then grows with each commit; `crash.CrashSafe.flush` relies
            on that where there is a journal. `passive` keeps the file's size, which is faster to sync.
    """
    with suppress(sqlite3.Error):  # then the file goes on growing, and nothing is lost
        database.execute(f"pragma wal_checkpoint({how})")


def _reserve(file: Path) -> None:
    """Extend the write-ahead file to its full size, so that a sync writes pages only.

    SQLite ignores bytes that it has not written. A file that cannot be extended grows with each commit.
    """
    with suppress(OSError), file.open("r+b") as opened:
        if file.stat().st_size == 0:  # else the checkpoint did not empty it
            opened.write(bytes(WAL_SIZE))
            opened.flush()
            os.fsync(opened.fileno())


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("pragma user_version").fetchone()[0])


def encode(meta: VolumeMetadata) -> bytes:
    """Encode a record as moby does.

    Raises:
        InvalidParameter: A text in it is not valid Unicode.
    """
    try:
        return msgspec.json.encode(meta)
    except (UnicodeEncodeError, TypeError) as error:
        raise InvalidParameter(f"{quote(meta.name)}: a label or an option is no Unicode text") from error


def decode(value: bytes) -> VolumeMetadata:
    """Decode a record.

    Raises:
        EngineError: It cannot be decoded.
    """
    try:
        return msgspec.json.decode(value, type=VolumeMetadata)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):  # Go accepts more than msgspec
        return encoding_json.decode(value, VolumeMetadata)


def _rows(database: sqlite3.Connection) -> Iterator[tuple[str, bytes]]:
    rows: Iterable[tuple[object, object]] = database.execute("select name, value from volumes")
    for name, value in rows:
        yield (
            name.decode(errors="replace") if isinstance(name, bytes) else str(name),
            value if isinstance(value, bytes) else str(value).encode(),
        )


def _complaint(name: str, why: str) -> str:
    return f"Error while reading volume metadata for volume {quote(name)}: {why}"


log = logging.getLogger(__name__)

STORE_MODE: Final = 0o750


class Records:
    """The records of a root, and the lock on it.

    Args:
        db: The records.
        lock: The lock on the root; None for records in memory.
        problems: One sentence for each file or record that could not be read.
    """

    def __init__(self, db: Metadata, lock: RootLock | None, problems: tuple[str, ...] = ()) -> None:
        self.db = db
        self.lock = lock
        self.problems = problems

    def close(self) -> None:
        """Close the database, and release the lock on the root."""
        self.db.close()
        if self.lock is not None:
            self.lock.release()


def in_memory() -> Records:
    """Return records in memory."""
    return Records(Metadata(connect(None)), None)


def open_records(directory: Path, lock: RootLock) -> Records:
    """Open the records of a directory of volumes, and add those that dockerd has written since.

    Where nothing can be written, the records can only be read.

    Args:
        directory: The directory of volumes.
        lock: The lock on the root; the records hold it until they are closed.
    """
    lock.hold()
    try:
        directory.mkdir(STORE_MODE, exist_ok=True)
        restrict_mode(directory)
        database, problems = _database(directory / FILE)
        if (version := _version(database)) > SCHEMA_VERSION:
            database.close()
            why = EngineError(f"{FILE} has schema version {version}, this engine knows {SCHEMA_VERSION}")
            return _unchangeable(directory, lock, why)
        problems += _take_over(database, directory / BOLT_FILE)
        return Records(Metadata(database), lock, problems)
    except (sqlite3.Error, OSError) as error:
        return _unchangeable(directory, lock, error)
    except BaseException:
        lock.release()
        raise


def _unchangeable(directory: Path, lock: RootLock, error: Exception) -> Records:
    """Open the records of a directory where none can be written."""
    why = located(error) if isinstance(error, OSError) else error
    problem = f"{directory}: no record can be written, so no volume can be made or removed: {why}"
    log.error("%s", problem)
    database = connect(None)
    with suppress(OSError, sqlite3.Error), TemporaryDirectory(prefix="metadata-") as folder:
        for suffix in SIDE_FILES[:2]:
            if (directory / (FILE + suffix)).is_file():
                shutil.copyfile(directory / (FILE + suffix), Path(folder, FILE + suffix))
        with closing(connect(Path(folder, FILE))) as copy:
            copy.backup(database)
    problems = (problem, *_take_over(database, directory / BOLT_FILE))
    database.execute("pragma query_only = on")
    return Records(Metadata(database), lock, problems)


def _database(path: Path) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    """Open the database; rename a damaged one, and copy its readable records to a new one."""
    for suffix in SIDE_FILES:
        _set_aside(path, (suffix,), lambda file: os.path.lexists(file) and not file.is_file(), "no file")
    database = None
    try:
        database = connect(path)
        database.execute("select max(name), max(value) from volumes").fetchall()  # reads every record
        database.execute("select facts.value, taken_over.value from facts, taken_over where key = name")
    except sqlite3.DatabaseError as error:
        if database is None and type(error) is not sqlite3.DatabaseError:
            raise
        database = _rebuild(path, _readable(database), error)
    return database, _damaged(path)


def _readable(database: sqlite3.Connection | None) -> Mapping[str, bytes]:
    """Return the readable records of a damaged database, and close it."""
    sound: dict[str, bytes] = {}
    if database is not None:
        with closing(database), suppress(sqlite3.DatabaseError):
            sound.update(database.execute("select name, value from volumes"))
    return sound


def _rebuild(path: Path, sound: Mapping[str, bytes], error: sqlite3.Error) -> sqlite3.Connection:
    why = f"damaged ({error}), and {len(sound)} of its records are used"
    _set_aside(path, SIDE_FILES, Path.exists, why)
    database = connect(path)
    database.execute("begin")
    database.executemany("insert into volumes values (?, ?)", sound.items())
    database.execute("commit")
    return database


def _set_aside(path: Path, suffixes: Sequence[str], wanted: Callable[[Path], bool], why: str) -> None:
    """Rename files that cannot be used; nothing is deleted."""
    aside = next(name for name in _free_names(path) if not os.path.lexists(name))
    for suffix in suffixes:
        file = path.with_name(path.name + suffix)
        if wanted(file):
            file.rename(aside.with_name(aside.name + suffix))
            log.error("%s is %s; it is kept as %s", file, why, aside.name + suffix)


def _free_names(path: Path) -> Iterator[Path]:
    return (path.with_name(f"{path.name}{ASIDE}{number}") for number in count(1))


def _damaged(path: Path) -> tuple[str, ...]:
    """Return one sentence for each damaged database in the directory."""
    begin = path.name + ASIDE
    names = (name for name in os.listdir(path.parent) if name.startswith(begin))  # noqa: PTH208 - names suffice
    return tuple(
        f"{aside} is a damaged database that was put aside; what could be read of it is in {path.name}"
        for aside in sorted(map(path.with_name, names))
    )


def _take_over(database: sqlite3.Connection, path: Path) -> tuple[str, ...]:
    """Add the records that dockerd has written since the last time."""
    stamp = _stamp(path)
    before = dict(database.execute("select key, value from facts")).get(BOLT_FILE)
    if not stamp or stamp == before:
        return ()
    snapshot = bolt.read(path)
    for problem in snapshot.problems:
        log.error("%s", problem)
    database.execute("begin immediate")
    added = _merge(database, snapshot.records)
    if not snapshot.problems:
        database.execute("insert or replace into facts values (?, ?)", (BOLT_FILE, stamp))
    database.execute("commit")
    if before is not None or added:
        log.info("%s has changed: %d records were added or brought up to date", path, added)
    return snapshot.problems


def _merge(database: sqlite3.Connection, records: Mapping[bytes, bytes]) -> int:
    """Add dockerd's records that are new or changed, unless they were changed here; return their number."""
    taken = dict(database.execute("select name, value from taken_over"))
    ours = dict(database.execute("select name, value from volumes"))
    changed = 0
    for key, value in records.items():
        name = key.decode(errors="replace")
        present = ours.get(name)
        if taken.get(key) != value and (present is None or present == taken.get(key)):
            database.execute("insert or replace into volumes values (?, ?)", (name, value))
            changed += 1
    database.executemany("insert or replace into taken_over values (?, ?)", records.items())
    return changed


def _stamp(path: Path) -> str:
    """Return the file's size and time, which each write changes; empty for a missing or empty file."""
    try:
        status = path.stat()
    except OSError:
        return "no file" if os.path.lexists(path) else ""
    empty = stat.S_ISREG(status.st_mode) and not status.st_size
    return "" if empty else f"{status.st_size} {status.st_mtime_ns}"
