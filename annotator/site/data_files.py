"""Data files next to the pages: entries of the finder, cards of symbols, the inventory for intersphinx."""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from annotator.site.language import _, translated
from annotator.site.markup import built, href
from annotator.site.site_index import EXAMPLES, HOME, SYMBOLS, describe_python, example_page, module_page

if TYPE_CHECKING:
    from annotator.site.site_index import SiteIndex

SEARCH_FILE = "finder-data.js"
"""The script's path on the site."""


class SearchEntry(msgspec.Struct, frozen=True, array_like=True):
    """A name to find, its kind and place, and its address below the site."""

    name: str
    kind: str
    where: str
    address: str


def search_entries(index: SiteIndex) -> Iterator[SearchEntry]:
    """Yield the Go symbols, the Python objects, the files, and the pages to read."""
    for place in {(one.page, one.anchor): one for one in index.locations.values()}.values():
        address = href(HOME, place.page, place.anchor)
        yield SearchEntry(place.name, str(place.declaration.kind), place.path, address)
    python = index.input.python
    for name, known in python.objects.items():
        if known.kind in ("class", "function") and (address := index.python_address(HOME, name)):
            yield SearchEntry(name, f"Python {known.kind}", known.path, address)
    for path in python.modules:
        yield SearchEntry(python.named(path), "Python module", path, href(HOME, module_page(path)))
    shown = Counter((item.path, plan.page, plan.title) for plan in index.page_plans for item in plan.items)
    # A file leads to the page that has most of it.
    files = {path: (page, title) for (path, page, title), _ in reversed(shown.most_common())}
    for path, (page, title) in sorted(files.items()):
        yield SearchEntry(path, "Go file", title, href(HOME, page))
    yield from _pages(index)


def _pages(index: SiteIndex) -> Iterator[SearchEntry]:
    for chapter in index.chapters:
        yield SearchEntry(chapter.label, "chapter", "", href(HOME, chapter.page))
    for text in index.texts:
        page = f"{text.name}.md"
        yield SearchEntry(text.title, "page", "", href(HOME, page))
        for term in text.terms:
            yield SearchEntry(term.name, "glossary", "", href(HOME, page, term.anchor))
    for example in index.input.python.examples:
        yield SearchEntry(
            example.name, "example", translated(example.title), href(HOME, example_page(example.name))
        )
    if index.input.python.examples:
        yield SearchEntry(_("Examples"), "page", "", href(HOME, EXAMPLES))
    yield SearchEntry(_("Symbols and files"), "page", "", href(HOME, SYMBOLS))


def encode_search_entries(found: Iterable[SearchEntry]) -> bytes:
    """Return the script that hands the entries to the finder."""
    return b"annotatorFinder(" + msgspec.json.encode(list(found)) + b");\n"


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


def card_scripts(index: SiteIndex) -> Mapping[str, bytes]:
    """Return the scripts by path: that of a folder has the cards of its pages by page and anchor."""
    folders: dict[str, dict[str, SymbolCard]] = defaultdict(dict)
    for page, anchor, card in (*_go_cards(index), *_python_cards(index)):
        folder, _, name = built(page).rpartition("/")
        folders[folder].setdefault(f"{name}#{anchor}", card)
    return {
        f"cards/{folder}.js": b"annotatorCards(%s,%s);\n"
        % (msgspec.json.encode(folder), msgspec.json.encode(cards))
        for folder, cards in folders.items()
    }


def _go_cards(index: SiteIndex) -> Iterator[tuple[str, str, SymbolCard]]:
    counterparts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for page, facing in index.side_by_side.by_page.items():
        for side in facing.sides:
            counterparts[page, side.place.anchor].append(side.name)
    for place in index.locations.values():
        key = place.page, place.anchor
        chapters = index.chapters_by_symbol.get(key, ())
        declaration = place.declaration
        doc = " ".join(declaration.doc.partition("\n\n")[0].split())
        card = SymbolCard(
            name=place.name,
            signature=declaration.signature or f"{declaration.name} {declaration.type}".strip(),
            doc=doc if len(doc) <= _LONGEST else f"{doc[:_LONGEST]}\N{HORIZONTAL ELLIPSIS}",
            place=_where(declaration.kind, place.path, declaration.line),
            counterparts=tuple(dict.fromkeys(counterparts[key])),
            chapters=tuple((chapter.label, href(HOME, chapter.page)) for chapter in chapters),
        )
        yield *key, card


def _where(kind: str, path: str, line: int) -> str:
    return _("%(kind)s in %(path)s, line %(line)s", kind=translated(kind), path=path, line=line)


def _python_cards(index: SiteIndex) -> Iterator[tuple[str, str, SymbolCard]]:
    mirror = index.input.python
    for name, known in mirror.objects.items():
        if known.path in mirror.modules and known.kind != "module":
            home = index.side_by_side.home.get(name, (module_page(known.path), f"py-L{known.line}"))
            originals = tuple(dict.fromkeys(one.name for one in index.locations_by_counterpart.get(name, ())))
            place = _where(known.kind, known.path, known.line)
            yield *home, SymbolCard(name, describe_python(known), "", place, originals, ())


ROLES = {"class": "py:class", "function": "py:function", "attribute": "py:attribute", "module": "py:module"}
"""By what a Python object is, the role under which others look it up."""

_UNFIT = re.compile(r"[^\x21-\x7e]")
_BREAKS = re.compile(r"\s+")


class InventoryEntry(msgspec.Struct, frozen=True):
    """A symbol: its name, its role, its address below the site, and its display name."""

    name: str
    role: str
    address: str
    shown: str = "-"


def encode_inventory(entries: Iterable[InventoryEntry], project: str, version: str) -> bytes:
    """Return `objects.inv`, version 2, without names and addresses that its format cannot hold."""
    head = (
        "# Sphinx inventory version 2\n"
        f"# Project: {_BREAKS.sub(' ', project)}\n"
        f"# Version: {_BREAKS.sub(' ', version)}\n"
        "# The remainder of this file is compressed using zlib.\n"
    )
    lines = (
        f"{entry.name} {entry.role} 1 {entry.address} {_BREAKS.sub(' ', entry.shown)}\n"
        for entry in entries
        if not _UNFIT.search(entry.name + entry.address)
    )
    return head.encode("utf-8", "replace") + zlib.compress("".join(lines).encode("utf-8", "replace"), 9)
