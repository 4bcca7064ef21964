"""Stores the files of a tarball in the cache and reads them back."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import posixpath
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Protocol, Self

import msgspec

from annotator.errors import SourceUnavailable
from annotator.repository.snapshot import blob_id, is_safe

_BIGGEST_FILE = 64 << 20
_BIGGEST_TREE = 1 << 30
_MOST_FILES = 500_000

# Reads behind the end: a whole tarball needs few, a file that says it is endless would be skipped for ever.
_BEHIND_THE_END = 64

_OPENERS = ((b"\xfd7zXZ\0", lzma.open), (b"\x1f\x8b", gzip.open), (b"BZh", bz2.open))


class StoredFile(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A stored file: where its bytes begin, their number, and its git blob id."""

    path: str
    id: str
    offset: int
    size: int


class StoredTarball:
    """The files of a tarball that was stored, opened for reading."""

    def __init__(self, folder: Path) -> None:
        """Open the files stored under `folder`.

        Raises:
            CorruptTree: It is not there, or not whole.
        """
        self._data = folder / "data"
        self._entries = {entry.path: entry for entry in _index(folder)}
        self.files: Mapping[str, str] = {path: entry.id for path, entry in self._entries.items()}

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        """Return the bytes of files; raise KeyError for an unknown path.

        Raises:
            CorruptTree: They are not the bytes that were stored.
        """
        wanted = [self._entries[path] for path in paths]
        try:
            handle = os.open(self._data, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise CorruptTree(str(error)) from error
        try:
            return {entry.path: _checked(handle, entry) for entry in wanted}
        finally:
            os.close(handle)


class CorruptTree(Exception):
    """The files are not those that were stored."""


def store(tarball: Path, folder: Path) -> None:
    """Store a tarball's regular files under a folder; links, devices and hostile names are left out.

    Folders that hold nothing but one folder are left out of the paths, as packagers add them.

    Raises:
        SourceUnavailable: It is cut short, too large or not a tarball.
    """
    try:
        with _limited(tarball) as stream, (folder / "data").open("wb") as data:
            entries = list(_stored(stream, data))
    except (tarfile.TarError, EOFError, lzma.LZMAError, zlib.error, ValueError) as error:
        raise SourceUnavailable(f"{tarball.name} is not a whole tarball: {error}") from error
    index = msgspec.msgpack.encode(list(_without_lone_folders(entries)))
    (folder / "index").write_bytes(zlib.crc32(index).to_bytes(4, "big") + index)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


class _Limited:
    """A stream that raises an error after more bytes than any tree holds."""

    def __init__(self, stream: _Readable) -> None:
        self._stream = stream
        self._left = _BIGGEST_TREE
        self._behind = _BEHIND_THE_END

    def read(self, size: int) -> bytes:
        try:
            data = self._stream.read(size)
        except OSError as error:  # so gzip and bz2 say that what they read is none of theirs
            raise ValueError(str(error)) from error
        self._left -= len(data)
        self._behind -= not data
        if self._left < 0:
            raise ValueError(f"it holds more than {_BIGGEST_TREE >> 20} MiB")
        if self._behind < 0:
            raise ValueError("it ends within a file")
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


def _limited(tarball: Path) -> _Limited:
    with tarball.open("rb") as file:
        start = file.read(6)
    for magic, opener in _OPENERS:
        if start.startswith(magic):
            return _Limited(opener(tarball, "rb"))
    return _Limited(tarball.open("rb"))


def _stored(stream: _Limited, data: IO[bytes]) -> Iterator[StoredFile]:
    with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload] # read() is all it needs
        for count, member in enumerate(archive):
            if count > _MOST_FILES:
                raise ValueError(f"it holds more than {_MOST_FILES} files")
            path = member.name.removeprefix("./")
            file = archive.extractfile(member) if _is_kept(member, path) else None
            if file is not None:
                yield _written(path, file.read(), data)


def _is_kept(member: tarfile.TarInfo, path: str) -> bool:
    return member.isreg() and not member.issparse() and member.size <= _BIGGEST_FILE and is_safe(path)


def _written(path: str, content: bytes, data: IO[bytes]) -> StoredFile:
    entry = StoredFile(path, blob_id(content), data.tell(), len(content))
    data.write(content)
    return entry


def _without_lone_folders(entries: list[StoredFile]) -> Iterator[StoredFile]:
    folders = [posixpath.dirname(entry.path) for entry in entries]
    lone = posixpath.commonpath(folders) if folders else ""
    for entry in entries:
        yield msgspec.structs.replace(entry, path=posixpath.relpath(entry.path, lone or "."))


def _index(folder: Path) -> list[StoredFile]:
    try:
        stored = (folder / "index").read_bytes()
        if zlib.crc32(stored[4:]) != int.from_bytes(stored[:4], "big"):
            raise CorruptTree(f"{folder}: the index is not what was stored")
        return msgspec.msgpack.decode(stored[4:], type=list[StoredFile])
    except (OSError, msgspec.MsgspecError) as error:
        raise CorruptTree(f"{folder}: {error}") from error


def _checked(handle: int, entry: StoredFile) -> bytes:
    content = os.pread(handle, entry.size, entry.offset)
    if blob_id(content) != entry.id:
        raise CorruptTree(f"{entry.path} is not what was stored")
    return content
