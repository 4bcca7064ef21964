"""Matches the declarations of a package before and after: by name first, then by what else agrees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from annotator.history import Tree
from annotator.model import Declaration, Kind, Sign
from annotator.tracking import likeness, platforms
from annotator.tracking.crossing import Crossing
from annotator.tracking.places import is_test

FUNCTIONS = frozenset({Kind.FUNC, Kind.METHOD})
"""Kinds of which one can become the other."""


class Item(NamedTuple):
    """A top-level declaration: its file, and which one it is there."""

    path: str
    number: int
    declaration: Declaration

    @property
    def key(self) -> tuple[str, int]:
        """What tells it from all others of its tree."""
        return self.path, self.number

    @property
    def identity(self) -> tuple[str, Kind]:
        """Its name with the receiver, and its kind: what Go knows it by within its package."""
        return self.declaration.symbol, self.declaration.kind


class Match(NamedTuple):
    """What a declaration became, and by which sign that was told."""

    item: Item
    by: Sign


class Side:
    """The changed files of a package in one tree."""

    def __init__(self, tree: Tree, paths: Sequence[str]) -> None:
        self._tree, self.paths = tree, paths
        self._profiles: dict[tuple[str, int], likeness.Profile] = {}

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
        """The declarations of a symbol, in order."""
        return self._by_symbol.get(symbol, ())

    @cached_property
    def _by_symbol(self) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = defaultdict(list)
        for item in self.items:
            found[item.declaration.symbol].append(item)
        return found

    def has(self, path: str, words: str) -> bool:
        """Whether some words stand anywhere in a file."""
        return words.encode() in self._tree.read([path])[path]

    def body(self, item: Item) -> bytes:
        """A declaration's bytes without its doc comment."""
        span = item.declaration.span
        return self._tree.read([item.path])[item.path][span.start : span.end]

    def profile(self, item: Item) -> likeness.Profile:
        """What its body is compared by, its own names aside."""
        if item.key not in self._profiles:
            names = filter(None, (item.declaration.name, item.declaration.owner))
            self._profiles[item.key] = likeness.profile(self.body(item), names)
        return self._profiles[item.key]


class Akin(NamedTuple):
    """A declaration of the second tree whose body is akin to one of the first, and how alike they are."""

    item: Item
    ratio: float


class Package:
    """A package in both trees, as far as its files changed.

    `named` holds what is known to go on under its own name: in its file, in the file that this
    became, or as the only one of its name in the package. `matches` holds what was told since, too.
    """

    def __init__(self, crossing: Crossing, path: str) -> None:
        old, new = crossing.package(path)
        self.crossing = crossing
        self.tests = is_test(path)
        self.before, self.after = Side(crossing.before, old), Side(crossing.after, new)
        self.matches: dict[tuple[str, int], Match] = {}
        self.taken: dict[tuple[str, int], Item] = {}
        self.families_settled = 0
        self._akin: dict[tuple[str, int], tuple[Akin, ...]] = {}
        for stage in (self._in_file, self._in_package):
            for item, found, by in stage():
                self.settle(item, found, by)
        self.named = dict(self.matches)

    def settle(self, item: Item, found: Item, by: Sign) -> None:
        """Take two declarations for the same."""
        self.matches[item.key] = Match(found, by)
        self.taken[found.key] = item

    def lost(self) -> Iterator[Item]:
        """The declarations of the first tree that are not matched yet."""
        return (item for item in self.before.items if item.key not in self.matches)

    def fresh(self) -> Iterator[Item]:
        """Those of the second tree that nothing became yet."""
        return (item for item in self.after.items if item.key not in self.taken)

    def _in_file(self) -> Iterator[tuple[Item, Item, Sign]]:
        for path, items in self.before.files.items():
            later = self.crossing.successor(path)
            by = Sign.SYMBOL if later == path else Sign.FILE_RENAME
            namesakes = _by_identity(self.after.files.get(later or "", ()))
            for identity, olds in _by_identity(items).items():
                for old, new in self._paired(olds, namesakes.get(identity, [])):
                    yield old, new, by

    def _in_package(self) -> Iterator[tuple[Item, Item, Sign]]:
        namesakes = _by_identity(self.fresh())
        for identity, olds in _by_identity(list(self.lost())).items():
            for old in olds:
                fit = [new for new in namesakes.get(identity, ()) if platforms.agree(old.path, new.path)]
                rivals = [o for o in olds if any(platforms.agree(o.path, new.path) for new in fit)]
                if len(fit) == 1 == len(rivals) and self._plausible(old, fit[0]):
                    yield old, fit[0], Sign.SYMBOL
                elif best := self._clearly(old, fit, rivals):
                    yield old, best, Sign.SYMBOL

    def _plausible(self, old: Item, new: Item) -> bool:
        small = len(self.before.profile(old)) < likeness.TELLING
        return small or self.likeness(old, new) >= likeness.AKIN

    def _clearly(self, old: Item, fit: list[Item], rivals: list[Item]) -> Item | None:
        """Of several, the one with the same body, if no other pair is even akin: else they were split."""
        akin = [(o, n) for o in rivals for n in fit if self.likeness(o, n) >= likeness.AKIN]
        if len(akin) != 1 or akin[0][0] is not old or self.likeness(*akin[0]) < likeness.SAME:
            return None
        return akin[0][1]

    def akin(self, old: Item) -> tuple[Akin, ...]:
        """What of the second tree is new by its name, of a like kind and has an akin body, in order."""
        if old.key not in self._akin:
            kind = old.declaration.kind
            kinds = FUNCTIONS if kind in FUNCTIONS else frozenset({kind})
            fresh = (item for item in self.fresh() if item.declaration.kind in kinds)
            compared = (Akin(item, self.likeness(old, item)) for item in fresh)
            self._akin[old.key] = tuple(akin for akin in compared if akin.ratio >= likeness.AKIN)
        return self._akin[old.key]

    def likeness(self, old: Item, new: Item) -> float:
        """How alike two bodies are."""
        return likeness.alike(self.before.profile(old), self.after.profile(new))

    def _paired(self, olds: list[Item], news: list[Item]) -> Iterator[tuple[Item, Item]]:
        """Declarations of the same name in a file: one is clear; of several, those of the same body."""
        if len(olds) == 1 == len(news):
            yield olds[0], news[0]
            return
        same = [
            (o, n) for o in olds for n in news if likeness.same_code(self.before.body(o), self.after.body(n))
        ]
        for old, new in same:
            if sum(o is old or n is new for o, n in same) == 1:
                yield old, new


def _by_identity(items: Iterable[Item]) -> dict[tuple[str, Kind], list[Item]]:
    groups: dict[tuple[str, Kind], list[Item]] = defaultdict(list)
    for item in items:
        groups[item.identity].append(item)
    return groups
