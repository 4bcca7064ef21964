"""Line numbers behind a path: single ones, ranges and lists, well formed or not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

DASH = r"(?:-|\u2010|\u2011|\u2013|—|~|\uff5e|\.{2,3}|到|至)"
NUMBER = r"([0-9]{1,20})(?![0-9])"
"""A number that may be no line: 0, or one that no file has."""

_MOST_DIGITS = 9
_LIST = 200
"""Lines that a list may have."""

_NO_COUNT = (
    r"(?![0-9A-Za-z_%]|-[0-9]|/(?![0-9])|\.[0-9A-Za-z]|\s?[个個种種步處处行]"
    r"|\s(?:of|in)\s[`'\"(*]{0,3}[\w./-]{0,200}\.[a-z])"
)

# The next of a list without spaces: `12,34-56`, `12/34`.
_TIGHT = re.compile(rf"(?<=[0-9])[,\u3001/+&][Ll]?{NUMBER}(?:{DASH}[Ll]?{NUMBER})?{_NO_COUNT}")

# The next of a list whose members are in back-ticks or links of their own: "`a.go:12`, `34`".
_QUOTED = re.compile(
    rf"[`*]{{1,3}}(?:\s?[,;/&+、和及与]\s?(?:and\s|or\s)?|\s(?:and|or|to)\s)[`*]{{1,3}}(?:[:#]?[Ll]|:)?{NUMBER}"
    rf"(?:{DASH}[Ll]?{NUMBER})?(?=[`*])"
)

# The next of a list in prose: "12, 34 and 56", which only its end tells from a count.
_SPACED = re.compile(
    rf"(?:,\s(?:and\s|or\s|also\s)?|,(?:and|or)\s|;\s|\s[(\[](?:and|or|also)\s|\s(?:and|or|&|\+|/)\s|[和及与])(?:(?:on\s|at\s)?lines?\s)?[Ll:]?{NUMBER}"
    rf"(?:\s?(?:{DASH}|\sto\s|\sthrough\s)\s?[Ll]?{NUMBER})?{_NO_COUNT}"
)
_SPACED_END = re.compile(rf"(?:\s{DASH}\s|\s(?:to|through|until|thru)\s(?:line\s)?)[Ll]?{NUMBER}{_NO_COUNT}")

# What may follow the last number of a list: punctuation, or a word that cannot be what is counted.
_ENDS = re.compile(
    r"[`'\"*_)\]}」》]{0,4}(?:\s*$|\s*[.,;:!?)\]|(。,、」]|\s[-\u2013—]{1,2}\s|\s(?:and|or|in|of|at|on|to|from|for|as|is|"
    r"are|was|were|has|have|which|that|where|when|with|both|all|but|then|we|it|they|the|this|there|show|shows|"
    r"call|calls|do|does|set|sets|define|defines|declare|declares|check|checks|respectively)\b|\s*[\u3400-\u9fff])"
)


@dataclass(frozen=True, slots=True)
class Lines:
    """A line or a range at `text[start:end]`; `malformed` is its fault, or empty."""

    start: int
    end: int
    line: int | None
    end_line: int | None = None
    malformed: str = ""


def check(first: str, last: str | None = None) -> tuple[int | None, int | None, str]:
    """Return the first and the last line of two numbers, and their fault, or an empty text."""
    for number in (first, last):
        if number is not None and len(number.lstrip("0")) > _MOST_DIGITS:
            return None, None, f"no file has a line {number}"
        if number is not None and int(number) == 0:
            return None, None, "lines count from 1"
    line, end = int(first), int(last) if last else None
    if end is not None and end < line:
        return line, end, f"the range {line}-{end} ends before it starts"
    return line, end, ""


def further(text: str, at: int, above: int, *, plural: bool = False) -> Iterator[Lines]:
    """Yield the further lines and ranges of a list; a smaller number is a column or a count.

    Args:
        text: The line of text.
        at: Where the list so far ends.
        above: The last line so far.
        plural: Whether the words say that several lines follow: "lines 12, 34 and 56".
    """
    for _ in range(_LIST):
        match = _TIGHT.match(text, at) or _QUOTED.match(text, at) or _in_prose(text, at, plural=plural)
        if match is None:
            return
        line, end_line, malformed = check(match[1], match[2])
        if malformed or line is None or line <= above:
            return
        yield Lines(match.start(1), match.end(), line, end_line)
        at, above = match.end(), end_line or line


def _in_prose(text: str, at: int, *, plural: bool) -> re.Match[str] | None:
    """Match the next of a list in prose, if the list ends as one that holds lines."""
    first = _SPACED.match(text, at)
    match, count = first, 0
    while match is not None and not plural:
        behind = _SPACED.match(text, match.end())
        if behind is None or count > _LIST:
            return first if _ENDS.match(text, match.end()) else None
        match, count = behind, count + 1
    return first


def spaced_end(text: str, at: int, above: int) -> tuple[int, int] | None:
    """Return the end of a range that is written with spaces, `13 - 400` or `13 to 400`, and where it ends."""
    match = _SPACED_END.match(text, at)
    if match is None or not _ENDS.match(text, match.end()):
        return None
    number = match[1]
    good = len(number) <= _MOST_DIGITS and int(number) > above
    return (int(number), match.end()) if good else None
