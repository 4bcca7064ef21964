"""Matches the declarations and members of a package between two trees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from annotator.golang import build_constraints
from annotator.golang.source_tree import SourceTree
from annotator.model.go import FUNCTION_KINDS, Declaration, GoFile, Kind, is_test_file
from annotator.model.reference import Anchor, FoundBy
from annotator.tracking import similarity
from annotator.tracking.tree_diff import TreeDiff

MARGIN = 0.1

# A renamed closure must be this alike; a field's type says too little to tell its new name.
NEARLY = 0.9


class LocatedDeclaration(NamedTuple):
    """A declaration in its file, and the top-level declaration that it is in or is itself."""

    path: str
    top: Declaration
    declaration: Declaration


class MemberMatch(NamedTuple):
    """A member that was found, and by what where it was not its name."""

    declaration: Declaration
    by: FoundBy | None


def at(document: GoFile, anchor: Anchor) -> LocatedDeclaration:
    """Return the declaration at an anchor of this file.

    Raises:
        KeyError: The file has no such declaration.
    """
    for top in document.declarations:
        found = inside(top, anchor)
        if found is not None:
            return found
    raise KeyError(anchor)


def inside(top: Declaration, anchor: Anchor) -> LocatedDeclaration | None:
    """Return the declaration at an anchor if it is a top-level declaration or lies in it, else None."""
    wanted = anchor.line, anchor.symbol, anchor.kind
    found = (each for each in _inside(top) if (each.line, each.symbol, each.kind) == wanted)
    return next((LocatedDeclaration(anchor.path, top, each) for each in found), None)


def of_identity(document: GoFile, anchor: Anchor) -> list[LocatedDeclaration]:
    """Return the declarations of a file with an anchor's symbol and kind."""
    return [
        LocatedDeclaration(anchor.path, top, found)
        for top in document.declarations
        for found in _inside(top)
        if (found.symbol, found.kind) == (anchor.symbol, anchor.kind)
    ]


def find(
    stand: LocatedDeclaration, top: LocatedDeclaration, read: Callable[[], tuple[bytes, bytes]]
) -> MemberMatch | None:
    """Find the member in the matched owner; `read` returns the bytes of both files if they are needed."""
    olds = _namesakes(stand.top, _relative(stand.top, stand.declaration), stand.declaration.kind)
    news = _namesakes(top.top, _relative(stand.top, stand.declaration), stand.declaration.kind)
    if len(olds) == 1 == len(news):
        return MemberMatch(news[0], None)
    if news:
        return _same_body(stand.declaration, olds, news, *read())
    return _renamed(stand, top, *read()) if stand.declaration.kind is Kind.CLOSURE else None


def _inside(top: Declaration) -> Iterator[Declaration]:
    yield top
    for member in top.members:
        yield from _inside(member)


def _relative(top: Declaration, member: Declaration) -> str:
    """Return a member's name relative to its top-level declaration."""
    return member.symbol.removeprefix(top.symbol)


def _namesakes(top: Declaration, relative: str, kind: Kind) -> list[Declaration]:
    return [d for d in _inside(top) if d.kind is kind and d is not top and _relative(top, d) == relative]


def _same_body(
    wanted: Declaration, olds: list[Declaration], news: list[Declaration], before: bytes, after: bytes
) -> MemberMatch | None:
    """Of several of one name, the one with the same body."""
    body = wanted.body(before)
    hits = [d for d in news if similarity.same_code(body, d.body(after))]
    twins = [d for d in olds if similarity.same_code(body, d.body(before))]
    return MemberMatch(hits[0], None) if len(hits) == 1 == len(twins) else None


def _renamed(
    stand: LocatedDeclaration, top: LocatedDeclaration, before: bytes, after: bytes
) -> MemberMatch | None:
    """Find a closure of another name with nearly the same body, in the same function."""
    known = {_relative(stand.top, d) for d in _inside(stand.top)}
    fresh = [d for d in _inside(top.top) if d.kind is Kind.CLOSURE and _relative(top.top, d) not in known]
    wanted = similarity.profile(stand.declaration.body(before))
    scored = sorted(
        ((similarity.dice(wanted, similarity.profile(d.body(after))), d) for d in fresh),
        key=lambda pair: pair[0],
        reverse=True,
    )
    if not scored or scored[0][0] < NEARLY or len(wanted) < similarity.TELLING:
        return None
    clear = len(scored) == 1 or scored[1][0] <= scored[0][0] - MARGIN
    return MemberMatch(scored[0][1], FoundBy.BODY) if clear else None


class Item(NamedTuple):
    """A top-level declaration: its file, and which one it is there."""

    path: str
    number: int
    declaration: Declaration

    @property
    def key(self) -> tuple[str, int]:
        """Its identity among all declarations of its tree."""
        return self.path, self.number

    @property
    def identity(self) -> tuple[str, Kind]:
        """Its name with the receiver, and its kind: what Go knows it by within its package."""
        return self.declaration.symbol, self.declaration.kind


class Match(NamedTuple):
    """The match of a declaration, and the evidence for it."""

    item: Item
    by: FoundBy


class PackageSide:
    """The changed files of a package in one tree."""

    def __init__(self, tree: SourceTree, paths: Sequence[str]) -> None:
        self._tree, self.paths = tree, paths
        self._profiles: dict[tuple[str, int], similarity.Profile] = {}

    @cached_property
    def files(self) -> dict[str, list[Item]]:
        """The top-level declarations of each file, in order."""
        return {
            path: [Item(path, number, found) for number, found in enumerate(document.declarations)]
            for path, document in self._tree.documents(self.paths).items()
        }

    @property
    def items(self) -> Iterator[Item]:
        """All declarations."""
        for found in self.files.values():
            yield from found

    def named(self, symbol: str) -> Sequence[Item]:
        """Return the declarations of a symbol, in order."""
        return self._by_symbol.get(symbol, ())

    @cached_property
    def _by_symbol(self) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = defaultdict(list)
        for item in self.items:
            found[item.declaration.symbol].append(item)
        return found

    def has(self, path: str, words: str) -> bool:
        """Whether some words stand anywhere in a file."""
        return words.encode() in self._tree.data(path)

    def body(self, item: Item) -> bytes:
        """Return a declaration's bytes without its doc comment."""
        return item.declaration.body(self._tree.data(item.path))

    def profile(self, item: Item) -> similarity.Profile:
        """Return the token profile of a declaration's body, without its own names."""
        found = self._profiles.get(item.key)
        if found is None:
            names = filter(None, (item.declaration.name, item.declaration.owner))
            found = self._profiles[item.key] = similarity.profile(self.body(item), names)
        return found


class SimilarDeclaration(NamedTuple):
    """A declaration of the second tree whose body is akin to one of the first, and how alike they are."""

    item: Item
    ratio: float


class PackageMatch:
    """A package in both trees, as far as its files changed.

    `named` holds what is known to go on under its own name: in its file, in the file that this
    became, or as the only one of its name in the package. `matches` holds what was told since, too.
    """

    def __init__(self, diff: TreeDiff, path: str) -> None:
        old, new = diff.package(path)
        self.diff = diff
        self.tests = is_test_file(path)
        self.before, self.after = PackageSide(diff.before, old), PackageSide(diff.after, new)
        self.matches: dict[tuple[str, int], Match] = {}
        self.taken: dict[tuple[str, int], Item] = {}
        self.families_settled = 0
        self._fresh: list[Item] | None = None
        self._akin: dict[tuple[str, int], tuple[SimilarDeclaration, ...]] = {}
        for stage in (self._in_file, self._in_package):
            for item, found, by in stage():
                self.settle(item, found, by)
        self.named = dict(self.matches)

    def settle(self, item: Item, found: Item, by: FoundBy) -> None:
        """Take two declarations for the same."""
        self.matches[item.key] = Match(found, by)
        self.taken[found.key] = item
        self._fresh = None

    def lost(self) -> Iterator[Item]:
        """Return the declarations of the first tree that are not matched yet."""
        return (item for item in self.before.items if item.key not in self.matches)

    def fresh(self) -> Sequence[Item]:
        """Return the declarations of the second tree that nothing became yet."""
        if self._fresh is None:
            self._fresh = [item for item in self.after.items if item.key not in self.taken]
        return self._fresh

    def _in_file(self) -> Iterator[tuple[Item, Item, FoundBy]]:
        for path, items in self.before.files.items():
            later = self.diff.successor(path)
            by = FoundBy.SYMBOL if later == path else FoundBy.FILE_RENAME
            namesakes = _by_identity(self.after.files.get(later or "", ()))
            for identity, olds in _by_identity(items).items():
                for old, new in self._paired(olds, namesakes.get(identity, [])):
                    yield old, new, by

    def _in_package(self) -> Iterator[tuple[Item, Item, FoundBy]]:
        namesakes = _by_identity(self.fresh())
        for identity, olds in _by_identity(list(self.lost())).items():
            for old in olds:
                fit = [
                    new
                    for new in namesakes.get(identity, ())
                    if build_constraints.same_system_family(old.path, new.path)
                ]
                rivals = [
                    o
                    for o in olds
                    if any(build_constraints.same_system_family(o.path, new.path) for new in fit)
                ]
                if len(fit) == 1 == len(rivals) and self._plausible(old, fit[0]):
                    yield old, fit[0], FoundBy.SYMBOL
                elif best := self._clearly(old, fit, rivals):
                    yield old, best, FoundBy.SYMBOL

    def _plausible(self, old: Item, new: Item) -> bool:
        small = len(self.before.profile(old)) < similarity.TELLING
        return small or self.likeness(old, new) >= similarity.AKIN

    def _clearly(self, old: Item, fit: list[Item], rivals: list[Item]) -> Item | None:
        """Of several, the one with the same body, if no other pair is even akin: else they were split."""
        akin = [(o, n) for o in rivals for n in fit if self.likeness(o, n) >= similarity.AKIN]
        if len(akin) != 1 or akin[0][0] is not old or self.likeness(*akin[0]) < similarity.SAME:
            return None
        return akin[0][1]

    def akin(self, old: Item) -> tuple[SimilarDeclaration, ...]:
        """Return new names of the second tree of a like kind with a similar body, in order."""
        if old.key not in self._akin:
            kind = old.declaration.kind
            kinds = FUNCTION_KINDS if kind in FUNCTION_KINDS else frozenset({kind})
            fresh = (item for item in self.fresh() if item.declaration.kind in kinds)
            compared = (SimilarDeclaration(item, self.likeness(old, item)) for item in fresh)
            self._akin[old.key] = tuple(akin for akin in compared if akin.ratio >= similarity.AKIN)
        return self._akin[old.key]

    def likeness(self, old: Item, new: Item) -> float:
        """Return the similarity of two bodies; 0 if their sizes alone rule out that they are akin."""
        one, other = self.before.profile(old), self.after.profile(new)
        few, many = (len(one), len(other)) if len(one) < len(other) else (len(other), len(one))
        return similarity.dice(one, other) if few * 2 >= many * similarity.AKIN else 0.0

    def _paired(self, olds: list[Item], news: list[Item]) -> Iterator[tuple[Item, Item]]:
        """Pair declarations of one name in a file: a single one is clear, several are paired by body."""
        if len(olds) == 1 == len(news):
            yield olds[0], news[0]
            return
        same = [
            (o, n)
            for o in olds
            for n in news
            if similarity.same_code(self.before.body(o), self.after.body(n))
        ]
        for old, new in same:
            if sum(o is old or n is new for o, n in same) == 1:
                yield old, new


def _by_identity(items: Iterable[Item]) -> dict[tuple[str, Kind], list[Item]]:
    groups: dict[tuple[str, Kind], list[Item]] = defaultdict(list)
    for item in items:
        groups[item.identity].append(item)
    return groups
