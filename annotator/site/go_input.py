"""Go files as the pages show them: highlighted, with resolved uses and locks."""

from __future__ import annotations

import logging
import pickle
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from annotator.cache import CacheKind
from annotator.errors import counted
from annotator.golang import lock_usage
from annotator.golang.resolver import Resolver
from annotator.golang.source_tree import SourceTree
from annotator.model.go import FileLockUsage, ResolvedUse
from annotator.parallel import has_workers, parallel_map, split
from annotator.session import Session
from annotator.site import highlighting
from annotator.site.highlighting import HighlightedFile
from annotator.site.placement import GoSourceFile

_LOG = logging.getLogger(__name__)

# Fewer bytes of Go than this are analysed before worker processes have started.
_FEW_BYTES = 200_000

# So many files of one package at most are analysed together.
_PART = 12


class FileAnalysis(msgspec.Struct, frozen=True, array_like=True):
    """The resolved names of a Go file and the locks that it takes, which depend on the whole tree."""

    uses: tuple[ResolvedUse, ...]
    standard: tuple[ResolvedUse, ...]
    locking: FileLockUsage


ANALYSIS = CacheKind("analysis", FileAnalysis)
"""Analysed Go files, by the state of the whole tree and their path in it."""


class GoInput(msgspec.Struct, frozen=True):
    """The files by path, and their use of locks if the pages show it."""

    sources: Mapping[str, GoSourceFile]
    locking: Mapping[str, FileLockUsage]


class _Task(msgspec.Struct, frozen=True):
    """A share of the files to analyse or highlight in one process."""

    analyse: frozenset[str]
    highlight: frozenset[str]
    paths: tuple[str, ...]
    lock_types: tuple[str, ...]


class _Analysed(msgspec.Struct, frozen=True, array_like=True):
    """What one process made of some files, by path."""

    analyses: dict[str, FileAnalysis]
    highlights: dict[str, highlighting.HighlightSpans]


_ANALYSED = msgspec.msgpack.Decoder(_Analysed)


def read_go(session: Session, folders: Iterable[str], *, locks: bool) -> GoInput:
    """Return the Go files of some packages without tests, analysed and highlighted; results are cached.

    Args:
        session: The open source.
        folders: The packages' folders.
        locks: Whether it is asked what the files say of locks.
    """
    wanted = set(folders)
    paths = [
        path
        for path in session.tree.go_files
        if path.rpartition("/")[0] in wanted and not path.endswith("_test.go")
    ]
    documents, data = session.tree.documents(paths), session.tree.read(paths)
    keys = _analysis_keys(session, paths), highlighting.keys(data, "go")
    analyses = session.cache.get_many(ANALYSIS, keys[0])
    highlights = session.cache.get_many(highlighting.HIGHLIGHTS, keys[1])
    for made in _analyse_all(
        session, frozenset(paths) - analyses.keys(), frozenset(paths) - highlights.keys(), data
    ):
        session.cache.put_many(ANALYSIS, {keys[0][path]: value for path, value in made.analyses.items()})
        session.cache.put_many(
            highlighting.HIGHLIGHTS, {keys[1][path]: value for path, value in made.highlights.items()}
        )
        analyses |= made.analyses
        highlights |= made.highlights
    return GoInput(
        {
            path: GoSourceFile(
                data[path],
                documents[path],
                analyses[path].uses,
                HighlightedFile(highlights[path]),
                analyses[path].standard,
            )
            for path in paths
        },
        {path: analyses[path].locking for path in paths} if locks else {},
    )


def _analyse_all(
    session: Session, analyse: frozenset[str], highlight: frozenset[str], data: Mapping[str, bytes]
) -> list[_Analysed]:
    """Analyse and highlight some files; many of them in worker processes."""
    paths = tuple(path for path in data if path in analyse or path in highlight)
    if not paths:
        return []
    _LOG.info("resolving names in %s", counted(len(paths), "Go file"))
    modules, lock_types = session.project.config.modules, session.project.config.go.locks
    if not has_workers() or sum(len(data[path]) for path in paths) < _FEW_BYTES:
        return [
            _analyse(
                Resolver(session.tree, modules), session.tree, _Task(analyse, highlight, paths, lock_types)
            )
        ]
    tree = pickle.dumps(session.tree)
    # The files of a package need the same things known, so they go together; a large package in parts.
    packages = defaultdict(list)
    for path in paths:
        packages[path.rpartition("/")[0]].append(path)
    parts = [
        files[first : first + _PART] for files in packages.values() for first in range(0, len(files), _PART)
    ]
    shares = [tuple(path for part in share for path in part) for share in split(parts)]
    tasks = [
        (tree, modules, _Task(analyse.intersection(share), highlight.intersection(share), share, lock_types))
        for share in shares
    ]
    return [_ANALYSED.decode(encoded) for encoded in parallel_map(_analyse_in_worker, tasks)]


def _analyse_in_worker(task: tuple[bytes, tuple[str, ...], _Task]) -> bytes:
    """Analyse files in a worker process, which hands bytes back faster than many values."""
    tree, modules, share = task
    resolver, read = _open_tree(tree, modules)
    return msgspec.msgpack.encode(_analyse(resolver, read, share))


@lru_cache(maxsize=1)
def _open_tree(tree: bytes, modules: tuple[str, ...]) -> tuple[Resolver, SourceTree]:
    """Open a pickled tree; what a worker found out for one share serves the next."""
    opened = pickle.loads(tree)  # noqa: S301 - from the process that started this one
    return Resolver(opened, modules), opened


def _analyse(resolver: Resolver, tree: SourceTree, task: _Task) -> _Analysed:
    data, documents = tree.read(task.paths), tree.documents(task.paths)
    return _Analysed(
        {
            path: FileAnalysis(
                # Locks first: they ask the resolver for the uses, too.
                locking=lock_usage.read_lock_usage(
                    resolver, path, data[path], documents[path], task.lock_types
                ),
                uses=resolver.uses(path),
                standard=resolver.standard_uses(path),
            )
            for path in task.paths
            if path in task.analyse
        },
        {path: highlighting.highlight(data[path], "go") for path in task.paths if path in task.highlight},
    )


def _analysis_keys(session: Session, paths: Iterable[str]) -> dict[str, str]:
    names = ",".join((*session.project.config.modules, "", *session.project.config.go.locks))
    return {path: f"{session.tree.digest}:{names}:{path}" for path in paths}
