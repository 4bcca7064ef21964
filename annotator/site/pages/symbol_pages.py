"""One page per Go type or package."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from annotator.golang.build_constraints import platform_label
from annotator.model.go import Kind
from annotator.site.diagrams import flow_diagram
from annotator.site.diagrams.svg import DiagramStep
from annotator.site.excerpts import CounterpartColumn, go_excerpt
from annotator.site.language import _, deferred, translated
from annotator.site.markup import href
from annotator.site.page_locations import TYPES, LineRange, group_adjacent
from annotator.site.pages import history_pages
from annotator.site.pages.citation_views import page_citations
from annotator.site.pages.parity_pages import parity_panels
from annotator.site.site_index import SYMBOLS, SiteIndex, example_page, link_to
from annotator.site.view_models import (
    CalledMember,
    Caller,
    CodeBlock,
    DeclarationHead,
    Diagram,
    FileBlocks,
    Link,
    OutlineSection,
    OutlineSymbol,
    SitePage,
    SymbolPage,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from annotator.site.cross_references import ShownCall
    from annotator.site.page_locations import PlacedDeclaration as Item
    from annotator.site.page_locations import SymbolPagePlan


def symbol_page(index: SiteIndex, plan: SymbolPagePlan) -> SitePage:
    """Return the page of a type or a package."""
    main = plan.main
    besides = CounterpartColumn(index, plan.page, index.side_by_side.by_page.get(plan.page))
    groups = _folded(tuple(_groups(index, plan, besides)))
    declaring = [block for group in groups for block in group.blocks if main and _holds(block, main.anchor)]
    cited = tuple(page_citations(index, plan.page))
    return SitePage(
        path=plan.page,
        title=plan.title,
        summary=_(
            "%(kind)s in %(path)s: source and place.",
            kind=translated(plan.kind.capitalize()),
            path=plan.folder or _("the root"),
        ),
        view=SymbolPage(
            name=plan.title,
            kind=plan.kind,
            package=_package(index, plan),
            doc=main.declaration.doc if main else "",
            main=declaring[0] if declaring else None,
            groups=tuple(_without(group, declaring[:1]) for group in groups),
            outline=tuple(_outline(index, plan)),
            chapters=_speaking(index, plan),
            citations=cited,
            types=tuple(_types(index, plan)),
            hidden=plan.hidden,
            picture=_call_diagram(index, plan.page, plan.title),
            interfaces=_others(index, plan, index.cross_references.interfaces),
            implementers=_others(index, plan, index.cross_references.implementers),
            callers=_callers(index, plan),
            callees=_callees(index, plan),
            examples=tuple(_examples(index, plan)),
            since=tuple(history_pages.status_since_baseline(index, plan.page)),
            history=tuple(history_pages.symbol_histories(index, plan.page)),
        ),
        code=True,
    )


def _package(index: SiteIndex, plan: SymbolPagePlan) -> Link:
    """Return the package's own page; where it has none, the index."""
    own = (one for one in index.page_plans if one.folder == plan.folder and not one.type)
    page = next((one.page for one in own), SYMBOLS)
    return Link(plan.folder or plan.package, href(plan.page, page))


def _types(index: SiteIndex, plan: SymbolPagePlan) -> Iterator[Link]:
    """Yield the package's types that have pages, for the package's page."""
    for one in index.page_plans:
        if not plan.type and one.folder == plan.folder and one.type:
            yield Link(one.type, href(plan.page, one.page), one.kind)


def _others(
    index: SiteIndex, plan: SymbolPagePlan, related: Mapping[str, tuple[str, ...]]
) -> tuple[Link, ...]:
    """Return the places of the types that a relation leads to from the page's type."""
    main = plan.main
    found = related.get(f"{main.path}::{main.declaration.symbol}", ()) if main else ()
    places = (index.locations.get((one.partition("::")[0], one.partition("::")[2])) for one in found)
    return tuple(link_to(plan.page, place) for place in places if place)


def _callers(index: SiteIndex, plan: SymbolPagePlan) -> tuple[Link, ...]:
    calls = index.cross_references.into.get(plan.page, ())
    return tuple({call.caller.name: link_to(plan.page, call.caller) for call in calls}.values())


def _callees(index: SiteIndex, plan: SymbolPagePlan) -> tuple[Link, ...]:
    calls = index.cross_references.out.get(plan.page, ())
    return tuple({call.callee.name: link_to(plan.page, call.callee) for call in calls}.values())


def _examples(index: SiteIndex, plan: SymbolPagePlan) -> Iterator[Link]:
    """Yield the examples that use a counterpart of something on the page."""
    for one in index.input.python.examples:
        if any(place.page == plan.page for place in index.symbols_by_example[one.name]):
            yield Link(one.name, href(plan.page, example_page(one.name)), translated(one.title))


_SECTIONS = {
    Kind.METHOD: deferred("Methods"),
    Kind.FUNC: deferred("Functions"),
    Kind.CONST: deferred("Constants"),
    Kind.VAR: deferred("Variables"),
}
"""The parts of an outline, in their order."""


def _outline(index: SiteIndex, plan: SymbolPagePlan) -> Iterator[OutlineSection]:
    """Yield everything on the page by kind; the variants of a symbol stand together."""
    if plan.main and plan.main.declaration.members:
        title = _("Asks for") if plan.main.declaration.kind is Kind.INTERFACE else _("Fields")
        prefix = plan.prefixes[plan.main.path]
        fields = (Link(one.name, f"#{prefix}{one.line}") for one in plan.main.declaration.members)
        yield OutlineSection(title, tuple(OutlineSymbol(field) for field in fields))
    for kind, title in _SECTIONS.items():
        found: dict[str, list[Item]] = defaultdict(list)
        for item in plan.others:
            if item.declaration.kind is kind:
                found[item.declaration.name].append(item)
        if found:
            yield OutlineSection(_(title), tuple(_outlined(index, *found[name]) for name in sorted(found)))


def _outlined(index: SiteIndex, first: Item, *others: Item) -> OutlineSymbol:
    labelled = tuple(
        Link(_platform(index, item) or item.path.rpartition("/")[2], f"#{item.anchor}")
        for item in (first, *others)
        if others or _platform(index, item)
    )
    return OutlineSymbol(Link(first.declaration.name, f"#{first.anchor}"), labelled)


def _platform(index: SiteIndex, item: Item) -> str:
    return platform_label(item.path, index.input.sources[item.path].document.constraint)


_ROOM, _HEAD, _FOLDED = 440, 7, 6
"""Lines that a page has room for, what a heading takes of it, and what a folded block takes with its own."""


def _folded(groups: tuple[FileBlocks, ...]) -> tuple[FileBlocks, ...]:
    """Fold the blocks from the first one on that a long page has no room for."""
    blocks = [block for group in groups for block in group.blocks]
    room = _ROOM - _FOLDED * len(blocks)
    if sum(_HEAD + block.weight for block in blocks) <= _ROOM:
        return groups
    folded: list[FileBlocks] = []
    for group in groups:
        shown = []
        for block in group.blocks:
            room -= block.weight
            shown.append(msgspec.structs.replace(block, folded=room < 0 and block is not blocks[0]))
        folded.append(msgspec.structs.replace(group, blocks=tuple(shown)))
    return tuple(folded)


def _speaking(index: SiteIndex, plan: SymbolPagePlan) -> tuple[Link, ...]:
    stops = {
        chapter.page: Link(chapter.label, href(plan.page, chapter.page))
        for (page, _), speakers in index.chapters_by_symbol.items()
        if page == plan.page
        for chapter in speakers
    }
    order = [chapter.page for chapter in index.chapters]
    return tuple(stops[page] for page in order if page in stops)


def _groups(index: SiteIndex, plan: SymbolPagePlan, besides: CounterpartColumn) -> Iterator[FileBlocks]:
    for path in plan.prefixes:
        blocks = tuple(
            _block(index, plan, path, items, besides)
            for items in group_adjacent(item for item in plan.items if item.path == path)
        )
        yield FileBlocks(path, index.input.sources[path].document.constraint, blocks)


def _block(
    index: SiteIndex, plan: SymbolPagePlan, path: str, items: tuple[Item, ...], besides: CounterpartColumn
) -> CodeBlock:
    first, last = min(item.first for item in items), max(item.last for item in items)
    heads = tuple(
        DeclarationHead(
            anchor=item.anchor,
            name=item.declaration.symbol,
            kind=str(item.declaration.kind),
            line=Link(str(item.declaration.line), f"#{plan.prefixes[path]}{item.declaration.line}"),
            platform=_platform(index, item),
            lifetime=history_pages.lifetime(index, plan.page, item.anchor),
            callers=_callers_of(index, plan.page, item.anchor),
            members=tuple(_called_members(index, plan, item)),
            compared=history_pages.compared(index, plan.page, item.anchor),
            chapters=tuple(
                Link(chapter.number, href(plan.page, chapter.page), chapter.title)
                for chapter in index.chapters_by_symbol.get((plan.page, item.anchor), ())
            ),
        )
        for item in items
    )
    line_range = LineRange(path, first, last)
    return CodeBlock(
        heads=heads,
        excerpt=go_excerpt(index, plan.page, plan, line_range, besides.line_links),
        above=besides.above(line_range),
        beside=besides.of(line_range),
        panels=tuple(panel for panel in parity_panels(index, plan.page, line_range) if panel.rows),
    )


def _callers_of(index: SiteIndex, page: str, anchor: str) -> tuple[Caller, ...]:
    """Return what calls a declaration, with the lines of the calls."""
    calls = index.cross_references.by_callee.get((page, anchor), ())
    return tuple(_caller(index, page, call) for call in calls)


def _caller(index: SiteIndex, page: str, call: ShownCall) -> Caller:
    prefix = index.page_plan(call.caller.page).prefixes[call.caller.path]
    lines = (Link(str(line), href(page, call.caller.page, f"{prefix}{line}")) for line in call.lines)
    address = href(page, call.caller.page, call.caller.anchor)
    return Caller(Link(call.caller.name, address), tuple(lines))


def _called_members(index: SiteIndex, plan: SymbolPagePlan, item: Item) -> Iterator[CalledMember]:
    """Yield the members of a type that something calls, such as an interface's methods."""
    if item.declaration.kind not in TYPES:
        return
    for member in item.declaration.members:
        callers = _callers_of(index, plan.page, f"{plan.prefixes[item.path]}{member.line}")
        if callers:
            yield CalledMember(member.name, callers)


def _holds(block: CodeBlock, anchor: str) -> bool:
    return any(head.anchor == anchor for head in block.heads)


def _without(group: FileBlocks, taken: Iterable[CodeBlock]) -> FileBlocks:
    return FileBlocks(
        group.path, group.constraint, tuple(block for block in group.blocks if block not in taken)
    )


_CAPTION = deferred(
    "Drawn are the types and packages on these pages that call or are called: on each side the "
    "%(most)s most frequent. Calls that cannot be proven, such as of function values, are omitted."
)


def _call_diagram(index: SiteIndex, page: str, name: str) -> Diagram | None:
    """Return a diagram of the pages that call a page's symbols and that they call, or None."""
    into, out = index.cross_references.into.get(page, ()), index.cross_references.out.get(page, ())
    left = _steps(index, page, [call.caller.page for call in into])
    right = _steps(index, page, [call.callee.page for call in out])
    about = flow_diagram.NeighboursTitle(
        "calls", _("What calls %(name)s, and what it calls", name=name), _("called by"), _("calls")
    )
    center = DiagramStep("", name, "#page-top")
    wide, narrow = (
        flow_diagram.neighbours_diagram(center, left, right, about, wide=wide) for wide in (True, False)
    )
    return Diagram(wide, narrow, _(_CAPTION, most=flow_diagram.MOST_NEIGHBOURS)) if wide else None


def _steps(index: SiteIndex, page: str, others: list[str]) -> tuple[DiagramStep, ...]:
    """Return the pages that are named most often, in the order of their titles."""
    counted = {other: others.count(other) for other in dict.fromkeys(others)}
    most = sorted(counted, key=lambda other: (-counted[other], other))[: flow_diagram.MOST_NEIGHBOURS]
    return tuple(
        DiagramStep("", index.page_plan(other).title, href(page, other))
        for other in sorted(most, key=lambda other: index.page_plan(other).title)
    )
