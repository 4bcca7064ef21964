"""The Go files of trees that follow each other, told by what changed from each to the next."""

from __future__ import annotations

from bisect import bisect
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping
from functools import lru_cache

from annotator.history import VENDORED
from annotator.model import Blob
from annotator.sources.contents import Contents
from annotator.sources.repository import UNKNOWN_SIZE
from annotator.sources.snapshot import is_safe

Change = tuple[str, str]
"""A change in git's raw format: `:OLD_MODE NEW_MODE OLD_BLOB NEW_BLOB STATUS`, and the path."""

_Step = dict[str, tuple[Blob | None, Blob | None]]
"""What changed in a tree, by path: the blob that was there and the one that is."""

_MODE, _REGULAR = len(":100644 "), "100"


class Succession:
    """Trees by their number; going from one to another costs what changed between them."""

    def __init__(self, steps: Iterable[Iterable[Change]]) -> None:
        """Go along all trees; a step is what changed from the one before, which for the first is empty."""
        self._files: dict[str, Blob] = {}
        self._steps: list[_Step] = []
        self._blobs: dict[str, tuple[list[int], list[Blob | None]]] = {}
        self.contents: list[int] = []
        contents = Contents()
        for step in steps:
            edits = _edits(self._files, step)
            contents.change(
                (old.id for old, _ in edits.values() if old), (new.id for _, new in edits.values() if new)
            )
            self._steps.append(edits)
            self.contents.append(contents.bits)
        self._at = len(self._steps) - 1
        self._whole: Mapping[str, Blob] | None = None
        self._given = Files(self, self._at)

    def files(self, number: int) -> Mapping[str, Blob]:
        """The files of a tree; the same object as the last time if nothing changed between the two."""
        low, high = sorted((number, self._given.number))
        if any(self._steps[low + 1 : high + 1]):
            self._given = Files(self, number)
        return self._given

    def blob(self, number: int, path: str) -> Blob | None:
        """A file of a tree, None if it has none there."""
        if path not in self._blobs:
            known = [(at, step[path][1]) for at, step in enumerate(self._steps) if path in step]
            self._blobs[path] = [at for at, _ in known], [blob for _, blob in known]
        numbers, blobs = self._blobs[path]
        at = bisect(numbers, number)
        return blobs[at - 1] if at else None

    def whole(self, number: int) -> Mapping[str, Blob]:
        """All files of a tree."""
        while self._at < number:
            self._at += 1
            self._take((path, new) for path, (_, new) in self._steps[self._at].items())
        while self._at > number:
            self._take((path, old) for path, (old, _) in self._steps[self._at].items())
            self._at -= 1
        if self._whole is None:
            self._whole = dict(self._files)
        return self._whole

    def _take(self, edits: Iterable[tuple[str, Blob | None]]) -> None:
        for path, blob in edits:
            self._whole = None
            if blob is None:
                self._files.pop(path, None)  # which a step can have brought and taken again
            else:
                self._files[path] = blob


class Files(Mapping[str, Blob]):
    """The files of one tree of a succession, put together once all of them are asked for."""

    def __init__(self, succession: Succession, number: int) -> None:
        """Take the tree of that number."""
        self._succession, self.number = succession, number
        self._whole: Mapping[str, Blob] | None = None

    def __getitem__(self, path: str) -> Blob:
        found = self._found(path)
        if found is None:
            raise KeyError(path)
        return found

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self._found(path) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def keys(self) -> KeysView[str]:
        """The paths."""
        return self._all().keys()

    def items(self) -> ItemsView[str, Blob]:
        """The paths with their blobs."""
        return self._all().items()

    def _found(self, path: str) -> Blob | None:
        if self._whole is not None:
            return self._whole.get(path)
        return self._succession.blob(self.number, path)

    def _all(self) -> Mapping[str, Blob]:
        if self._whole is None:
            self._whole = self._succession.whole(self.number)
        return self._whole


def _edits(files: dict[str, Blob], changes: Iterable[Change]) -> _Step:
    """What changes mean for a tree's own Go files, which are brought up to date."""
    found: _Step = {}
    for head, path in changes:
        old, new = files.get(path), None
        if head.startswith(_REGULAR, _MODE) and _is_own(path):
            new = files[path] = Blob(id=head.split(" ", 4)[3], size=UNKNOWN_SIZE)
        elif old is not None:
            del files[path]
        if old is not new:  # of the same two trees twice, git tells twice what changed
            found[path] = (found[path][0] if path in found else old, new)
    return found


@lru_cache(maxsize=1 << 15)
def _is_own(path: str) -> bool:
    return is_safe(path) and VENDORED.isdisjoint(path.split("/"))
