"""The history of the mapped symbols: a map of all over the releases, and on each page its own."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from annotator.model import Missing, Skipped, Text
from annotator.writing import porting
from annotator.writing.atlas import HISTORY, PORTING, Atlas, to
from annotator.writing.places import folder_of
from annotator.writing.views import (
    Column,
    HistoryPackage,
    HistoryPage,
    HistoryRow,
    Link,
    Page,
    PortingPage,
    Release,
    Stretched,
    SymbolHistory,
    ToPort,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from annotator.history import Change, Stop, Trail
    from annotator.model import Anchor
    from annotator.writing.places import Place

_CELL = 8
"""Width of a release on the map, in pixels."""

_LABELS = 3
"""A release in so many has its name above the map: more would not fit."""

_PRODUCT = re.compile(r"^\D+-(?=v?\d)")
"""What may stand before the version in a tag's name."""


def pages(atlas: Atlas) -> Iterator[Page]:
    """The map and what is to be ported, as far as they were asked for."""
    chronicle = atlas.given.chronicle
    if chronicle.trails or chronicle.lacking:
        yield _map(atlas)
    if chronicle.porting is not None:
        yield _porting(atlas)


# ── The map ──────────────────────────────────────────────────────────────────────────────────────


def _map(atlas: Atlas) -> Page:
    chronicle = atlas.given.chronicle
    rows: dict[str, list[HistoryRow]] = defaultdict(list)
    shown = _shown(chronicle.trails, chronicle.releases)
    for trail in chronicle.trails:
        rows[folder_of(trail.reference.path)].append(_row(atlas, trail, shown))
    return Page(
        path=HISTORY,
        title="History",
        summary="Every mapped symbol over the releases: since when, until when, where it moved or changed.",
        view=HistoryPage(
            lacking=chronicle.lacking,
            tags=len(chronicle.tags),
            columns=tuple(_columns(shown)),
            width=_CELL * len(shown),
            packages=tuple(HistoryPackage(folder, tuple(found)) for folder, found in sorted(rows.items())),
        ),
    )


def _shown(trails: Iterable[Trail], releases: Sequence[str]) -> tuple[str, ...]:
    """The releases from the first one on that has any of the symbols."""
    alive = {stop.tag for trail in trails for stop in trail.stops if _anchor(stop)}
    first = next((at for at, tag in enumerate(releases) if tag in alive), len(releases))
    return tuple(releases[first:])


def _columns(releases: Sequence[str]) -> Iterator[Column]:
    last = len(releases) - 1
    for at, tag in enumerate(releases):
        named = at == last or (at % _LABELS == 0 and at + _LABELS <= last)
        yield Column(tag, at * _CELL, _PRODUCT.sub("", tag) if named else "")


def _row(atlas: Atlas, trail: Trail, releases: Sequence[str]) -> HistoryRow:
    stops = {stop.tag: stop for stop in trail.stops}
    columns = [stops[tag] for tag in releases if tag in stops]
    alive = [stop for stop in trail.stops if _anchor(stop)]
    symbol = f"{trail.reference.symbol}"
    place = atlas.places.get((trail.reference.path, symbol))
    return HistoryRow(
        link=to(HISTORY, place, symbol) if place else Link(symbol, "", trail.reference.path),
        first=alive[0].tag if alive else "",
        last=alive[-1].tag if alive else "",
        stretches=tuple(_stretches(columns)),
        marks=tuple(at * _CELL for at in _steps(columns)),
        said=" ".join(_told(trail.stops)),
    )


def _stretches(stops: Sequence[Stop]) -> Iterator[Stretched]:
    """Neighbouring releases in the same state, as one bar."""
    at = 0
    for state, found in groupby(stops, key=_state):
        count = len(tuple(found))
        if state:
            yield Stretched(state, at * _CELL, count * _CELL - 1)
        at += count


def _state(stop: Stop) -> str:
    return str(stop.text) if _anchor(stop) else ""


def _steps(stops: Sequence[Stop]) -> Iterator[int]:
    """Where a symbol stands in another file, or under another name, than in the release before."""
    for at in range(1, len(stops)):
        before, now = _anchor(stops[at - 1]), _anchor(stops[at])
        if before and now and (before.path, before.symbol) != (now.path, now.symbol):
            yield at


def _told(stops: Sequence[Stop]) -> Iterator[str]:
    """The same in sentences, for those who do not see the map."""
    alive = [stop for stop in stops if _anchor(stop)]
    if not alive:
        yield "Found at no tag."
        return
    for before, now in pairwise(alive):
        yield from _stepped(before, now)
    same = [stop.tag for stop in alive if stop.text is Text.SAME]
    if same:
        yield f"The baseline's text from {same[0]} to {same[-1]}."


def _stepped(before: Stop, now: Stop) -> Iterator[str]:
    was, at = _anchor(before), _anchor(now)
    if was and at and was.path != at.path:
        yield f"In {at.path} since {now.tag}."
    if was and at and was.symbol != at.symbol:
        yield f"{at.symbol} since {now.tag}."


def _anchor(stop: Stop) -> Anchor | None:
    outcome = stop.outcome
    return None if isinstance(outcome, Missing | Skipped) else outcome.anchor


# ── A symbol's own ───────────────────────────────────────────────────────────────────────────────


def histories(atlas: Atlas, page: str) -> Iterator[SymbolHistory]:
    """The histories of the symbols of a page, in the order of their lines."""
    for place, verdict in atlas.became.get(page, ()):
        trail = atlas.trails.get((verdict.reference.path, verdict.reference.symbol or ""))
        if trail:
            yield _history(atlas, place, trail)


def _history(atlas: Atlas, place: Place, trail: Trail) -> SymbolHistory:
    stops = {stop.tag: stop for stop in trail.stops}
    columns = [stops[tag] for tag in atlas.given.chronicle.releases if tag in stops]
    moved = frozenset(_steps(columns))
    alive = [stop.tag for stop in trail.stops if _anchor(stop)]
    return SymbolHistory(
        link=Link(place.declaration.symbol, f"#{place.anchor}"),
        first=alive[0] if alive else "",
        last=alive[-1] if alive else "",
        releases=tuple(
            _release(atlas, stop, at, stepped=number in moved)
            for number, stop in enumerate(columns)
            if (at := _anchor(stop))
        ),
        said=" ".join(_told(trail.stops)),
    )


def _release(atlas: Atlas, stop: Stop, at: Anchor, *, stepped: bool) -> Release:
    moved = f", now {at.symbol} in {at.path}" if stepped else ""
    return Release(
        tag=stop.tag,
        line=Link(str(at.line), atlas.at_tag(stop.tag, at.path, at.line), f"{at.path} at {stop.tag}{moved}"),
        text=str(stop.text),
        stepped=stepped,
    )


# ── What is to be ported ─────────────────────────────────────────────────────────────────────────


def _porting(atlas: Atlas) -> Page:
    found = atlas.given.chronicle.porting
    assert found is not None  # noqa: S101 - the page is made only where there is one
    return Page(
        path=PORTING,
        title="To port",
        summary=f"What changed in each mapped symbol from {found.old} to {found.new}.",
        view=PortingPage(
            old=found.old,
            new=found.new,
            sentence=porting.sentence(found),
            changes=tuple(_to_port(atlas, change, found.old, found.new) for change in found.changes),
            fresh=tuple(
                Link(one.symbol, atlas.at_tag(found.new, one.path, one.line), f"{one.kind} in {one.path}")
                for one in found.fresh
            ),
        ),
        code=True,
    )


def _to_port(atlas: Atlas, change: Change, old: str, new: str) -> ToPort:
    path, _, symbol = change.symbol.partition("::")
    place = atlas.places.get((path, symbol))
    python = (
        (each.name, atlas.python(PORTING, each.name) or ("", f"{each.path}, line {each.line}"))
        for each in change.counterparts
    )
    return ToPort(
        go=to(PORTING, place, symbol) if place else Link(symbol, "", path),
        path=path,
        said=porting.told(change),
        shift=str(change.shift),
        edit=str(change.edit),
        old=_line(atlas, old, change.old),
        new=_line(atlas, new, change.new),
        python=tuple(Link(name, *found) for name, found in python),
        findings=tuple((finding.change, porting.said(finding)) for finding in change.findings),
        diff=tuple((_marked(line), line) for line in change.lines[2:]),
    )


def _line(atlas: Atlas, tag: str, at: Anchor | None) -> Link:
    return (
        Link(f"line {at.line} at {tag}", atlas.at_tag(tag, at.path, at.line), at.path) if at else Link("", "")
    )


def _marked(line: str) -> str:
    return {"+": "new", "-": "gone", "@": "hunk"}.get(line[:1], "kept")
