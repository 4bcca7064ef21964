"""What two trees have in common and what not, found out as far as it is asked for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property

from annotator.history import Tree
from annotator.model import Declaration, Document
from annotator.tracking import declared, filerenames
from annotator.tracking.places import folder, is_test


class Crossing:
    """Two trees side by side; files whose blob is in both at the same path cost nothing."""

    def __init__(self, before: Tree, after: Tree) -> None:
        self.before, self.after = before, after

    def is_same(self, path: str) -> bool:
        """Whether the file is byte for byte the same in both trees."""
        old, new = self.before.go_files.get(path), self.after.go_files.get(path)
        return old is not None and new is not None and old.id == new.id

    @cached_property
    def gone(self) -> frozenset[str]:
        """Paths that only the first tree has."""
        return frozenset(self.before.go_files.keys() - self.after.go_files.keys())

    @cached_property
    def new(self) -> frozenset[str]:
        """Paths that only the second tree has."""
        return frozenset(self.after.go_files.keys() - self.before.go_files.keys())

    @cached_property
    def edited(self) -> frozenset[str]:
        """Paths that both trees have, with other content."""
        old, new = self.before.go_files, self.after.go_files
        return frozenset(path for path, blob in old.items() if path in new and new[path].id != blob.id)

    @cached_property
    def renamed(self) -> Mapping[str, str]:
        """Files that moved, old path to new, told by their content."""
        if not self.gone or not self.new:
            return {}
        old, new = self.before.go_files, self.after.go_files
        found = filerenames.exact(
            {path: old[path].id for path in self.gone}, {path: new[path].id for path in self.new}
        )
        left = self.before.read(sorted(self.gone - found.keys()))
        free = self.after.read(sorted(self.new - set(found.values())))

        for tests in (False, True):
            found |= filerenames.similar(*(_either(files, tests=tests) for files in (left, free)))
        return found

    @cached_property
    def renamed_from(self) -> Mapping[str, str]:
        """The same the other way round, new path to old."""
        return {new: old for old, new in self.renamed.items()}

    @cached_property
    def moved_folders(self) -> Mapping[str, str]:
        """Folders most of whose moved files went to one other folder."""
        votes: dict[str, Counter[str]] = defaultdict(Counter)
        for old, new in self.renamed.items():
            votes[folder(old)][folder(new)] += 1
        return {
            origin: target
            for origin, counted in votes.items()
            for target, count in counted.most_common(1)
            if count * 2 > counted.total()
        }

    def successor(self, path: str) -> str | None:
        """Where a file of the first tree is in the second: at its path, or where it moved."""
        return path if path in self.after.go_files else self.renamed.get(path)

    def package(self, path: str) -> tuple[list[str], list[str]]:
        """The files that changed in a file's package: those of the first tree and of the second.

        The package is its folder, the folder that most of it moved to, and what single files became.
        Test files are compared with test files alone.
        """
        home, tests = folder(path), is_test(path)
        old = [p for p in self._changed_before.get(home, ()) if is_test(p) is tests]
        homes = {home, self.moved_folders.get(home, home)} if set(old) & self.gone else {home}
        new = {p for each in homes for p in self._changed_after.get(each, ())}
        new |= {self.renamed[p] for p in old if p in self.gone and p in self.renamed}
        return sorted(old), sorted(p for p in new if is_test(p) is tests)

    @cached_property
    def _changed_before(self) -> Mapping[str, list[str]]:
        return _by_folder(self.gone | self.edited)

    @cached_property
    def _changed_after(self) -> Mapping[str, list[str]]:
        return _by_folder(self.new | self.edited)

    def declaring_later(self, wanted: Declaration) -> list[str]:
        """Files of the second tree, new or edited, that look as if they declared one of that identity."""
        return self._declared_later.declaring(wanted)

    def declaring_before(self, wanted: Declaration) -> list[str]:
        """Files of the first tree, gone or edited, that look as if they declared one of that identity."""
        return self._declared_before.declaring(wanted)

    @cached_property
    def _declared_later(self) -> declared.Names:
        return declared.Names(self.after.read(sorted(self.new | self.edited)))

    @cached_property
    def _declared_before(self) -> declared.Names:
        return declared.Names(self.before.read(sorted(self.gone | self.edited)))

    def old(self, path: str) -> Document:
        """What a file says in the first tree."""
        return self.before.documents([path])[path]

    def later(self, path: str) -> Document:
        """What a file says in the second tree."""
        return self.after.documents([path])[path]


def _either(files: Mapping[str, bytes], *, tests: bool) -> Mapping[str, bytes]:
    return {path: data for path, data in files.items() if is_test(path) is tests}


def _by_folder(paths: Iterable[str]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        found[folder(path)].append(path)
    return found
