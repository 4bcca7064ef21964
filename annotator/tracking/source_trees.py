"""Source trees by tag, read when first needed and released when done."""

from __future__ import annotations

from annotator.cache import Cache
from annotator.golang.source_tree import SourceTree
from annotator.repository.tag_snapshots import TagSnapshots
from annotator.tracking.tree_diff import TreeDiff


class SourceTrees:
    """The source trees of some tags; each is opened when first needed."""

    def __init__(self, snapshots: TagSnapshots, cache: Cache | None = None) -> None:
        self._snapshots, self._cache = snapshots, cache
        self._trees: dict[str, SourceTree] = {}
        self._diffs: dict[tuple[str, str], TreeDiff] = {}

    def commit(self, tag: str) -> str:
        """Return an identifier of a tag's content, such as its commit."""
        return self._snapshots.commit(tag)

    def blob(self, tag: str, path: str) -> str | None:
        """Return the blob id of a tag's file, None if it has none there."""
        return self._snapshots.blob(tag, path)

    def tree(self, tag: str) -> SourceTree:
        """Return the tree at a tag; the same object until it is released."""
        if tag not in self._trees:
            self._trees[tag] = SourceTree(self._snapshots.snapshot(tag), self._cache)
        return self._trees[tag]

    def diff(self, before: str, after: str) -> TreeDiff:
        """Two trees side by side; the same object until one of them is released."""
        if (before, after) not in self._diffs:
            self._diffs[before, after] = TreeDiff(self.tree(before), self.tree(after))
        return self._diffs[before, after]

    def release(self, tag: str) -> None:
        """Forget a tree and the bytes that were read from it."""
        self._trees.pop(tag, None)
        self._diffs = {pair: found for pair, found in self._diffs.items() if tag not in pair}

    def blobs(self, tag: str) -> frozenset[str]:
        """Return the ids of all blobs of a tag."""
        return self._snapshots.blobs(tag)


class OpenTrees(SourceTrees):
    """Source trees that are open already; releasing them is up to the caller."""

    def __init__(self, *trees: SourceTree) -> None:
        self._trees = {tree.tag: tree for tree in trees}
        self._diffs = {}

    def commit(self, tag: str) -> str:
        """Return the hash of a tree's Go files."""
        return self._trees[tag].digest

    def blob(self, tag: str, path: str) -> str | None:
        """Return the blob id of a Go file at a tag, or None."""
        found = self._trees[tag].go_files.get(path)
        return found.id if found is not None else None

    def release(self, tag: str) -> None:
        """Keep the tree."""
