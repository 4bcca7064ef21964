"""Carries declarations from one tree to the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import NamedTuple

from annotator.model import Anchor, Declaration, Document, Sign
from annotator.tracking import likeness, members, renames, travels
from annotator.tracking.crossing import Crossing
from annotator.tracking.members import Stand
from annotator.tracking.package import Item, Match, Package
from annotator.tracking.places import folder, is_test


class Carried(NamedTuple):
    """Where a declaration went and by what that was told; or, with no `by`, the best guess and why not."""

    stand: Stand | None
    by: Sign | None
    reason: str = ""


class Reanchor:
    """One step from a tree to another; what was found out for one declaration serves the next."""

    def __init__(self, crossing: Crossing) -> None:
        self.crossing = crossing
        self._packages: dict[tuple[str, bool], Package] = {}
        self._tops: dict[tuple[str, int, int], Carried] = {}

    def prepare(self, paths: Iterable[str]) -> None:
        """Read and parse in one go what a number of declarations will need."""
        changed = sorted({path for path in paths if not self.crossing.is_same(path)})
        for tree in (self.crossing.before, self.crossing.after):
            tree.documents([path for path in changed if path in tree.go_files])

    def carry(self, anchor: Anchor) -> Carried:
        """Where a declaration of the first tree is in the second."""
        if anchor.path not in self.crossing.before.go_files:
            return Carried(None, None, f"{anchor.path} is vendored, or no Go file: it is not followed")
        stand = members.at(self.crossing.old(anchor.path), anchor)
        if self.crossing.is_same(anchor.path):
            return Carried(stand, Sign.SYMBOL)
        top = self._top(stand.path, stand.top)
        if stand.declaration is stand.top or top.stand is None or top.by is None:
            return top
        return self._member(stand, top.stand, top.by)

    def returned(self, anchor: Anchor, body: bytes) -> Carried | None:
        """A declaration that was missing and is back in its file under its name, if its body is akin."""
        path = anchor.path
        if path not in self.crossing.after.go_files:
            return None
        data = self.crossing.after.read([path])[path]
        if anchor.symbol.rpartition(".")[2].encode() not in data:
            return None
        hits = members.of_identity(self.crossing.later(path), anchor)
        if len(hits) != 1:
            return None
        span = hits[0].declaration.span
        alike = likeness.ratio(body, data[span.start : span.end]) >= likeness.AKIN
        return Carried(hits[0], Sign.SYMBOL) if alike else None

    def _top(self, path: str, top: Declaration) -> Carried:
        key = path, top.line, top.column
        if key not in self._tops:
            self._tops[key] = next(self._answers(path, top))
        return self._tops[key]

    def _answers(self, path: str, top: Declaration) -> Iterator[Carried]:
        """From the surest sign to the weakest; the last answer is that there is none."""
        if path in self.crossing.after.go_files:
            yield from _only_one(path, top, self.crossing.old(path), self.crossing.later(path))
        package = self._package(path)
        item = next(i for i in package.before.files[path] if i.declaration == top)
        for search in (self._matched, self._travelled, self._renamed):
            match = search(package, item)
            if match is not None:
                yield Carried(_stand(match.item), match.by)
        guess = renames.best(package, item)
        yield Carried(_stand(guess.item) if guess else None, None, _why(package, item))

    def _package(self, path: str) -> Package:
        key = folder(path), is_test(path)
        if key not in self._packages:
            self._packages[key] = Package(self.crossing, path)
        return self._packages[key]

    def _matched(self, package: Package, item: Item) -> Match | None:
        return package.named.get(item.key)

    def _travelled(self, package: Package, item: Item) -> Match | None:
        return travels.find(package, item)

    def _renamed(self, package: Package, item: Item) -> Match | None:
        renames.settle_once(package, item.declaration.kind)
        return package.matches.get(item.key)

    def _member(self, stand: Stand, top: Stand, by: Sign) -> Carried:
        found = members.find(stand, top, partial(self._bytes, stand, top))
        if found is None:
            why = f"{top.declaration.symbol} in {top.path} has no {stand.declaration.name} any more"
            return Carried(top, None, why)
        return Carried(Stand(top.path, top.top, found.declaration), found.by or by)

    def _bytes(self, stand: Stand, top: Stand) -> tuple[bytes, bytes]:
        before = self.crossing.before.read([stand.path])[stand.path]
        return before, self.crossing.after.read([top.path])[top.path]


def _only_one(path: str, top: Declaration, before: Document, after: Document) -> Iterator[Carried]:
    """The same name and kind in the same file, where it is the only one in both trees."""
    olds = [d for d in before.declarations if (d.symbol, d.kind) == (top.symbol, top.kind)]
    news = [d for d in after.declarations if (d.symbol, d.kind) == (top.symbol, top.kind)]
    if len(olds) == 1 == len(news):
        yield Carried(Stand(path, news[0], news[0]), Sign.SYMBOL)


def _stand(item: Item) -> Stand:
    return Stand(item.path, item.declaration, item.declaration)


def _why(package: Package, item: Item) -> str:
    after, symbol = package.crossing.after, item.declaration.symbol
    heirs = [other.path for other in package.fresh() if other.identity == item.identity]
    if len(heirs) > 1:
        return f"{symbol} was split: at {after.tag} it is in each of {', '.join(heirs)}"
    gone = "" if item.path in after.go_files else f"; {item.path} is not in the tree"
    return f"no declaration at {after.tag} is clearly {symbol}{gone}"
