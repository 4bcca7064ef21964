"""A project, an open source, and the trees that are read from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import msgspec

from annotator.baseline_file import BASELINE, recorded
from annotator.cache import Cache
from annotator.config import Project
from annotator.errors import AnnotatorError, InvalidInput, SourceUnavailable, UnknownTag
from annotator.golang.source_tree import SourceTree
from annotator.model.port import Baseline, GoSymbol
from annotator.model.source import Progress, Warn, no_warning
from annotator.repository import factory, tag_snapshots
from annotator.repository.snapshot import Source as Repository
from annotator.repository.tag_snapshots import TagSnapshots


class Session:
    """A project, an open source at the tag that is asked for, and the trees that were read from it."""

    def __init__(
        self,
        project: Project,
        opened: factory.Opened,
        cache: Cache,
        *,
        warn: Warn = no_warning,
        parent: Session | None = None,
    ) -> None:
        self.project = project
        self.warn = warn
        self._parent = parent
        self.source: Repository = opened.source
        self.tag = opened.tag
        self.notice = opened.notice
        self.cache = cache
        self._trees: dict[str, SourceTree | None] = {}

    @property
    def tree(self) -> SourceTree:
        """The tree at the tag that is asked for.

        Raises:
            UnknownTag: The source has no such tag.
            InvalidInput: There is no Go file in it.
        """
        tree = self._trees.get(self.tag) or self._read(self.tag)
        self._trees[self.tag] = tree
        if not tree.go_files:
            raise InvalidInput(
                f"{self.source.repository} has no Go file at {tree.tag}; "
                "give `--source` a repository that is written in Go"
            )
        return tree

    @cached_property
    def facts(self) -> Baseline | None:
        """What is recorded of the baseline, if anything is."""
        if self._parent is not None:
            return self._parent.facts
        return recorded(self.project) if (self.project.site / BASELINE).is_file() else None

    @cached_property
    def originals(self) -> Mapping[str, GoSymbol]:
        """What is recorded, by the project's notation."""
        if self._parent is not None:
            return self._parent.originals
        return {one.notation: one for one in self.facts.symbols} if self.facts else {}

    def showing(self, tag: str) -> Session:
        """Return the same source at another tag."""
        opened = factory.Opened(self.source, tag, self.notice)
        shown = Session(self.project, opened, self.cache, warn=self.warn, parent=self)
        baseline_tag = self.project.config.baseline
        if baseline_tag != tag:  # the one tree that every tag is compared with
            shown._trees[baseline_tag] = self.at_hand(baseline_tag)
        return shown

    def at_hand(self, tag: str) -> SourceTree | None:
        """Return the tree at a tag if no download is needed, or None."""
        if tag == self.tag:
            return self.tree
        if tag not in self._trees:
            self._trees[tag] = self._existing(tag)
        return self._trees[tag]

    @cached_property
    def known_tags(self) -> frozenset[str]:
        """The source's tags, if it has many at hand; else none."""
        if self._parent is not None:
            return self._parent.known_tags
        return frozenset(self.source.tags()) if self.source.has_history else frozenset()

    @cached_property
    def version_tags(self) -> tuple[str, ...]:
        """The source's version tags in order.

        Raises:
            SourceUnavailable: The source cannot be read, or has no version tags.
        """
        return self._parent.version_tags if self._parent is not None else tag_snapshots.tags(self.source)

    @cached_property
    def tag_snapshots(self) -> TagSnapshots:
        """The source at its version tags.

        Raises:
            SourceUnavailable: The source cannot be read, or has no version tags.
        """
        if self._parent is not None:
            return self._parent.tag_snapshots
        return TagSnapshots(self.source, self.version_tags, known=self.baseline_tree().snapshot)

    def baseline_tree(self) -> SourceTree:
        """Return the tree at the baseline tag.

        Raises:
            SourceUnavailable: The source does not have it, and what needs history cannot do without.
        """
        baseline_tag = self.project.config.baseline
        found = self.at_hand(baseline_tag)
        if found is None:
            lacking = (
                f"the source that is read of {self.source.repository} lacks the tag {baseline_tag}"
                if self.source.has_history
                else f"this needs many tags of {self.source.repository}, and the source that is read has "
                "single releases only"
            )
            raise SourceUnavailable(f"{lacking}; give `--source` a repository with all tags")
        return found

    def _existing(self, tag: str) -> SourceTree | None:
        if not self.source.has_history:
            return None
        try:
            return self._read(tag)
        except (UnknownTag, InvalidInput):  # nothing of that name is there
            return None
        except AnnotatorError as error:
            self.warn(f"{tag} cannot be read, so what is cited there is only looked up by name: {error}")
            return None

    def _read(self, tag: str) -> SourceTree:
        return SourceTree(self.source.snapshot(tag), self.cache)


class Asked(msgspec.Struct, frozen=True):
    """What the command line asks for: a source, a tag, and whether many tags will be read."""

    source: str | None = None
    tag: str | None = None
    history: bool = False


@contextmanager
def session(
    project: Project,
    asked: Asked,
    progress: Progress,
    warn: Warn,
) -> Iterator[Session]:
    """Open the source of a project and close it at the end.

    Raises:
        SourceUnavailable: The source cannot be had.
    """
    folder = factory.cache_folder()
    opened = _opened(project, asked, folder, progress)
    with opened.source, Cache(folder, warn=warn) as cache:
        yield Session(project, opened, cache, warn=warn)


def _opened(project: Project, asked: Asked, folder: Path, progress: Progress) -> factory.Opened:
    config = project.config
    if not asked.history:
        return factory.open_default(asked.source, asked.tag, config=config, cache=folder, progress=progress)
    found = factory.open_source(asked.source, config=config, cache=folder, progress=progress, history=True)
    return factory.Opened(found, asked.tag or found.default_tag(config.baseline))
