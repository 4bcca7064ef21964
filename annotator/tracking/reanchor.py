"""Moves an anchor from one tree to the next."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import msgspec

from annotator.golang import declarations
from annotator.model.go import FUNCTION_KINDS, Declaration, GoFile, folder_of, is_test_file
from annotator.model.reference import Anchor, FoundBy
from annotator.model.symbol_history import TrackedPosition
from annotator.tracking import package_match, rename_detection, similarity
from annotator.tracking.package_match import Item, LocatedDeclaration, PackageMatch
from annotator.tracking.tree_diff import TreeDiff


class StepResult(NamedTuple):
    """A declaration's new location and the evidence; without evidence, the best guess and the reason."""

    stand: LocatedDeclaration | None
    by: FoundBy | None
    reason: str = ""


class Reanchorer:
    """Moves anchors from one tree to the next; package matches are shared between declarations."""

    def __init__(self, diff: TreeDiff) -> None:
        self.diff = diff
        self._packages: dict[tuple[str, bool], PackageMatch] = {}
        self._tops: dict[tuple[str, int, int], StepResult] = {}

    def prepare(self, paths: Iterable[str]) -> None:
        """Read and parse in one go what a number of declarations will need."""
        changed = {path for path in paths if not self.diff.is_same(path)}
        olds, news = set(changed), set(changed)
        for path in changed:
            if not self.diff.after.go_blob(path):  # its declarations are looked for in its whole package
                old, new = self.diff.package(path)
                olds.update(old)
                news.update(new)
        for tree, files in ((self.diff.before, olds), (self.diff.after, news)):
            tree.documents(sorted(path for path in files if tree.go_blob(path)))

    def carry(self, anchor: Anchor) -> StepResult:
        """Where a declaration of the first tree is in the second."""
        if self.diff.before.go_blob(anchor.path) is None:
            return StepResult(None, None, f"{anchor.path} is vendored, or no Go file: it is not followed")
        stand = package_match.at(self.diff.before.document(anchor.path), anchor)
        if self.diff.is_same(anchor.path):
            return StepResult(stand, FoundBy.SYMBOL)
        top = self._top(stand.path, stand.top)
        if stand.declaration is stand.top or top.stand is None or top.by is None:
            return top
        return self._member(stand, top.stand, top.by)

    def returned(self, anchor: Anchor, body: bytes) -> StepResult | None:
        """Find a missing declaration that is back in its file under its name with a similar body."""
        path = anchor.path
        if self.diff.after.go_blob(path) is None:
            return None
        data = self.diff.after.data(path)
        if anchor.symbol.rpartition(".")[2].encode() not in data:
            return None
        hits = package_match.of_identity(self.diff.after.document(path), anchor)
        if len(hits) != 1:
            return None
        alike = similarity.token_similarity(body, hits[0].declaration.body(data)) >= similarity.AKIN
        return StepResult(hits[0], FoundBy.SYMBOL) if alike else None

    def _top(self, path: str, top: Declaration) -> StepResult:
        key = path, top.line, top.column
        if key not in self._tops:
            self._tops[key] = next(self._answers(path, top))
        return self._tops[key]

    def _answers(self, path: str, top: Declaration) -> Iterator[StepResult]:
        """Yield answers from the strongest evidence to the weakest, and last that nothing matched."""
        if self.diff.after.go_blob(path):
            yield from _only_one(path, top, self.diff.before.document(path), self.diff.after.document(path))
        package = self._package(path)
        item = next(i for i in package.before.files[path] if i.declaration == top)
        if match := package.named.get(item.key):
            yield StepResult(_stand(match.item), match.by)
        if match := rename_detection.find_in_other_packages(package, item):
            yield StepResult(_stand(match.item), match.by)
        rename_detection.settle_once(package, item.declaration.kind)
        if match := package.matches.get(item.key):
            yield StepResult(_stand(match.item), match.by)
        guess = rename_detection.best(package, item)
        yield StepResult(_stand(guess.item) if guess else None, None, _why(package, item))

    def _package(self, path: str) -> PackageMatch:
        key = folder_of(path), is_test_file(path)
        if key not in self._packages:
            self._packages[key] = PackageMatch(self.diff, path)
        return self._packages[key]

    def _member(self, stand: LocatedDeclaration, top: LocatedDeclaration, by: FoundBy) -> StepResult:

        def read() -> tuple[bytes, bytes]:
            return self.diff.before.data(stand.path), self.diff.after.data(top.path)

        found = package_match.find(stand, top, read)
        if found is None:
            why = f"{top.declaration.symbol} in {top.path} has no {stand.declaration.name} any more"
            return StepResult(top, None, why)
        return StepResult(LocatedDeclaration(top.path, top.top, found.declaration), found.by or by)


@lru_cache(maxsize=2)
def reanchorer(diff: TreeDiff) -> Reanchorer:
    """Return the re-anchorer of two trees; symbols and notes that cross the same step share it."""
    return Reanchorer(diff)


def _only_one(path: str, top: Declaration, before: GoFile, after: GoFile) -> Iterator[StepResult]:
    """Find the same name and kind in the same file, if it is unique in both trees."""
    olds = [d for d in before.declarations if (d.symbol, d.kind) == (top.symbol, top.kind)]
    news = [d for d in after.declarations if (d.symbol, d.kind) == (top.symbol, top.kind)]
    if len(olds) == 1 == len(news):
        yield StepResult(LocatedDeclaration(path, news[0], news[0]), FoundBy.SYMBOL)


def _stand(item: Item) -> LocatedDeclaration:
    return LocatedDeclaration(item.path, item.declaration, item.declaration)


def _why(package: PackageMatch, item: Item) -> str:
    after, symbol = package.diff.after, item.declaration.symbol
    heirs = [other.path for other in package.fresh() if other.identity == item.identity]
    if len(heirs) > 1:
        return f"{symbol} was split: at {after.tag} it is in each of {', '.join(heirs)}"
    gone = "" if after.go_blob(item.path) else f"; {item.path} is not in the tree"
    return f"no declaration at {after.tag} is clearly {symbol}{gone}"


_FUNCTION_HEAD = re.compile(rb"func (?:\([^()\n]*\) )?\w+[(\[]")


def edited(place: TrackedPosition, before: bytes, after: bytes) -> LocatedDeclaration | None:
    """Return a function in the edited file, or None if that needs the whole file to be parsed.

    Only its head is parsed, if that stands at the margin, once in either file, and in neither a comment
    nor a raw string.
    """
    # Kept for its measured benefit: `track` of NewDaemon over all tags of moby, cold, takes half of the
    # time with it, with the same answers.
    match = None if place.missing else _FUNCTION_HEAD.match(before, place.start, place.end)
    if match is None or place.anchor.kind not in FUNCTION_KINDS:
        return None
    head = b"\n" + match[0]
    at = after.find(head) + 1
    if not at or before.count(head) != 1 or after.count(head) != 1 or not is_code(after, at):
        return None
    found = declarations.read_function_alone(after, at)
    if found is None or (found.symbol, found.kind) != (place.anchor.symbol, place.anchor.kind):
        return None
    return LocatedDeclaration(place.anchor.path, found, found)


_BEGINNINGS = (b"func ", b"type ", b"var ", b"const ")

# Git takes a file with a NUL this early for binary, and so does the parser.
_BINARY_PROBE = 8000


def shifted(place: TrackedPosition, before: bytes, after: bytes) -> TrackedPosition | None:
    """Return the position in the edited file, or None if it is ambiguous and needs parsing.

    There is none if the bytes of the whole top-level declaration stand at the margin, once in either
    file, and in neither a comment nor a raw string.
    """
    body = before[place.start : place.end]
    if place.missing or place.anchor.offset < 0 or not body.startswith(_BEGINNINGS):
        return None
    at = after.find(body)
    # That it is code where it was, parsing told once.
    if at < 0 or not _is_alone(before, body, place.start) or not _is_alone(after, body, at):
        return None
    end = at + len(body)
    if after[end : end + 1] not in (b"", b"\n") or not is_code(after, at):
        return None
    lines = after.count(b"\n", 0, at) - before.count(b"\n", 0, place.start)
    anchor = place.anchor
    return msgspec.structs.replace(
        place,
        anchor=msgspec.structs.replace(anchor, line=anchor.line + lines, end_line=anchor.end_line + lines),
        line=place.line + lines if place.line else 0,
        start=at,
        end=end,
    )


def _is_alone(data: bytes, body: bytes, at: int) -> bool:
    return data.find(body) == at and data.find(body, at + 1) < 0


def is_code(data: bytes, at: int) -> bool:
    """Whether surely neither comment nor string is what begins a line of a file at an offset."""
    return (
        (not at or data[at - 1 : at] == b"\n")
        and data.rfind(b"/*", 0, at) <= data.rfind(b"*/", 0, at)
        and data.count(b"`", 0, at) % 2 == 0
        and b"\0" not in data[:_BINARY_PROBE]
    )
