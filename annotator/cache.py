"""Persistent cache: an SQLite table of encoded values."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import msgspec

from annotator.errors import SourceUnavailable
from annotator.files import Closing, locked
from annotator.model.go import GoFile
from annotator.model.source import Warn, no_warning

K = TypeVar("K")
T = TypeVar("T")


class Values(Protocol):
    """Where values are kept, encoded, by kind and key."""

    def get_values(self, kind: str, keys: Iterable[str]) -> Mapping[str, bytes]:
        """Those that are kept."""
        ...

    def put_values(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep them."""
        ...


class Kept(Generic[T]):
    """The values of one kind, all of one shape; what does not fit the shape counts as not kept."""

    def __init__(self, values: Values, kind: str, shape: type[T]) -> None:
        self._values, self._kind = values, kind
        self._decode = msgspec.msgpack.Decoder(shape).decode

    def get(self, keys: Mapping[K, str]) -> dict[K, T]:
        """The values that are kept of what has these keys."""
        kept = self._values.get_values(self._kind, set(keys.values()))
        found: dict[K, T] = {}
        for each, key in keys.items():
            with suppress(KeyError, msgspec.MsgspecError):
                found[each] = self._decode(kept[key])
        return found

    def put(self, values: Mapping[str, T]) -> None:
        """Keep values by their keys."""
        encode = msgspec.msgpack.encode
        self._values.put_values(self._kind, {key: encode(value) for key, value in values.items()})

    def all(self, keys: Mapping[K, str], make: Callable[[list[K]], Mapping[K, T]]) -> dict[K, T]:
        """The values of all that has these keys; what is not kept is made, together, and kept."""
        found = self.get(keys)
        lacking = [each for each in keys if each not in found]
        made = make(lacking) if lacking else {}
        if made:
            self.put({keys[each]: value for each, value in made.items()})
        return {each: found[each] if each in found else made[each] for each in keys}

    def one(self, key: str, make: Callable[[], T]) -> T:
        """The value of a key, made if it is not kept."""
        return self.all({key: key}, lambda _: {key: make()})[key]


_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
    kind TEXT NOT NULL, key TEXT NOT NULL, sum INTEGER NOT NULL, value BLOB NOT NULL, -- a sum of all three
    used INTEGER NOT NULL, -- the day on which it was last put or read
    PRIMARY KEY (kind, key)
)
"""
_GET = """
SELECT key, sum, CAST(value AS BLOB), used FROM entry
WHERE kind = ? AND key IN (SELECT value FROM json_each(?))
"""
_PUT = "INSERT OR REPLACE INTO entry (kind, key, sum, value, used) VALUES (?, ?, ?, ?, ?)"
_TOUCH = "UPDATE entry SET used = ? WHERE kind = ? AND key = ?"
_SIZE = "SELECT total(length(value)) FROM entry"
_OLDEST = "SELECT kind, key, length(value) FROM entry ORDER BY used, rowid"
_DELETE = "DELETE FROM entry WHERE kind = ? AND key = ?"
LIMIT = 512 << 20
"""Bytes of values that are kept; what was used longest ago is deleted first."""
_EVICTED_TO = 0.75
"""To what share of the limit values are deleted, so that not every run has to delete some."""
_DAY = 86_400
_BUSY = 10.0

# Our own statements are sound: what cannot make sense of them is not the file that was written.
_RUINED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})

# A message that quotes a damaged schema need not be text, and then has no code either.
_FAILURES = (sqlite3.Error, UnicodeDecodeError)
_DOCUMENT = "document"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(GoFile).decode


class Cache(Closing):
    """Values by kind and key, parsed documents by blob id; several builds may use it at once."""

    def __init__(
        self,
        folder: Path,
        *,
        reader: str,
        warn: Warn = no_warning,
        limit: int = LIMIT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the cache under `folder`, or go on without one.

        Args:
            folder: The cache folder, which need not exist.
            reader: The version of what makes the values; another one, or another structure of
                documents, starts an empty cache and removes the old one.
            warn: Told when the cache is damaged and made anew, or cannot be used.
            limit: Bytes of values that are kept.
            clock: Seconds since the epoch, by which the values used longest ago are known.
        """
        self._file = folder / f"parsed-{_version(reader)}.sqlite3"
        self._folder, self._reader = folder, reader
        self._warn = warn
        self._may_be_remade = True
        self._limit, self._clock = limit, clock
        self._has_grown = False
        self._touched: set[tuple[str, str]] = set()
        self._database = self._opened()

    def __reduce__(self) -> tuple[Callable[[], Cache], tuple[()]]:
        """Open the same cache in another process."""
        return partial(Cache, self._folder, reader=self._reader), ()

    def get_many(self, ids: Iterable[str]) -> dict[str, GoFile]:
        """The documents that are here and whole, of some blob ids."""
        found = self.get_values(_DOCUMENT, ids)
        documents = {}
        for blob, value in found.items():
            with suppress(msgspec.MsgspecError):
                documents[blob] = _decode(value)
        return documents

    def put_many(self, documents: Mapping[str, GoFile]) -> None:
        """Keep documents by blob id."""
        self.put_values(_DOCUMENT, {blob: _encode(document) for blob, document in documents.items()})

    def get_values(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """The values of a kind that are here and whole, of some keys."""
        wanted = json.dumps(list(keys))
        rows = self._attempt(lambda database: database.execute(_GET, (kind, wanted)).fetchall()) or []
        whole = dict(_whole(kind, rows))
        today = self._today()
        self._touched.update((kind, key) for key, _, _, used in rows if used != today and key in whole)
        if len(whole) < len(rows):
            self._warn(f"{self._file}: {len(rows) - len(whole)} damaged entries are made anew")
        return whole

    def put_values(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep values of a kind by key, in place of what was there."""
        today = self._today()
        rows = [(kind, key, _sum(kind, key, value), value, today) for key, value in values.items()]
        self._has_grown |= bool(rows)
        self._attempt(lambda database: _insert(database, rows))

    def close(self) -> None:
        """Close the database, after values beyond its limit are deleted; a closed cache keeps nothing."""
        database, self._database = self._database, None
        if database is not None:
            with suppress(*_FAILURES), contextlib.closing(database):
                self._tidy(database)

    def _today(self) -> int:
        return int(self._clock()) // _DAY

    def _tidy(self, database: sqlite3.Connection) -> None:
        """Note which values were used, and delete those used longest ago if there are too many."""
        if self._touched:
            today = self._today()
            with database:
                database.execute("BEGIN IMMEDIATE")
                database.executemany(_TOUCH, [(today, *found) for found in sorted(self._touched)])
            self._touched.clear()
        if self._has_grown and database.execute(_SIZE).fetchone()[0] > self._limit:
            with database:
                database.execute("BEGIN IMMEDIATE")
                database.executemany(_DELETE, self._evicted(database))
            database.execute("VACUUM")  # else the file stays as large as it was
        self._has_grown = False

    def _evicted(self, database: sqlite3.Connection) -> list[tuple[str, str]]:
        """Return which values to delete."""
        excess = database.execute(_SIZE).fetchone()[0] - self._limit * _EVICTED_TO
        evicted = []
        for kind, key, size in database.execute(_OLDEST):
            if excess <= 0:
                break
            excess -= size
            evicted.append((kind, key))
        return evicted

    def _attempt(self, action: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do something with the database; a database that fails is made anew or given up, with a warning."""
        database = self._database
        if database is None:
            return None
        try:
            return action(database)
        except _FAILURES as error:
            if _is_read_only(error):
                return None  # what is there can be read all the same
            self._abandon()
            if _is_ruined(error):
                self._database = self._anew(error)
            else:
                self._go_without(error)
            return None

    def _abandon(self) -> None:
        """Close the database as it is."""
        database, self._database = self._database, None
        if database is not None:
            with suppress(*_FAILURES):
                database.close()

    def _opened(self) -> sqlite3.Connection | None:
        try:
            if self._file.is_file() and not os.access(self._file.parent, os.W_OK):
                return _open_read_only(self._file)
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return _connect(self._file)
        except (SourceUnavailable, *_FAILURES, OSError) as error:
            if _is_ruined(error):
                return self._anew(error)
            self._go_without(error)
            return None

    def _anew(self, ruin: Exception) -> sqlite3.Connection | None:
        """The database after its ruin, made anew unless another build was first; once, and no more."""
        if not self._may_be_remade:
            self._go_without(ruin)
            return None
        self._may_be_remade = False
        try:
            with locked(self._file):
                return _sound(self._file) or self._remade(ruin)
        except (SourceUnavailable, *_FAILURES, OSError) as error:
            self._go_without(error)
            return None

    def _remade(self, ruin: Exception) -> sqlite3.Connection:
        self._warn(f"{self._file} was damaged ({ruin}) and is made anew")
        _make(self._file)
        return _open(self._file)

    def _go_without(self, error: Exception) -> None:
        why = error.__cause__ or error
        self._warn(f"{self._file} cannot be used ({why}); this goes on without a cache, and is slower")


def _version(reader: str) -> str:
    """A name that changes with the reader and with the structure of what is stored."""
    structure = json.dumps(msgspec.json.schema(GoFile), sort_keys=True)
    return hashlib.sha256(f"{_SCHEMA}\0{reader}\0{structure}".encode()).hexdigest()[:16]


def _connect(file: Path) -> sqlite3.Connection:
    """The database, made if it is not there; of two builds that come at once one makes it."""
    if not file.exists():
        with locked(file):
            if not file.exists():
                _make(file)
                _remove_others(file)
    return _open(file)


def _make(file: Path) -> None:
    """Make an empty database aside: while it takes up its journal, SQLite lets nobody else wait for it."""
    aside = file.with_name(f"{file.name}.part")
    _remove(aside)
    try:
        _open(aside, mode="rwc").close()
        _remove(file)  # for a journal that was left beside it would be taken for the new one's
        aside.replace(file)
    finally:
        _remove(aside)


def _open(file: Path, mode: str = "rw") -> sqlite3.Connection:
    """Open a database; one that is not there is made only on purpose: another build may be making it."""
    address = f"{file.resolve().as_uri()}?mode={mode}"
    database = sqlite3.connect(address, uri=True, timeout=_BUSY, isolation_level=None)
    try:
        # Nothing is waited for on the disk: what a power cut spoils is found by its checksum, and read again.
        for statement in ("PRAGMA synchronous = OFF", "PRAGMA journal_mode = WAL", _SCHEMA):
            database.execute(statement)
        database.execute(_GET, ("", "[]"))
    except BaseException:
        database.close()
        raise
    return database


def _open_read_only(file: Path) -> sqlite3.Connection:
    """Open a database in a folder in which nothing can be written, not even the files of SQLite's locks."""
    address = f"{file.resolve().as_uri()}?mode=ro&immutable=1"
    return sqlite3.connect(address, uri=True, isolation_level=None)


def _sound(file: Path) -> sqlite3.Connection | None:
    """The database, if another build has made it anew meanwhile."""
    try:
        database = _open(file)
    except _FAILURES:
        return None
    with suppress(*_FAILURES):
        if database.execute("PRAGMA quick_check(1)").fetchone() == ("ok",) and _serves(database):
            return database
    database.close()
    return None


def _serves(database: sqlite3.Connection) -> bool:
    """Whether a value can be put into the database and got out of it; it is taken back."""
    database.execute("BEGIN IMMEDIATE")
    database.execute(_PUT, ("", "", 0, b"", 0))
    found = database.execute(_GET, ("", '[""]')).fetchall()
    database.execute("ROLLBACK")
    return found == [("", 0, b"", 0)]


def _remove(file: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        file.with_name(file.name + ending).unlink(missing_ok=True)


def _remove_others(file: Path) -> None:
    for other in file.parent.glob("parsed-*.sqlite3*"):
        if not other.name.startswith(file.name):
            with suppress(OSError):
                other.unlink()


def _insert(database: sqlite3.Connection, rows: list[tuple[str, str, int, bytes, int]]) -> None:
    with database:
        database.execute("BEGIN IMMEDIATE")
        database.executemany(_PUT, rows)


def _whole(kind: str, rows: Iterable[tuple[str, int, bytes, int]]) -> Iterator[tuple[str, bytes]]:
    for key, stored, value, _ in rows:
        if _sum(kind, key, value) == stored:
            yield key, value


def _sum(kind: str, key: str, value: bytes) -> int:
    """What a row must add up to, so that a value is never taken for another key's."""
    return zlib.crc32(value, zlib.crc32(f"{kind}\0{key}\0".encode()))


def _is_read_only(error: Exception) -> bool:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_READONLY


def _is_ruined(error: Exception) -> bool:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return isinstance(error, UnicodeDecodeError) or code & 0xFF in _RUINED
