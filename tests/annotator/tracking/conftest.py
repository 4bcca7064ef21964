"""Repositories of our own at several tags, in memory: real trees on snapshots without git."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import msgspec
import pytest

from annotator.cache import Cache, CacheKind
from annotator.golang.source_tree import PARSED_FILE, SourceTree
from annotator.model.reference import Anchor, Outcome, Reference, Verdict, Verified
from annotator.model.symbol_history import TagStep
from annotator.tracking import declaration_lookup, relocation, symbol_follower
from annotator.tracking.declaration_lookup import anchor
from annotator.tracking.tree_diff import SourceTrees

Files = Mapping[str, str]
T = TypeVar("T")


class MemorySnapshot:
    """A repository at one tag whose files are given as texts."""

    repository = "https://example.org/shop"
    commit = None

    def __init__(self, tag: str, files: Files) -> None:
        self.tag = self.version = tag
        self._data = {path: text.encode() for path, text in files.items()}
        self.files = {
            path: hashlib.sha1(data).hexdigest()  # noqa: S324 - git's ids
            for path, data in self._data.items()
        }

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        return {path: self._data[path] for path in paths}


class MemoryCache(Cache):
    """A cache in memory."""

    def __init__(self) -> None:
        self.values: dict[str, dict[str, bytes]] = defaultdict(dict)

    def _read(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        return {key: self.values[kind][key] for key in keys if key in self.values[kind]}

    def put_many(self, kind: CacheKind[T], values: Mapping[str, T]) -> None:
        encoded = {key: msgspec.msgpack.encode(value) for key, value in values.items()}
        self.values[kind.name] |= encoded


class Snapshots:
    """The snapshots of some tags; `asked` names those that were needed."""

    def __init__(self, tags: Mapping[str, Files]) -> None:
        self._snapshots = {tag: MemorySnapshot(tag, files) for tag, files in tags.items()}
        self.asked: set[str] = set()

    def blob(self, tag: str, path: str) -> str | None:
        return self._snapshots[tag].files.get(path)

    def blobs(self, tag: str) -> frozenset[str]:
        return frozenset(self._snapshots[tag].files.values())

    def commit(self, tag: str) -> str:
        files = self._snapshots[tag].files
        return hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()

    def snapshot(self, tag: str) -> MemorySnapshot:
        self.asked.add(tag)
        return self._snapshots[tag]


class Grove(SourceTrees):
    """A forest in memory."""

    def __init__(self, tags: Mapping[str, Files]) -> None:
        self.snapshots, self.cache = Snapshots(tags), MemoryCache()
        super().__init__(self.snapshots, self.cache)

    @property
    def parsed(self) -> set[str]:
        """The blobs that were parsed."""
        return set(self.cache.values[PARSED_FILE.name])

    def anchors(self, tag: str, path: str, *symbols: str) -> list[Anchor]:
        tree = SourceTree(self.snapshots.snapshot(tag), self.cache)
        found = {d.symbol: d for d in tree.documents([path])[path].walk()}
        return [anchor(path, found[symbol]) for symbol in symbols]


@pytest.fixture
def grove() -> Callable[..., Grove]:
    """A maker of forests: `grove({"v1": {"a/b.go": "package a"}})`."""
    return Grove


@pytest.fixture
def cache() -> MemoryCache:
    """A cache in memory."""
    return MemoryCache()


@pytest.fixture
def carry() -> Callable[..., Verdict]:
    """What became of a symbol, or of a line in it: `carry(before, after, "a/b.go", "Name")`."""

    def make(
        before: Files, after: Files, path: str, symbol: str, *, line: int | None = None, nth: int = 0
    ) -> Verdict:
        old, new = SourceTree(MemorySnapshot("v1", before)), SourceTree(MemorySnapshot("v2", after))
        found = [d for d in old.documents([path])[path].walk() if d.symbol == symbol][nth]
        reference = Reference(path, symbol, line or found.line)
        start = symbol_follower.TrackedReference(reference, anchor(path, found, line))
        trees, step = SourceTrees(None, None, (old, new)), TagStep("v1", "v2")
        (place,) = dict(symbol_follower.follow([start.anchor], "v1", [step], trees, None))["v2"]
        return Verdict(reference, symbol_follower.outcome(start, place), place.text)

    return make


@pytest.fixture
def carried() -> Callable[[Iterable[Reference], SourceTree, SourceTree], list[Outcome]]:
    """Where references to lines of a tree are in another one, all at once."""

    def outcomes(references: Iterable[Reference], before: SourceTree, after: SourceTree) -> list[Outcome]:
        places = []
        for reference in references:
            found = declaration_lookup.find_reference(reference, before)
            assert isinstance(found, Verified)
            places.append(relocation.AnchoredReference(reference, found.anchor))
        return [each.outcome for each in relocation.carry(places, before, after)]

    return outcomes


@pytest.fixture
def place() -> Callable[[Outcome], str]:
    """An outcome's place on one line: `a/b.go::Name#L3`."""

    def where(outcome: Outcome) -> str:
        at = outcome.anchor
        return f"{at.path}::{at.symbol}#L{at.line + at.offset}"

    return where
