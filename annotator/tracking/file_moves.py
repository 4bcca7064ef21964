"""Finds where a whole file of one tree is in another, by its path or by its content."""

from __future__ import annotations

from annotator.golang.source_tree import SourceTree
from annotator.model.go import is_vendored
from annotator.tracking import tree_diff
from annotator.tracking.tree_diff import TreeDiff

# Files of one ending whose content is compared; more of them would take longer than anybody waits.
_MOST = 2000


class FileMoves:
    """The files of two trees; renames are detected once for each file ending."""

    def __init__(self, diff: TreeDiff) -> None:
        self._diff = diff
        self._renamed: dict[str, dict[str, str]] = {}

    def successor(self, path: str) -> str | None:
        """Return the path of an earlier file in the later tree, or None if it is gone or not certain."""
        if self._diff.after.has(path):
            return path
        if self._diff.before.go_blob(path):
            return self._diff.successor(path)
        ending = _ending(path)
        if ending not in self._renamed:
            self._renamed[ending] = _renamed(self._diff.before, self._diff.after, ending)
        return self._renamed[ending].get(path)


def _renamed(before: SourceTree, after: SourceTree, ending: str) -> dict[str, str]:
    """Return the files of an ending that changed their path, old to new, as git detects renames."""
    gone = {path: blob for path, blob in before.files.items() if _is_lone(path, ending, after)}
    new = {path: blob for path, blob in after.files.items() if _is_lone(path, ending, before)}
    moved = tree_diff.exact(gone, new)
    left = [path for path in gone if path not in moved]
    free = sorted(new.keys() - set(moved.values()))
    if len(left) > _MOST or len(free) > _MOST:
        return moved
    return moved | tree_diff.similar_files(before.scan(left), after.scan(free))


def _is_lone(path: str, ending: str, other: SourceTree) -> bool:
    return _ending(path) == ending and not is_vendored(path) and not other.has(path)


def _ending(path: str) -> str:
    """Return a file's ending, or its whole name if it has none: `.yaml`, `Makefile`."""
    name = path.rpartition("/")[2]
    stem, dot, ending = name.rpartition(".")
    return f"{dot}{ending}" if stem else name
