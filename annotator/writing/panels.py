"""Parity as pages show it: each row with its lines, as far as the files bear them out."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from annotator.writing.addresses import href
from annotator.writing.atlas import Atlas, module_page, to
from annotator.writing.facing import Side, says
from annotator.writing.mirror import blob
from annotator.writing.views import Compared, Link, Panel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from annotator.writing.excerpts import Stretch
    from annotator.writing.sides import Pair, Row

WORDS = ("same", "differs", "unexplained")
"""How two sides can stand to each other, from best to worst."""


def panels(atlas: Atlas, page: str, stretch: Stretch) -> Iterator[Panel]:
    """The parity of what a stretch of Go declares, a panel for each counterpart."""
    facing = atlas.facings.by_page.get(page)
    sides = facing.pairs(stretch.path, stretch.first, stretch.last) if facing else ()
    for side in sides:
        yield panel(atlas, page, side)


def panel(atlas: Atlas, page: str, side: Side) -> Panel:
    """A counterpart and its original, row by row."""
    name = side.name.rpartition(".")[2]
    found = atlas.python(page, side.name)
    address, title = found or ("", "")
    return Panel(
        go=to(page, side.place),
        python=Link(name, address, title),
        counts=counts(side.pair),
        rows=tuple(_compared(atlas, page, side, row) for row in side.pair.rows),
    )


def counts(pair: Pair) -> tuple[tuple[str, int], ...]:
    """How many rows of a pair stand how to each other."""
    counted = Counter(str(row.agreement) for row in pair.rows)
    return tuple((word, counted[word]) for word in WORDS)


def _compared(atlas: Atlas, page: str, side: Side, row: Row) -> Compared:
    return Compared(
        kind=row.kind,
        name=row.name,
        go=Link(row.go, _go(atlas, page, side, row)),
        python=Link(row.python, _python(atlas, page, side, row)),
        agreement=str(row.agreement),
        reason=row.reason,
    )


def _go(atlas: Atlas, page: str, side: Side, row: Row) -> str:
    """Where Go's side of a row is on the pages: the member's line, or the function that is called."""
    if row.kind == "call":
        path, _, symbol = row.go.partition("::")
        called = atlas.places.get((path, symbol))
        return href(page, called.page, called.anchor) if called else ""
    for original in side.pair.originals:
        place = atlas.places.get((original.path, original.symbol))
        source = atlas.given.sources.get(original.path)
        if not (place and source and original.line <= row.go_line <= original.end_line):
            continue
        named = row.kind in ("field", "method") and says(source.data, row.go_line, row.name)
        if named and original.blob == blob(source.data):
            prefix = atlas.sheet(place.page).prefixes[original.path]
            return href(page, place.page, f"{prefix}{row.go_line}")
    return ""


def _python(atlas: Atlas, page: str, side: Side, row: Row) -> str:
    """Where Python's side of a row is: its line, if it is the counterpart's own and holds what it says."""
    mirror, line = atlas.given.mirror, row.python_line
    known = mirror.objects[side.name]
    if not known.line <= line <= known.end_line:
        return ""
    module = mirror.modules[side.path]
    if row.kind == "call":
        holds = any(use.line == line for use in module.uses)
    else:
        holds = says(module.data, line, re.split(r"\W", row.python)[0])
    if not holds:
        return ""
    facing = atlas.facings.by_page[side.place.page]
    if side.first <= line <= side.last:
        return href(page, facing.page, f"{facing.prefixes[side.path]}{line}")
    return href(page, module_page(side.path), f"py-L{line}")
