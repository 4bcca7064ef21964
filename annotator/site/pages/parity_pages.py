"""Parity and coverage pages; parity panels."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from annotator.model.go import folder_of
from annotator.model.port import CoverageState
from annotator.model.source import blob_id
from annotator.site.language import _, translated
from annotator.site.markup import href
from annotator.site.side_by_side import CounterpartExcerpt, line_has_word
from annotator.site.site_index import COVERAGE, PARITY, SYMBOLS, SiteIndex, link_to, module_page
from annotator.site.view_models import (
    CoveragePage,
    CoverageRow,
    DifferingPair,
    LeftOutSymbols,
    Link,
    ParityPackage,
    ParityPage,
    ParityPanel,
    ParityReason,
    ParityTableRow,
    SitePage,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from annotator.model.port import Comparison, ComparisonRow, SymbolCoverage
    from annotator.site.page_locations import LineRange

WORDS = ("same", "differs", "unexplained")
"""How two sides can stand to each other, from best to worst."""


def parity_panels(index: SiteIndex, page: str, line_range: LineRange) -> Iterator[ParityPanel]:
    """Yield the parity of what some lines of Go declare, a panel for each counterpart."""
    facing = index.side_by_side.by_page.get(page)
    sides = facing.pairs(line_range.path, line_range.first, line_range.last) if facing else ()
    for side in sides:
        yield parity_panel(index, page, side)


def parity_panel(index: SiteIndex, page: str, side: CounterpartExcerpt) -> ParityPanel:
    """Return a counterpart and its original, row by row."""
    name = side.name.rpartition(".")[2]
    found = index.python_link(page, side.name)
    address, title = found or ("", "")
    rows = (*(_compared(index, page, side, row) for row in side.pair.rows), *_stated(side.pair))
    return ParityPanel(
        go=link_to(page, side.place), python=Link(name, address, title), counts=_counts(rows), rows=rows
    )


def _stated(pair: Comparison) -> Iterator[ParityTableRow]:
    """Yield the stated differences that no comparison shows, such as in behaviour."""
    shown = {row.reason for row in pair.rows}
    for item in pair.counterpart.differences:
        if item.reason not in shown:
            yield ParityTableRow(
                item.kind, item.name, Link(item.name, ""), Link("", ""), "differs", item.reason
            )


def _counts(rows: Iterable[ParityTableRow]) -> tuple[tuple[str, int], ...]:
    """Return how many rows have each agreement."""
    counted = Counter(row.agreement for row in rows)
    return tuple((word, counted[word]) for word in WORDS)


def _compared(index: SiteIndex, page: str, side: CounterpartExcerpt, row: ComparisonRow) -> ParityTableRow:
    go, python = row.go, row.python
    if row.kind == "call":  # the facts have both sides in Go's notation
        go, python = go.partition("::")[2], _called(index, side, row)
    return ParityTableRow(
        kind=row.kind,
        name=row.name,
        go=Link(go, _go(index, page, side, row), row.go if go != row.go else ""),
        python=Link(python, _python(index, page, side, row)),
        agreement=str(row.agreement),
        reason=row.reason,
    )


def _called(index: SiteIndex, side: CounterpartExcerpt, row: ComparisonRow) -> str:
    """Return the name of the Python function that a line calls for a Go function, with its class."""
    names = index.side_by_side.counterparts.get(row.python, frozenset())
    here = (use.symbol for use in index.input.python.modules[side.path].uses if use.line == row.python_line)
    name = next((name for name in here if name in names), min(names, default=""))
    owner, _, last = name.rpartition(".")
    known = index.input.python.objects.get(owner)
    return f"{owner.rpartition('.')[2]}.{last}" if known is not None and known.kind == "class" else last


def _go(index: SiteIndex, page: str, side: CounterpartExcerpt, row: ComparisonRow) -> str:
    """Return where Go's side of a row is on the pages: the member's line, or the function that is called."""
    if row.kind == "call":
        path, _, symbol = row.go.partition("::")
        called = index.locations.get((path, symbol))
        return href(page, called.page, called.anchor) if called else ""
    for original in side.pair.originals:
        place = index.locations.get((original.path, original.symbol))
        source = index.input.sources.get(original.path)
        if not (place and source and original.line <= row.go_line <= original.end_line):
            continue
        named = row.kind in ("field", "method") and line_has_word(source.data, row.go_line, row.name)
        if named and original.blob == blob_id(source.data):
            prefix = index.page_plan(place.page).prefixes[original.path]
            return href(page, place.page, f"{prefix}{row.go_line}")
    return ""


def _python(index: SiteIndex, page: str, side: CounterpartExcerpt, row: ComparisonRow) -> str:
    """Return the address of the Python line of a row, if that line is the counterpart's own."""
    mirror, line = index.input.python, row.python_line
    known = mirror.objects[side.name]
    if not known.line <= line <= known.end_line:
        return ""
    module = mirror.modules[side.path]
    if row.kind == "call":
        holds = any(use.line == line for use in module.uses)
    else:
        holds = line_has_word(module.data, line, re.split(r"\W", row.python)[0])
    if not holds:
        return ""
    facing = index.side_by_side.by_page[side.place.page]
    if side.first <= line <= side.last:
        return href(page, facing.page, f"{facing.prefixes[side.path]}{line}")
    return href(page, module_page(side.path), f"py-L{line}")


_STATES = tuple(map(str, CoverageState))


def parity_pages(index: SiteIndex) -> Iterator[SitePage]:
    """Yield parity and coverage, where anything is mapped at all."""
    if index.input.python.pairs:
        yield _parity(index)
        yield _coverage(index)


def _parity(index: SiteIndex) -> SitePage:
    packages: dict[str, dict[str, CounterpartExcerpt]] = defaultdict(dict)
    for facing in index.side_by_side.by_page.values():
        for side in facing.sides:
            packages[folder_of(side.place.path)].setdefault(side.name, side)
    panels = {
        folder: [parity_panel(index, PARITY, side) for side in sides.values()]
        for folder, sides in sorted(packages.items())
    }
    found = tuple(
        ParityPackage(folder, _sum(panel.counts for panel in panels[folder]), *_by_reason(panels[folder]))
        for folder in panels
    )
    return SitePage(
        path=PARITY,
        title=_("Parity"),
        summary=_(
            "Each Python counterpart beside its Go original, row by row: the same, or different and why."
        ),
        view=ParityPage(_sum(package.counts for package in found), found),
    )


def _by_reason(panels: Iterable[ParityPanel]) -> tuple[tuple[ParityReason, ...], tuple[Link, ...]]:
    """Return what differs, the commonest reason first, and the originals in which nothing does."""
    reasons: dict[tuple[str, str], list[DifferingPair]] = defaultdict(list)
    same = []
    for panel in panels:
        found: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for row in panel.rows:
            if row.agreement != WORDS[0]:
                found[row.reason, row.agreement][row.kind].append(row.name)
        for key, kinds in found.items():
            names = tuple((kind, tuple(names)) for kind, names in kinds.items())
            reasons[key].append(DifferingPair(panel.go, panel.python, names))
        if not found:
            same.append(panel.go)
    ordered = sorted(reasons.items(), key=lambda entry: -len(entry[1]))
    return tuple(ParityReason(*key, tuple(pairs)) for key, pairs in ordered), tuple(same)


def _sum(counted: Iterable[tuple[tuple[str, int], ...]]) -> tuple[tuple[str, int], ...]:
    total: Counter[str] = Counter()
    for one in counted:
        total.update(dict(one))
    return tuple((word, total[word]) for word in WORDS)


def _coverage(index: SiteIndex) -> SitePage:
    packages: dict[str, list[SymbolCoverage]] = defaultdict(list)
    for one in index.input.python.covered:
        packages[folder_of(one.symbol.path)].append(one)
    reasons: dict[str, list[Link]] = defaultdict(list)
    for one in index.input.python.covered:
        if one.reason:
            reasons[one.reason].append(_link(index, one))
    return SitePage(
        path=COVERAGE,
        title=_("Coverage: what is missing from the port"),
        summary=_("Which symbols of the scope have a Python counterpart, and why the others have none."),
        view=CoveragePage(
            states=_STATES,
            totals=_figures(index.input.python.covered),
            packages=tuple(
                CoverageRow(_package(index, folder), _figures(found))
                for folder, found in sorted(packages.items())
            ),
            left_out=tuple(LeftOutSymbols(reason, tuple(links)) for reason, links in reasons.items()),
            open=tuple(
                _link(index, one) for one in index.input.python.covered if str(one.state) == _STATES[-1]
            ),
        ),
    )


def _figures(found: Iterable[SymbolCoverage]) -> tuple[int, ...]:
    counted = Counter(str(one.state) for one in found)
    return (*(counted[state] for state in _STATES), counted.total())


def _package(index: SiteIndex, folder: str) -> Link:
    own = (plan.page for plan in index.page_plans if plan.folder == folder and not plan.type)
    page = next(own, SYMBOLS)
    return Link(folder or "/", href(COVERAGE, page))


def _link(index: SiteIndex, one: SymbolCoverage) -> Link:
    place = index.locations.get((one.symbol.path, one.symbol.symbol))
    if place:
        return link_to(COVERAGE, place)
    outside = index.permalink(one.symbol.path, one.symbol.line, one.symbol.end_line)
    at_baseline = index.input.tag == index.input.baseline
    title = _("%(kind)s in %(path)s", kind=translated(one.symbol.kind), path=one.symbol.path)
    return Link(one.symbol.symbol, outside if at_baseline else "", title)
