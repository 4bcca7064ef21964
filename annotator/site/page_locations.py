"""Decides which declarations get a page and an anchor."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from annotator.model.go import Declaration, Kind, folder_of
from annotator.model.reference import Anchor
from annotator.site.inputs import GoSourceFile
from annotator.site.markup import slug, unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class LineRange(msgspec.Struct, frozen=True):
    """Lines `first` to `last` of a file, 1-based and inclusive."""

    path: str
    first: int
    last: int


TYPES = frozenset({Kind.STRUCT, Kind.INTERFACE, Kind.TYPE, Kind.FUNCTYPE})

_HUGE = 3000
"""Lines of methods up to which a type that is cited is shown whole."""

_LARGE = 800
"""Lines of methods up to which a type that is only used is shown whole."""


class PlacedDeclaration(msgspec.Struct, frozen=True):
    """A declaration that a page shows, its file, and its anchor on the page."""

    path: str
    declaration: Declaration
    anchor: str = ""

    @property
    def first(self) -> int:
        """The first line shown: that of the doc comment, where there is one."""
        return _first(self.declaration)

    @property
    def last(self) -> int:
        """The last line shown."""
        return self.declaration.span.end_line


class SymbolPagePlan(msgspec.Struct, frozen=True):
    """What one page shows: a type with its methods, or a package's functions, constants, variables.

    Attributes:
        page: The page's path below the site, with `.md`.
        folder: The package's folder in the repository.
        package: The package's name.
        type: The type's name, or empty on a package's page.
        items: What is shown: the file of the type, or of what an anchor names, first.
        prefixes: By file, what goes before a line's number in its anchor; unique on the page.
        hidden: How many methods of the type are not shown.
    """

    page: str
    folder: str
    package: str
    type: str
    items: tuple[PlacedDeclaration, ...]
    prefixes: Mapping[str, str]
    hidden: int = 0

    @property
    def main(self) -> PlacedDeclaration | None:
        """The type's own declaration; none on a package's page."""
        return next((item for item in self.items if item.declaration.symbol == self.type), None)

    @property
    def kind(self) -> str:
        """The subject of the page: `package`, or the type's kind."""
        return str(self.main.declaration.kind) if self.main else "type" if self.type else "package"

    @property
    def others(self) -> tuple[PlacedDeclaration, ...]:
        """Everything but the type's own declarations."""
        return tuple(item for item in self.items if item.declaration.symbol != self.type)

    @property
    def title(self) -> str:
        """The page's title: `plugin.Store`, or `package plugin`."""
        return f"{self.package}.{self.type}" if self.type else f"package {self.package}"


class PageLocation(msgspec.Struct, frozen=True):
    """The place of a symbol on the site: its page, its anchor there, and its display name."""

    page: str
    anchor: str
    name: str
    path: str
    declaration: Declaration

    @property
    def first(self) -> int:
        """Its first line: that of the doc comment, where there is one."""
        return _first(self.declaration)


PageLocations = dict[tuple[str, str], PageLocation]


def plan_symbol_pages(
    sources: Mapping[str, GoSourceFile], anchors: Iterable[Anchor], named: Iterable[tuple[str, str]] = ()
) -> tuple[SymbolPagePlan, ...]:
    """Plan the pages for the anchors' symbols, the symbols that these use directly, and the `named` ones.

    A type that an anchor names, or whose method it names, is shown with all its methods, unless these
    fill a book. Whatever
    these, or a function that an anchor names, are proven to use is shown too, as far as its file is
    among the sources, and so is what `named` gives by path and symbol; of a very large type only the
    methods that are used.
    """
    index = _DeclarationIndex(sources)
    seeds = {shown.key: shown for anchor in anchors for shown in index.seeded(index.at(anchor))}
    told = (index.find(path, symbol) for path, symbol in named)
    used = {one.key: one for one in told if one}
    used |= {one.key: one for seed in seeds.values() for one in index.used_by(seed)}
    grouped: dict[tuple[str, str], dict[_Key, _Candidate]] = defaultdict(dict)
    for found in (*seeds.values(), *(more for one in used.values() for more in index.around(one))):
        grouped[found.folder, found.type][found.key] = found
    pages = unique([page_of(folder, name) for folder, name in sorted(grouped)])
    return tuple(
        _sheet(page, folder, name, grouped[folder, name], index)
        for page, (folder, name) in zip(pages, sorted(grouped), strict=True)
    )


def locate_symbols(shown: Iterable[SymbolPagePlan]) -> PageLocations:
    """Return the page and anchor of each declaration, field, method and closure."""
    found: PageLocations = {}
    for plan in shown:
        for item in plan.items:
            for anchor, declaration in _members(plan, item):
                name = f"{plan.package}.{declaration.symbol}"
                place = PageLocation(plan.page, anchor, name, item.path, declaration)
                found.setdefault((item.path, declaration.symbol), place)
    return found


def _first(declaration: Declaration) -> int:
    doc = declaration.doc_span
    return min(doc.line, declaration.span.line) if doc else declaration.span.line


def _members(plan: SymbolPagePlan, item: PlacedDeclaration) -> Iterator[tuple[str, Declaration]]:
    yield item.anchor, item.declaration
    for member in item.declaration.members:
        yield f"{plan.prefixes[item.path]}{member.line}", member


_Key = tuple[str, int, str]


class _Candidate(msgspec.Struct, frozen=True):
    path: str
    declaration: Declaration

    @property
    def key(self) -> _Key:
        return self.path, self.declaration.span.start, self.declaration.symbol

    @property
    def folder(self) -> str:
        return folder_of(self.path)

    @property
    def type(self) -> str:
        """The type on whose page it stands, empty for a package's page."""
        if self.declaration.kind in TYPES:
            return self.declaration.name
        return self.declaration.owner if self.declaration.kind is Kind.METHOD else ""

    @property
    def lines(self) -> int:
        return self.declaration.span.end_line - self.declaration.span.line + 1


class _DeclarationIndex:
    """The sources' declarations by file, symbol and type."""

    def __init__(self, sources: Mapping[str, GoSourceFile]) -> None:
        self._sources = {path: sources[path] for path in sorted(sources)}
        self._files = {path: self._read(path) for path in self._sources}
        self._types: dict[tuple[str, str], list[_Candidate]] = defaultdict(list)
        self._symbols: dict[tuple[str, str], _Candidate] = {}
        for founds in self._files.values():
            for found in founds:
                self._symbols.setdefault((found.path, found.declaration.symbol), found)
                for member in found.declaration.members:
                    self._symbols.setdefault((found.path, member.symbol), found)
                if found.type:
                    self._types[found.folder, found.type].append(found)

    def _read(self, path: str) -> tuple[_Candidate, ...]:
        return tuple(_Candidate(path, one) for one in self._sources[path].document.declarations)

    def package(self, path: str) -> str:
        return self._sources[path].document.package

    def at(self, anchor: Anchor) -> _Candidate | None:
        """Return the top-level declaration that an anchor lies in."""
        for found in self._files.get(anchor.path, ()):
            if found.declaration.span.line <= anchor.line <= found.declaration.span.end_line:
                return found
        return self.find(anchor.path, anchor.symbol)

    def find(self, path: str, symbol: str) -> _Candidate | None:
        """Return the top-level declaration that a symbol is, or is part of."""
        return self._symbols.get((path, symbol))

    def whole(self, found: _Candidate | None) -> tuple[_Candidate, ...]:
        """Return a type's declaration with all its methods, a function alone."""
        if found is None:
            return ()
        return tuple(self._types[found.folder, found.type]) if found.type else (found,)

    def seeded(self, found: _Candidate | None) -> tuple[_Candidate, ...]:
        """Return a cited declaration; a type with all its methods, unless it is huge."""
        whole = self.whole(found)
        if found is None or sum(one.lines for one in whole) <= _HUGE:
            return whole
        return (found, *(one for one in whole if one.declaration.kind in TYPES))

    def around(self, found: _Candidate) -> tuple[_Candidate, ...]:
        """Yield a used declaration; a type with all its methods, unless it is large."""
        whole = self.whole(found)
        if sum(one.lines for one in whole) <= _LARGE:
            return whole
        return (found, *(one for one in whole if one.declaration.kind in TYPES))

    def used_by(self, found: _Candidate) -> Iterator[_Candidate]:
        span = found.declaration.span
        for use in self._sources[found.path].uses:
            if span.start <= use.start < span.end and (used := self.find(use.path, use.symbol)):
                yield used


def _sheet(
    page: str, folder: str, name: str, found: dict[_Key, _Candidate], index: _DeclarationIndex
) -> SymbolPagePlan:
    main = min(found.values(), key=lambda one: one.declaration.kind not in TYPES).path
    ordered = sorted(
        found.values(), key=lambda one: (one.path != main, one.declaration.kind not in TYPES, one.key)
    )
    anchors = unique([slug(one.declaration.symbol) for one in ordered])
    return SymbolPagePlan(
        page=page,
        folder=folder,
        package=index.package(main),
        type=name,
        items=tuple(
            PlacedDeclaration(one.path, one.declaration, anchor)
            for one, anchor in zip(ordered, anchors, strict=True)
        ),
        prefixes=file_prefixes(tuple(dict.fromkeys(one.path for one in ordered))),
        hidden=len(index.whole(ordered[0])) - len(ordered) if name else 0,
    )


def file_prefixes(paths: tuple[str, ...]) -> dict[str, str]:
    """Return the anchor prefixes of files: `go-L` for the first, with the file's name for the others."""
    others = unique([slug(path.rpartition("/")[2].removesuffix(".go")) for path in paths[1:]])
    return dict(zip(paths, ("go-L", *(f"go-{other}-L" for other in others)), strict=False))


def page_of(folder: str, name: str) -> str:
    """Return the path of the page of a type, or of a package if the name is empty."""
    folders = (slug(part) for part in folder.split("/")) if folder else ("~",)
    return "/".join(("go", *folders, slug(name) or "index")) + ".md"


def group_adjacent(items: Iterable[PlacedDeclaration]) -> Iterator[tuple[PlacedDeclaration, ...]]:
    """Yield the items of one file in groups that share lines or follow each other."""
    ordered = sorted(items, key=lambda item: (item.first, item.last))
    start, reach = 0, 0
    for place, (one, after) in enumerate(pairwise(ordered), 1):
        reach = max(reach, one.last)
        if after.first > reach and not _related(one, after):
            yield tuple(ordered[start:place])
            start = place
    if ordered:
        yield tuple(ordered[start:])


def _related(one: PlacedDeclaration, after: PlacedDeclaration) -> bool:
    """Return whether two constants or variables belong to one group, or nearly do."""
    kinds = {one.declaration.kind, after.declaration.kind}
    return len(kinds) == 1 and kinds <= {Kind.CONST, Kind.VAR} and after.first - one.last <= 2  # noqa: PLR2004
