"""Which commit last changed each line of a file, and when."""

from __future__ import annotations

import re
from pathlib import Path

from annotator.repository.local_git import GitError, Repository

_LINE = re.compile(rb"(?m)^([0-9a-f]{40,64}) \d+ (\d+)")
_NOT_COMMITTED = re.compile(r"0{40,64}")


class DocumentHistory:
    """A document in a git repository of its own."""

    def __init__(self, file: Path) -> None:
        """Name the document; nothing is read yet."""
        self._file = file.resolve()
        folders = (folder for folder in self._file.parents if (folder / ".git").exists())
        self.folder = next(folders, None)

    def commits(self) -> dict[int, str]:
        """Return the commit that last changed each line, or no line if the file is not committed.

        Lines that are not committed yet are those of `HEAD`.
        """
        if self.folder is None:
            return {}
        name = self._file.relative_to(self.folder).as_posix()
        options = (f"--work-tree={self.folder}", "blame", "--porcelain", "--no-textconv")
        try:
            output = Repository(self.folder).run(*options, "--ignore-revs-file=", "--", name)
            ends = self._ends_of_history()
        except GitError:
            return {}
        found = {int(line): commit.decode() for commit, line in _LINE.findall(output) if commit not in ends}
        return {line: "HEAD" if _NOT_COMMITTED.fullmatch(id_) else id_ for line, id_ in found.items()}

    def _ends_of_history(self) -> frozenset[bytes]:
        """Return the commits at which a shallow clone ends: they seem to have written all that is older."""
        assert self.folder is not None  # noqa: S101 - the caller has looked
        store = Repository(self.folder)
        if store.run("rev-parse", "--is-shallow-repository").strip() != b"true":
            return frozenset()
        return frozenset(store.run("rev-list", "--max-parents=0", "HEAD", "--").split())

    def commit(self, name: str) -> str | None:
        """Return the full id of a commit of the document's repository."""
        return Repository(self.folder).commit(name) if self.folder is not None else None

    def date(self, commit: str) -> int | None:
        """Return when a commit was made, in seconds since 1970."""
        if self.folder is None:
            return None
        try:
            return int(Repository(self.folder).run("log", "-1", "--format=%ct", commit, "--"))
        except (GitError, ValueError):
            return None


def commit_at(store: Repository, date: int) -> str | None:
    """Return the commit that was the head of a repository's main branch at a time."""
    try:
        output = store.run("rev-list", "-1", "--first-parent", f"--before={date}", "HEAD", "--")
    except GitError:
        return None
    return output.decode().strip() or None
