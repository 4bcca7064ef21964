"""Reader of dockerd's metadata file, which has bolt's format; it never writes."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from runtime.golang.strconv import cause
from runtime.pkg.ioutils import open_regular

VOLUME_BUCKET_NAME: Final = b"volumes"
"""The bucket that holds the records.

Go: volume/service/db.go::volumeBucketName
"""

MAGIC: Final = 0xED0CDAED
PAGE_SIZES: Final = (4096, 8192, 16384, 32768, 65536)
"""Offsets of the second meta page, if the first, which has the page size, is damaged."""
LARGEST: Final = 128 << 20
"""Bytes of the largest file that is read; 10,000 volumes take three million."""
DEEPEST: Final = 64
"""Levels of the deepest tree that is read; real ones have two or three."""

OVERLAP: Final = 4
"""How many times the file's size the entries of a page may take, so that damage cannot fill the memory."""

PAGE_HEADER: Final = struct.Struct("<QHHI")  # id, flags, count, overflow
META: Final = struct.Struct("<IIIIQQQQQQ")  # magic, version, page size, flags, root, sequence, ..., checksum
BRANCH: Final = struct.Struct("<IIQ")  # position, size of the key, page
LEAF: Final = struct.Struct("<IIII")  # flags, position, size of the key, size of the value
BUCKET: Final = struct.Struct("<QQ")  # root, sequence
LEAF_PAGE: Final = 0x02
BUCKET_ITEM: Final = 0x01


class Snapshot(msgspec.Struct, frozen=True):
    """Records by name, and one sentence for each part of the file that could not be read."""

    records: dict[bytes, bytes]
    problems: tuple[str, ...] = ()


class Meta(NamedTuple):
    """The content of a meta page."""

    page_size: int
    root: int
    transaction: int


class Item(NamedTuple):
    """An entry of a page: of a branch with the page below, of a leaf with flags and a value."""

    key: bytes
    value: bytes = b""
    flags: int = 0
    page: int | None = None


def read(path: Path) -> Snapshot:
    """Return the records in a file of bolt's format.

    Damaged pages are left out. A pipe, a device or a file that is too large is not read.
    """
    try:
        content = _content(path)
        return _Walk(content, path).run(_newest_meta(content))
    except OSError as error:
        return Snapshot({}, (f"{path} cannot be read: {cause(error)}",))
    except ValueError as error:
        return Snapshot({}, (f"{path} cannot be read: {error}",))


def _content(path: Path) -> bytes:
    with open_regular(Path(os.path.realpath(path))) as source:
        size = os.fstat(source.fileno()).st_size
        if size > LARGEST:
            raise ValueError(f"it has {size} bytes, and no more than {LARGEST} are read")
        return source.read(LARGEST)


def _newest_meta(content: bytes) -> Meta:
    """Return the newer of the two meta pages, or the one that is sound.

    Raises:
        ValueError: Neither is.
    """
    first = _meta(content, 0)
    sizes = (first.page_size,) if first else PAGE_SIZES
    metas = [meta for meta in (first, *(_meta(content, size) for size in sizes)) if meta is not None]
    if not metas:
        raise ValueError("invalid database")
    return max(metas, key=lambda meta: meta.transaction)


def _meta(content: bytes, offset: int) -> Meta | None:
    raw = content[offset + PAGE_HEADER.size : offset + PAGE_HEADER.size + META.size]
    if len(raw) < META.size:
        return None
    magic, _, page_size, _, root, _, _, _, transaction, checksum = META.unpack(raw)
    sound = magic == MAGIC and checksum == _fnv64a(raw[:-8]) and PAGE_HEADER.size <= page_size <= len(content)
    return Meta(page_size, root, transaction) if sound else None


class _Walk:
    """Reads all records of one bucket; each page is visited once."""

    def __init__(self, content: bytes, path: Path) -> None:
        self.content = content
        self.path = path
        self.page_size = 0
        self.seen: set[int] = set()
        self.problems: list[str] = []

    def run(self, meta: Meta) -> Snapshot:
        self.page_size = meta.page_size
        buckets = {item.key: item.value for item in self._leaves(meta.root, 0) if item.flags == BUCKET_ITEM}
        header = buckets.get(VOLUME_BUCKET_NAME, b"")
        if len(header) < BUCKET.size:
            self.problems.append(f"{self.path}: volume bucket does not exist")
            return Snapshot({}, tuple(self.problems))
        records = {item.key: item.value for item in self._bucket(header) if item.flags == 0}
        return Snapshot(records, tuple(self.problems))

    def _bucket(self, header: bytes) -> Iterator[Item]:
        """Read a bucket; if its records are few, their page follows its header."""
        root, _ = BUCKET.unpack_from(header)
        if root:
            yield from self._leaves(root, 0)
            return
        try:
            yield from _items(memoryview(header)[BUCKET.size :])
        except struct.error as error:
            self.problems.append(f"{self.path}: the volume bucket is damaged: {error}")

    def _leaves(self, number: int, depth: int) -> Iterator[Item]:
        try:
            page = self._page(number, depth)
            items = _items(page)
        except (struct.error, ValueError) as error:
            self.problems.append(f"{self.path}: page {number} is damaged, its records are lost: {error}")
            return
        if lost := PAGE_HEADER.unpack_from(page)[2] - len(items):
            self.problems.append(f"{self.path}: page {number} is damaged, {lost} of its records are lost")
        for item in items:
            if item.page is not None:
                yield from self._leaves(item.page, depth + 1)
            else:
                yield item

    def _page(self, number: int, depth: int) -> memoryview:
        """Return a page with all that follows it, so that a damaged length costs nothing."""
        start = number * self.page_size
        if number in self.seen or depth > DEEPEST or start >= len(self.content):
            raise ValueError("it is not where it should be")
        self.seen.add(number)
        itself, _, _, _ = PAGE_HEADER.unpack_from(self.content, start)
        if itself != number:
            raise ValueError(f"it says that it is page {itself}")
        return memoryview(self.content)[start:]


def _items(page: memoryview) -> list[Item]:
    """Return the entries of a page; one that ends outside of the file is left out.

    Raises:
        struct.error: The page ends before its entries do.
    """
    _, flags, count, _ = PAGE_HEADER.unpack_from(page)
    kind = LEAF if flags & LEAF_PAGE else BRANCH
    room = OVERLAP * len(page)
    items = []
    for offset in range(PAGE_HEADER.size, PAGE_HEADER.size + count * kind.size, kind.size):
        item_flags, below, value_size = 0, None, 0
        if kind is LEAF:
            item_flags, position, key_size, value_size = LEAF.unpack_from(page, offset)
        else:
            position, key_size, below = BRANCH.unpack_from(page, offset)
        key, value = offset + position, offset + position + key_size
        end = value + value_size
        if end <= len(page) and end - key <= room:
            room -= end - key
            items.append(Item(bytes(page[key:value]), bytes(page[value:end]), item_flags, below))
    return items


def _fnv64a(raw: bytes) -> int:
    """Return the checksum of a meta page."""
    value = 0xCBF29CE484222325
    for byte in raw:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value
