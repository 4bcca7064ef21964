"""Pairs Python lines with Go lines for display."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from annotator.site.highlighting import line_offsets
from annotator.site.language import _
from annotator.site.markup import slug, unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from annotator.model.go import ResolvedUse
    from annotator.model.port import Comparison, PythonObject
    from annotator.site.inputs import GoSourceFile, PythonFile, PythonInput
    from annotator.site.page_locations import PageLocation, PageLocations

_WHOLE = 70
"""Lines up to which a class is shown whole; of a longer one the beginning, its methods where they belong."""

_TELLING = 8
"""Characters from which the text of an error is looked for on both sides."""


class CounterpartExcerpt(msgspec.Struct, frozen=True):
    """A counterpart's lines `first` to `last`, and the place of the original that they are shown next to."""

    name: str
    path: str
    first: int
    last: int
    place: PageLocation
    pair: Comparison


class LineLink(msgspec.Struct, frozen=True):
    """A line of Go, and the line of Python that does the same there."""

    go: tuple[str, int]
    python: tuple[str, int]
    name: str


class SideBySide:
    """What faces what on one page."""

    def __init__(self, page: str, sides: tuple[CounterpartExcerpt, ...], prefixes: Mapping[str, str]) -> None:
        self.page = page
        self.sides = sides
        self.prefixes = prefixes

    def beside(self, path: str, first: int, last: int) -> tuple[CounterpartExcerpt, ...]:
        """Return the counterparts of what some lines of a Go file declare, each once, in the order of Go."""
        found = (
            side
            for side in self.sides
            if side.place.path == path and first <= side.place.declaration.line <= last
        )
        return tuple({(side.path, side.first): side for side in found}.values())

    def pairs(self, path: str, first: int, last: int) -> tuple[CounterpartExcerpt, ...]:
        """Return the counterparts of what some lines of a Go file declare, one for each pair."""
        found = (
            side
            for side in self.sides
            if side.place.path == path and first <= side.place.declaration.line <= last
        )
        return tuple({side.name: side for side in found}.values())


class SideBySideIndex:
    """Facing sides of all pages."""

    def __init__(
        self, mirror: PythonInput, places: PageLocations, sources: Mapping[str, GoSourceFile]
    ) -> None:
        self._mirror = mirror
        self._sources = sources
        sides: dict[str, list[CounterpartExcerpt]] = defaultdict(list)
        for side in _sides(mirror, places):
            sides[side.place.page].append(side)
        self.by_page = {page: _facing(page, found) for page, found in sides.items()}

    @cached_property
    def home(self) -> Mapping[str, tuple[str, str]]:
        """By dotted name, the page and anchor where a counterpart is shown next to its original."""
        found: dict[str, tuple[str, str]] = {}
        for page, facing in self.by_page.items():
            for side in facing.sides:
                anchor = f"{facing.prefixes[side.path]}{side.first}"
                found.setdefault(side.name, (page, anchor))
        return found

    @cached_property
    def counterparts(self) -> Mapping[str, frozenset[str]]:
        """By Go notation, the dotted names of its counterparts."""
        found: dict[str, set[str]] = defaultdict(set)
        for pair in self._mirror.pairs:
            for original in pair.originals:
                found[original.notation].add(pair.counterpart.name)
        return {notation: frozenset(names) for notation, names in found.items()}

    def line_links(self, side: CounterpartExcerpt) -> Iterator[LineLink]:
        """Yield the lines of a side that do what a line of its original does: the first for each thing."""
        taken: set[tuple[str, int]] = set()
        for found in (*self._calls(side), *self._members(side), *self._errors(side)):
            if taken.isdisjoint((found.go, found.python)):  # a helper may do several things: the first
                taken.update((found.go, found.python))
                yield found

    def _calls(self, side: CounterpartExcerpt) -> Iterator[LineLink]:
        span, path = side.place.declaration.span, side.place.path
        ours = _within(self._mirror.modules[side.path].uses, side)
        seen: set[str] = set()
        through_helpers = {row.go: row.python_line for row in side.pair.rows if row.kind == "call"}
        uses = self._sources[path].uses
        first, last = (bisect_left(uses, at, key=lambda use: use.start) for at in (span.start, span.end))
        for use in uses[first:last]:
            notation = f"{use.path}::{use.symbol}"
            names = self.counterparts.get(notation)
            if not (use.call and names) or notation in seen:
                continue
            seen.add(notation)
            direct = (one.line for one in ours if one.symbol in names)
            line = next(direct, through_helpers.get(notation, 0))
            if side.first <= line <= side.last:
                yield LineLink((path, use.line), (side.path, line), use.symbol)

    def _members(self, side: CounterpartExcerpt) -> Iterator[LineLink]:
        """Yield a struct's fields and an interface's methods, by the rows of the pair."""
        lines = {member.name: member.line for member in side.place.declaration.members}
        data = self._mirror.modules[side.path].data
        for row in side.pair.rows:
            if row.kind in ("field", "method") and row.name in lines and row.python:
                name = re.split(r"\W", row.python)[0]
                line = row.python_line
                if not side.first <= line <= side.last:  # declared by a base class, and set here
                    assigned = rf"\s*self\.{re.escape(name)}\b[^=]*=".encode()
                    numbered = enumerate(data.split(b"\n")[side.first - 1 : side.last], side.first)
                    line = next((number for number, text in numbered if re.match(assigned, text)), 0)
                if line and line_has_word(data, line, name):
                    yield LineLink((side.place.path, lines[row.name]), (side.path, line), row.name)

    def _errors(self, side: CounterpartExcerpt) -> Iterator[LineLink]:
        """Yield the lines that have the text of an error, if one line of either side has it."""
        span, path = side.place.declaration.span, side.place.path
        for row in side.pair.rows:
            text = row.go.partition("%")[0].strip(": ").encode()
            if row.kind == "error" and row.python and len(text) >= _TELLING:
                go = _lines_with(self._sources[path].data, text, span.line, span.end_line)
                python = _lines_with(self._mirror.modules[side.path].data, text, side.first, side.last)
                if len(go) == len(python) == 1:
                    yield LineLink((path, go[0]), (side.path, python[0]), _("this error"))


def _lines_with(data: bytes, text: bytes, first: int, last: int) -> list[int]:
    """Return the 1-based lines of a range in which a string begins with a text."""
    lines = data.split(b"\n")[first - 1 : last]
    begins = tuple(quote + text for quote in (b'"', b"'"))
    return [number for number, line in enumerate(lines, first) if any(one in line for one in begins)]


def line_has_word(data: bytes, line: int, word: str) -> bool:
    """Return whether a 1-based line of a file has a word."""
    ends = line_offsets(data)
    if not 0 < line < len(ends):
        return False
    text = data[ends[line - 1] : ends[line]].decode("utf-8", "replace")
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _within(uses: Iterable[ResolvedUse], side: CounterpartExcerpt) -> tuple[ResolvedUse, ...]:
    return tuple(use for use in uses if side.first <= use.line <= side.last)


def _sides(mirror: PythonInput, places: PageLocations) -> Iterator[CounterpartExcerpt]:
    methods = _methods(mirror)
    for pair in mirror.pairs:
        ours = mirror.objects.get(pair.counterpart.name)
        if ours is None or ours.path not in mirror.modules:
            continue
        first, last = _shown(ours, pair, mirror.modules[ours.path], methods.get(ours.name, []))
        for original in pair.originals:
            place = places.get((original.path, original.symbol))
            if place is not None:
                yield CounterpartExcerpt(ours.name, ours.path, first, last, place, pair)


def _methods(mirror: PythonInput) -> Mapping[str, list[PythonObject]]:
    """Return the methods of each class by its dotted name, in the order of their lines."""
    found: dict[str, list[PythonObject]] = defaultdict(list)
    for name, known in mirror.objects.items():
        owner = mirror.objects.get(name.rpartition(".")[0])
        if known.kind == "function" and owner is not None and owner.kind == "class":
            found[owner.name].append(known)
    return {name: sorted(methods, key=lambda one: one.line) for name, methods in found.items()}


def _shown(
    ours: PythonObject, pair: Comparison, module: PythonFile, methods: list[PythonObject]
) -> tuple[int, int]:
    """Return the first and last line of a counterpart that are shown next to its original."""
    lines = module.data.decode("utf-8", "replace").splitlines()
    if ours.kind == "attribute":
        return ours.line, _end_of_words(ours, pair, lines)
    if ours.kind != "class" or ours.end_line - ours.line < _WHOLE or not methods:
        return ours.line, ours.end_line
    last = methods[0].end_line if methods[0].name.endswith(".__init__") else methods[0].line - 1
    while last > ours.line and not lines[last - 1].strip():
        last -= 1
    return ours.line, last


def _end_of_words(ours: PythonObject, pair: Comparison, lines: list[str]) -> int:
    """Return the last line of an attribute's docstring, which names the original."""
    said = (*pair.counterpart.mirrors, *pair.counterpart.differences)
    last = max([getattr(one, "at_line", 0) or getattr(one, "line", 0) for one in said] + [ours.end_line])
    following = range(last, min(last + 40, len(lines)) + 1)
    return next((line for line in following if lines[line - 1].rstrip().endswith('"""')), last)


def _facing(page: str, sides: list[CounterpartExcerpt]) -> SideBySide:
    ordered = sorted(sides, key=lambda side: (side.place.path, side.place.declaration.line))
    paths = tuple(dict.fromkeys(side.path for side in ordered))
    return SideBySide(page, tuple(ordered), prefixes(paths))


def prefixes(paths: tuple[str, ...]) -> Mapping[str, str]:
    """Return the anchor prefixes of Python files: `py-L` first, the others with the file's name."""
    others = unique([slug(_stem(path)) for path in paths[1:]])
    return dict(zip(paths, ("py-L", *(f"py-{other}-L" for other in others)), strict=False))


def _stem(path: str) -> str:
    stem = path.removesuffix(".py").rpartition("/")[2]
    return path.split("/")[-2] if stem == "__init__" and "/" in path else stem
