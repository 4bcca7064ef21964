"""Reads releases from Debian source packages, whose files it stores in the cache."""

from __future__ import annotations

import bz2
import gzip
import io
import logging
import lzma
import posixpath
import re
import shutil
import tarfile
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import IO, Self

import msgspec

from annotator.config import Config
from annotator.errors import SourceUnavailable, UnknownTag
from annotator.file_io import Closing, locked, replaced, unwritable, written
from annotator.model.source import Progress, Warn, blob_id, is_safe, no_progress, no_warning
from annotator.repository.apt import Apt
from annotator.repository.versions import nearest, version_key

_LOG = logging.getLogger(__name__)

_FRESH = 24 * 60 * 60.0
_NUMBERS = re.compile(r"\d+")
_CANDIDATE = re.compile(r"~(?=(?:alpha|beta|dev|pre|rc|tp)\d*)")
_REPACKED = re.compile(r"[+~].*")
_BETWEEN_RELEASES = re.compile(r"[+~.]git|[+~]0?(?:19|20)\d{6}")


class _Listing(msgspec.Struct, frozen=True):
    """The versions in the suites at a time, in seconds since the epoch."""

    package: str
    at: float
    versions: list[str]


class DebianSnapshot(msgspec.Struct, frozen=True):
    """A release from a Debian source package."""

    repository: str
    tag: str
    version: str
    tree: StoredTarball
    folder: Path

    @property
    def commit(self) -> str | None:
        """None: a tarball does not name its commit."""
        return None

    @property
    def files(self) -> Mapping[str, str]:
        """The blob ids of the regular files by path."""
        return self.tree.files

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        """Return the bytes of many files; raise KeyError for a path that is not in the release.

        Raises:
            SourceUnavailable: The stored tree was damaged; it is removed, so that the next run is whole.
        """
        try:
            return self.tree.read(paths)
        except CorruptTree as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise SourceUnavailable(
                f"the cached {self.version} was damaged ({error}); run this again"
            ) from error


class DebianSource(Closing):
    """The releases of a Debian source package in Debian's suites."""

    has_history = False

    def __init__(
        self,
        config: Config,
        *,
        cache: Path,
        progress: Progress = no_progress,
        warn: Warn = no_warning,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare to read the config's Debian package; nothing is downloaded before it is read.

        Raises:
            SourceUnavailable: The config names no Debian package.
        """
        if not config.debian:
            raise SourceUnavailable("this project's settings name no Debian package (`debian = …`)")
        self.repository = config.repository
        self._package = config.debian
        self._prefix = re.split(r"\d", config.baseline, maxsplit=1)[0]
        self._folder = cache / "debian" / re.sub(r"[^\w+.-]", "-", config.debian)
        self._apt = Apt(self._folder / "apt", progress=progress, warn=warn)
        self._clock = clock

    def tags(self) -> list[str]:
        """Return the tags that Debian's suites have now, in version order.

        Raises:
            SourceUnavailable: There is no apt, or no mirror answers and none did before.
        """
        return sorted({self._tag(version) for version in self._versions}, key=version_key)

    def refs(self) -> list[str]:
        """Return no refs: Debian's packages have none that links name."""
        return []

    def has_commit(self, name: str) -> bool:
        """Return False: packages have no commits."""
        del name
        return False

    def default_tag(self, baseline: str) -> str:
        """Return the release nearest to the baseline by version.

        Raises:
            SourceUnavailable: No release can be read.
        """
        return min(self.tags(), key=lambda tag: _distance(tag, baseline))

    def snapshot(self, tag: str) -> DebianSnapshot:
        """Return a release by its tag or Debian version; download it if it is not in the cache.

        Raises:
            UnknownTag: Debian has no such release.
            SourceUnavailable: It cannot be downloaded.
        """
        stored = [path.name for path in (self._folder / "trees").glob("*") if path.is_dir()]
        version = self._newest(tag, stored) or self._newest(tag, self._versions)
        if version is None:
            raise UnknownTag(tag, nearest(tag, self.tags()))
        folder = self._folder / "trees" / version
        return DebianSnapshot(
            self.repository, self._tag(version), version, self._tree(version, folder), folder
        )

    def close(self) -> None:
        """Do nothing: no process is left."""

    def _tag(self, version: str) -> str:
        return self._prefix + upstream(version)

    def _newest(self, tag: str, versions: Iterable[str]) -> str | None:
        """Return the newest version that a tag or a Debian version names."""
        fitting = (version for version in versions if tag in {self._tag(version), version})
        return max(fitting, key=version_key, default=None)

    @cached_property
    def _versions(self) -> list[str]:
        """The versions in the suites, listed less than a day ago, or longer ago if no mirror answers."""
        index = self._folder / "releases.json"
        known = _read(index, self._package)
        if known is None or not 0 <= self._clock() - known.at < _FRESH:
            try:
                known = self._listed_by_apt(index)
            except SourceUnavailable:
                if known is None:
                    raise
        return [version for version in known.versions if not _BETWEEN_RELEASES.search(version)]

    def _listed_by_apt(self, index: Path) -> _Listing:
        with locked(self._folder / "apt"):
            try:
                listing = _Listing(self._package, self._clock(), self._apt.versions(self._package))
                replaced(index, msgspec.json.format(msgspec.json.encode(listing)))
            except OSError as error:
                raise unwritable(self._folder, error) from error
        return listing

    def _tree(self, version: str, folder: Path) -> StoredTarball:
        with suppress(CorruptTree):
            return StoredTarball(folder)
        with locked(folder):
            with suppress(CorruptTree):
                return StoredTarball(folder)  # another build made it while this one waited for the lock
            written(folder, lambda aside: self._download(version, aside))
            try:
                return StoredTarball(folder)
            except CorruptTree as error:
                raise SourceUnavailable(f"{folder} cannot be read back: {error}") from error

    def _download(self, version: str, aside: Path) -> None:
        with tempfile.TemporaryDirectory(dir=aside) as downloads, locked(self._folder / "apt"):
            tarball = self._apt.download(self._package, version, Path(downloads))
            _LOG.info("unpacking %s %s", self._package, version)
            store(tarball, aside)


def upstream(version: str) -> str:
    """Return the upstream release of a Debian version: `20.10.24` of `20.10.24+dfsg1-1+deb12u1`."""
    without_epoch = version.partition(":")[2] or version
    without_revision = without_epoch.rpartition("-")[0] or without_epoch
    really = without_revision.rpartition("+really")[2]
    return _REPACKED.sub("", _CANDIDATE.sub("-", really))


def _distance(tag: str, baseline: str) -> list[int]:
    numbers = (map(int, _NUMBERS.findall(name)) for name in (tag, baseline))
    return [abs(ours - theirs) for ours, theirs in zip_longest(*numbers, fillvalue=0)]


def _read(index: Path, package: str) -> _Listing | None:
    try:
        known = msgspec.json.decode(index.read_bytes(), type=_Listing)
    except (OSError, msgspec.MsgspecError):
        return None
    return known if known.package == package and known.versions else None


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
        entries = [self._entries[path] for path in paths]
        contents: dict[str, bytes] = {}
        try:
            with self._data.open("rb") as data:
                for entry in entries:
                    data.seek(entry.offset)
                    contents[entry.path] = data.read(entry.size)
        except OSError as error:
            raise CorruptTree(str(error)) from error
        for entry in entries:
            if blob_id(contents[entry.path]) != entry.id:
                raise CorruptTree(f"{entry.path} is not what was stored")
        return contents


class CorruptTree(Exception):
    """The files are not those that were stored."""


def store(tarball: Path, folder: Path) -> None:
    """Store a tarball's regular files under a folder; links, devices and hostile names are left out.

    Folders that hold nothing but one folder are left out of the paths, as packagers add them.

    Raises:
        SourceUnavailable: It is cut short, too large or not a tarball.
    """
    try:
        with _Limited(tarball) as stream, (folder / "data").open("wb") as data:
            entries = list(_stored(stream, data))
    except (tarfile.TarError, EOFError, lzma.LZMAError, zlib.error, ValueError) as error:
        raise SourceUnavailable(f"{tarball.name} is not a whole tarball: {error}") from error
    folders = [posixpath.dirname(entry.path) for entry in entries]
    lone = posixpath.commonpath(folders) if folders else ""
    plain = [
        msgspec.structs.replace(entry, path=posixpath.relpath(entry.path, lone or ".")) for entry in entries
    ]
    index = msgspec.msgpack.encode(plain)
    (folder / "index").write_bytes(zlib.crc32(index).to_bytes(4, "big") + index)


class _Limited:
    """The content of a tarball; to read more bytes than any tree holds raises an error."""

    def __init__(self, tarball: Path) -> None:
        with tarball.open("rb") as file:
            start = file.read(6)
        opener = next((opener for magic, opener in _OPENERS if start.startswith(magic)), open)
        self._stream: io.BufferedIOBase = opener(tarball, "rb")
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


def _stored(stream: _Limited, data: IO[bytes]) -> Iterator[StoredFile]:
    with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload] # read() is all it needs
        for count, member in enumerate(archive):
            if count > _MOST_FILES:
                raise ValueError(f"it holds more than {_MOST_FILES} files")
            path = member.name.removeprefix("./")
            is_plain = member.isreg() and not member.issparse() and member.size <= _BIGGEST_FILE
            file = archive.extractfile(member) if is_plain and is_safe(path) else None
            if file is not None:
                content = file.read()
                entry = StoredFile(path, blob_id(content), data.tell(), len(content))
                data.write(content)
                yield entry


def _index(folder: Path) -> list[StoredFile]:
    try:
        stored = (folder / "index").read_bytes()
        if zlib.crc32(stored[4:]) != int.from_bytes(stored[:4], "big"):
            raise CorruptTree(f"{folder}: the index is not what was stored")
        return msgspec.msgpack.decode(stored[4:], type=list[StoredFile])
    except (OSError, msgspec.MsgspecError) as error:
        raise CorruptTree(f"{folder}: {error}") from error
