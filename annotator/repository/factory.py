"""Chooses the repository that `--source` names, or the fallback."""

from __future__ import annotations

import os
import urllib.parse
from pathlib import Path

import msgspec
import platformdirs

from annotator.config import Config
from annotator.errors import SourceUnavailable
from annotator.model.source import Progress, Source, no_progress
from annotator.repository.debian import DebianSource
from annotator.repository.git_clone import CloneSource, is_url, public
from annotator.repository.local_git import WAYS_OUT, LocalSource


def _local_path(source: str) -> str:
    """Return the path of a local `file://` URL, and anything else unchanged."""
    host, slash, path = source.removeprefix("file://").partition("/")
    is_path = source.startswith("file://") and slash and host in ("", "localhost")
    return urllib.parse.unquote(f"/{path}") if is_path else source


class OpenedSource(msgspec.Struct, frozen=True):
    """An open source, the tag to read, and a notice if it is not the default source."""

    source: Source
    tag: str
    notice: str | None = None


def cache_folder() -> Path:
    """Return the user's cache folder for this program, or the one that ANNOTATOR_CACHE names."""
    named = os.environ.get("ANNOTATOR_CACHE")
    return Path(named).absolute() if named else platformdirs.user_cache_path("annotator", appauthor=False)


def open_source(
    source: str | None,
    *,
    config: Config,
    cache: Path,
    progress: Progress = no_progress,
    history: bool = False,
) -> Source:
    """Open the source that `--source` names, or the default one.

    Args:
        source: A git URL, the path of a git repository, `debian`, or None for the config's repository.
        config: The project's settings.
        cache: The cache folder; made if it is needed.
        progress: Called with the progress of a download.
        history: Whether many tags will be read: a URL is then cloned with all of its history.

    Raises:
        InvalidInput: `source` is an option or transport in disguise.
        SourceUnavailable: There is no such repository.
    """
    address = _local_path(source or config.repository)
    if address == "debian":
        return DebianSource(config, cache=cache, progress=progress)
    if is_folder(address) or not is_url(address):
        return LocalSource(Path(address), repository=config.repository)
    repository = public(address) if address.startswith("http") else config.repository
    return CloneSource(address, repository=repository, cache=cache, history=history, progress=progress)


def open_default(
    source: str | None,
    tag: str | None,
    *,
    config: Config,
    cache: Path,
    progress: Progress = no_progress,
) -> OpenedSource:
    """Open a source for one tag; if the default source does not answer, Debian's packages.

    Without a tag it is the baseline, or the tag of Debian's packages nearest to it.

    Raises:
        InvalidInput: `source` is an option or transport in disguise.
        SourceUnavailable: The source does not answer, and no other source may be used.
    """
    opened = open_source(source, config=config, cache=cache, progress=progress)
    if source is None and tag is None and config.debian and isinstance(opened, CloneSource):
        return _clone_or_fallback(opened, config, cache, progress)
    return OpenedSource(opened, tag or opened.default_tag(config.baseline))


def absolute(source: str | None, config: Config) -> str | None:
    """Return a source that means the same in every working directory."""
    address = _local_path(source or config.repository)
    return str(Path(address).absolute()) if is_folder(address) else source


def is_folder(source: str) -> bool:
    """Return whether a source is a folder that exists."""
    try:
        return Path(source).is_dir()
    except (OSError, ValueError):
        return False


def _clone_or_fallback(clone: CloneSource, config: Config, cache: Path, progress: Progress) -> OpenedSource:
    try:
        clone.check_available(config.baseline)
    except SourceUnavailable as error:
        clone.close()
        silence = str(error).removesuffix(f"; {WAYS_OUT}")
    else:
        return OpenedSource(clone, config.baseline)
    debian = DebianSource(config, cache=cache, progress=progress)
    try:
        tag = debian.default_tag(config.baseline)
    except SourceUnavailable as error:
        reason = str(error).removesuffix(f"; {WAYS_OUT}")
        raise SourceUnavailable(f"{silence}, and {reason}; {WAYS_OUT}") from error
    notice = (
        f"{public(config.repository)} does not answer: this is {tag} from Debian's {config.debian} "
        f"instead of {config.baseline}"
    )
    return OpenedSource(debian, tag, notice)
