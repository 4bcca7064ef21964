"""References and notes as pages show them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import msgspec

from annotator.model.go import Kind
from annotator.model.reference import VERDICTS, NoteState, Verdict
from annotator.python_source.modules import dotted_name
from annotator.site import project_texts
from annotator.site.excerpts import NoteMarks, python_excerpt
from annotator.site.highlighting import LineAnchors, NoteMark
from annotator.site.language import _, html, translated
from annotator.site.markup import Html, href, join, ticked, web
from annotator.site.page_locations import TYPES, LineRange
from annotator.site.pages import sentences
from annotator.site.site_index import (
    REPORT,
    WALK,
    SiteChapter,
    SiteIndex,
    link_to,
    module_page,
    resolved_anchor,
)
from annotator.site.view_models import (
    AnnotatedLine,
    ArticleReport,
    CitationRow,
    CitedCode,
    Excerpt,
    Link,
    NoteRow,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from annotator.model.reference import PlacedLine, PlacedNote
    from annotator.site.project_texts import MarkdownText

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
        yield _citation(index, page, number, chapter, verdict)


def chapter_citations(index: SiteIndex, chapter: SiteChapter) -> Iterator[tuple[Verdict, CitationRow]]:
    """Yield the references of one chapter in order, for its page."""
    for number, (other, verdict) in enumerate(index.own_verdicts, 1):
        if other.page == chapter.page:
            yield verdict, _citation(index, chapter.page, number, chapter, verdict)


def page_citations(index: SiteIndex, page: str) -> Iterator[CitationRow]:
    """Yield the chapters' references that lead to a page of symbols, in order, for that page."""
    for number, (chapter, verdict) in enumerate(index.own_verdicts, 1):
        place = index.location(verdict)
        if place and place.page == page:
            yield _citation(index, page, number, chapter, verdict)


def _citation(
    index: SiteIndex, page: str, number: int, chapter: SiteChapter, verdict: Verdict
) -> CitationRow:
    reference, anchor = verdict.reference, resolved_anchor(verdict)
    place, where, outside = index.location(verdict), "", ""
    if anchor:
        line = anchor.line + anchor.offset
        where = _("%(path)s, line\N{NO-BREAK SPACE}%(line)s", path=anchor.path, line=line)
        outside = index.permalink(anchor.path, anchor.line, max(anchor.line, anchor.end_line))
    return CitationRow(
        id=f"reference-{number}",
        number=chapter.number,
        chapter=Link(chapter.label, href(page, chapter.page) if chapter in index.chapters else ""),
        cited=reference.cited or reference.path,
        symbol=reference.symbol or "",
        line=reference.line,
        heading=reference.heading or "",
        kind=anchor.kind if anchor else "",
        verdict=verdict.name,
        text=verdict.text,
        reason=sentences.reason(verdict),
        found=link_to(page, place) if place else Link(anchor.symbol if anchor else "", ""),
        place=where,
        outside=outside,
        report=href(page, REPORT, f"reference-{number}"),
        path=anchor.path if anchor else "",
    )


def counts(verdicts: Iterable[Verdict]) -> tuple[tuple[str, int], ...]:
    """Return how many references have each verdict."""
    counted = Counter(verdict.name for verdict in verdicts)
    return tuple((one, counted[one]) for one in VERDICTS)


def article_reports(index: SiteIndex, page: str) -> Iterator[ArticleReport]:
    """Yield every article with its references, for the given page."""
    by_file: dict[str, list[tuple[int, SiteChapter, Verdict]]] = defaultdict(list)
    for number, (chapter, verdict) in enumerate(index.verdicts, 1):
        by_file[chapter.article.file].append((number, chapter, verdict))
    for found in by_file.values():
        article = found[-1][1].article
        yield ArticleReport(
            title=translated(article.title),
            address=web(article.address),
            tag=article.tag,
            counts=counts(verdict for _number, _chapter, verdict in found),
            citations=tuple(_citation(index, page, *each) for each in found),
        )


def has_wrong_heading(citation: CitationRow) -> bool:
    """Return whether the article gives the reference a kind that its declaration does not have."""
    fitting = _FITTING.get(citation.heading.lower())
    return bool(fitting and citation.kind and citation.kind not in fitting)


_NOTATION = re.compile(r"`([^`\n:]+\.go)::([^`\n#]+)`")


class PageNotes:
    """The notes of one text, numbered, on the page that shows it."""

    def __init__(self, index: SiteIndex, text: MarkdownText, page: str) -> None:
        self._index = index
        self._page = page
        self.placed = index.notes.get(text.name, ())
        self._numbers = {placed.note.label: number for number, placed in enumerate(self.placed, 1)}

    @property
    def marks(self) -> NoteMarks:
        """The marks in the margin of the code, by file and line."""
        found: NoteMarks = {}
        for number, placed in enumerate(self.placed, 1):
            for anchor, line in _anchored(number, placed):
                mark = NoteMark(number, anchor, _sentence(number))
                at = line.path, line.line
                found[at] = (*found.get(at, ()), mark)
        return found

    def body(self, linked: Html) -> Html:
        """Return the text with a numbered link for each use of a note."""

        def show(label: str, use: int) -> Html:
            number = self._numbers.get(label)
            if number is None:
                return Html("")
            return self._link(number, self.placed[number - 1], use)

        return Html(project_texts.link_footnotes(str(linked), show))

    def _link(self, number: int, placed: PlacedNote, use: int) -> Html:
        lines = [anchor for anchor, _ in _anchored(number, placed)]
        states = {line.state for line in placed.lines}
        if NoteState.GONE in states:
            state, name = " note-gone", html("Note %(number)s, whose line is gone", number=number)
        elif NoteState.CHANGED in states:
            state, name = " note-changed", html("Note %(number)s, whose line has changed", number=number)
        else:
            state, name = "", html("Note %(number)s", number=number)
        named = Html(' id="%s"') % _sentence(number) if use == 1 else Html("")
        return Html('<a class="note-ref%s"%s href="#%s" data-note="%s" aria-label="%s" title="%s">%s</a>') % (
            Html(state),
            named,
            lines[0] if lines else f"note-text-{number}",
            number,
            name,
            placed.note.words.replace("`", ""),
            number,
        )

    def rows(self) -> tuple[NoteRow, ...]:
        """Return the list of the notes."""
        return tuple(
            NoteRow(
                number,
                _sentence(number),
                self._words(placed.note.words),
                tuple(self._lines(number, placed)),
                tuple(
                    Link(translated(title), href(self._page, WALK, step))
                    for title, step in self._index.recordings.by_note.get((self._page, number), ())
                ),
            )
            for number, placed in enumerate(self.placed, 1)
        )

    def _words(self, words: str) -> Html:
        """Return an explanation as HTML: notations as links, other text between backticks as code."""
        parts = []
        at = 0
        for match in _NOTATION.finditer(words):
            place = self._index.locations.get((match[1], match[2]))
            link = link_to(self._page, place) if place else Link(match[2], "")
            code = Html("<code>%s</code>") % link.text
            parts += [
                ticked(words[at : match.start()]),
                Html('<a href="%s">%s</a>') % (link.href, code) if link.href else code,
            ]
            at = match.end()
        return join([*parts, ticked(words[at:])])

    def _lines(self, number: int, placed: PlacedNote) -> Iterator[AnnotatedLine]:
        anchors = {id(line): anchor for anchor, line in _anchored(number, placed)}
        for line in placed.lines:
            if line.state is not NoteState.MISTAKEN:
                where = (
                    _("%(path)s, line %(line)s", path=line.path, line=line.line)
                    if line.line
                    else line.place.path
                )
                address = f"#{anchors[id(line)]}" if line.line else ""
                language = "Go" if line.place.is_go else "Python"
                yield AnnotatedLine(
                    Link(where, address), language, line.state, line.was, sentences.lost_line(line)
                )

    def lost(self) -> str:
        """Return a sentence on the notes of which a line is not there at the tag, or nothing."""
        gone = [placed for placed in self.placed if any(one.state is NoteState.GONE for one in placed.lines)]
        return sentences.lost_notes(len(gone), len(self.placed), self._index.input.tag) if gone else ""

    # ── Code that only notes ask for ─────────────────────────────────────────────────────────────
    @property
    def go_lines(self) -> tuple[PlacedLine, ...]:
        """The annotated lines of Go that are there at the tag."""
        lines = (line for placed in self.placed for line in placed.lines)
        return tuple(line for line in lines if line.line and line.place.is_go)

    def with_python(self, shown: tuple[CitedCode, ...]) -> tuple[CitedCode, ...]:
        """Add the Python that has an annotated line and is not shown yet, next to its Go."""
        blocks = list(shown)
        for placed in self.placed:
            for line in placed.lines:
                excerpts = (excerpt for block in blocks for excerpt in (block.excerpt, *block.beside))
                if line.place.is_go or not line.line or is_shown(line, excerpts):
                    continue
                excerpt = self._python(line)
                if excerpt is not None:
                    at = self._block_of(blocks, placed)
                    if at is None:
                        address = href(self._page, module_page(line.path), f"py-L{excerpt.first}")
                        blocks.append(CitedCode(None, excerpt, title=Link(excerpt.name, address)))
                    else:
                        beside = (*blocks[at].beside, excerpt)
                        blocks[at] = msgspec.structs.replace(blocks[at], beside=beside)
        return tuple(blocks)

    def _python(self, line: PlacedLine) -> Excerpt | None:
        known = self._index.input.python.objects.get(f"{dotted_name(line.path)}.{line.symbol}")
        module = self._index.input.python.modules.get(line.path)
        if known is None or module is None:
            return None
        anchors = LineAnchors("py-L", href(self._page, module_page(line.path)))
        return python_excerpt(
            self._index,
            self._page,
            LineRange(line.path, known.line, known.end_line),
            anchors,
            known.name,
            hidden=frozenset(module.section_lines),
            notes=self.marks,
        )

    def _block_of(self, blocks: list[CitedCode], placed: PlacedNote) -> int | None:
        """Return the place of the block that has the Go line of a note."""
        lines = [line for line in placed.lines if line.place.is_go]
        having = (
            at for at, block in enumerate(blocks) if any(is_shown(line, [block.excerpt]) for line in lines)
        )
        return next(having, None)


def _anchored(number: int, placed: PlacedNote) -> Iterator[tuple[str, PlacedLine]]:
    """Yield the lines of a note that are shown, each with the anchor of its mark."""
    found = [line for line in placed.lines if line.line]
    yield from zip((f"note-{number}", f"note-{number}-other"), found, strict=False)


def _sentence(number: int) -> str:
    return f"note-ref-{number}"


def is_shown(line: PlacedLine, excerpts: Iterable[Excerpt | None]) -> bool:
    """Return whether one of some excerpts has an annotated line."""
    return any(one and line.path == one.path and one.first <= line.line <= one.last for one in excerpts)
