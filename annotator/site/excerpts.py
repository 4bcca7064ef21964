"""Excerpts of source files as pages show them: highlighted, linked, each line with its address."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import msgspec

from annotator.golang.build_constraints import SYSTEMS, platform_of
from annotator.model.go import is_vendored
from annotator.site import highlighting, side_by_side
from annotator.site.highlighting import FacingLine, NoteMark
from annotator.site.language import _
from annotator.site.markup import href
from annotator.site.page_locations import LineRange, file_prefixes
from annotator.site.site_index import SiteIndex, module_page
from annotator.site.view_models import Excerpt, Link

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from annotator.model.go import ResolvedUse
    from annotator.site.highlighting import CodeLine
    from annotator.site.page_locations import SymbolPagePlan
    from annotator.site.side_by_side import CounterpartExcerpt, SideBySide
    from annotator.site.view_models import CitedCode

_T = TypeVar("_T")

NoteMarks = dict[tuple[str, int], tuple[NoteMark, ...]]
"""By file and line, the marks of the notes on it."""

LineLinks = dict[tuple[str, int], FacingLine]
"""By file and line, the line that does the same in the other language."""


def go_excerpt(
    index: SiteIndex,
    page: str,
    plan: SymbolPagePlan,
    line_range: LineRange,
    line_links: LineLinks | None = None,
    notes: NoteMarks | None = None,
) -> Excerpt:
    """Return the lines of a range as a page shows them; `plan` is where they are at home."""
    path, first, last = line_range.path, line_range.first, line_range.last
    source = index.input.sources[path]
    lines = highlighting.code_lines(
        source.data,
        first,
        last,
        anchors=highlighting.LineAnchors(
            plan.prefixes[path], "" if page == plan.page else href(page, plan.page)
        ),
        uses=(*source.uses, *source.standard),
        href=_linker(index, page, path),
        cited=index.cited_lines.get(path, frozenset()),
        line_links=_of(path, line_links),
        highlighting=source.highlighting,
        notes=_of(path, notes),
        named=_named(index, page, line_range),
    )
    return Excerpt(
        path=path,
        first=first,
        last=last,
        lines=lines,
        outside=index.permalink(path, first, last),
    )


class CounterpartColumn:
    """The Python column of one page; each line has its anchor once."""

    def __init__(
        self,
        index: SiteIndex,
        page: str,
        facing: SideBySide | None,
        *,
        at_home: bool = True,
        notes: NoteMarks | None = None,
    ) -> None:
        self._notes = notes
        self._index = index
        self._page = page
        self._facing = facing or side_by_side.SideBySide(page, (), {})
        self._home = "" if at_home else href(page, self._facing.page)
        self._taken: dict[str, set[int]] = defaultdict(set)
        self.line_links = _jumps(index, self._facing, self._home)

    def above(self, line_range: LineRange) -> tuple[Link, ...]:
        """Return links to counterparts of what some lines of Go declare that the page has shown already."""
        return tuple(
            Link(side.name.rpartition(".")[2], f"#{self._facing.prefixes[side.path]}{side.first}")
            for side in self._sides(line_range)
            if not (self._home or self._lines(side, line_range) - self._taken[side.path])
        )

    def of(self, line_range: LineRange) -> tuple[Excerpt, ...]:
        """Return the counterparts of what some lines of Go declare; at home each line once."""
        shown = (self._shown(side, line_range) for side in self._sides(line_range))
        return tuple(one for one in shown if one.lines)

    def _sides(self, line_range: LineRange) -> tuple[CounterpartExcerpt, ...]:
        return self._facing.beside(line_range.path, line_range.first, line_range.last)

    def _lines(self, side: CounterpartExcerpt, go: LineRange) -> frozenset[int]:
        """Return the lines of a side that correspond to some lines of Go."""
        elsewhere = frozenset() if self._home else self._shown_elsewhere(side, go)
        return frozenset(range(side.first, side.last + 1)) - elsewhere

    def _shown(self, side: CounterpartExcerpt, go: LineRange) -> Excerpt:
        line_range = LineRange(side.path, side.first, side.last)
        lines, taken = self._lines(side, go), frozenset(self._taken[side.path])
        whole = frozenset(range(side.first, side.last + 1))
        # The table under the code has what the sections of a docstring say.
        hidden = (whole - lines).union(self._index.input.python.modules[side.path].section_lines)
        self._taken[side.path] |= lines
        return python_excerpt(
            self._index,
            self._page,
            line_range,
            highlighting.LineAnchors(self._facing.prefixes[side.path], self._home, taken | whole - lines),
            side.name,
            line_links=self.line_links,
            hidden=hidden if self._home else hidden | taken,
            notes=self._notes,
        )

    def _shown_elsewhere(self, side: CounterpartExcerpt, go: LineRange) -> frozenset[int]:
        """Return the lines of a class that the page shows next to other lines of Go."""
        text = self._index.input.python.modules[side.path].data.split(b"\n")
        found: set[int] = set()
        for other in self._facing.sides:
            is_inside = other.path == side.path and side.first < other.first and other.last <= side.last
            is_here = other.place.path == go.path and go.first <= other.place.declaration.line <= go.last
            if is_inside and not is_here:
                blank = (line for line in range(other.first - 1, side.first, -1) if text[line - 1].strip())
                found.update(range(next(blank, side.first) + 1, other.last + 1))
        return frozenset(found)


def python_excerpt(  # noqa: PLR0913 - what a page knows of the lines it shows
    index: SiteIndex,
    page: str,
    line_range: LineRange,
    anchors: highlighting.LineAnchors,
    name: str,
    *,
    line_links: LineLinks | None = None,
    hidden: frozenset[int] = frozenset(),
    notes: NoteMarks | None = None,
) -> Excerpt:
    """Return lines of a Python file as a page shows them, without those that are `hidden`."""
    path = line_range.path
    module = index.input.python.modules[path]
    lines = highlighting.code_lines(
        module.data,
        line_range.first,
        line_range.last,
        anchors=anchors,
        uses=module.uses,
        href=_python_linker(index, page),
        line_links=_of(path, line_links),
        language="py",
        highlighting=module.highlighting,
        hidden=hidden,
        notes=_of(path, notes),
    )
    own = module_page(path)
    return Excerpt(
        path=path,
        first=line_range.first,
        last=line_range.last,
        lines=lines,
        outside=index.own_file_url(path, line_range.first, line_range.last),
        language="py",
        name=name,
        page="" if own == page else href(page, own, f"py-L{line_range.first}"),
    )


def _named(index: SiteIndex, page: str, line_range: LineRange) -> frozenset[int]:
    """Return the first line in a range for each symbol that the text of a page names."""
    named = index.symbols_by_chapter.get(page, frozenset())
    first: dict[tuple[str, str], int] = {}
    for use in index.input.sources[line_range.path].uses if named else ():
        if line_range.first <= use.line <= line_range.last and (use.path, use.symbol) in named:
            first.setdefault((use.path, use.symbol), use.line)
    return frozenset(first.values())


def _of(path: str, by_line: Mapping[tuple[str, int], _T] | None) -> Mapping[int, _T]:
    """Return the facts about the lines of one file."""
    return {line: found for (one, line), found in (by_line or {}).items() if one == path}


def _jumps(index: SiteIndex, facing: SideBySide, home: str) -> LineLinks:
    """For every line of a page that has a corresponding line in the other language, the way there."""
    found: LineLinks = {}
    for side in facing.sides:
        plan = index.page_plan(facing.page)
        for line_link in index.side_by_side.line_links(side):
            there = f"{home}#{facing.prefixes[line_link.python[0]]}{line_link.python[1]}"
            back = f"{home}#{plan.prefixes[line_link.go[0]]}{line_link.go[1]}"
            in_python = _("%(name)s in Python, line %(line)s", name=line_link.name, line=line_link.python[1])
            in_go = _("%(name)s in Go, line %(line)s", name=line_link.name, line=line_link.go[1])
            found.setdefault(line_link.go, FacingLine(there, in_python, *line_link.python))
            found.setdefault(line_link.python, FacingLine(back, in_go, *line_link.go))
    return found


def _linker(index: SiteIndex, page: str, file: str) -> Callable[[ResolvedUse], tuple[str, str] | None]:
    platform = platform_of(file, index.input.sources[file].document.constraint)
    systems = {name for name in SYSTEMS if platform.get(name)}
    system = systems.pop() if len(systems) == 1 and "linux" not in systems else ""

    @cache
    def link(path: str, symbol: str) -> tuple[str, str] | None:
        place = index.locations.get((path, symbol))
        if place:
            return href(page, place.page, place.anchor), ""  # a card tells what it is
        if path.endswith(".go") and not is_vendored(path):
            return None
        address = index.input.external.url(path, symbol, system)
        return (address, _("%(symbol)s, documented on pkg.go.dev", symbol=symbol)) if address else None

    return lambda use: link(use.path, use.symbol)


def _python_linker(index: SiteIndex, page: str) -> Callable[[ResolvedUse], tuple[str, str] | None]:
    @cache
    def link(name: str) -> tuple[str, str] | None:
        address = index.python_address(page, name)
        return (address, "") if address else None  # a card tells what it is

    return lambda use: link(use.symbol)


def with_own_anchors(shown: tuple[CitedCode, ...]) -> tuple[CitedCode, ...]:
    """Give each line an anchor on the page that shows it, and let links to these lines stay on the page.

    A line or a note that is shown several times has its anchor where it is shown first.
    """
    excerpts = [one for code in shown for one in (code.excerpt, *code.beside) if one]
    go, python = (
        tuple(dict.fromkeys(one.path for one in excerpts if one.language == language))
        for language in ("go", "py")
    )
    prefixes = {**file_prefixes(go), **side_by_side.prefixes(python)}
    addresses: dict[str, str] = {}
    taken: set[str] = set()
    marked: set[str] = set()
    for one in excerpts:
        for line in one.lines:
            addresses.setdefault(line.href, f"#{prefixes[one.path]}{line.number}")

    def mark(found: NoteMark) -> NoteMark:
        if found.id in marked:
            return msgspec.structs.replace(found, id="")
        marked.add(found.id)
        return found

    def anchored(line: CodeLine) -> CodeLine:
        address = addresses[line.href]
        named = "" if address in taken else address.removeprefix("#")
        taken.add(address)
        other = line.line_link
        if other:
            other = other._replace(href=addresses.get(other.href, other.href))
        return msgspec.structs.replace(
            line, id=named, href=address, line_link=other, notes=tuple(map(mark, line.notes))
        )

    def excerpt(one: Excerpt) -> Excerpt:
        return msgspec.structs.replace(one, lines=tuple(map(anchored, one.lines)))

    return tuple(
        msgspec.structs.replace(
            code,
            excerpt=excerpt(code.excerpt) if code.excerpt else None,
            beside=tuple(map(excerpt, code.beside)),
            signs=tuple(
                msgspec.structs.replace(sign, href=addresses.get(sign.href, sign.href)) for sign in code.signs
            ),
        )
        for code in shown
    )
