"""What the finder of symbols searches, as a script that pages load when it is first opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from annotator.site.markup import href
from annotator.site.site_index import EXAMPLES, HOME, SYMBOLS, example_page, module_page

if TYPE_CHECKING:
    from annotator.site.site_index import SiteIndex

FILE = "finder-data.js"
"""The script's path on the site."""


class SearchEntry(msgspec.Struct, frozen=True, array_like=True):
    """A name that is found, what it is and where, and its address below the site."""

    name: str
    kind: str
    where: str
    address: str


def entries(index: SiteIndex) -> Iterator[SearchEntry]:
    """Yield the Go symbols, the Python objects, the files, and the pages to read."""
    for place in {(one.page, one.anchor): one for one in index.locations.values()}.values():
        address = href(HOME, place.page, place.anchor)
        yield SearchEntry(place.name, str(place.declaration.kind), place.path, address)
    python = index.input.python
    for name, known in python.objects.items():
        if known.kind in ("class", "function") and (link := index.python_link(HOME, name)):
            yield SearchEntry(name, f"Python {known.kind}", known.path, link[0])
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
        yield SearchEntry(example.name, "example", example.title, href(HOME, example_page(example.name)))
    if index.input.python.examples:
        yield SearchEntry("Examples", "page", "", href(HOME, EXAMPLES))
    yield SearchEntry("Symbols and files", "page", "", href(HOME, SYMBOLS))


def encode(found: Iterable[SearchEntry]) -> bytes:
    """Return the script that hands the entries to the finder."""
    return b"annotatorFinder(" + msgspec.json.encode(list(found)) + b");\n"
