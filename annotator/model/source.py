"""Interfaces of a repository and of its snapshot at one tag; path safety, blob ids, callbacks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Protocol, Self


class Snapshot(Protocol):
    """A repository at one tag, wherever it is read from.

    Attributes:
        repository: Its address for people and permalinks.
        tag: The tag, ref or commit that was asked for.
        commit: The commit's 40 hex digits, or None where the source has no commits.
        version: The tag, or the distribution's version where there is no commit.
        files: The git blob id of every regular file by path, in the tree's order; no symlinks, no
            submodules.
    """

    @property
    def repository(self) -> str: ...  # noqa: D102 - documented above
    @property
    def tag(self) -> str: ...  # noqa: D102
    @property
    def commit(self) -> str | None: ...  # noqa: D102
    @property
    def version(self) -> str: ...  # noqa: D102
    @property
    def files(self) -> Mapping[str, str]: ...  # noqa: D102

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return the bytes of many files at once; KeyError for a path that the snapshot does not have."""
        ...


Progress = Callable[[str, int, int], None]
"""Told what is being done, how far it is and how far it goes (0 where that is not known)."""

Warn = Callable[[str], None]
"""Told, in one sentence, of something that is wrong and was worked around."""


def no_progress(what: str, done: int, total: int) -> None:
    """Ignore progress."""


def no_warning(warning: str) -> None:
    """Ignore a warning."""


_HOSTILE = re.compile(r"\\|^[A-Za-z]:|(?:^|/)(?:\.{0,2}|\.git)(?:/|$)", re.IGNORECASE)


class Source(Protocol):
    """A repository that can be read at any of its tags.

    Attributes:
        repository: Its address for people and permalinks.
        has_history: Whether all tags can be read without a download for each.
    """

    @property
    def repository(self) -> str: ...  # noqa: D102 - documented above
    @property
    def has_history(self) -> bool: ...  # noqa: D102

    def tags(self) -> list[str]:
        """Return all tags, in version order.

        Raises:
            SourceUnavailable: The source does not answer.
        """
        ...

    def default_tag(self, baseline: str) -> str:
        """Return the default tag: the baseline, or the available one nearest to it."""
        ...

    def snapshot(self, tag: str) -> Snapshot:
        """Return the snapshot at a tag, another ref or a commit id, full or abbreviated.

        Raises:
            UnknownTag: There is no such tag, ref or commit.
            SourceUnavailable: The source does not answer, or is damaged.
        """
        ...

    def refs(self) -> list[str]:
        """Return the tags and branches that are known without a network."""
        ...

    def has_commit(self, name: str) -> bool:
        """Return whether a commit with this id, full or abbreviated, can be read without a network."""
        ...

    def close(self) -> None:
        """End the processes that were started for reading."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def is_safe(path: str) -> bool:
    """Return whether a path of a tree stays inside the tree on every system, and prints.

    Absolute paths, `..`, `.git`, drive letters, backslashes and characters that do not print come only
    from a tree that was made to do harm.
    """
    return path.isprintable() and not _HOSTILE.search(path)


def blob_id(data: bytes, like: str = "") -> str:
    """Return the git blob id of bytes, with SHA-1 or, if an example id is that long, SHA-256."""
    head = b"blob %d\0" % len(data)
    if len(like) == hashlib.sha256().digest_size * 2:
        return hashlib.sha256(head + data).hexdigest()
    return hashlib.sha1(head + data, usedforsecurity=False).hexdigest()
