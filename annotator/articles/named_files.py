"""Files that an article has named; they complete bare file names and lines without a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from annotator.articles.citations import Citation
from annotator.articles.line_numbers import DASH, NUMBER, check
from annotator.articles.own_names import OwnNames
from annotator.articles.source_paths import Place

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

        Args:
            text: The line of text.
            files: The files and citations in it, in order.
            taken: The citations, whose lines have been read.
        """
        for match in _LINE.finditer(text) if _DIGIT.search(text) else ():
            start, end = match.span()
            if any(one.start < end and start < one.end for one in taken):
                continue
            numbers = [group for group in match.groups() if group]
            line, end_line, malformed = check(numbers[0], numbers[1] if len(numbers) > 1 else None)
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
        sentence_end = _SENTENCE.search(text, at)
        behind = [
            one for one in files if at < one.start < (sentence_end.start() if sentence_end else len(text))
        ]
        if behind and not before:
            return (behind[0].place, True) if len(behind) == 1 else (None, True)
        named = [*self._paragraph, *(one.place for one in before)] or self._heading
        distinct = {(place.repository, place.path) for place in named}
        return (named[-1] if len(distinct) == 1 else None, bool(named))
