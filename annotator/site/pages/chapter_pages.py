"""Chapters and other texts with their code, diagram and example."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from annotator.site.diagrams import flow_diagram
from annotator.site.diagrams.svg import DiagramStep
from annotator.site.excerpts import CounterpartColumn, go_excerpt, with_own_anchors
from annotator.site.language import _
from annotator.site.markup import href, web
from annotator.site.page_locations import LineRange
from annotator.site.pages import python_pages
from annotator.site.pages.citation_views import PageNotes, chapter_citations, is_shown
from annotator.site.pages.diagram_sections import lock_table, package_structure
from annotator.site.project_texts import MarkdownText
from annotator.site.site_index import SiteChapter, SiteIndex, article_label, link_to
from annotator.site.view_models import (
    ChapterPage,
    CitationRow,
    CitedCode,
    Diagram,
    ExampleExcerpt,
    Link,
    SitePage,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from annotator.model.reference import Verdict
    from annotator.site.page_locations import PageLocation
    from annotator.site.project_texts import DiagramRequest


def text_pages(index: SiteIndex) -> Iterator[SitePage]:
    """Yield the pages of texts that are no chapters."""
    for text in index.texts:
        page = f"{text.name}.md"
        notes = PageNotes(index, text, page)
        shown = _shown_code(index, text, page, (), notes)
        yield SitePage(
            path=page,
            title=text.title,
            summary=text.summary or text.title,
            view=ChapterPage(
                number="",
                summary=text.summary,
                body=notes.body(index.linked_text(text, page)),
                citations=(),
                article=Link("", ""),
                names=(),
                picture=_diagram(index, text, page),
                shown=shown,
                example=_example(index, text, page),
                structures=tuple(
                    package_structure(index, package, page)
                    for package in index.input.packages
                    if package.name.replace(".", "/") in text.packages
                ),
                holding=lock_table(index, text.locks, page) if text.locks else None,
                measured=tuple(
                    index.input.figures[name] for name in text.figures if name in index.input.figures
                ),
                notes=notes.rows(),
                lost=notes.lost(),
            ),
            code=bool(shown),
            boost=text.boost,
            untranslated=index.is_untranslated(text),
        )


def _shown_code(
    index: SiteIndex, text: MarkdownText, page: str, cited: tuple[CitedCode, ...], notes: PageNotes
) -> tuple[CitedCode, ...]:
    """Return all code of a text: code that it cites, that its head names, or that only its notes explain."""
    named = (one.partition("::") for one in text.shows)
    shown = (*cited, *_code(index, page, ((path, symbol) for path, _colons, symbol in named), notes))
    for line in notes.go_lines:
        if not is_shown(line, (one.excerpt for one in shown)):
            shown = (*shown, *_code(index, page, [(line.path, line.symbol)], notes))
    return with_own_anchors(notes.with_python(shown))


def _code(
    index: SiteIndex, page: str, symbols: Iterable[tuple[str, str]], notes: PageNotes
) -> Iterator[CitedCode]:
    for key in symbols:
        place = index.locations.get(key)
        if place:
            yield _declaration(index, page, place, notes)


def _declaration(index: SiteIndex, page: str, place: PageLocation, notes: PageNotes) -> CitedCode:
    """Return a declaration next to its counterparts, as other pages than its own show it."""
    facing, marks = index.side_by_side.by_page.get(place.page), notes.marks
    besides = CounterpartColumn(index, page, facing, at_home=False, notes=marks)
    line_range = LineRange(place.path, place.first, place.declaration.span.end_line)
    plan = index.page_plan(place.page)
    shown = go_excerpt(index, page, plan, line_range, besides.line_links, notes=marks)
    return CitedCode(None, shown, (), besides.of(line_range), link_to(page, place))


def _example(index: SiteIndex, text: MarkdownText, page: str) -> ExampleExcerpt | None:
    """Return the example that a text shows below it."""
    found = {one.name: one for one in index.input.python.examples}.get(text.example)
    return python_pages.example_excerpt(page, found) if found else None


def _diagram(index: SiteIndex, text: MarkdownText, page: str) -> Diagram | None:
    """Return the picture of a text."""
    picture = text.picture
    if picture is None:
        return None
    if picture.way:
        draw = partial(flow_diagram.call_tree, tuple(_way(index, picture, page)), picture.title)
        caption = _("Each step is called by the one it is indented under, in the line given.")
        return Diagram(draw(wide=True), draw(wide=False), caption)
    if picture.life:
        draw = partial(flow_diagram.life_cycle_diagram, tuple(_life(index, picture, page)), picture.title)
        return Diagram(draw(wide=True), draw(wide=False), picture.title)
    return _holders(index, picture, page)


def _way(index: SiteIndex, picture: DiagramRequest, page: str) -> Iterator[DiagramStep]:
    """Yield the stations, numbered by what calls what: a part of a number for each call on the way there."""
    before: dict[str, PageLocation] = {}
    below: dict[str, int] = {}
    for station in picture.way:
        path, _colons, symbol = station.at.partition("::")
        place = index.locations.get((path, symbol))
        if place is None:
            continue
        caller, line = _caller(index, before, place)
        below[caller] = below.get(caller, 0) + 1
        number = f"{caller}.{below[caller]}" if caller else str(below[caller])
        before[number] = place
        called = " \N{MIDDLE DOT} " + _("line %(line)s", line=line) if line else ""
        address, mark = link_to(page, place).href, str(len(before))
        yield DiagramStep(number, station.what or place.name, address, f"{place.name}{called}", mark)


def _caller(index: SiteIndex, before: dict[str, PageLocation], place: PageLocation) -> tuple[str, int]:
    """Return the number of the latest station that is proven to use a place, and the line where it does."""
    name = place.declaration.name
    for number, station in reversed(before.items()):
        span = station.declaration.span
        for use in index.input.sources[station.path].uses:
            if not span.start <= use.start < span.end:
                continue
            is_itself = (use.path, use.symbol) == (place.path, place.declaration.symbol)
            if is_itself or (
                use.symbol.rpartition(".")[2] == name and _is_asked(index, use.path, use.symbol)
            ):
                return number, use.line
    return "", 0


def _is_asked(index: SiteIndex, path: str, symbol: str) -> bool:
    """Return whether a symbol is an interface method, whose implementation is chosen at run time."""
    place = index.locations.get((path, symbol))
    return place is not None and place.declaration.kind == "imethod"


def _life(index: SiteIndex, picture: DiagramRequest, page: str) -> Iterator[flow_diagram.Transition]:
    for change in picture.life:
        path, _colons, symbol = change.by.partition("::")
        place = index.locations.get((path, symbol))
        if place is not None:
            file = place.path.rpartition("/")[2]
            line = _("%(path)s, line %(line)s", path=file, line=place.declaration.line)
            step = DiagramStep("", place.name, link_to(page, place).href, line)
            yield flow_diagram.Transition(change.before, change.after, step)


def _holders(index: SiteIndex, picture: DiagramRequest, page: str) -> Diagram | None:
    """Return who makes a type, by proven calls, and whose fields hold it or an interface that it has."""
    path, _colons, symbol = picture.holders.partition("::")
    place = index.locations.get((path, symbol))
    if place is None:
        return None
    center = DiagramStep("", place.name, link_to(page, place).href)
    left, right = _makers(index, place, page), _fields(index, place, page)
    about = flow_diagram.NeighboursTitle(
        "holders", picture.title, _("makes it, or takes it"), _("holds it in a field")
    )
    draw = partial(flow_diagram.neighbours_diagram, center, left, right, about)
    return Diagram(draw(wide=True), draw(wide=False), picture.title)


def _makers(index: SiteIndex, place: PageLocation, page: str) -> tuple[DiagramStep, ...]:
    name = place.declaration.name
    found = {}
    for (path, symbol), other in index.locations.items():
        declared = other.declaration
        takes = declared.kind in ("func", "method") and symbol == declared.symbol
        if takes and declared.owner != name and _signs(index, path, other, place):
            found[other.name] = DiagramStep("", other.name, link_to(page, other).href)
    return tuple(found.values())[: flow_diagram.MOST_NEIGHBOURS]


def _signs(index: SiteIndex, path: str, other: PageLocation, place: PageLocation) -> bool:
    """Return whether a function's head, up to its body, names the type."""
    source = index.input.sources.get(path)
    if source is None:  # at another tag a place may be one of the baseline's files
        return False
    declared = other.declaration
    return any(
        declared.span.start <= use.start < declared.head_end
        and (use.path, use.symbol) == (place.path, place.declaration.symbol)
        for use in source.uses
    )


def _fields(index: SiteIndex, place: PageLocation, page: str) -> tuple[DiagramStep, ...]:
    own = f"{place.path}::{place.declaration.symbol}"
    names = {own, *index.cross_references.interfaces.get(own, ())}
    found = []
    for plan in index.page_plans:
        if plan.main is None or plan.main.declaration.kind != "struct":
            continue
        lines = {member.line: member.name for member in plan.main.declaration.members}
        for use in index.input.sources[plan.main.path].uses:
            if f"{use.path}::{use.symbol}" in names and use.line in lines:
                anchor = f"{plan.prefixes[plan.main.path]}{use.line}"
                title = f"{plan.title}.{lines[use.line]}"
                found.append(DiagramStep("", title, href(page, plan.page, anchor)))
    return tuple({one.title: one for one in found}.values())[: flow_diagram.MOST_NEIGHBOURS]


def chapter_page(index: SiteIndex, chapter: SiteChapter) -> SitePage:
    """Return the page of a chapter."""
    text = chapter.text or MarkdownText(name="", title="", body="")
    notes = PageNotes(index, text, chapter.page)
    cited = tuple(_shown(index, chapter, notes, *found) for found in chapter_citations(index, chapter))
    shown = _shown_code(index, text, chapter.page, cited, notes)
    return SitePage(
        path=chapter.page,
        title=chapter.label,
        summary=chapter.summary or chapter.title,
        view=ChapterPage(
            number=chapter.number,
            summary=chapter.summary,
            body=notes.body(index.linked_text(text, chapter.page)),
            citations=shown[: len(cited)],
            article=Link(article_label(chapter.article), web(chapter.article.address)),
            names=tuple(link_to(chapter.page, place) for place in index.named_symbols(chapter)),
            picture=_diagram(index, text, chapter.page),
            shown=shown[len(cited) :],
            example=_example(index, text, chapter.page),
            notes=notes.rows(),
            lost=notes.lost(),
            exercises=python_pages.exercise_links(index, chapter.page, chapter.number),
        ),
        code=any(one.excerpt for one in shown),
        minutes=chapter.minutes,
        untranslated=chapter.text is not None and index.is_untranslated(chapter.text),
    )


def _shown(
    index: SiteIndex, chapter: SiteChapter, notes: PageNotes, verdict: Verdict, citation: CitationRow
) -> CitedCode:
    place = index.location(verdict)
    if not place:
        return CitedCode(citation, None)
    code = _declaration(index, chapter.page, place, notes)
    signs = tuple(_chapter_signs(index, chapter, place))
    return msgspec.structs.replace(code, citation=citation, signs=signs)


def _chapter_signs(index: SiteIndex, chapter: SiteChapter, place: PageLocation) -> Iterator[Link]:
    """Yield, for each other symbol that the chapter names, the first line of a declaration that uses it."""
    span, plan = place.declaration.span, index.page_plan(place.page)
    named = {(one.path, one.declaration.symbol): one for one in index.named_symbols(chapter) if one != place}
    for use in index.input.sources[place.path].uses:
        if span.start <= use.start < span.end and (one := named.pop((use.path, use.symbol), None)):
            line = href(chapter.page, plan.page, f"{plan.prefixes[place.path]}{use.line}")
            yield Link(_("line %(line)s", line=use.line), line, one.name)
