"""Reads an article line by line: tables, paragraphs, files named before, and what cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from annotator.articles import citation_tables, citations, snippet_directives, source_paths, text_lines
from annotator.articles.citation_forms import DASH, NUMBER, check_lines
from annotator.articles.citation_tables import Citations
from annotator.articles.citations import Citation
from annotator.articles.own_names import OwnNames
from annotator.articles.source_paths import Place, Roots
from annotator.articles.text_lines import FENCE, Line, Role

_GAP = 2
"""Empty lines that a table may have between its rows."""

_WIDEST = 5000
"""Characters of the longest line in which lines without a file, and unread text, are looked for."""


class LineReader:
    """Reads citations and what looks like them; each line is read once, in order."""

    def __init__(self, roots: Roots) -> None:
        self._roots = roots
        self._header: citation_tables.Header | None = None  # of the table that the next row may belong to
        self._blank = 0
        self._named = NamedFiles(roots.own)
        self.unread: list[tuple[Line, int, str]] = []

    def read(self, lines: Sequence[Line], row: int, *, heading: bool) -> Citations:
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
        found: list[Citation] = []
        if source_paths.names_any_file(text):
            found = self._shown(lines, row, text) or list(citations.scan(text, self._roots))
        elif not (self._named.any and _DIGIT.search(text)):
            return []  # most lines of prose name no file, nor a line of one
        return [(citation, None) for citation in self._in_context(line, text, found, heading=heading)]

    def _shown(self, lines: Sequence[Line], row: int, text: str) -> list[Citation]:
        """Return what a directive embeds that begins in this row, or what heads a listing."""
        below = [each.text for each in lines[row + 1 : row + 1 + snippet_directives.OPTIONS]]
        found = list(snippet_directives.scan(text, below, self._roots))
        if found:
            return found
        head = None
        if _is_above_listing(lines, row):
            if not any(citations.scan(text, self._roots)):
                head = snippet_directives.introduced(text, self._roots)
        elif row and FENCE.match(lines[row - 1].text):
            head = snippet_directives.heading_comment(text, self._roots)
        return [head] if head else []

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
            self._note(line, find_unread(text, self._roots, [*done, *words]))
        self._named.add((one.place for one in _merged(done, named)), heading=heading)
        return done

    def _alone(self, line: Line, text: str, named: list[Citation], taken: list[Citation]) -> list[Citation]:
        """Return the lines that the text names after their file."""
        found: list[Citation] = []
        labels = [span for one in taken if (span := text_lines.find_label(text, one.start, one.end))]
        for start, end, citation in self._named.lines_alone(text, named, taken):
            if any(first <= start and end <= last for first, last in labels):
                continue  # a line in the words of a link repeats its target
            if citation is None:
                self._note(line, [(start, text[start:end])])
            else:
                found += citations.listed(text, citation, end, plural=citation.plural)
        return found

    def _note(self, line: Line, places: Iterable[tuple[int, str]]) -> None:
        """Record places of a line that are not read, as long as there are not too many."""
        left = max(0, _MOST_UNREAD - len(self.unread))
        self.unread += [(line, start, text) for start, text in islice(places, left)]

    def _rows(self, text: str) -> Citations | None:
        """Return the citations of a header or a row of a table, or None where the line is neither."""
        head = citation_tables.header(text)
        if head:
            self._header, self._blank = head[0], 0
            return citation_tables.rows(" " * head[1] + text[head[1] :], head[0], self._roots)
        if self._header is None:
            return None
        rows = citation_tables.rows(text, self._header, self._roots)
        if not rows:
            self._blank += not text.strip()
            if self._blank > _GAP or not citation_tables.goes_on(text, self._header):
                self._header = None
        return rows or None


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


_M = rf"[`*]{{0,2}}L?{NUMBER}[`*]{{0,2}}"
_LINE = re.compile(
    rf"(?<![\w./-])(?:[Ll]ines?\s?(?:numbers?\s|no\.?\s|\#)?|[Ll]n\.?\s|ll?\.\s?){_M}(?:\s?(?:{DASH}|to|through)\s?(?:lines?\s)?{_M})?"
    r"(?![\w%]|\.[0-9]|-\w)"
    rf"|\b[Bb]etween\slines\s{_M}\sand\s{_M}"
    rf"|(?<![\w./#-])L(?=[0-9]{{2}}){NUMBER}(?:{DASH}L?{NUMBER})?(?![\w%]|\.[0-9]|-\w)"
    rf"|第\s?{_M}(?:\s?{DASH}\s?第?\s?{_M})?\s?行"
)
"""A line alone: "at line 12", "lines 12 to 15", L12-L15."""

# "command line 2", "line 12 of the poem": a line of something else.
_NO_LINE = re.compile(
    r"(?:command|base|dead|new|first|product|assembly|status|time|bus|metro|cache|log|output|trace|release)\s$",
    re.IGNORECASE,
)
_OF_OTHER = re.compile(
    r"\s(?:of|in)\s(?!(?:(?:the|this|that|its|same|our)\s){0,2}(?:file|source|code|function|func|method|body|snippet|"
    r"struct|type|package|implementation|it\b|`)|it\b|`|[\w./-]{1,200}\.\w)"
)
_DIGIT = re.compile("[0-9]")
_SENTENCE = re.compile(r"[.!?;。！？；](?=\s|$|[\u3400-\u9fff])")  # noqa: RUF001 - as Chinese is written
_ITEM = re.compile(r"\s{0,12}(?:[-*+]|[0-9]{1,3}[.)])\s")
_MOST_NAMED = 1000
"""Files of one name, or of one paragraph, that are remembered."""


class NamedFiles:
    """The files named so far: in the paragraph, in the heading above it, anywhere."""

    def __init__(self, own: OwnNames) -> None:
        self._own = own
        self._paragraph: list[Place] = []
        self._heading: list[Place] = []
        self._by_name: dict[str, dict[str, Place]] = {}
        self._leads_on = False
        self._blank = True

    @property
    def any(self) -> bool:
        """Whether the paragraph or its heading has named a file."""
        return bool(self._paragraph or self._heading)

    def start_line(self, text: str, *, heading: bool) -> None:
        """Begin a line: an empty one ends the paragraph, unless it leads on to a list or a listing."""
        if heading:
            self._paragraph, self._heading, self._leads_on = [], [], False
        elif not text.strip():
            self._blank = True
            return
        elif self._blank and not (self._leads_on and (_ITEM.match(text) or not text.lstrip()[:1].isupper())):
            self._paragraph = []
        if self._blank or text.rstrip().endswith((":", "\uff1a")):
            self._leads_on = text.rstrip().endswith((":", "\uff1a")) or (
                self._leads_on and _ITEM.match(text) is not None
            )
        self._blank = heading

    def add(self, places: Iterable[Place], *, heading: bool) -> None:
        """Remember the files that a line names."""
        for place in places:
            into = self._heading if heading else self._paragraph
            if len(into) < _MOST_NAMED:
                into.append(place)
            names = self._by_name.setdefault(place.path.rpartition("/")[2], {})
            if "/" in place.path and len(names) < _MOST_NAMED:
                names.setdefault(place.path, place)

    def completed(self, citation: Citation, before: Sequence[Place]) -> Citation:
        """Return a citation of a bare file name with the folder in which the text named that file before."""
        name = citation.place.path
        if "/" in name or not self._own.paths or self._own.has(name) or citation.place.repository:
            return citation
        for places in ([*self._paragraph, *before], self._heading, [*self._by_name.get(name, {}).values()]):
            paths = {
                place.path: place
                for place in places
                if place.path.endswith(f"/{name}") and not place.repository and self._own.has(place.path)
            }
            if len(paths) == 1:
                (path,) = paths
                return replace(citation, place=replace(citation.place, path=path))
            if paths:
                return citation
        return citation

    def lines_alone(
        self, text: str, files: Sequence[Citation], taken: Sequence[Citation]
    ) -> Iterator[tuple[int, int, Citation | None]]:
        """Yield the spans of lines without a file, each with its citation if the file is certain.

        `files` are the files and citations of the text in order, `taken` the citations alone.
        """
        for match in _LINE.finditer(text):
            start, end = match.span()
            if any(one.start < end and start < one.end for one in taken):
                continue
            line, end_line, malformed = check_lines(*filter(None, match.groups()))
            if malformed or line is None or _NO_LINE.search(text[max(0, start - 12) : start]):
                continue
            if _OF_OTHER.match(text, end):
                continue
            place, known = self._meant(text, start, files)
            if known and place is None:
                yield start, end, None
            elif place is not None:
                plural = text[start : start + 5].lower() == "lines"
                place = replace(place, permalink=False)
                yield start, end, Citation(start, end, place, line=line, end_line=end_line, plural=plural)

    def _meant(self, text: str, at: int, files: Sequence[Citation]) -> tuple[Place | None, bool]:
        """Return the file that a line at an offset is of, and whether any file has been named for it."""
        before = [one for one in files if one.start < at]
        if before and not _SENTENCE.search(text, before[-1].end, at):
            return before[-1].place, True
        stop = _SENTENCE.search(text, at)
        behind = [one for one in files if at < one.start < (stop.start() if stop else len(text))]
        if behind and not before:
            return (behind[0].place, True) if len(behind) == 1 else (None, True)
        named = [*self._paragraph, *(one.place for one in before)] or self._heading
        distinct = {(place.repository, place.path) for place in named}
        return (named[-1] if len(distinct) == 1 else None, bool(named))


_MOST_UNREAD = 1000
"""Places of an article that are listed."""

_LONGEST_UNREAD = 100

# What stands behind a file's name where a line or a symbol is meant.
_BESIDE = re.compile(
    r"[`'\"*_]{0,3}(?:\s?(?::{1,2}|\||@|\#|->|=>|→)\s?[`'\"]?(?:[Ll]?[0-9]{1,10}|[A-Za-z_]\w{0,60}(?![\w:]))|:?\s?[(\[]\s?[Ll]?[0-9]{1,6}(?:\s?[-,\u2013]\s?[0-9]{1,6})?\s?[)\]]"
    r"|\s\+[0-9]{1,6}(?=\s*$|[`.,;)])|(?:\s|\s-\s|,\s)`?[0-9]{1,6}`?(?=\s*$)"
    r"|,?\s(?:the\s)?(?:function|func|method|type)\s`?[A-Za-z_]|\s(?:defines|declares|contains|implements)\s`)"
)

# What stands behind a line that is read, where a further line is meant.
_FURTHER = re.compile(
    r"[`*]{0,2}(?:\s?[&+;]\s?|\||\s?[(\[](?:and|or|also|plus|then)\s|,?\s(?:then|plus|also)\s)(?:lines?\s)?[`*:L]{0,3}[0-9]{1,10}"
    r"(?![0-9A-Za-z_%]|\.[0-9]|\s?[a-z])"
)

# An address in the form of no site that is known, though it shows a line of a Go file of the repository.
_LINED = re.compile(r"://.{1,400}\.go\b.{0,200}?[#=;][A-Za-z]{0,2}[0-9]{1,9}$")
_PARTS = re.compile(r"[/=;?&]|\.git\b")


def find_unread(text: str, roots: Roots, taken: Sequence[Citation]) -> Iterator[tuple[int, str]]:
    """Yield the offset and the characters of each place that may cite but is not `taken`."""
    for one in taken:
        beyond = _FURTHER.match(text, one.end) if one.line is not None else None
        if beyond and not any(each.start < beyond.end() and one.end <= each.start for each in taken):
            yield one.end, beyond[0].strip()
    for match, file in source_paths.written_runs(text, roots.own):
        known = any(one.start < match.end() and match.start() < one.end for one in taken)
        if not known and _LINED.search(match[0]) and roots.name in _PARTS.split(match[0]):
            yield match.start(), match[0][:_LONGEST_UNREAD]
        if file is None:
            continue
        start, end = file.start, file.end
        path = text[start:end]
        # Of other files than Go's, those of the tree count that have lines, not sections with names.
        if not (file.go or (roots.own.has(path) and not path.endswith(citations.PROSE))):
            continue
        beside = _BESIDE.match(text, end)
        if beside and not any(one.start < beside.end() and start < one.end for one in taken):
            yield start, text[start : min(beside.end(), start + _LONGEST_UNREAD)]
