"""Reads the metadata file of dockerd, which has bolt's format, and never writes it."""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import boltdb  # type: ignore[import-untyped]  # the library has no types
import msgspec
from boltdb.page import page_from_data  # type: ignore[import-untyped]  # likewise
from boltdb.share import (  # type: ignore[import-untyped]  # likewise
    bucket_struct,
    bucketLeafFlag,
    meta_struct,
    meta_tuple,
    page_struct,
)

from runtime.disk import open_regular

VOLUME_BUCKET_NAME: Final = b"volumes"
"""The bucket that holds the records.

Go:
    volume/service/db.go::volumeBucketName
"""

PAGE_SIZE: Final = 4096
MAGIC: Final = 0xED0CDAED
LARGEST: Final = 128 << 20
"""Bytes of a file; one with 10,000 volumes has three million."""
DEEPEST: Final = 64
"""Levels of a tree; real ones have two or three."""


class Snapshot(msgspec.Struct, frozen=True):
    """What the file held: records by name, and what could not be read, one sentence each."""

    records: dict[bytes, bytes]
    problems: tuple[str, ...] = ()


def read(path: Path) -> Snapshot:
    """The records in a file of bolt's format.

    A copy is read, since the library opens what it reads for writing. Pages that are damaged are left out; a
    pipe or a device is not waited for, and what is too large is not copied.
    """
    with TemporaryDirectory(prefix="metadata-") as folder:
        copy = Path(folder) / "copy.db"
        try:
            _copy(path, copy)
            database = _Database(copy)
        except (OSError, ValueError, ArithmeticError, struct.error, OverflowError, IndexError) as error:
            return Snapshot({}, (f"{path} cannot be read: {error}",))
        try:
            return _Walk(database, path).run()
        finally:
            database.finish()


def _copy(path: Path, copy: Path) -> None:
    """Copy a file.

    Raises:
        OSError: It cannot be read, or is none.
        ValueError: It is larger than any that dockerd has written.
    """
    with open_regular(Path(os.path.realpath(path))) as source, copy.open("wb") as target:
        size = os.fstat(source.fileno()).st_size
        if size > LARGEST:
            raise ValueError(f"it has {size} bytes, and no more than {LARGEST} are read")
        shutil.copyfileobj(source, target)


class _Database(boltdb.BoltDB):  # type: ignore[misc]  # likewise
    """The library's reader, which also makes sure that a file's first page is a sound one."""

    def __init__(self, copy: Path) -> None:
        _mend_first_page(copy)
        super().__init__(str(copy), readonly=True)
        if self.pagesize < page_struct.size or self.pagesize > self.datasz:
            self.finish()
            raise ValueError("invalid database")

    def finish(self) -> None:
        """Close the copy; the library does that when it is collected, if all went well before."""
        self.mmap.release()
        os.close(self.fd)

    def __del__(self) -> None:
        """Nothing is left to do; the library's own would close twice."""


class _Walk:
    """All records of one bucket, each page visited once."""

    def __init__(self, database: _Database, path: Path) -> None:
        self.database = database
        self.path = path
        self.seen: set[int] = set()
        self.problems: list[str] = []

    def run(self) -> Snapshot:
        roots = dict(self._leaves(self._root(), 0, wanted=bucketLeafFlag))
        header = roots.get(VOLUME_BUCKET_NAME)
        if header is None or len(header) < bucket_struct.size:
            self.problems.append(f"{self.path}: volume bucket does not exist")
            return Snapshot({}, tuple(self.problems))
        page_id, _ = bucket_struct.unpack(header[: bucket_struct.size])
        return Snapshot(dict(self._bucket(page_id, header)), tuple(self.problems))

    def _root(self) -> int:
        metas = [
            meta for meta in (_meta(self.database.mmap, at) for at in (0, self.database.pagesize)) if meta
        ]
        return int(max(metas, key=lambda meta: meta.txid).root_pgid)

    def _bucket(self, page_id: int, header: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The records of a bucket, which are in its header if they are few."""
        if page_id:
            yield from self._leaves(page_id, 0, wanted=0)
            return
        try:
            inline = page_from_data(memoryview(header)[bucket_struct.size :])
            yield from ((item.key, item.value) for item in inline.leaf_elems() if item.flags == 0)
        except (struct.error, IndexError) as error:
            self.problems.append(f"{self.path}: the volume bucket is damaged: {error}")

    def _leaves(self, page_id: int, depth: int, *, wanted: int) -> Iterator[tuple[bytes, bytes]]:
        try:
            page = self._page(page_id, depth)
            leaf = page.is_leaf()
            items: list[Any] = page.leaf_elems() if leaf else page.branch_elems()
        except (struct.error, IndexError, ValueError, OverflowError) as error:
            self.problems.append(f"{self.path}: page {page_id} is damaged, its records are lost: {error}")
            return
        for item in items:
            if not leaf:
                yield from self._leaves(item.pgid, depth + 1, wanted=wanted)
            elif item.flags == wanted:
                yield item.key, item.value

    def _page(self, page_id: int, depth: int) -> Any:
        if (
            page_id in self.seen
            or depth > DEEPEST
            or page_id * self.database.pagesize >= self.database.datasz
        ):
            raise ValueError("it is not where it should be")
        self.seen.add(page_id)
        page = self.database.page(page_id)
        if page.id != page_id:
            raise ValueError(f"it says that it is page {page.id}")
        return page


def _meta(data: Any, at: int) -> Any:
    """One of the two pages that tell where everything is; None if it is not sound."""
    raw = bytes(data[at + page_struct.size : at + page_struct.size + meta_struct.size])
    if len(raw) < meta_struct.size:
        return None
    meta = meta_tuple._make(meta_struct.unpack(raw))
    sound = meta.magic == MAGIC and meta.checksum == _fnv64a(raw[:-8])
    return meta if sound else None


def _mend_first_page(copy: Path) -> None:
    """Put the second of the two pages in the place of the first if only that is sound.

    Raises:
        ValueError: Neither is.
    """
    with copy.open("r+b") as file:
        data = file.read(2 * PAGE_SIZE)
        if _meta(data, 0):
            return
        if not _meta(data, PAGE_SIZE):
            raise ValueError("invalid database")
        file.seek(0)
        file.write(data[PAGE_SIZE:])


def _fnv64a(raw: bytes) -> int:
    """The checksum that bolt keeps of such a page."""
    value = 0xCBF29CE484222325
    for byte in raw:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value
