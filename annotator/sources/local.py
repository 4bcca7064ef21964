"""A git repository on this machine as a source, opened in place and never written to."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from annotator.errors import SourceUnavailable, UnknownTag
from annotator.sources.closing import Closing
from annotator.sources.repository import Failed, GitSnapshot, Repository, check_name
from annotator.sources.snapshot import nearest

WAYS_OUT = (
    "give `--source` the path of a git repository, the URL of one, or `debian` for Debian's source packages"
)


_DEEPEN = "it is a shallow clone: fetch the tag into it, or give `--source` a repository with all tags"


class LocalSource(Closing):
    """A local git repository, bare or with a work tree."""

    def __init__(self, path: Path, *, repository: str) -> None:
        """Open the repository at `path`; `repository` is its address for people.

        Raises:
            SourceUnavailable: There is no git repository.
        """
        self.repository = repository
        self._store = Repository(_existing(path))
        try:
            shallow = self._store.run("rev-parse", "--is-shallow-repository")
        except Failed as error:
            raise SourceUnavailable(
                f"{path} is not a git repository that can be read ({error}); {WAYS_OUT}"
            ) from error
        self._is_shallow = shallow.strip() == b"true"

    @cached_property
    def has_history(self) -> bool:
        """Whether other tags are at hand: not in a shallow clone of one."""
        return not self._is_shallow or self._store.has_several_tagged

    def tags(self) -> list[str]:
        """All tags, in version order."""
        return self._store.tags()

    def default_tag(self, baseline: str) -> str:
        """The baseline itself: a repository that lacks it is the wrong one."""
        return baseline

    def snapshot(self, tag: str) -> GitSnapshot:
        """The repository at a tag, another ref, or a commit.

        Raises:
            InvalidInput: `tag` cannot be a name.
            UnknownTag: There is no such tag, ref or commit.
        """
        check_name(tag)
        commit = self._store.commit(f"refs/tags/{tag}", f"refs/heads/{tag}", tag)
        if commit is None:
            raise UnknownTag(tag, nearest(tag, self.tags()), _DEEPEN if self._is_shallow else "")
        return GitSnapshot(self.repository, tag, commit, self._store.files(commit), self._store)

    def close(self) -> None:
        """End git."""
        self._store.close()


def _existing(path: Path) -> Path:
    try:
        return path.resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise SourceUnavailable(f"{path} does not exist; {WAYS_OUT}") from error
