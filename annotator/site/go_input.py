"""Go files as the pages show them: highlighted, with resolved uses and locks."""

from __future__ import annotations

import hashlib
import logging
import pickle
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, TypeVar

import msgspec

from annotator.cache import Kept
from annotator.errors import counted
from annotator.golang import lock_usage
from annotator.golang.resolver import Resolver
from annotator.golang.source_tree import SourceTree
from annotator.model.go import FileLockUsage, ResolvedUse
from annotator.parallel import parallel_map, split
from annotator.session import Session
from annotator.site import highlighting
from annotator.site.highlighting import HighlightedFile
from annotator.site.placement import GoSourceFile

if TYPE_CHECKING:
    from annotator.cache import Cache

decode = msgspec.msgpack.Decoder(highlighting.HighlightSpans).decode
made = highlighting.highlight


def highlight_files(
    cache: Cache, files: Mapping[str, bytes], language: str
) -> Mapping[str, highlighting.HighlightSpans]:
    """The coloured stretches of files in one language, by path."""
    known = kept(cache, files, language)
    fresh = {path: made(files[path], language) for path in files if path not in known}
    keep(cache, files, language, {path: msgspec.msgpack.encode(found) for path, found in fresh.items()})
    return {**known, **fresh}


def kept(cache: Cache, files: Mapping[str, bytes], language: str) -> dict[str, highlighting.HighlightSpans]:
    """Those that are known already."""
    return Kept(cache, "highlighting", highlighting.HighlightSpans).get(_colour_keys(files, files, language))


def keep(cache: Cache, files: Mapping[str, bytes], language: str, encoded: Mapping[str, bytes]) -> None:
    """Keep the encoded highlighting of some files."""
    keys = _colour_keys(files, encoded, language)
    cache.put_values("highlighting", {keys[path]: value for path, value in encoded.items()})


def _colour_keys(files: Mapping[str, bytes], paths: Iterable[str], language: str) -> dict[str, str]:
    made_by = f"{version('pygments')}:{language}"
    return {path: f"{made_by}:{hashlib.sha256(files[path]).hexdigest()}" for path in paths}


_LOG = logging.getLogger(__name__)

# Fewer bytes of Go than this are analysed before worker processes have started.
_FEW_BYTES = 200_000

# So many files of one package at most are analysed together.
_PART = 12

_USES = msgspec.msgpack.Decoder(tuple[ResolvedUse, ...])
_LOCKING = msgspec.msgpack.Decoder(FileLockUsage)

T = TypeVar("T")


class GoInput(msgspec.Struct, frozen=True):
    """The files by path, and what they say of locks where that was asked."""

    sources: Mapping[str, GoSourceFile]
    locking: Mapping[str, FileLockUsage]


class _Uncached(msgspec.Struct, frozen=True):
    """The files of which something is not known."""

    uses: frozenset[str]
    highlighting: frozenset[str]
    locking: frozenset[str]

    def __contains__(self, path: str) -> bool:
        return any(path in found for found in (self.uses, self.highlighting, self.locking))


class _Analysis(msgspec.Struct, frozen=True, array_like=True):
    """What one process made of some files, by path and encoded."""

    uses: dict[str, bytes]
    highlighting: dict[str, bytes]
    locking: dict[str, bytes]


def read_go(at: Session, folders: Iterable[str], *, locks: bool) -> GoInput:
    """The Go files of some packages, tests apart; what is known of their bytes is not made again.

    Args:
        at: The open source.
        folders: The packages' folders.
        locks: Whether it is asked what the files say of locks.
    """
    wanted = set(folders)
    paths = [
        path
        for path in at.tree.go_files
        if path.rpartition("/")[0] in wanted and not path.endswith("_test.go")
    ]
    documents, data = at.tree.documents(paths), at.tree.read(paths)
    uses, spans = _kept(at, "uses", tuple[ResolvedUse, ...], paths), kept(at.cache, data, "go")
    asked = paths if locks else []
    locking = _kept(at, "locking", FileLockUsage, asked)
    lacking = _Uncached(
        frozenset(paths) - uses.keys(),
        frozenset(paths) - spans.keys(),
        frozenset(asked) - locking.keys(),
    )
    bare = [path for path in paths if path in lacking]
    if bare:
        _LOG.info("resolving names in %s", counted(len(bare), "Go file"))
    for made in _analysed(at, lacking, bare, data):
        _keep(at, data, made)
        uses |= {path: _USES.decode(encoded) for path, encoded in made.uses.items()}
        spans |= {path: decode(encoded) for path, encoded in made.highlighting.items()}
        locking |= {path: _LOCKING.decode(encoded) for path, encoded in made.locking.items()}
    return GoInput(
        {
            path: GoSourceFile(data[path], documents[path], uses[path], HighlightedFile(spans[path]))
            for path in paths
        },
        {path: locking[path] for path in asked},
    )


def _analysed(
    at: Session, lacking: _Uncached, paths: Sequence[str], data: Mapping[str, bytes]
) -> list[_Analysis]:
    """Analyse some files; many of them in worker processes."""
    modules = at.project.config.modules
    if sum(len(data[path]) for path in paths) < _FEW_BYTES:
        return [_made(Resolver(at.tree, modules), at.tree, lacking, paths)] if paths else []
    tree = pickle.dumps(at.tree)
    # The files of a package need the same things known, so they go together; a large package in parts.
    packages = defaultdict(list)
    for path in paths:
        packages[path.rpartition("/")[0]].append(path)
    parts = [found[at : at + _PART] for found in packages.values() for at in range(0, len(found), _PART)]
    shares = [[path for part in share for path in part] for share in split(parts)]
    return parallel_map(_made_in_worker, [(tree, modules, lacking, share) for share in shares])


def _made_in_worker(task: tuple[bytes, tuple[str, ...], _Uncached, list[str]]) -> _Analysis:
    tree, modules, lacking, paths = task
    binder, read = _opened(tree, modules)
    return _made(binder, read, lacking, paths)


@lru_cache(maxsize=1)
def _opened(tree: bytes, modules: tuple[str, ...]) -> tuple[Resolver, SourceTree]:
    """Open a pickled tree; what a worker found out for one share serves the next."""
    opened = pickle.loads(tree)  # noqa: S301 - from the process that started this one
    return Resolver(opened, modules), opened


def _made(binder: Resolver, tree: SourceTree, lacking: _Uncached, paths: Sequence[str]) -> _Analysis:
    encode = msgspec.msgpack.encode
    data, documents = tree.read(paths), tree.documents(paths)
    return _Analysis(
        locking={  # which asks the binder for the uses, too
            path: encode(lock_usage.read_lock_usage(binder, path, data[path], documents[path]))
            for path in paths
            if path in lacking.locking
        },
        uses={path: encode(binder.uses(path)) for path in paths if path in lacking.uses},
        highlighting={path: encode(made(data[path], "go")) for path in paths if path in lacking.highlighting},
    )


def _keep(at: Session, data: Mapping[str, bytes], made: _Analysis) -> None:
    for kind, values in (("uses", made.uses), ("locking", made.locking)):
        keys = _keys(at, values)
        at.cache.put_values(kind, {keys[path]: encoded for path, encoded in values.items()})
    keep(at.cache, data, "go", made.highlighting)


def _kept(at: Session, kind: str, shape: type[T], paths: Iterable[str]) -> dict[str, T]:
    """What was found out of some files at this state of the whole tree."""
    return Kept(at.cache, kind, shape).get(_keys(at, paths))


def _keys(at: Session, paths: Iterable[str]) -> dict[str, str]:
    modules = ",".join(at.project.config.modules)
    return {path: f"{at.tree.digest}:{modules}:{path}" for path in paths}
