"""Interface of a repository and of its snapshot at one tag; path safety, blob ids."""

from __future__ import annotations

import difflib
import hashlib
import re
from bisect import bisect
from collections.abc import Iterable
from types import TracebackType
from typing import Protocol, Self

from annotator.model.source import Snapshot
from annotator.repository.versions import version_key

_HOSTILE = re.compile(r"\\|^[A-Za-z]:|(?:^|/)(?:\.{0,2}|\.git)(?:/|$)", re.IGNORECASE)
_NEAREST = 5
_VERSION = re.compile(r"v?\d")


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


def nearest(tag: str, tags: Iterable[str]) -> tuple[str, ...]:
    """Return the tags nearest to an unknown name: similar ones, and for a version its neighbours in order."""
    known = sorted(tags, key=version_key)
    similar = difflib.get_close_matches(tag, known, n=_NEAREST, cutoff=0.6)
    place = bisect([version_key(name) for name in known], version_key(tag))
    neighbours = known[max(0, place - 2) : place + 2] if any(char.isdigit() for char in tag) else []
    return tuple(dict.fromkeys([*similar, *neighbours]))[:_NEAREST] or _newest(known)


def _newest(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the newest tags; versions come first."""
    ordered = sorted(tags, key=lambda tag: (_VERSION.match(tag) is not None, version_key(tag.lstrip("v"))))
    return tuple(reversed(ordered[-_NEAREST:]))
