"""Excerpts of source files as pages show them: highlighted, linked, each line with its address."""

from __future__ import annotations

from collections import defaultdict
from functools import cache, partial
from typing import TYPE_CHECKING

import msgspec

from annotator.site import highlighting
from annotator.site.markup import href
from annotator.site.site_index import SiteIndex, link_to, module_page
from annotator.site.view_models import Excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from annotator.model.go import ResolvedUse
    from annotator.site.placement import SymbolPagePlan
    from annotator.site.side_by_side import CounterpartExcerpt, SideBySide

_TALL = 60
"""Lines from which an excerpt scrolls inside its frame where it is not at home."""


class LineRange(msgspec.Struct, frozen=True):
    """Lines `first` to `last` of a file, 1-based and inclusive."""

    path: str
    first: int
    last: int


LineLinks = dict[tuple[str, int], tuple[str, str]]
"""By file and line, the address and title of the line that does the same in the other language."""


def go_excerpt(
    atlas: SiteIndex, page: str, sheet: SymbolPagePlan, stretch: LineRange, jumps: LineLinks | None = None
) -> Excerpt:
    """The lines of a stretch as a page shows them; `sheet` is where they are at home."""
    path, first, last = stretch.path, stretch.first, stretch.last
    source = atlas.given.sources[path]
    lines = highlighting.code_lines(
        source.data,
        first,
        last,
        anchors=highlighting.LineAnchors(
            sheet.prefixes[path], "" if page == sheet.page else href(page, sheet.page)
        ),
        uses=source.uses,
        href=_linker(atlas, page),
        cited=atlas.cited_lines.get(path, frozenset()),
        jumps=_of(path, jumps),
        colours=source.colours,
    )
    return Excerpt(
        path=path,
        first=first,
        last=last,
        lines=lines,
        outside=atlas.permalink(path, first, last),
        constraint=source.document.constraint,
        tall=page != sheet.page and len(lines) > _TALL,
    )


class CounterpartColumn:
    """What stands beside the Go of one page: Python, each line with its anchor once."""

    def __init__(
        self, atlas: SiteIndex, page: str, facing: SideBySide | None, *, at_home: bool = True
    ) -> None:
        self._atlas = atlas
        self._page = page
        self._facing = facing
        self._home = "" if at_home or facing is None else href(page, facing.page)
        self._taken: dict[str, set[int]] = defaultdict(set)
        self.jumps = _jumps(atlas, facing, self._home) if facing else {}

    def of(self, stretch: LineRange) -> tuple[Excerpt, ...]:
        """The counterparts of what a stretch of Go declares."""
        if self._facing is None:
            return ()
        sides = self._facing.beside(stretch.path, stretch.first, stretch.last)
        return tuple(self._shown(side, self._facing) for side in sides)

    def _shown(self, side: CounterpartExcerpt, facing: SideBySide) -> Excerpt:
        stretch = LineRange(side.path, side.first, side.last)
        taken = self._taken[side.path]
        anchors = highlighting.LineAnchors(facing.prefixes[side.path], self._home, frozenset(taken))
        taken.update(range(side.first, side.last + 1))
        # The table under the code has what these lines say.
        hidden = highlighting.mapping_lines(self._atlas.given.mirror.modules[side.path].data)
        return python_excerpt(
            self._atlas, self._page, stretch, anchors, side.name, jumps=self.jumps, hidden=hidden
        )


def python_excerpt(  # noqa: PLR0913 - what a page knows of the lines it shows
    atlas: SiteIndex,
    page: str,
    stretch: LineRange,
    anchors: highlighting.LineAnchors,
    name: str,
    *,
    jumps: LineLinks | None = None,
    hidden: frozenset[int] = frozenset(),
) -> Excerpt:
    """Return lines of a Python file as a page shows them, without those that are `hidden`."""
    path = stretch.path
    module = atlas.given.mirror.modules[path]
    lines = highlighting.code_lines(
        module.data,
        stretch.first,
        stretch.last,
        anchors=anchors,
        uses=module.uses,
        href=_python_linker(atlas, page),
        jumps=_of(path, jumps),
        language="py",
        colours=module.colours,
        hidden=hidden,
    )
    own = module_page(path)
    return Excerpt(
        path=path,
        first=stretch.first,
        last=stretch.last,
        lines=lines,
        outside=atlas.own(path, stretch.first, stretch.last),
        tall=bool(anchors.home) and len(lines) > _TALL,
        language="py",
        name=name,
        page="" if own == page else href(page, own, f"py-L{stretch.first}"),
    )


def _of(path: str, jumps: LineLinks | None) -> Mapping[int, tuple[str, str]]:
    return {line: found for (one, line), found in (jumps or {}).items() if one == path}


def _jumps(atlas: SiteIndex, facing: SideBySide, home: str) -> LineLinks:
    """For every line of a page that has a corresponding line in the other language, the way there."""
    found: LineLinks = {}
    sheet = atlas.sheet(facing.page)
    for side in facing.sides:
        for jump in atlas.facings.jumps(side):
            there = f"{home}#{facing.prefixes[jump.python[0]]}{jump.python[1]}"
            back = f"{home}#{sheet.prefixes[jump.go[0]]}{jump.go[1]}"
            found.setdefault(jump.go, (there, f"{jump.name} in Python, line {jump.python[1]}"))
            found.setdefault(jump.python, (back, f"{jump.name} in Go, line {jump.go[1]}"))
    return found


def _linker(atlas: SiteIndex, page: str) -> Callable[[ResolvedUse], tuple[str, str] | None]:
    @cache
    def link(path: str, symbol: str) -> tuple[str, str] | None:
        place = atlas.places.get((path, symbol))
        if not place:
            return None
        found = link_to(page, place)
        return found.href, f"{place.name}: {found.title}"

    return lambda use: link(use.path, use.symbol)


def _python_linker(atlas: SiteIndex, page: str) -> Callable[[ResolvedUse], tuple[str, str] | None]:
    link = cache(partial(atlas.python, page))
    return lambda use: link(use.symbol)
