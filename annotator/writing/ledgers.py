"""The pages that tell how much is mapped, and how truly: parity and coverage."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from annotator.writing.addresses import href
from annotator.writing.atlas import COVERAGE, PARITY, SYMBOLS, Atlas, to
from annotator.writing.facing import Side
from annotator.writing.panels import WORDS, counts, panel
from annotator.writing.places import folder_of
from annotator.writing.views import (
    CoveragePage,
    CoverageRow,
    LeftOut,
    Link,
    Page,
    Panel,
    ParityPackage,
    ParityPage,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from annotator.writing.sides import Covered

_STATES = ("mapped", "left out", "open")


def ledgers(atlas: Atlas) -> Iterator[Page]:
    """Parity and coverage, where anything is mapped at all."""
    if atlas.given.mirror.pairs:
        yield _parity(atlas)
        yield _coverage(atlas)


def _parity(atlas: Atlas) -> Page:
    packages: dict[str, dict[str, Side]] = defaultdict(dict)
    for facing in atlas.facings.by_page.values():
        for side in facing.sides:
            packages[folder_of(side.place.path)].setdefault(side.name, side)
    found = tuple(
        ParityPackage(
            folder,
            _sum(counts(side.pair) for side in sides.values()),
            tuple(_unless_same(panel(atlas, PARITY, side)) for side in sides.values()),
        )
        for folder, sides in sorted(packages.items())
    )
    return Page(
        path=PARITY,
        title="Parity",
        summary="Each Python counterpart beside its Go original, row by row: the same, or different and why.",
        view=ParityPage(_sum(counts(pair) for pair in atlas.given.mirror.pairs), found),
    )


def _unless_same(one: Panel) -> Panel:
    """A panel whose rows are only those that are not the same: the others stand on the symbol's page."""
    rows = tuple(row for row in one.rows if row.agreement != WORDS[0])
    return Panel(one.go, one.python, one.counts, rows)


def _sum(counted: Iterable[tuple[tuple[str, int], ...]]) -> tuple[tuple[str, int], ...]:
    total: Counter[str] = Counter()
    for one in counted:
        total.update(dict(one))
    return tuple((word, total[word]) for word in WORDS)


def _coverage(atlas: Atlas) -> Page:
    packages: dict[str, list[Covered]] = defaultdict(list)
    for one in atlas.given.mirror.covered:
        packages[folder_of(one.symbol.path)].append(one)
    reasons: dict[str, list[Link]] = defaultdict(list)
    for one in atlas.given.mirror.covered:
        if one.reason:
            reasons[one.reason].append(_link(atlas, one))
    return Page(
        path=COVERAGE,
        title="Coverage",
        summary="Which symbols of the scope have a Python counterpart, and why the others have none.",
        view=CoveragePage(
            states=_STATES,
            totals=_figures(atlas.given.mirror.covered),
            packages=tuple(
                CoverageRow(_package(atlas, folder), _figures(found))
                for folder, found in sorted(packages.items())
            ),
            left_out=tuple(LeftOut(reason, tuple(links)) for reason, links in reasons.items()),
            open=tuple(
                _link(atlas, one) for one in atlas.given.mirror.covered if str(one.state) == _STATES[-1]
            ),
        ),
    )


def _figures(found: Iterable[Covered]) -> tuple[int, ...]:
    counted = Counter(str(one.state) for one in found)
    return (*(counted[state] for state in _STATES), counted.total())


def _package(atlas: Atlas, folder: str) -> Link:
    own = (sheet.page for sheet in atlas.sheets if sheet.folder == folder and not sheet.type)
    page = next(own, SYMBOLS)
    return Link(folder or "/", href(COVERAGE, page))


def _link(atlas: Atlas, one: Covered) -> Link:
    place = atlas.places.get((one.symbol.path, one.symbol.symbol))
    if place:
        return to(COVERAGE, place)
    outside = atlas.permalink(one.symbol.path, one.symbol.line, one.symbol.end_line)
    at_baseline = atlas.given.tag == atlas.given.baseline
    return Link(one.symbol.symbol, outside if at_baseline else "", f"{one.symbol.kind} in {one.symbol.path}")
