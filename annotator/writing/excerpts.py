"""Stretches of source as pages show them: coloured, linked, each line with its address."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from annotator.writing import code
from annotator.writing.addresses import href
from annotator.writing.atlas import Atlas, anchor_of, to
from annotator.writing.views import Excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from annotator.model import Use
    from annotator.writing.places import Sheet

_TALL = 60
"""Lines from which an excerpt scrolls inside its frame where it is not at home."""


class Stretch(msgspec.Struct, frozen=True):
    """Lines `first` to `last` of a file, 1-based and inclusive."""

    path: str
    first: int
    last: int


def excerpt(atlas: Atlas, page: str, sheet: Sheet, stretch: Stretch) -> Excerpt:
    """The lines of a stretch as a page shows them; `sheet` is where they are at home."""
    path, first, last = stretch.path, stretch.first, stretch.last
    source = atlas.given.sources[path]
    lines = code.lines(
        source.data,
        first,
        last,
        anchors=code.Anchors(sheet.prefixes[path], "" if page == sheet.page else href(page, sheet.page)),
        uses=source.uses,
        href=_linker(atlas, page),
        cited=cited_lines(atlas).get(path, frozenset()),
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


def _linker(atlas: Atlas, page: str) -> Callable[[Use], tuple[str, str] | None]:
    def link(use: Use) -> tuple[str, str] | None:
        place = atlas.places.get((use.path, use.symbol))
        if not place:
            return None
        found = to(page, place)
        return found.href, f"{place.name}: {found.title}"

    return link


def cited_lines(atlas: Atlas) -> Mapping[str, frozenset[int]]:
    """By file, the lines that references name."""
    lines: dict[str, set[int]] = defaultdict(set)
    for _, verdict in atlas.verdicts:
        if anchor := anchor_of(verdict):
            lines[anchor.path].add(anchor.line + anchor.offset)
    return {path: frozenset(found) for path, found in lines.items()}
