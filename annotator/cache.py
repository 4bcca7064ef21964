"""Persistent cache: one SQLite table of encoded values."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
import tree_sitter_go
from tree_sitter import Language

from annotator import __version__
from annotator.file_io import Closing
from annotator.model.source import Warn, no_warning

CACHE_FORMAT = 13
"""Increase it with every change to a cached type, or to what a cached value means: old values are dropped.

A test compares the cached types with those that had this number.
"""

K = TypeVar("K")
T = TypeVar("T")


class CacheKind(Generic[T]):
    """A kind of cached values: its name in the table and the type of its values."""

    def __init__(self, name: str, type_: type[T]) -> None:
        self.name, self.type = name, type_
        self.decode: Callable[[bytes], T] = msgspec.msgpack.Decoder(type_).decode


_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
    kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
    used INTEGER NOT NULL, -- the day on which it was last written or read
    PRIMARY KEY (kind, key)
)
"""
_GET = """
SELECT key, CAST(value AS BLOB), used FROM entry
WHERE kind = ? AND key IN (SELECT value FROM json_each(?))
"""
_PUT = "INSERT OR REPLACE INTO entry (kind, key, value, used) VALUES (?, ?, ?, ?)"
_TOUCH = "UPDATE entry SET used = ? WHERE kind = ? AND key = ?"
_SIZE = "SELECT total(length(value)) FROM entry"
_OLDEST = "SELECT kind, key, length(value) FROM entry ORDER BY used, rowid"
_DELETE = "DELETE FROM entry WHERE kind = ? AND key = ?"
LIMIT = 512 << 20
"""Bytes of values; beyond it, those that were used longest ago are deleted."""
_EVICTED_TO = 0.75
"""To what share of the limit values are deleted, so that not every run has to delete some."""
_DAY = 86_400
_BUSY = 10.0

# A message that quotes a damaged schema need not be UTF-8.
_FAILURES = (sqlite3.Error, UnicodeDecodeError)

_encode = msgspec.msgpack.Encoder().encode


class Cache(Closing):
    """Values by kind and key. Several processes may use it at once.

    A cache that cannot be used costs time, never an answer: it warns and behaves as if it were empty.
    """

    def __init__(
        self,
        folder: Path,
        *,
        warn: Warn = no_warning,
        limit: int = LIMIT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the cache in a folder.

        Args:
            folder: The cache folder, which need not exist.
            warn: Called with a sentence when the cache is damaged or cannot be used.
            limit: Bytes of values; beyond it, those that were used longest ago are deleted.
            clock: Seconds since the epoch.
        """
        # The grammar's version, as another one parses the same bytes to other declarations.
        grammar = Language(tree_sitter_go.language()).semantic_version or ()
        name = f"cache-{CACHE_FORMAT}-{__version__}-{'.'.join(map(str, grammar))}.sqlite3"
        self._file = folder / name
        self._warn = warn
        self._limit, self._clock = limit, clock
        self._has_grown = False
        self._touched: set[tuple[str, str]] = set()
        self._was_damaged = False
        self._database: sqlite3.Connection | None = None
        self._open()

    def __reduce__(self) -> tuple[Callable[[], Cache], tuple[()]]:
        """Open the same cache in another process."""
        return partial(Cache, self._file.parent), ()

    def get_many(self, kind: CacheKind[T], keys: Mapping[K, str]) -> dict[K, T]:
        """Return the cached values of all items that have one, by their keys."""
        encoded = self._read(kind.name, set(keys.values()))
        values: dict[K, T] = {}
        for item, key in keys.items():
            with suppress(KeyError, msgspec.MsgspecError):
                values[item] = kind.decode(encoded[key])
        return values

    def put_many(self, kind: CacheKind[T], values: Mapping[str, T]) -> None:
        """Write values by key, in place of those that had these keys."""
        today = self._today()
        rows = [(kind.name, key, _encode(value), today) for key, value in values.items()]
        if rows:
            self._has_grown = True
            self._attempt(lambda database: _write(database, _PUT, rows))

    def get_or_compute(self, kind: CacheKind[T], key: str, compute: Callable[[], T]) -> T:
        """Return the cached value of a key; compute and cache a missing one."""
        return self.get_or_compute_many(kind, {key: key}, lambda _: {key: compute()})[key]

    def get_or_compute_many(
        self, kind: CacheKind[T], keys: Mapping[K, str], compute: Callable[[list[K]], Mapping[K, T]]
    ) -> dict[K, T]:
        """Return the values of all items, in their order.

        Args:
            kind: The kind of value.
            keys: The items' keys.
            compute: Returns the values of the items that are not cached; called once, with all of them.
                An item that it leaves out has no value.
        """
        values = self.get_many(kind, keys)
        missing = [item for item in keys if item not in values]
        if missing:
            computed = compute(missing)
            self.put_many(kind, {keys[item]: value for item, value in computed.items()})
            values.update(computed)
        return {item: values[item] for item in keys if item in values}

    def close(self) -> None:
        """Delete values beyond the limit and close the database; a closed cache is an empty one."""
        database, self._database = self._database, None
        if database is not None:
            with suppress(*_FAILURES), contextlib.closing(database):
                self._tidy(database)

    def _read(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        wanted = json.dumps(list(keys))
        rows = self._attempt(lambda database: database.execute(_GET, (kind, wanted)).fetchall()) or []
        today = self._today()
        self._touched.update((kind, key) for key, _, used in rows if used != today)
        return {key: value for key, value, _ in rows}

    def _today(self) -> int:
        return int(self._clock()) // _DAY

    def _tidy(self, database: sqlite3.Connection) -> None:
        """Record which values were used, and delete those used longest ago if there are too many."""
        if self._touched:
            today = self._today()
            _write(database, _TOUCH, [(today, *entry) for entry in sorted(self._touched)])
            self._touched.clear()
        if self._has_grown and database.execute(_SIZE).fetchone()[0] > self._limit:
            _write(database, _DELETE, self._evicted(database))
            database.execute("VACUUM")  # else the file stays as large as it was
        self._has_grown = False

    def _evicted(self, database: sqlite3.Connection) -> list[tuple[str, str]]:
        """Return the kinds and keys of the values to delete."""
        excess = database.execute(_SIZE).fetchone()[0] - self._limit * _EVICTED_TO
        evicted = []
        for kind, key, size in database.execute(_OLDEST):
            if excess <= 0:
                break
            excess -= size
            evicted.append((kind, key))
        return evicted

    def _open(self) -> None:
        """Open the database; a damaged one is deleted and created again."""
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            is_new = not self._file.exists()
            self._database = _connect(self._file)
            if is_new:
                _remove_other_versions(self._file)
        except (*_FAILURES, OSError) as error:
            self._fail(error)

    def _attempt(self, action: Callable[[sqlite3.Connection], T]) -> T | None:
        """Return what an action on the database returns; None if it fails or there is no database."""
        if self._database is None:
            return None
        try:
            return action(self._database)
        except _FAILURES as error:
            self._fail(error)
            return None

    def _fail(self, error: Exception) -> None:
        """Go on after an error: with a new database if the old one is damaged, else without any."""
        if _code(error) == sqlite3.SQLITE_READONLY:
            return  # it can be read all the same
        database, self._database = self._database, None
        if database is not None:
            with suppress(*_FAILURES):
                database.close()
        if not _is_damage(error) or self._was_damaged:
            self._warn(f"{self._file} cannot be used ({error}); this goes on without a cache, and is slower")
            return
        self._was_damaged = True
        self._warn(f"{self._file} is damaged ({error}) and is deleted")
        with suppress(OSError):  # opening it again tells
            _remove(self._file)
        self._open()


def _connect(file: Path) -> sqlite3.Connection:
    """Open a database, or create it; in a folder that is read-only only to read it."""
    is_writable = os.access(file if file.exists() else file.parent, os.W_OK)
    mode = "rwc" if is_writable and os.access(file.parent, os.W_OK) else "ro"
    address = f"{file.resolve().as_uri()}?mode={mode}"
    database = sqlite3.connect(address, uri=True, timeout=_BUSY, isolation_level=None)
    try:
        if mode == "rwc":
            database.execute("PRAGMA synchronous = OFF")  # a cache need not survive a power cut
            database.execute(_SCHEMA)
        database.execute(_GET, ("", "[]"))
    except BaseException:
        database.close()
        raise
    return database


def _write(database: sqlite3.Connection, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with database:
        database.execute("BEGIN IMMEDIATE")
        database.executemany(statement, rows)


def _remove(file: Path) -> None:
    for ending in ("", "-journal", "-wal", "-shm"):
        file.with_name(file.name + ending).unlink(missing_ok=True)


def _remove_other_versions(file: Path) -> None:
    for other in file.parent.glob("*.sqlite3*"):
        if not other.name.startswith(file.name):
            with suppress(OSError):
                other.unlink()


def _is_damage(error: Exception) -> bool:
    """Return whether an error means that the file is not the database that was written.

    SQLITE_ERROR does: our statements are valid, so the table must be another one.
    """
    codes = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
    return isinstance(error, UnicodeDecodeError) or _code(error) in codes


def _code(error: Exception) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF
