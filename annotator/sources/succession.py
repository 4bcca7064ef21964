"""The Go files of trees that follow each other, told by what changed from each to the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from annotator.history import VENDORED
from annotator.model import Blob
from annotator.sources.contents import Contents
from annotator.sources.repository import UNKNOWN_SIZE
from annotator.sources.snapshot import is_safe

Change = tuple[str, str]
"""A change in git's raw format: `:OLD_MODE NEW_MODE OLD_BLOB NEW_BLOB STATUS`, and the path."""

Files = Mapping[str, Blob]
_Edit = tuple[str, Blob | None, Blob | None]

_MODE, _REGULAR = len(":100644 "), "100"


class Succession:
    """Trees by their number; going from one to another costs what changed between them."""

    def __init__(self, steps: Iterable[Iterable[Change]]) -> None:
        """Go along all trees; a step is what changed from the one before, which for the first is empty."""
        self._files: dict[str, Blob] = {}
        self._steps: list[list[_Edit]] = []
        self.contents: list[int] = []
        contents = Contents()
        for step in steps:
            edits = list(_edits(self._files, step))
            contents.change((old.id for _, old, _ in edits if old), (new.id for _, _, new in edits if new))
            self._steps.append(edits)
            self.contents.append(contents.bits)
        self._at = len(self._steps) - 1
        self._given: Files | None = None

    def files(self, number: int) -> Files:
        """The files of a tree; the same object as the last time if nothing changed between the two."""
        while self._at < number:
            self._at += 1
            self._take((path, new) for path, _, new in self._steps[self._at])
        while self._at > number:
            self._take((path, old) for path, old, _ in reversed(self._steps[self._at]))
            self._at -= 1
        if self._given is None:
            self._given = dict(self._files)
        return self._given

    def _take(self, edits: Iterable[tuple[str, Blob | None]]) -> None:
        for path, blob in edits:
            self._given = None
            if blob is None:
                del self._files[path]
            else:
                self._files[path] = blob


def _edits(files: dict[str, Blob], changes: Iterable[Change]) -> Iterator[_Edit]:
    """What changes mean for a tree's own Go files, which are brought up to date."""
    for head, path in changes:
        old, new = files.get(path), None
        if head.startswith(_REGULAR, _MODE) and _is_own(path):
            new = files[path] = Blob(id=head.split(" ", 4)[3], size=UNKNOWN_SIZE)
        elif old is not None:
            del files[path]
        if old is not new:
            yield path, old, new


@lru_cache(maxsize=1 << 15)
def _is_own(path: str) -> bool:
    return is_safe(path) and VENDORED.isdisjoint(path.split("/"))
