"""The stages joined: sources → reading → tracking → mapping → writing."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from annotator.config import Project
from annotator.errors import AnnotatorError, InvalidInput, UnknownTag
from annotator.model import Article, Checked, Counterpart, Reference, Remark, Verdict
from annotator.reading import articles
from annotator.sources import opening
from annotator.sources.cache import Cache
from annotator.tracking import places, resolve
from annotator.tree import Tree

Warn = Callable[[str], None]


class Session:
    """A project, an open source, and the trees that were read from it."""

    def __init__(self, project: Project, source: opening.Opened, cache: Cache) -> None:
        self.project = project
        self.source = source
        self._cache = cache
        self._trees: dict[str, Tree | None] = {}

    @property
    def tree(self) -> Tree:
        """The tree at the tag that was asked for.

        Raises:
            UnknownTag: The source has no such tag.
            InvalidInput: There is no Go file in it.
        """
        found = self.tree_at(self.source.tag)
        if not found.go_files:
            raise InvalidInput(
                f"{self.source.source.repository} has no Go file at {found.tag}; "
                "give `--source` a repository that is written in Go"
            )
        return found

    def tree_at(self, tag: str) -> Tree:
        """The tree at a tag; UnknownTag if the source does not have it."""
        kept = self._trees.get(tag)
        if kept is None:
            kept = Tree(self.source.source.snapshot(tag), self._cache)
            self._trees[tag] = kept
        return kept

    def tree_if_at_hand(self, tag: str) -> Tree | None:
        """The tree at a tag if the source has it without another download."""
        if tag not in self._trees:
            self._trees[tag] = self._existing(tag)
        return self._trees[tag]

    def _existing(self, tag: str) -> Tree | None:
        if not self.source.source.has_history:
            return None
        try:
            return Tree(self.source.source.snapshot(tag), self._cache)
        except AnnotatorError:
            return None


@contextmanager
def session(
    project: Project, source: str | None, tag: str | None, progress: opening.Progress, warn: Warn
) -> Iterator[Session]:
    """An open source for a project; closed at the end.

    Raises:
        SourceUnavailable: The source cannot be had.
    """
    with opening.opened(project.config, source, tag, progress, warn) as source_at, Cache(warn) as cache:
        yield Session(project, source_at, cache)


# ── verify ───────────────────────────────────────────────────────────────────────────────────────


def verify(at: Session, files: Iterable[Path]) -> Checked:
    """Every reference of the articles, and of the counterparts' docstrings, against the source."""
    read = tuple(read_article(at.project, file) for file in files or at.project.articles)
    counterparts, remarks = python_findings(at)
    snapshot = at.tree.snapshot
    return Checked(
        repository=snapshot.repository,
        tag=snapshot.tag,
        commit=snapshot.commit,
        version=snapshot.version,
        verdicts=tuple(verdict for article in read for verdict in verdicts(at, article)),
        counterparts=counterparts,
        remarks=remarks,
    )
