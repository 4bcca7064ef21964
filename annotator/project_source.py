"""Opens the source of a project for one command and hands out its source trees by tag."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import msgspec

from annotator.articles import own_names
from annotator.articles.own_names import OwnNames
from annotator.baseline_file import BASELINE, recorded
from annotator.cache import Cache
from annotator.config import Project, RepositorySettings
from annotator.errors import AnnotatorError, InvalidInput, SourceUnavailable, UnknownTag
from annotator.golang.source_tree import SourceTree
from annotator.model.port import Baseline, GoSymbol
from annotator.model.source import Progress, Warn, no_warning
from annotator.model.source import Source as Repository
from annotator.repository import factory, tag_snapshots
from annotator.repository.git_clone import CloneSource
from annotator.repository.tag_snapshots import TagSnapshots


class SourceOptions(msgspec.Struct, frozen=True):
    """The source and the tag that a command reads.

    Attributes:
        history: Whether many tags will be read.
        written_at: The tag at which documents were written that name none, `auto` or `blame`.
        named_sources: Where the repositories of the settings are, by their names.
    """

    source: str | None = None
    tag: str | None = None
    history: bool = False
    written_at: str | None = None
    named_sources: Mapping[str, str] = {}


class Session:
    """A project, its open source at one tag, and the source trees that were read from it."""

    def __init__(
        self,
        project: Project,
        opened: factory.OpenedSource,
        cache: Cache,
        *,
        options: SourceOptions | None = None,
        warn: Warn = no_warning,
        parent: Session | None = None,
    ) -> None:
        self.project = project
        self.warn = warn
        self._parent = parent
        self.options = options or SourceOptions()
        self.source: Repository = opened.source
        self.tag = opened.tag
        self.notice = opened.notice
        self.cache = cache
        self._trees: dict[str, SourceTree | None] = {}
        self._others: dict[str, Session | None] = {}
        self._closing: list[Repository] = []
        self._fetched: set[str] = set()
        self._is_unreachable = False

    def of_repository(self, name: str) -> Session | None:
        """Return a session with another repository, named `owner/name`, at its baseline, or None."""
        if self._parent is not None:
            return self._parent.of_repository(name)
        other = self.project.config.other(name)
        if other is None:
            return None
        if other.url not in self._others:
            self._others[other.url] = self._opened(other)
        return self._others[other.url]

    def _opened(self, other: RepositorySettings) -> Session | None:
        config = self.project.config.of(other)
        source = _named_source(self.options, other) or self.project.source_of(other)
        try:
            opened = factory.open_source(source, config=config, cache=factory.cache_folder(), history=True)
            opened.snapshot(other.baseline)
        except AnnotatorError as error:
            self.warn(f"{other.url} cannot be read, so what is cited there is not known: {error}")
            return None
        self._closing.append(opened)
        project = Project(self.project.root, config)
        dated = self.options.written_at if self.options.written_at in ("auto", "blame") else None
        options = SourceOptions(source, other.baseline, history=True, written_at=dated)
        return Session(
            project, factory.OpenedSource(opened, other.baseline), self.cache, options=options, warn=self.warn
        )

    def close(self) -> None:
        """Close the sources of other repositories."""
        while self._closing:
            self._closing.pop().close()

    @property
    def tree(self) -> SourceTree:
        """The source tree at the session's tag.

        Raises:
            UnknownTag: The source has no such tag.
            InvalidInput: The tree has no Go file.
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
    def baseline(self) -> Baseline | None:
        """The recorded facts about the baseline, if there are any."""
        if self._parent is not None:
            return self._parent.baseline
        return recorded(self.project) if (self.project.site / BASELINE).is_file() else None

    @cached_property
    def baseline_symbols(self) -> Mapping[str, GoSymbol]:
        """The recorded symbols of the baseline by their notation."""
        if self._parent is not None:
            return self._parent.baseline_symbols
        return {symbol.notation: symbol for symbol in self.baseline.symbols} if self.baseline else {}

    def at_tag(self, tag: str) -> Session:
        """Return a session with the same source at another tag."""
        opened = factory.OpenedSource(self.source, tag, self.notice)
        session = Session(self.project, opened, self.cache, options=self.options, warn=self.warn, parent=self)
        baseline_tag = self.project.config.baseline  # the one tree that every tag is compared with
        if baseline_tag != tag or self._trees.get(tag) is not None:
            session._trees[baseline_tag] = self.tree_if_available(baseline_tag)
        return session

    def tree_if_available(self, tag: str) -> SourceTree | None:
        """Return the source tree at a tag if that needs no download, or None."""
        if tag == self.tag:
            return self.tree
        if tag not in self._trees:
            self._trees[tag] = self._existing(tag)
        return self._trees[tag]

    def origin_tree(self, tag: str) -> SourceTree | None:
        """Return the source tree at a tag or commit, fetched if the source is a URL, or None."""
        tree = self.tree_if_available(tag)
        can_fetch = isinstance(self.source, CloneSource) and not self.source.has_history
        if tree is None and can_fetch and tag not in self._fetched and not self._is_unreachable:
            self._fetched.add(tag)
            try:
                self._trees[tag] = self._read(tag)
            except (UnknownTag, InvalidInput):
                return None
            except AnnotatorError as error:  # asking again for each reference would take too long
                self._is_unreachable = True
                self.warn(f"what is cited at other tags than {self.tag} is not known: {error}")
        return self._trees[tag]

    @cached_property
    def own_names(self) -> OwnNames:
        """What the repository is called at the session's tag and at the baseline."""
        trees = (self.tree, self.tree_if_available(self.project.config.baseline))
        snapshots = [tree.snapshot for tree in trees if tree is not None]
        return own_names.of_snapshots(snapshots, self.source.refs(), self.source.has_commit)

    @cached_property
    def known_tags(self) -> frozenset[str]:
        """The tags of a source that has its history; none of another one."""
        if self._parent is not None:
            return self._parent.known_tags
        return frozenset(self.source.tags()) if self.source.has_history else frozenset()

    @cached_property
    def version_tags(self) -> tuple[str, ...]:
        """The source's version tags in order; SourceUnavailable if it has none."""
        return self._parent.version_tags if self._parent is not None else tag_snapshots.tags(self.source)

    @cached_property
    def tag_snapshots(self) -> TagSnapshots:
        """The Go files of the source at its version tags; SourceUnavailable if it has none."""
        if self._parent is not None:
            return self._parent.tag_snapshots
        base = self.baseline_tree().snapshot
        is_tag = self.project.config.baseline in self.version_tags
        commits = {} if is_tag or base.commit is None else {base.tag: base.commit}
        return TagSnapshots(self.source, (*self.version_tags, *commits), known=base, commits=commits)

    def baseline_tree(self) -> SourceTree:
        """Return the source tree at the baseline tag; SourceUnavailable if the source does not have it."""
        baseline_tag = self.project.config.baseline
        tree = self.tree_if_available(baseline_tag)
        if tree is None:
            lacking = (
                f"the source that is read of {self.source.repository} lacks the tag {baseline_tag}"
                if self.source.has_history
                else f"this needs many tags of {self.source.repository}, and the source that is read has "
                "single releases only"
            )
            raise SourceUnavailable(f"{lacking}; give `--source` a repository with all tags")
        return tree

    def _existing(self, tag: str) -> SourceTree | None:
        if not self.source.has_history:
            return None
        try:
            return self._read(tag)
        except (UnknownTag, InvalidInput):
            return None
        except AnnotatorError as error:
            self.warn(f"{tag} cannot be read, so what is cited there is only looked up by name: {error}")
            return None

    def _read(self, tag: str) -> SourceTree:
        return SourceTree(self.source.snapshot(tag), self.cache)


@contextmanager
def open_session(
    project: Project, options: SourceOptions, progress: Progress, warn: Warn
) -> Iterator[Session]:
    """Open the source of a project, or raise SourceUnavailable, and close it at the end."""
    folder = factory.cache_folder()
    opened = _open_source(project, options, folder, progress)
    with opened.source, Cache(folder, warn=warn) as cache:
        session = Session(project, opened, cache, options=options, warn=warn)
        try:
            yield session
        finally:
            session.close()


def _named_source(options: SourceOptions, repository: RepositorySettings) -> str | None:
    """Return the source that `--source NAME=SOURCE` gives for a repository."""
    named = options.named_sources.items()
    return next((source for name, source in named if repository.is_named(name)), None)


def _open_source(
    project: Project, options: SourceOptions, cache: Path, progress: Progress
) -> factory.OpenedSource:
    config = project.config
    for name in options.named_sources:
        if not any(repository.is_named(name) for repository in config.repositories):
            known = ", ".join(repository.url for repository in config.repositories)
            raise InvalidInput(f"`--source {name}=…`: no repository of that name is in the settings: {known}")
    first = config.repositories[0]
    named = options.source or _named_source(options, first) or project.source_of(first)
    if not options.history:
        return factory.open_default(named, options.tag, config=config, cache=cache, progress=progress)
    source = factory.open_source(named, config=config, cache=cache, progress=progress, history=True)
    return factory.OpenedSource(source, options.tag or source.default_tag(config.baseline))
