"""Source trees by tag, read when first needed and released when done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Protocol

from annotator.cache import Values
from annotator.golang.source_tree import Documents, SourceTree
from annotator.model.source import Blob, Snapshot
from annotator.tracking.tree_diff import TreeDiff


class Snapshots(Protocol):
    """Where the snapshots of many tags come from."""

    @property
    def has_go_alone(self) -> bool:
        """Whether its snapshots have nothing but Go files that are not vendored."""
        ...

    def commit(self, tag: str) -> str:
        """What tells a tag's content from any other."""
        ...

    def blob(self, tag: str, path: str) -> str | None:
        """The blob id of a tag's file, None if it has none there."""
        ...

    def content(self, tag: str) -> int:
        """The blobs of a tag's files as a set of bits: what two tags share are the bits that both have."""
        ...

    def snapshot(self, tag: str) -> Snapshot:
        """The snapshot at a tag."""
        ...


class _GoTree(SourceTree):
    """A tree whose snapshot has nothing but its own Go files: there is nothing to choose from."""

    @property
    def go_files(self) -> Mapping[str, Blob]:
        return self.snapshot.files


class SourceTrees:
    """The trees of a walk."""

    def __init__(self, snapshots: Snapshots, documents: Documents) -> None:
        self._snapshots, self._documents = snapshots, documents
        self._trees: dict[str, SourceTree] = {}
        self._crossings: dict[tuple[str, str], TreeDiff] = {}

    def commit(self, tag: str) -> str:
        """What tells a tag's content from any other."""
        return self._snapshots.commit(tag)

    def blob(self, tag: str, path: str) -> str | None:
        """The blob id of a tag's file, None if it has none there."""
        return self._snapshots.blob(tag, path)

    def tree(self, tag: str) -> SourceTree:
        """The tree at a tag; the same object until it is released."""
        if tag not in self._trees:
            kind = _GoTree if self._snapshots.has_go_alone else SourceTree
            self._trees[tag] = kind(self._snapshots.snapshot(tag), self._documents)
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
        """The blobs of a tag's files as a set of bits."""
        return self._snapshots.content(tag)


class StepCache:
    """What hops told, kept in a cache of values; what other rules told is not taken for an answer."""

    def __init__(self, values: Values) -> None:
        self._values, self._kind = values, f"hop {_rules()}"

    def get_many(self, keys: Iterable[str]) -> Mapping[str, bytes]:
        """Those that are kept."""
        return self._values.get_values(self._kind, keys)

    def put_many(self, results: Mapping[str, bytes]) -> None:
        """Keep them."""
        if results:
            self._values.put_values(self._kind, results)


def followed() -> str:
    """The kind of values under which what was followed from one tree to another is kept."""
    return f"followed {_rules()}"


@cache
def _rules() -> str:
    """What makes results of hops, by content."""
    made_by = hashlib.sha256()
    own = Path(__file__).parents[1]
    for module in sorted([*own.glob("model/*.py"), *own.glob("tracking/*.py")]):
        made_by.update(module.read_bytes())
    return made_by.hexdigest()[:16]
