"""One page per Go type or package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.site.excerpts import CounterpartColumn, LineRange, go_excerpt
from annotator.site.markup import href
from annotator.site.pages import chapter_pages, history_pages
from annotator.site.pages.citation_views import page_citations
from annotator.site.pages.parity_pages import parity_panels
from annotator.site.placement import group_adjacent
from annotator.site.site_index import SYMBOLS, SiteIndex, example_page, link_to
from annotator.site.view_models import CodeBlock, DeclarationHead, FileBlocks, Link, SitePage, SymbolPage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from annotator.site.placement import PlacedDeclaration as Item
    from annotator.site.placement import SymbolPagePlan


def symbol_page(atlas: SiteIndex, sheet: SymbolPagePlan) -> SitePage:
    """The page of a type or a package."""
    main = sheet.main
    besides = CounterpartColumn(atlas, sheet.page, atlas.facings.by_page.get(sheet.page))
    groups = tuple(_groups(atlas, sheet, besides))
    declaring = [block for group in groups for block in group.blocks if main and _holds(block, main.anchor)]
    cited = tuple(page_citations(atlas, sheet.page))
    return SitePage(
        path=sheet.page,
        title=sheet.title,
        summary=f"{kind_of(sheet).capitalize()} in {sheet.folder or 'the root'}: source and place.",
        view=SymbolPage(
            name=sheet.title,
            kind=kind_of(sheet),
            package=_package(atlas, sheet),
            folder=sheet.folder,
            doc=main.declaration.doc if main else "",
            main=declaring[0] if declaring else None,
            groups=tuple(_without(group, declaring[:1]) for group in groups),
            fields=tuple(_fields(sheet, main)) if main else (),
            contents=tuple(_listed_here(sheet)),
            chapters=_speaking(atlas, sheet),
            citations=cited,
            types=tuple(_types(atlas, sheet)),
            hidden=sheet.hidden,
            picture=chapter_pages.call_diagram(atlas, sheet.page, sheet.title),
            interfaces=_others(atlas, sheet, atlas.relations.interfaces),
            implementers=_others(atlas, sheet, atlas.relations.implementers),
            callers=_callers(atlas, sheet),
            callees=_callees(atlas, sheet),
            examples=tuple(_examples(atlas, sheet)),
            since=tuple(history_pages.status_since_baseline(atlas, sheet.page)),
            history=tuple(history_pages.symbol_histories(atlas, sheet.page)),
        ),
        code=True,
    )


def kind_of(sheet: SymbolPagePlan) -> str:
    """What the page is about: `package`, or the type's kind."""
    return str(sheet.main.declaration.kind) if sheet.main else "type" if sheet.type else "package"


def _package(atlas: SiteIndex, sheet: SymbolPagePlan) -> Link:
    """The package's own page; where it has none, the index."""
    own = (one for one in atlas.sheets if one.folder == sheet.folder and not one.type)
    page = next((one.page for one in own), SYMBOLS)
    return Link(sheet.folder or sheet.package, href(sheet.page, page))


def _types(atlas: SiteIndex, sheet: SymbolPagePlan) -> Iterator[Link]:
    """The package's types that have pages, for the package's page."""
    for one in atlas.sheets:
        if not sheet.type and one.folder == sheet.folder and one.type:
            yield Link(one.type, href(sheet.page, one.page), kind_of(one))


def _others(
    atlas: SiteIndex, sheet: SymbolPagePlan, related: Mapping[str, tuple[str, ...]]
) -> tuple[Link, ...]:
    """The places of the types that a relation leads to from the page's type."""
    main = sheet.main
    found = related.get(f"{main.path}::{main.declaration.symbol}", ()) if main else ()
    places = (atlas.places.get((one.partition("::")[0], one.partition("::")[2])) for one in found)
    return tuple(link_to(sheet.page, place) for place in places if place)


def _callers(atlas: SiteIndex, sheet: SymbolPagePlan) -> tuple[Link, ...]:
    calls = atlas.relations.into.get(sheet.page, ())
    return tuple({call.caller.name: link_to(sheet.page, call.caller) for call in calls}.values())


def _callees(atlas: SiteIndex, sheet: SymbolPagePlan) -> tuple[Link, ...]:
    calls = atlas.relations.out.get(sheet.page, ())
    return tuple({call.callee.name: link_to(sheet.page, call.callee) for call in calls}.values())


def _examples(atlas: SiteIndex, sheet: SymbolPagePlan) -> Iterator[Link]:
    """The examples that use a counterpart of something on the page."""
    for one in atlas.given.mirror.examples:
        if any(place.page == sheet.page for place in atlas.used[one.name]):
            yield Link(one.name, href(sheet.page, example_page(one.name)), one.title)


def _fields(sheet: SymbolPagePlan, main: Item) -> Iterator[Link]:
    """A struct's fields, an interface's methods, with their lines."""
    for one in main.declaration.members:
        yield Link(one.name, f"#{sheet.prefixes[main.path]}{one.line}", one.signature or one.type)


def _listed_here(sheet: SymbolPagePlan) -> Iterator[Link]:
    for item in sheet.others:
        yield Link(item.declaration.name, f"#{item.anchor}", item.declaration.signature)


def _speaking(atlas: SiteIndex, sheet: SymbolPagePlan) -> tuple[Link, ...]:
    stops = {
        stop.page: Link(stop.label, href(sheet.page, stop.page))
        for (page, _), speakers in atlas.speakers.items()
        if page == sheet.page
        for stop in speakers
    }
    order = [stop.page for stop in atlas.stops]
    return tuple(stops[page] for page in order if page in stops)


def _groups(atlas: SiteIndex, sheet: SymbolPagePlan, besides: CounterpartColumn) -> Iterator[FileBlocks]:
    for path in sheet.prefixes:
        blocks = tuple(
            _block(atlas, sheet, path, items, besides)
            for items in group_adjacent(item for item in sheet.items if item.path == path)
        )
        yield FileBlocks(path, atlas.given.sources[path].document.constraint, blocks)


def _block(
    atlas: SiteIndex, sheet: SymbolPagePlan, path: str, items: tuple[Item, ...], besides: CounterpartColumn
) -> CodeBlock:
    first, last = min(item.first for item in items), max(item.last for item in items)
    heads = tuple(
        DeclarationHead(
            anchor=item.anchor,
            name=item.declaration.symbol,
            kind=str(item.declaration.kind),
            line=Link(str(item.declaration.line), f"#{sheet.prefixes[path]}{item.declaration.line}"),
            chapters=tuple(
                Link(stop.number, href(sheet.page, stop.page), stop.title)
                for stop in atlas.speakers.get((sheet.page, item.anchor), ())
            ),
        )
        for item in items
    )
    stretch = LineRange(path, first, last)
    return CodeBlock(
        heads=heads,
        excerpt=go_excerpt(atlas, sheet.page, sheet, stretch, besides.jumps),
        beside=besides.of(stretch),
        panels=tuple(parity_panels(atlas, sheet.page, stretch)),
    )


def _holds(block: CodeBlock, anchor: str) -> bool:
    return any(head.anchor == anchor for head in block.heads)


def _without(group: FileBlocks, taken: Iterable[CodeBlock]) -> FileBlocks:
    return FileBlocks(
        group.path, group.constraint, tuple(block for block in group.blocks if block not in taken)
    )
