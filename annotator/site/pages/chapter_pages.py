"""Chapters and other texts with their code, diagram and example."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from annotator.site import benchmark_tables
from annotator.site.diagrams import flow_diagram
from annotator.site.diagrams.svg import Step
from annotator.site.excerpts import Besides, Stretch, excerpt
from annotator.site.markup import Html, href, web
from annotator.site.pages import python_pages
from annotator.site.pages.citation_views import citations_of
from annotator.site.pages.lock_section import holding
from annotator.site.pages.structure_section import structure
from annotator.site.site_index import Atlas, Stop, anchor_of, to
from annotator.site.view_models import ChapterPage, Citation, CitedCode, Drawn, ExampleShown, Link, Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from annotator.model.reference import Verdict
    from annotator.site.markdown_text import Picture, Prose
    from annotator.site.placement import Place

_MOST = 9
"""Boxes on one side of a drawing; the others are counted."""


def pages(atlas: Atlas) -> Iterator[Page]:
    """The pages of texts that are no chapters."""
    for text in atlas.pages:
        page = f"{text.name}.md"
        yield Page(
            path=page,
            title=text.title,
            summary=text.summary or text.title,
            view=ChapterPage(
                number="",
                summary=text.summary,
                body=atlas.told(text, page),
                citations=(),
                article=Link("", ""),
                names=(),
                picture=drawn(atlas, text, page),
                shown=code(atlas, text, page),
                example=example(atlas, text, page),
                structures=tuple(
                    structure(atlas, package, page)
                    for package in atlas.given.packages
                    if package.name.replace(".", "/") in text.packages
                ),
                holding=holding(atlas, text.locks, page) if text.locks else None,
                measured=benchmark_tables.chosen(atlas.given.figures, text.figures),
            ),
            code=bool(text.shows),
        )


def code(atlas: Atlas, text: Prose, page: str) -> tuple[CitedCode, ...]:
    """The code that a text shows below it."""
    found = []
    for one in text.shows:
        path, _, symbol = one.partition("::")
        place = atlas.places.get((path, symbol))
        if place:
            besides = Besides(atlas, page, atlas.facings.by_page.get(place.page), at_home=False)
            stretch = Stretch(place.path, place.first, place.declaration.span.end_line)
            shown = excerpt(atlas, page, atlas.sheet(place.page), stretch, besides.jumps)
            found.append(CitedCode(None, shown, (), besides.of(stretch), to(page, place)))
    return tuple(found)


def example(atlas: Atlas, text: Prose, page: str) -> ExampleShown | None:
    """The example that a text shows below it."""
    found = {one.name: one for one in atlas.given.mirror.examples}.get(text.example)
    return python_pages.shown(page, found) if found else None


def drawn(atlas: Atlas, text: Prose, page: str) -> Drawn | None:
    """The picture of a text."""
    picture = text.picture
    if picture is None:
        return None
    if picture.way:
        steps = tuple(_way(atlas, picture, page))
        caption = "Each step is called by the one it is indented under, in the line given."
        wide, narrow = (flow_diagram.tree(steps, picture.title, wide=wide) for wide in (True, False))
        return Drawn(wide, narrow, caption)
    if picture.life:
        arrows = tuple(_life(atlas, picture, page))
        wide, narrow = (flow_diagram.life(arrows, picture.title, wide=wide) for wide in (True, False))
        return Drawn(wide, narrow, picture.title)
    return _holders(atlas, picture, page)


class _Station(msgspec.Struct, frozen=True):
    place: Place
    number: str


def _way(atlas: Atlas, picture: Picture, page: str) -> Iterator[Step]:
    """The stations, numbered by what calls what: a part of a number for each call on the way there."""
    before: list[_Station] = []
    below: dict[str, int] = {}
    for station in picture.way:
        path, _, symbol = station.at.partition("::")
        place = atlas.places.get((path, symbol))
        if place is None:
            continue
        caller, line = _caller(atlas, before, place)
        below[caller] = below.get(caller, 0) + 1
        number = f"{caller}.{below[caller]}" if caller else str(below[caller])
        before.append(_Station(place, number))
        called = f" \N{MIDDLE DOT} line {line}" if line else ""
        link = to(page, place)
        mark = str(len(before))
        yield Step(number, station.what or place.name, link.href, f"{place.name}{called}", mark)


def _caller(atlas: Atlas, before: list[_Station], place: Place) -> tuple[str, int]:
    """The number of the latest station that is proven to use a place, and the line where it does."""
    name = place.declaration.name
    for station in reversed(before):
        span = station.place.declaration.span
        for use in atlas.given.sources[station.place.path].uses:
            if not span.start <= use.start < span.end:
                continue
            is_itself = (use.path, use.symbol) == (place.path, place.declaration.symbol)
            if is_itself or (
                use.symbol.rpartition(".")[2] == name and _is_asked(atlas, use.path, use.symbol)
            ):
                return station.number, use.line
    return "", 0


def _is_asked(atlas: Atlas, path: str, symbol: str) -> bool:
    """Whether a symbol is a method of an interface: what is called then is decided at run time."""
    place = atlas.places.get((path, symbol))
    return place is not None and place.declaration.kind == "imethod"


def _life(atlas: Atlas, picture: Picture, page: str) -> Iterator[flow_diagram.Arrow]:
    for change in picture.life:
        path, _, symbol = change.by.partition("::")
        place = atlas.places.get((path, symbol))
        if place is not None:
            line = f"{place.path.rpartition('/')[2]}, line {place.declaration.line}"
            step = Step("", place.name, to(page, place).href, line)
            yield flow_diagram.Arrow(change.before, change.after, step)


def _holders(atlas: Atlas, picture: Picture, page: str) -> Drawn | None:
    """Who makes a type, by proven calls, and whose fields hold it or an interface that it has."""
    path, _, symbol = picture.holders.partition("::")
    place = atlas.places.get((path, symbol))
    if place is None:
        return None
    link = to(page, place)
    center = Step("", place.name, link.href)
    left, right = _makers(atlas, place, page), _fields(atlas, place, page)
    about = flow_diagram.Around("holders", picture.title, "makes it, or takes it", "holds it in a field")
    wide = flow_diagram.between(center, left, right, about)
    steps = (*left, center, *right)
    numbered = tuple(Step("", one.title, one.href, one.symbol) for one in steps)
    return Drawn(wide, flow_diagram.stack(numbered, picture.title), picture.title)


def _makers(atlas: Atlas, place: Place, page: str) -> tuple[Step, ...]:
    name = place.declaration.name
    found = {}
    for (path, symbol), other in atlas.places.items():
        declared = other.declaration
        takes = declared.kind in ("func", "method") and symbol == declared.symbol
        if takes and declared.owner != name and _signs(atlas, path, other, place):
            found[other.name] = Step("", other.name, to(page, other).href)
    return tuple(found.values())[:_MOST]


def _signs(atlas: Atlas, path: str, other: Place, place: Place) -> bool:
    """Whether a function's head, up to its body, names the type."""
    source = atlas.given.sources.get(path)
    if source is None:  # at another tag a place may be one of the baseline's files
        return False
    declared = other.declaration
    return any(
        declared.span.start <= use.start < declared.head_end
        and (use.path, use.symbol) == (place.path, place.declaration.symbol)
        for use in source.uses
    )


def _fields(atlas: Atlas, place: Place, page: str) -> tuple[Step, ...]:
    own = f"{place.path}::{place.declaration.symbol}"
    names = {own, *atlas.relations.interfaces.get(own, ())}
    found = []
    for sheet in atlas.sheets:
        if sheet.main is None or sheet.main.declaration.kind != "struct":
            continue
        lines = {member.line: member.name for member in sheet.main.declaration.members}
        for use in atlas.given.sources[sheet.main.path].uses:
            if f"{use.path}::{use.symbol}" in names and use.line in lines:
                anchor = f"{sheet.prefixes[sheet.main.path]}{use.line}"
                title = f"{sheet.title}.{lines[use.line]}"
                found.append(Step("", title, href(page, sheet.page, anchor)))
    return tuple({one.title: one for one in found}.values())[:_MOST]


def around(atlas: Atlas, page: str, name: str) -> Drawn | None:
    """What calls a page's symbols, and what they call, page by page; nothing if nobody does."""
    into, out = atlas.relations.into.get(page, ()), atlas.relations.out.get(page, ())
    left = _steps(atlas, page, [call.caller.page for call in into])
    right = _steps(atlas, page, [call.callee.page for call in out])
    about = flow_diagram.Around("calls", f"What calls {name}, and what it calls", "called by", "calls")
    wide = flow_diagram.between(Step("", name, "#page-top"), left, right, about)
    return Drawn(wide, Html("")) if wide else None


def _steps(atlas: Atlas, page: str, others: list[str]) -> tuple[Step, ...]:
    """The pages that are named most often, in the order of their titles."""
    counted = {other: others.count(other) for other in dict.fromkeys(others)}
    most = sorted(counted, key=lambda other: (-counted[other], other))[:_MOST]
    return tuple(
        Step("", atlas.sheet(other).title, href(page, other))
        for other in sorted(most, key=lambda other: atlas.sheet(other).title)
    )


def chapter(atlas: Atlas, stop: Stop) -> Page:
    """The page of a chapter."""
    cited = tuple(_shown(atlas, stop, *found) for found in citations_of(atlas, stop))
    return Page(
        path=stop.page,
        title=stop.label,
        summary=stop.summary or stop.title,
        view=ChapterPage(
            number=stop.number,
            summary=stop.summary,
            body=atlas.told(stop.text, stop.page) if stop.text else Html(""),
            citations=cited,
            article=Link(stop.article.title, web(stop.article.address)),
            names=tuple(to(stop.page, place) for place in atlas.named(stop)),
            picture=drawn(atlas, stop.text, stop.page) if stop.text else None,
            shown=code(atlas, stop.text, stop.page) if stop.text else (),
            example=example(atlas, stop.text, stop.page) if stop.text else None,
        ),
        code=any(one.excerpt for one in cited) or bool(stop.text and stop.text.shows),
    )


def _shown(atlas: Atlas, stop: Stop, verdict: Verdict, citation: Citation) -> CitedCode:
    anchor = anchor_of(verdict)
    place = atlas.place(anchor) if anchor else None
    if not place or not anchor:
        return CitedCode(citation, None)
    stretch = Stretch(place.path, place.first, place.declaration.span.end_line)
    besides = Besides(atlas, stop.page, atlas.facings.by_page.get(place.page), at_home=False)
    code = excerpt(atlas, stop.page, atlas.sheet(place.page), stretch, besides.jumps)
    return CitedCode(citation, code, tuple(_chapter_signs(atlas, stop, place)), besides.of(stretch))


def _chapter_signs(atlas: Atlas, stop: Stop, place: Place) -> Iterator[Link]:
    """The first line in a cited declaration at which each other symbol that the chapter names is used."""
    span, sheet = place.declaration.span, atlas.sheet(place.page)
    named = {(one.path, one.declaration.symbol): one for one in atlas.named(stop) if one != place}
    for use in atlas.given.sources[place.path].uses:
        if span.start <= use.start < span.end and (one := named.pop((use.path, use.symbol), None)):
            line = href(stop.page, sheet.page, f"{sheet.prefixes[place.path]}{use.line}")
            yield Link(f"line {use.line}", line, one.name)
