"""Source trees by tag, read when first needed and released when done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from annotator.cache import Cache
from annotator.golang.source_tree import SourceTree
from annotator.model.source import Blob, Snapshot
from annotator.tracking.tree_diff import TreeDiff


class Snapshots(Protocol):
    """Where the snapshots of many tags come from."""

    @property
    def has_go_alone(self) -> bool:
        """Whether its snapshots have nothing but Go files that are not vendored."""
        ...

    def commit(self, tag: str) -> str:
        """Return an identifier of a tag's content, such as its commit."""
        ...

    def blob(self, tag: str, path: str) -> str | None:
        """Return the blob id of a tag's file, None if it has none there."""
        ...

    def content(self, tag: str) -> int:
        """Return the blobs of a tag's files as a bit set; common blobs are common bits."""
        ...

    def snapshot(self, tag: str) -> Snapshot:
        """Return the snapshot at a tag."""
        ...


class _GoTree(SourceTree):
    """A tree whose snapshot has nothing but its own Go files: there is nothing to choose from."""

    @property
    def go_files(self) -> Mapping[str, Blob]:
        return self.snapshot.files


class SourceTrees:
    """The trees of a walk."""

    def __init__(self, snapshots: Snapshots, cache: Cache | None = None) -> None:
        self._snapshots, self._cache = snapshots, cache
        self._trees: dict[str, SourceTree] = {}
        self._crossings: dict[tuple[str, str], TreeDiff] = {}

    def commit(self, tag: str) -> str:
        """Return an identifier of a tag's content, such as its commit."""
        return self._snapshots.commit(tag)

    def blob(self, tag: str, path: str) -> str | None:
        """Return the blob id of a tag's file, None if it has none there."""
        return self._snapshots.blob(tag, path)

    def tree(self, tag: str) -> SourceTree:
        """Return the tree at a tag; the same object until it is released."""
        if tag not in self._trees:
            kind = _GoTree if self._snapshots.has_go_alone else SourceTree
            self._trees[tag] = kind(self._snapshots.snapshot(tag), self._cache)
        return self._trees[tag]

    def crossing(self, before: str, after: str) -> TreeDiff:
        """Two trees side by side; the same object until one of them is released."""
        if (before, after) not in self._crossings:
            self._crossings[before, after] = TreeDiff(self.tree(before), self.tree(after))
        return self._crossings[before, after]

    def release(self, tag: str) -> None:
        """Forget a tree and the bytes that were read from it."""
        self._trees.pop(tag, None)
        self._crossings = {pair: found for pair, found in self._crossings.items() if tag not in pair}

    def content(self, tag: str) -> int:
        """Return the blobs of a tag's files as a set of bits."""
        return self._snapshots.content(tag)
