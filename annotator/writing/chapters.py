"""The pages of the chapters: our words, what the article cites there, and the code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.writing import texts
from annotator.writing.addresses import href
from annotator.writing.atlas import Atlas, Stop, anchor_of, to
from annotator.writing.citations import citations_of
from annotator.writing.escape import Html, web
from annotator.writing.excerpts import Besides, Stretch, excerpt
from annotator.writing.views import ChapterPage, Citation, CitedCode, Link, Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from annotator.model import Verdict
    from annotator.writing.places import Place


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
            picture=texts.drawn(atlas, stop.text, stop.page) if stop.text else None,
            shown=texts.code(atlas, stop.text, stop.page) if stop.text else (),
            example=texts.example(atlas, stop.text, stop.page) if stop.text else None,
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
    return CitedCode(citation, code, tuple(_signs(atlas, stop, place)), besides.of(stretch))


def _signs(atlas: Atlas, stop: Stop, place: Place) -> Iterator[Link]:
    """The first line in a cited declaration at which each other symbol that the chapter names is used."""
    span, sheet = place.declaration.span, atlas.sheet(place.page)
    named = {(one.path, one.declaration.symbol): one for one in atlas.named(stop) if one != place}
    for use in atlas.given.sources[place.path].uses:
        if span.start <= use.start < span.end and (one := named.pop((use.path, use.symbol), None)):
            line = href(stop.page, sheet.page, f"{sheet.prefixes[place.path]}{use.line}")
            yield Link(f"line {use.line}", line, one.name)
