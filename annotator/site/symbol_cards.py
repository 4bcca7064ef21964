"""Cards that tell what a link to a symbol leads to: a script of data for each folder of symbol pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from annotator.site.markup import built, href
from annotator.site.site_index import HOME, describe_python, module_page

if TYPE_CHECKING:
    from annotator.site.placement import PageLocation
    from annotator.site.site_index import SiteIndex

_LONGEST = 400
"""Characters of a doc comment that a card shows."""


class SymbolCard(msgspec.Struct, frozen=True, array_like=True):
    """What a card shows; a chapter has its label and its address below the site."""

    name: str
    signature: str
    doc: str
    place: str
    counterparts: tuple[str, ...]
    chapters: tuple[tuple[str, str], ...]


def scripts(index: SiteIndex) -> Mapping[str, bytes]:
    """Return the scripts by path: that of a folder has the cards of its pages by page and anchor."""
    folders: dict[str, dict[str, SymbolCard]] = defaultdict(dict)
    for page, anchor, card in (*_go(index), *_python(index)):
        folder, _, name = built(page).rpartition("/")
        folders[folder].setdefault(f"{name}#{anchor}", card)
    return {
        f"cards/{folder}.js": b"annotatorCards(%s,%s);\n"
        % (msgspec.json.encode(folder), msgspec.json.encode(cards))
        for folder, cards in folders.items()
    }


def _go(index: SiteIndex) -> Iterator[tuple[str, str, SymbolCard]]:
    counterparts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for page, facing in index.side_by_side.by_page.items():
        for side in facing.sides:
            counterparts[page, side.place.anchor].append(side.name)
    for place in index.locations.values():
        key = place.page, place.anchor
        chapters = index.chapters_by_symbol.get(key, ())
        told = tuple((chapter.label, href(HOME, chapter.page)) for chapter in chapters)
        yield *key, _card(place, tuple(dict.fromkeys(counterparts[key])), told)


def _card(
    place: PageLocation, counterparts: tuple[str, ...], chapters: tuple[tuple[str, str], ...]
) -> SymbolCard:
    declaration = place.declaration
    doc = " ".join(declaration.doc.partition("\n\n")[0].split())
    return SymbolCard(
        name=place.name,
        signature=declaration.signature or f"{declaration.name} {declaration.type}".strip(),
        doc=doc if len(doc) <= _LONGEST else f"{doc[:_LONGEST]}\N{HORIZONTAL ELLIPSIS}",
        place=f"{declaration.kind} in {place.path}, line {declaration.line}",
        counterparts=counterparts,
        chapters=chapters,
    )


def _python(index: SiteIndex) -> Iterator[tuple[str, str, SymbolCard]]:
    mirror = index.input.python
    for name, known in mirror.objects.items():
        if known.path in mirror.modules and known.kind != "module":
            home = index.side_by_side.home.get(name, (module_page(known.path), f"py-L{known.line}"))
            originals = tuple(dict.fromkeys(one.name for one in index.locations_by_counterpart.get(name, ())))
            place = f"{known.kind} in {known.path}, line {known.line}"
            yield *home, SymbolCard(name, describe_python(known), "", place, originals, ())
