"""References as pages show them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from annotator.model.go import Kind
from annotator.model.reference import Missing, Skipped, Verdict
from annotator.site.markup import href, web
from annotator.site.placement import TYPES
from annotator.site.site_index import REPORT, Atlas, Stop, anchor_of, to
from annotator.site.view_models import Citation, Link, Reported

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FITTING: dict[str, frozenset[Kind]] = {
    "func": frozenset({Kind.FUNC, Kind.METHOD, Kind.CLOSURE}),
    "function": frozenset({Kind.FUNC, Kind.METHOD, Kind.CLOSURE}),
    "method": frozenset({Kind.METHOD, Kind.IMETHOD}),
    "struct": frozenset({Kind.STRUCT}),
    "interface": frozenset({Kind.INTERFACE}),
    "type": TYPES,
    "const": frozenset({Kind.CONST}),
    "var": frozenset({Kind.VAR}),
    "field": frozenset({Kind.FIELD}),
    "closure": frozenset({Kind.CLOSURE}),
}
"""By the heading that an article gives a reference, what the declaration may be."""


def citations(atlas: Atlas, page: str) -> Iterator[Citation]:
    """Every reference in order, for the given page."""
    for number, (stop, verdict) in enumerate(atlas.verdicts, 1):
        yield _citation(atlas, page, f"reference-{number}", stop, verdict)


def citations_of(atlas: Atlas, stop: Stop) -> Iterator[tuple[Verdict, Citation]]:
    """The references of one chapter in order, for its page."""
    for number, (other, verdict) in enumerate(atlas.verdicts, 1):
        if other.page == stop.page:
            yield verdict, _citation(atlas, stop.page, f"reference-{number}", stop, verdict)


def citations_on(atlas: Atlas, page: str) -> Iterator[Citation]:
    """The references that lead to a page of symbols, in order, for that page."""
    for number, (stop, verdict) in enumerate(atlas.verdicts, 1):
        anchor = anchor_of(verdict)
        place = atlas.place(anchor) if anchor else None
        if place and place.page == page:
            yield _citation(atlas, page, f"reference-{number}", stop, verdict)


def _citation(atlas: Atlas, page: str, identity: str, stop: Stop, verdict: Verdict) -> Citation:
    reference, anchor = verdict.reference, anchor_of(verdict)
    place = atlas.place(anchor) if anchor else None
    return Citation(
        id=identity,
        article=stop.article.title,
        number=stop.number,
        chapter=Link(stop.label, href(page, stop.page)),
        cited=reference.cited or reference.path,
        symbol=reference.symbol or "",
        line=reference.line,
        heading=reference.heading or "",
        kind=anchor.kind if anchor else "",
        verdict=word(verdict),
        text=verdict.text,
        sign=getattr(verdict.outcome, "by", ""),
        reason=verdict.outcome.reason,
        found=to(page, place) if place else Link(anchor.symbol if anchor else "", ""),
        place=f"{anchor.path}, line\N{NO-BREAK SPACE}{anchor.line + anchor.offset}" if anchor else "",
        outside=atlas.permalink(anchor.path, anchor.line, max(anchor.line, anchor.end_line))
        if anchor
        else "",
        report=href(page, REPORT, identity),
    )


def word(verdict: Verdict) -> str:
    """The verdict in one word, as reports have it."""
    match verdict.outcome:
        case Missing():
            return "missing"
        case Skipped():
            return "skipped"
        case found:
            return type(found).__name__.lower()


def counts(verdicts: Iterable[Verdict]) -> tuple[tuple[str, int], ...]:
    """How many references have each verdict."""
    counted = Counter(word(verdict) for verdict in verdicts)
    return tuple((one, counted[one]) for one in ("verified", "moved", "renamed", "missing", "skipped"))


def reported(atlas: Atlas, page: str) -> Iterator[Reported]:
    """Every article with its references, for the given page."""
    by_file: dict[str, list[tuple[Verdict, Citation]]] = {}
    articles = {stop.article.file: stop.article for stop in atlas.stops}
    for (stop, verdict), citation in zip(atlas.verdicts, citations(atlas, page), strict=True):
        by_file.setdefault(stop.article.file, []).append((verdict, citation))
    for file, found in by_file.items():
        article = articles[file]
        yield Reported(
            title=article.title,
            address=web(article.address),
            tag=article.tag,
            counts=counts(verdict for verdict, _ in found),
            citations=tuple(citation for _, citation in found),
        )


def misheaded(citation: Citation) -> bool:
    """Whether the article gives the reference a kind that its declaration does not have."""
    fitting = _FITTING.get(citation.heading.lower())
    return bool(fitting and citation.kind and citation.kind not in fitting)
