"""Go files as the pages show them: highlighted, with resolved uses, locks and links to other packages."""

from __future__ import annotations

import logging
import pickle
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import msgspec

from annotator.cache import CacheKind
from annotator.errors import counted
from annotator.golang import lock_usage
from annotator.golang.resolver import Resolver
from annotator.golang.source_tree import SourceTree
from annotator.model.go import (
    ExternalPackages,
    FileLockUsage,
    GoModule,
    ResolvedUse,
    folder_of,
    is_test_file,
)
from annotator.parallel import has_workers, parallel_map, split
from annotator.project_source import Session
from annotator.site import highlighting
from annotator.site.inputs import GoSourceFile, HighlightedFile

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


_DECODE = msgspec.msgpack.Decoder(dict[str, FileAnalysis]).decode


def read_go(session: Session, folders: Iterable[str], *, locks: bool) -> GoInput:
    """Return the Go files of some packages without tests, analysed and highlighted; results are cached.

    Args:
        session: The open source.
        folders: The packages' folders.
        locks: Whether it is asked what the files say of locks.
    """
    wanted = set(folders)
    paths = [path for path in session.tree.go_files if folder_of(path) in wanted and not is_test_file(path)]
    documents, data = session.tree.documents(paths), session.tree.read(paths)
    analyses = session.cache.get_or_compute_many(
        ANALYSIS, _analysis_keys(session, paths), lambda missing: _analyse_all(session, missing)
    )
    highlights = highlighting.highlight_files(session.cache, data, "go")
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


def _analyse_all(session: Session, paths: Sequence[str]) -> Mapping[str, FileAnalysis]:
    """Analyse some files; many of them in worker processes."""
    _LOG.info("resolving names in %s", counted(len(paths), "Go file"))
    modules, lock_types = session.project.config.modules, session.project.config.go.locks
    if not has_workers() or sum(map(len, session.tree.read(paths).values())) < _FEW_BYTES:
        return _analyse(Resolver(session.tree, modules), paths, lock_types)
    tree = pickle.dumps(session.tree)
    # The files of a package need the same things known, so they go together; a large package in parts.
    packages = defaultdict(list)
    for path in paths:
        packages[folder_of(path)].append(path)
    parts = [
        files[first : first + _PART] for files in packages.values() for first in range(0, len(files), _PART)
    ]
    shares = [tuple(path for part in share for path in part) for share in split(parts)]
    tasks = [(tree, modules, share, lock_types) for share in shares]
    analyses: dict[str, FileAnalysis] = {}
    for encoded in parallel_map(_analyse_in_worker, tasks):
        analyses |= _DECODE(encoded)
    return analyses


def _analyse_in_worker(task: tuple[bytes, tuple[str, ...], tuple[str, ...], tuple[str, ...]]) -> bytes:
    """Analyse files in a worker process, which hands bytes back faster than many values."""
    tree, modules, paths, lock_types = task
    return msgspec.msgpack.encode(_analyse(_resolver(tree, modules), paths, lock_types))


@lru_cache(maxsize=1)
def _resolver(tree: bytes, modules: tuple[str, ...]) -> Resolver:
    """Return the resolver of a pickled tree; what a worker found out for one share serves the next."""
    return Resolver(pickle.loads(tree), modules)  # noqa: S301 - from the process that started this one


def _analyse(
    resolver: Resolver, paths: Sequence[str], lock_types: tuple[str, ...]
) -> dict[str, FileAnalysis]:
    data, documents = resolver.source.read(paths), resolver.source.documents(paths)
    return {
        path: FileAnalysis(
            # Locks first: they ask the resolver for the uses, too.
            locking=lock_usage.read_lock_usage(resolver, path, data[path], documents[path], lock_types),
            uses=resolver.uses(path),
            standard=resolver.standard_uses(path),
        )
        for path in paths
    }


def _analysis_keys(session: Session, paths: Iterable[str]) -> dict[str, str]:
    names = ",".join((*session.project.config.modules, "", *session.project.config.go.locks))
    return {path: f"{session.tree.digest}:{names}:{path}" for path in paths}


_GO_VERSIONS = (
    ("Dockerfile", re.compile(r"^(?:ARG|ENV) GO_VERSION[= ]\"?(\d+\.\d+(?:\.\d+)?)", re.MULTILINE)),
    ("Dockerfile", re.compile(r"^FROM (?:\S+ )?golang:(\d+\.\d+(?:\.\d+)?)", re.MULTILINE)),
    ("go.mod", re.compile(r"^toolchain go(\d+\.\d+(?:\.\d+)?)", re.MULTILINE)),
    ("go.mod", re.compile(r"^go (\d+\.\d+(?:\.\d+)?)", re.MULTILINE)),
)
"""Files that say which Go builds the repository, and how: the surest first."""

_LISTS = ("vendor/modules.txt", "vendor.conf", "go.mod")
"""Files that list the versions of other modules: the surest first."""

_TAG = re.compile(r"v(\d+)\.\d+\.\d+[\w.+-]*")
_HAS_MAJOR = re.compile(r"/v\d+$|^gopkg\.in/")


def read_external_packages(tree: SourceTree) -> ExternalPackages:
    """Return what a repository's own files say of the packages that it uses."""
    names = {name for name, _ in _GO_VERSIONS} | {*_LISTS}
    texts = {
        name: data.decode("utf-8", "replace")
        for name, data in tree.read(name for name in names if tree.has(name)).items()
    }
    versions = (pattern.search(texts.get(name, "")) for name, pattern in _GO_VERSIONS)
    go = next((found[1] for found in versions if found), "")
    listed = next((name for name in _LISTS if name in texts), "")
    read_modules = {_LISTS[0]: _vendored, _LISTS[1]: _configured, _LISTS[2]: _required}.get(listed)
    return ExternalPackages(_go_tag(go), dict(read_modules(texts[listed])) if read_modules else {})


def _go_tag(version: str) -> str:
    """Return Go's name of a version: since 1.21 a first release ends in `.0`, before it does not."""
    major, _, rest = version.partition(".")
    minor, _, patch = rest.partition(".")
    if not minor:
        return ""
    if (int(major), int(minor)) >= (1, 21):
        return f"{major}.{minor}.{patch or 0}"
    return f"{major}.{minor}" if patch in ("", "0") else version


def _vendored(text: str) -> Iterable[tuple[str, GoModule]]:
    """Yield the modules of `vendor/modules.txt`: `# PATH VERSION [=> PATH [VERSION]]`."""
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["#"] and len(words) > 2:  # noqa: PLR2004 - the mark, path and version
            yield from _replaced(words[1], words[2], words[3:])


def _required(text: str) -> Iterable[tuple[str, GoModule]]:
    """Yield the modules that `go.mod` requires, and then its replacements."""
    for required in re.finditer(r"^(?:require )?\s*(\S+\.\S+) (v\S+)", text, re.MULTILINE):
        yield required[1], GoModule(required[1], required[2])
    for replaced in re.finditer(r"^(?:replace )?\s*(\S+\.\S+)(?: v\S+)? => (\S+) (v\S+)", text, re.MULTILINE):
        yield replaced[1], GoModule(replaced[2], replaced[3])


def _replaced(path: str, version: str, rest: list[str]) -> Iterable[tuple[str, GoModule]]:
    if rest[:1] != ["=>"]:
        yield path, GoModule(path, version)
    elif len(rest) > 2:  # noqa: PLR2004 - without a version the replacement is a folder
        yield path, GoModule(rest[1], rest[2])


def _configured(text: str) -> Iterable[tuple[str, GoModule]]:
    """Yield the modules of `vendor.conf`: `PATH COMMIT-OR-TAG [REPOSITORY]`."""
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) > 1:
            path = words[0]
            if len(words) > 2:  # noqa: PLR2004 - the code is that of a fork
                path = re.sub(r"^\w+://|\.git$", "", words[2])
            tag = _TAG.fullmatch(words[1])
            # A major version that the path does not name is marked by those who know modules.
            marked = tag and int(tag[1]) > 1 and not _HAS_MAJOR.search(path)
            yield words[0], GoModule(path, f"{words[1]}+incompatible" if marked else words[1])
