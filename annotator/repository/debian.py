"""Reads releases from Debian source packages."""

from __future__ import annotations

import logging
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from annotator.config import Config
from annotator.errors import SourceUnavailable, UnknownTag
from annotator.files import Closing, locked, replaced, unwritable, written
from annotator.model.source import Progress, Warn, no_progress, no_warning
from annotator.repository.apt import Apt
from annotator.repository.snapshot import nearest
from annotator.repository.tarball import CorruptTree, StoredTarball, store
from annotator.repository.versions import version_key

_LOG = logging.getLogger(__name__)

_FRESH = 24 * 60 * 60.0
_NUMBERS = re.compile(r"\d+")
_CANDIDATE = re.compile(r"~(?=(?:alpha|beta|dev|pre|rc|tp)\d*)")
_REPACKED = re.compile(r"[+~].*")
_BETWEEN_RELEASES = re.compile(r"[+~.]git|[+~]0?(?:19|20)\d{6}")


class Release(msgspec.Struct, frozen=True):
    """A version of the package, and the tag of the repository that it was made from."""

    version: str
    tag: str


class Releases(msgspec.Struct, frozen=True):
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
        self._known: list[Release] = []

    def tags(self) -> list[str]:
        """Return the tags that Debian's suites have now, in version order.

        Raises:
            SourceUnavailable: There is no apt, or no mirror answers and none did before.
        """
        return sorted({release.tag for release in self._releases()}, key=version_key)

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
        release = self._release(tag)
        folder = self._folder / "trees" / release.version
        tree = self._tree(release, folder)
        return DebianSnapshot(self.repository, release.tag, release.version, tree, folder)

    def close(self) -> None:
        """Do nothing: no process is left."""

    def _release(self, tag: str) -> Release:
        stored = {path.name for path in (self._folder / "trees").glob("*") if path.is_dir()}
        cached = [self._named(version) for version in stored]
        release = _newest(tag, cached) or _newest(tag, self._releases())
        if release is None:
            raise UnknownTag(tag, nearest(tag, self.tags()))
        return release

    def _named(self, version: str) -> Release:
        return Release(version, self._prefix + upstream(version))

    def _releases(self) -> list[Release]:
        if not self._known:
            versions = (version for version in self._versions() if not _BETWEEN_RELEASES.search(version))
            self._known = [self._named(version) for version in versions]
        return self._known

    def _versions(self) -> list[str]:
        index = self._folder / "releases.json"
        known = _read(index, self._package)
        if known and 0 <= self._clock() - known.at < _FRESH:
            return known.versions
        try:
            return self._listed_by_apt(index)
        except SourceUnavailable:
            if known is None:
                raise
            return known.versions

    def _listed_by_apt(self, index: Path) -> list[str]:
        with locked(self._folder / "apt"):
            try:
                versions = self._apt.versions(self._package)
                now = Releases(self._package, self._clock(), versions)
                replaced(index, msgspec.json.format(msgspec.json.encode(now)))
            except OSError as error:
                raise unwritable(self._folder, error) from error
        return versions

    def _tree(self, release: Release, folder: Path) -> StoredTarball:
        try:
            return StoredTarball(folder)
        except CorruptTree:
            with locked(folder):
                return self._downloaded(release, folder)

    def _downloaded(self, release: Release, folder: Path) -> StoredTarball:
        try:
            return StoredTarball(folder)  # another build may have made it while this one waited for the lock
        except CorruptTree:
            written(folder, lambda aside: self._download(release.version, aside))
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


def _newest(tag: str, releases: Iterable[Release]) -> Release | None:
    fitting = [release for release in releases if tag in {release.tag, release.version}]
    return max(fitting, key=lambda release: version_key(release.version), default=None)


def _distance(tag: str, baseline: str) -> list[int]:
    ours, theirs = (list(map(int, _NUMBERS.findall(name))) for name in (tag, baseline))
    length = max(len(ours), len(theirs))
    padded = zip(ours + [0] * (length - len(ours)), theirs + [0] * (length - len(theirs)), strict=True)
    return [abs(left - right) for left, right in padded]


def _read(index: Path, package: str) -> Releases | None:
    try:
        known = msgspec.json.decode(index.read_bytes(), type=Releases)
    except (OSError, msgspec.MsgspecError):
        return None
    return known if known.package == package and known.versions else None
