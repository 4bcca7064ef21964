"""Reads an article line by line, knowing its tables, its paragraphs and the files that it named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from annotator.articles import (
    citation_tables,
    citations,
    link_words,
    snippet_directives,
    unread,
    written_files,
)
from annotator.articles.citations import Citation
from annotator.articles.named_files import NamedFiles
from annotator.articles.source_paths import Roots
from annotator.articles.text_lines import FENCE, Line, Role

_GAP = 2
"""Empty lines that a table may have between its rows."""

_WIDEST = 5000
"""Characters of the longest line in which lines without a file, and unread text, are looked for."""

_DIGIT = re.compile("[0-9]")

Read = list[tuple[Citation, str | None]]
"""Citations, each with the kind that its table gives it."""


class LineReader:
    """Reads citations and what looks like them; each line is read once, in order."""

    def __init__(self, roots: Roots) -> None:
        self._roots = roots
        self._header: citation_tables.Header | None = None
        self._blank = 0
        self._named = NamedFiles(roots.own)
        self.unread: list[tuple[Line, int, str]] = []

    def read(self, lines: Sequence[Line], row: int, *, heading: bool) -> Read:
        """Return the citations of a line of the article; rows are read in order."""
        line = lines[row]
        text = citations.with_slashes(line.text)
        code = line.role is Role.CODE
        if not code:
            self._named.start_line(text, heading=heading)
        rows = self._rows(text)
        if rows is not None:
            self._named.add((citation.place for citation, _ in rows), heading=heading)
            return rows
        if not self._may_cite(text):
            return []
        found = self._shown(lines, row, text) or list(citations.scan(text, self._roots))
        return [(citation, None) for citation in self._in_context(line, text, found, heading=heading)]

    def _may_cite(self, text: str) -> bool:
        """Return whether a line names a file or may number a line of one; most lines of prose do neither."""
        return written_files.names_any(text) or (self._named.any and _DIGIT.search(text) is not None)

    def _shown(self, lines: Sequence[Line], row: int, text: str) -> list[Citation]:
        """Return what a directive embeds that begins in this row, or what heads a listing."""
        if not written_files.names_any(text):
            return []
        below = [each.text for each in lines[row + 1 : row + 1 + snippet_directives.OPTIONS]]
        found = list(snippet_directives.scan(text, below, self._roots))
        if not found and _is_above_listing(lines, row):
            shown = snippet_directives.introduced(text, self._roots)
            return [shown] if shown and not any(citations.scan(text, self._roots)) else []
        if found or not row or not FENCE.match(lines[row - 1].text):
            return found
        headed = snippet_directives.heading_comment(text, self._roots)
        return [headed] if headed else []

    def _in_context(self, line: Line, text: str, found: list[Citation], *, heading: bool) -> list[Citation]:
        """Complete the citations of a line by the files named before, and add lines without a file."""
        if len(text) > _WIDEST:
            return found
        places = [citation.place for citation in found]
        done = [self._named.completed(one, places[:index]) for index, one in enumerate(found)]
        named = _merged(done, list(citations.paths(text, self._roots)))
        done = [
            self._named.completed(one, [each.place for each in named if each.end <= one.start])
            for one in done
        ]
        if line.role is not Role.CODE:
            done = sorted([*done, *self._alone(line, text, named, done)], key=lambda one: one.start)
            words = [one.words for one in done if one.words]
            self._note(line, unread.find(text, self._roots, [*done, *words]))
        self._named.add((one.place for one in _merged(done, named)), heading=heading)
        return done

    def _alone(self, line: Line, text: str, named: list[Citation], taken: list[Citation]) -> list[Citation]:
        """Return the lines that the text names after their file."""
        found: list[Citation] = []
        labels = [span for one in taken if (span := link_words.label(text, one.start, one.end))]
        for start, end, citation in self._named.lines_alone(text, named, taken):
            if any(first <= start and end <= last for first, last in labels):
                continue  # a line in the words of a link repeats its target
            if citation is None:
                self._note(line, [(start, text[start:end])])
            else:
                found += citations.listed(text, citation, end, plural=citation.plural)
        return found

    def _note(self, line: Line, places: Iterable[tuple[int, str]]) -> None:
        for start, text in places:
            if len(self.unread) < unread.MOST:
                self.unread.append((line, start, text))

    def _rows(self, text: str) -> Read | None:
        """Return the citations of a header or a row of a table, or None where the line is neither."""
        head = citation_tables.header(text)
        if head:
            self._header, self._blank = head[0], 0
            rows = citation_tables.rows(" " * head[1] + text[head[1] :], head[0], self._roots)
            return [(row.citation, row.kind) for row in rows]
        rows = citation_tables.rows(text, self._header, self._roots) if self._header else []
        if rows:
            return [(row.citation, row.kind) for row in rows]
        if self._header:
            self._close(text, self._header)
        return None

    def _close(self, text: str, header: citation_tables.Header) -> None:
        """End a table at the first line that can be no row of it, or at the third empty one."""
        self._blank += not text.strip()
        still = (
            citation_tables.is_rule(text)
            or (header.columns and "|" in text)
            or citation_tables.is_short(text)
        )
        if not still or self._blank > _GAP:
            self._header = None


def _is_above_listing(lines: Sequence[Line], row: int) -> bool:
    """Return whether the next row that is not empty opens a listing."""
    if lines[row].role is not Role.TEXT:
        return False
    below = next((each for each in lines[row + 1 : row + 1 + _GAP] if each.text.strip()), None)
    return below is not None and below.role is Role.CODE


def _merged(found: list[Citation], files: list[Citation]) -> list[Citation]:
    """Return citations and the other files of a line in order."""
    others = [
        file for file in files if not any(one.start < file.end and file.start < one.end for one in found)
    ]
    return sorted([*found, *others], key=lambda one: one.start)
