"""Interface of a snapshot of a repository, and of callbacks for progress and warnings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol


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
