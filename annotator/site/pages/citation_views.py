"""References as pages show them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from annotator.model.go import Kind
from annotator.model.reference import VERDICTS, Verdict
from annotator.site.markup import href, web
from annotator.site.placement import TYPES
from annotator.site.site_index import REPORT, SiteChapter, SiteIndex, link_to, resolved_anchor
from annotator.site.view_models import ArticleReport, CitationRow, Link

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


def all_citations(index: SiteIndex, page: str) -> Iterator[CitationRow]:
    """Yield every reference of the chapters in order, for the given page."""
    for number, (chapter, verdict) in enumerate(index.own_verdicts, 1):
        yield _citation(index, page, f"reference-{number}", chapter, verdict)


def chapter_citations(index: SiteIndex, chapter: SiteChapter) -> Iterator[tuple[Verdict, CitationRow]]:
    """Yield the references of one chapter in order, for its page."""
    for number, (other, verdict) in enumerate(index.own_verdicts, 1):
        if other.page == chapter.page:
            yield verdict, _citation(index, chapter.page, f"reference-{number}", chapter, verdict)


def page_citations(index: SiteIndex, page: str) -> Iterator[CitationRow]:
    """Yield the chapters' references that lead to a page of symbols, in order, for that page."""
    for number, (chapter, verdict) in enumerate(index.own_verdicts, 1):
        anchor = resolved_anchor(verdict)
        place = index.location(anchor) if anchor else None
        if place and place.page == page:
            yield _citation(index, page, f"reference-{number}", chapter, verdict)


def _citation(
    index: SiteIndex, page: str, identity: str, chapter: SiteChapter, verdict: Verdict
) -> CitationRow:
    reference, anchor = verdict.reference, resolved_anchor(verdict)
    place = index.location(anchor) if anchor else None
    return CitationRow(
        id=identity,
        article=chapter.article.title,
        number=chapter.number,
        chapter=Link(chapter.label, href(page, chapter.page) if chapter in index.chapters else ""),
        cited=reference.cited or reference.path,
        symbol=reference.symbol or "",
        line=reference.line,
        heading=reference.heading or "",
        kind=anchor.kind if anchor else "",
        verdict=verdict.name,
        text=verdict.text,
        sign=getattr(verdict.outcome, "by", ""),
        reason=verdict.outcome.reason,
        found=link_to(page, place) if place else Link(anchor.symbol if anchor else "", ""),
        place=f"{anchor.path}, line\N{NO-BREAK SPACE}{anchor.line + anchor.offset}" if anchor else "",
        outside=index.permalink(anchor.path, anchor.line, max(anchor.line, anchor.end_line))
        if anchor
        else "",
        report=href(page, REPORT, identity),
    )


def counts(verdicts: Iterable[Verdict]) -> tuple[tuple[str, int], ...]:
    """Return how many references have each verdict."""
    counted = Counter(verdict.name for verdict in verdicts)
    return tuple((one, counted[one]) for one in VERDICTS)


def article_reports(index: SiteIndex, page: str) -> Iterator[ArticleReport]:
    """Yield every article with its references, for the given page."""
    by_file: dict[str, list[tuple[Verdict, CitationRow]]] = {}
    articles = {chapter.article.file: chapter.article for chapter, _ in index.verdicts}
    for number, (chapter, verdict) in enumerate(index.verdicts, 1):
        citation = _citation(index, page, f"reference-{number}", chapter, verdict)
        by_file.setdefault(chapter.article.file, []).append((verdict, citation))
    for file, found in by_file.items():
        article = articles[file]
        yield ArticleReport(
            title=article.title,
            address=web(article.address),
            tag=article.tag,
            counts=counts(verdict for verdict, _ in found),
            citations=tuple(citation for _, citation in found),
        )


def has_wrong_heading(citation: CitationRow) -> bool:
    """Return whether the article gives the reference a kind that its declaration does not have."""
    fitting = _FITTING.get(citation.heading.lower())
    return bool(fitting and citation.kind and citation.kind not in fitting)
