"""Finds where a whole file of one tree is in another, by its path or by its content."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache

from annotator.cache import Cache
from annotator.golang.source_tree import SourceTree
from annotator.model.go import (
    FUNCTION_KINDS,
    Declaration,
    Kind,
    folder_of,
    is_test_file,
    is_vendored,
    shared_tail,
)
from annotator.repository.tag_snapshots import TagSnapshots

# How gofmt begins the line that declares a name, alone or in a group: never the first line, which has the
# package clause. Letters beyond ASCII are letters in Go too. A pattern is searched for several times as
# fast if it begins with a fixed byte.
_FUNCTIONS = re.compile(rb"\n(func (?:\([^)\n]{0,400}\) ?)?)((?!\d)[\w\x80-\xff]+)")
_OTHERS = re.compile(rb"\n(?:type |var |const |\t)((?!\d)[\w\x80-\xff]+)")
_FUNCTION, _METHOD = b"func ", b"func ("


class DeclaredNames:
    """Index of the names that some files may declare; several times faster than parsing them."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def naming(self, name: str) -> list[str]:
        """Return the files that may declare a name, of any kind."""
        encoded = name.encode()
        having = {*self._others.get(encoded, ()), *(path for path, _ in self._functions.get(encoded, ()))}
        return [path for path in self._files if path in having]

    def declaring(self, wanted: Declaration) -> list[str]:
        """Return the files that may declare the same name, receiver and kind, in order."""
        name, owner = wanted.name.encode(), wanted.owner.rpartition(".")[2].encode()
        if wanted.kind not in FUNCTION_KINDS:
            return sorted(path for path in self._others.get(name, ()) if owner in self._files[path])
        heads = self._functions.get(name, ())
        return sorted({path for path, head in heads if _fits(head, wanted.kind, owner)})

    @cached_property
    def _functions(self) -> Mapping[bytes, list[tuple[str, bytes]]]:
        """The files with a function's head, each with the text before the name, by the name."""
        found: dict[bytes, list[tuple[str, bytes]]] = defaultdict(list)
        for path, data in self._files.items():
            for head, name in set(_FUNCTIONS.findall(data)):
                found[name].append((path, head))
        return found

    @cached_property
    def _others(self) -> Mapping[bytes, list[str]]:
        """The files with a line that may declare something else, by the name."""
        found: dict[bytes, list[str]] = defaultdict(list)
        for path, data in self._files.items():
            for name in set(_OTHERS.findall(data)):
                found[name].append(path)
        return found


def _fits(head: bytes, kind: Kind, owner: bytes) -> bool:
    return head == _FUNCTION if kind is Kind.FUNC else head.startswith(_METHOD) and owner in head


# Half of the lines, as git asks for; fewer where the file kept its name.
ALIKE = 0.5
ALIKE_BY_NAME = 0.35

# A line that more files share than this tells nothing.
_COMMON = 40
_SHORT = 4

Lines = Mapping[bytes, int]


def exact(gone: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Files that only changed their path, old to new.

    Both arguments are blob ids by path. Among files of the same content the paths with most parts
    in common from the end belong together; what stays open is left out.
    """
    places: dict[str, list[str]] = defaultdict(list)
    for path, blob in new.items():
        places[blob].append(path)
    pairs = [(old, other) for old, blob in gone.items() for other in places.get(blob, ())]
    return _assign((shared_tail(old, other), old, other) for old, other in pairs)


def similar_files(gone: Mapping[str, bytes], new: Mapping[str, bytes]) -> dict[str, str]:
    """Files that were edited as they changed their path, old to new; both are bytes by path."""
    before = {path: profile(data) for path, data in gone.items()}
    after = {path: profile(data) for path, data in new.items()}
    return _assign(_scores(before, after))


def profile(data: bytes) -> Lines:
    """Count a file's significant lines; imports are not, as whole trees change them at once."""
    counted = Counter(map(bytes.strip, data.split(b"\n")))
    return {
        line: count
        for line, count in counted.items()  # one call a line would be half of all the time
        if len(line) >= _SHORT and line[:2] != b"//" and not (line[-1:] == b'"' and _is_import(line))
    }


def _is_import(line: bytes) -> bool:
    return b"/" in line and line.count(b'"') == 2 and b"(" not in line  # noqa: PLR2004


def _scores(before: Mapping[str, Lines], after: Mapping[str, Lines]) -> Iterator[tuple[float, str, str]]:
    known = set[bytes]().union(*before.values())
    holders: dict[bytes, list[tuple[str, int]]] = defaultdict(list)
    for path, lines in after.items():
        for line in lines.keys() & known:
            holders[line].append((path, lines[line]))
    common = {line: files for line, files in holders.items() if len(files) <= _COMMON}
    totals = {path: sum(lines.values()) for path, lines in after.items()}
    for old, lines in before.items():
        total = sum(lines.values())
        for new, shared in _shared(lines, common).items():
            score = 2 * shared / (total + totals[new])
            tail = shared_tail(old, new) if score >= ALIKE_BY_NAME else 0
            if score >= (ALIKE_BY_NAME if tail else ALIKE):
                yield score + 0.05 * min(tail, 3), old, new


def _shared(lines: Lines, holders: Mapping[bytes, list[tuple[str, int]]]) -> Mapping[str, int]:
    """How many of a file's lines each other file has."""
    shared: dict[str, int] = defaultdict(int)
    for line in lines.keys() & holders.keys():
        count = lines[line]
        for path, theirs in holders[line]:
            shared[path] += min(count, theirs)
    return shared


def _assign(scored: Iterable[tuple[float, str, str]]) -> dict[str, str]:
    """Each file with at most one other, the most alike first; a tie for the same file is no answer."""
    chosen: dict[str, str] = {}
    taken: set[str] = set()
    ranked = sorted(scored, reverse=True)
    tied = _tied(ranked)
    for pair in ranked:
        _, old, new = pair
        if old not in chosen and new not in taken:
            taken.add(new)
            if pair not in tied:
                chosen[old] = new
    return chosen


def _tied(ranked: list[tuple[float, str, str]]) -> set[tuple[float, str, str]]:
    """Return the pairs that share their score with another pair with their old or their new file."""
    olds = Counter((score, old) for score, old, _ in ranked)
    news = Counter((score, new) for score, _, new in ranked)
    return {pair for pair in ranked if olds[pair[0], pair[1]] > 1 or news[pair[0], pair[2]] > 1}


class TreeDiff:
    """Compares two trees: removed, added, modified and renamed files; computed lazily."""

    def __init__(self, before: SourceTree, after: SourceTree) -> None:
        self.before, self.after = before, after

    def is_same(self, path: str) -> bool:
        """Whether the file is byte for byte the same in both trees."""
        blob = self.before.go_blob(path)
        return blob is not None and blob == self.after.go_blob(path)

    @cached_property
    def removed(self) -> frozenset[str]:
        """Paths that only the first tree has."""
        return frozenset(self.before.go_files.keys() - self.after.go_files.keys())

    @cached_property
    def added(self) -> frozenset[str]:
        """Paths that only the second tree has."""
        return frozenset(self.after.go_files.keys() - self.before.go_files.keys())

    @cached_property
    def modified(self) -> frozenset[str]:
        """Paths that both trees have, with other content."""
        old, new = self.before.go_files, self.after.go_files
        return frozenset(path for path, blob in old.items() if path in new and new[path] != blob)

    @cached_property
    def renamed(self) -> Mapping[str, str]:
        """Moved files, old path to new, detected by content."""
        if not self.removed or not self.added:
            return {}
        old, new = self.before.go_files, self.after.go_files
        found = exact({path: old[path] for path in self.removed}, {path: new[path] for path in self.added})
        left = self.before.scan(sorted(self.removed - found.keys()))
        free = self.after.scan(sorted(self.added - set(found.values())))

        for tests in (False, True):
            found |= similar_files(*(_either(files, tests=tests) for files in (left, free)))
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
            votes[folder_of(old)][folder_of(new)] += 1
        return {
            origin: target
            for origin, counted in votes.items()
            for target, count in counted.most_common(1)
            if count * 2 > counted.total()
        }

    def successor(self, path: str) -> str | None:
        """Where a file of the first tree is in the second: at its path, or where it moved."""
        return path if self.after.go_blob(path) else self.renamed.get(path)

    def package(self, path: str) -> tuple[list[str], list[str]]:
        """Return the changed files of a file's package, in the first tree and in the second.

        The package is its folder, the folder that most of it moved to, and what single files became.
        Test files are compared with test files alone.
        """
        home, tests = folder_of(path), is_test_file(path)
        old = [p for p in self._changed_before.get(home, ()) if is_test_file(p) is tests]
        homes = {home, self.moved_folders.get(home, home)} if set(old) & self.removed else {home}
        new = {p for each in homes for p in self._changed_after.get(each, ())}
        new |= {self.renamed[p] for p in old if p in self.removed and p in self.renamed}
        return sorted(old), sorted(p for p in new if is_test_file(p) is tests)

    @cached_property
    def _changed_before(self) -> Mapping[str, list[str]]:
        return _by_folder(self.removed | self.modified)

    @cached_property
    def _changed_after(self) -> Mapping[str, list[str]]:
        return _by_folder(self.added | self.modified)

    def added_candidates(self, wanted: Declaration) -> list[str]:
        """Files of the second tree, new or edited, that look as if they declared one of that identity."""
        return self._names_after.declaring(wanted)

    def removed_candidates(self, wanted: Declaration) -> list[str]:
        """Files of the first tree, gone or edited, that look as if they declared one of that identity."""
        return self._names_before.declaring(wanted)

    @cached_property
    def _names_after(self) -> DeclaredNames:
        return DeclaredNames(self.after.scan(sorted(self.added | self.modified)))

    @cached_property
    def _names_before(self) -> DeclaredNames:
        return DeclaredNames(self.before.scan(sorted(self.removed | self.modified)))


def _either(files: Mapping[str, bytes], *, tests: bool) -> Mapping[str, bytes]:
    return {path: data for path, data in files.items() if is_test_file(path) is tests}


def _by_folder(paths: Iterable[str]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        found[folder_of(path)].append(path)
    return found


class SourceTrees:
    """The source trees of some tags; each is opened when first needed."""

    def __init__(
        self, snapshots: TagSnapshots | None, cache: Cache | None = None, opened: Iterable[SourceTree] = ()
    ) -> None:
        """Take the tags.

        Args:
            snapshots: The source at its tags; None if the open trees are all.
            cache: Where parsed files are kept.
            opened: Trees that are open already. They are never released, and two of them are compared once
                for all that asks about them.
        """
        self._snapshots, self._cache = snapshots, cache
        self._opened = {tree.tag: tree for tree in opened}
        self._trees: dict[str, SourceTree] = {}
        self._diffs: dict[tuple[str, str], TreeDiff] = {}

    def commit(self, tag: str) -> str:
        """Return an identifier of a tag's content, such as its commit."""
        return self._opened[tag].state if tag in self._opened else self._listed.commit(tag)

    def blob(self, tag: str, path: str) -> str | None:
        """Return the blob id of a Go file at a tag, or None."""
        return self._opened[tag].go_blob(path) if tag in self._opened else self._listed.blob(tag, path)

    def tree(self, tag: str) -> SourceTree:
        """Return the tree at a tag; the same object until it is released."""
        if tag in self._opened:
            return self._opened[tag]
        if tag not in self._trees:
            self._trees[tag] = SourceTree(self._listed.snapshot(tag), self._cache)
        return self._trees[tag]

    def diff(self, before: str, after: str) -> TreeDiff:
        """Two trees side by side; the same object until one of them is released."""
        if before in self._opened and after in self._opened:
            return _shared_diff(self._opened[before], self._opened[after])
        if (before, after) not in self._diffs:
            self._diffs[before, after] = TreeDiff(self.tree(before), self.tree(after))
        return self._diffs[before, after]

    def release(self, tag: str) -> None:
        """Forget a tree and the bytes that were read from it."""
        self._trees.pop(tag, None)
        self._diffs = {pair: found for pair, found in self._diffs.items() if tag not in pair}

    def blobs(self, tag: str) -> frozenset[str]:
        """Return the ids of all Go files of a tag."""
        return self._listed.blobs(tag)

    @property
    def _listed(self) -> TagSnapshots:
        assert self._snapshots is not None  # noqa: S101 - only open trees are asked for without it
        return self._snapshots


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
    moved = exact(gone, new)
    left = [path for path in gone if path not in moved]
    free = sorted(new.keys() - set(moved.values()))
    if len(left) > _MOST or len(free) > _MOST:
        return moved
    return moved | similar_files(before.scan(left), after.scan(free))


def _is_lone(path: str, ending: str, other: SourceTree) -> bool:
    return _ending(path) == ending and not is_vendored(path) and not other.has(path)


def _ending(path: str) -> str:
    """Return a file's ending, or its whole name if it has none: `.yaml`, `Makefile`."""
    name = path.rpartition("/")[2]
    stem, dot, ending = name.rpartition(".")
    return f"{dot}{ending}" if stem else name


# References and notes are carried between the same two trees, one after the other.
@lru_cache(maxsize=2)
def _shared_diff(before: SourceTree, after: SourceTree) -> TreeDiff:
    return TreeDiff(before, after)
