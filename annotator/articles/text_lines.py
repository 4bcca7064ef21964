"""Lines of plain text and Markdown with source positions; headings."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum, auto
from typing import NamedTuple

_NUMBER = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,3}){0,5})(?:[.、:)]|(?=\s)|(?=[\u3400-\u9fff]))\s{0,8}")
_COUNTED = re.compile(
    r"(第[一二三四五六七八九十百0-9]{1,4}[章节節部分]{1,2}|[一二三四五六七八九十]{1,3}(?=、))[、:]?\s{0,8}"
)

# Two levels at least, no leading zeros: neither a list's item nor a version or a date.
_UNMARKED = re.compile(r"\s{0,3}(?:\*\*)?(?:[1-9][0-9]?)(?:\.[1-9][0-9]?){1,5}[.、]?\s{0,4}[^\s0-9.].{0,78}")
_SENTENCE = ("。", ".", ";", ",", "…")

LONGEST = 200
"""Characters that a title keeps."""


def split(heading: str) -> tuple[str, str]:
    """Split a heading into number and title; without a number, the heading itself is the number."""
    text = " ".join(heading.split()).strip("*_# ")[:LONGEST]
    match = _NUMBER.match(text) or _COUNTED.match(text)
    if match is None or not match[1]:
        return text, text
    return match[1], text[match.end() :]


def is_unmarked(text: str) -> bool:
    """Return whether a line of plain text is a numbered heading: `2.2.4.1 Executor`."""
    plain = text.rstrip(" *")
    return _UNMARKED.fullmatch(plain) is not None and not plain.endswith(_SENTENCE) and ".go" not in plain


Mark = tuple[int, int, int]
"""From this offset on, the characters stand at this line and column of the source."""

# Terminal sequences, invisible characters and entities; no branch can match what another skips.
_FOREIGN = (
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
    r"|&(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});"
)
_PLAIN = re.compile(_FOREIGN)
_MARKDOWN = re.compile(_FOREIGN + r"|\\(?=[\\`*_{}\[\]()#+.!~|:>-])")

# Punctuation and digits that Chinese keyboards write at full width; one character for one.
_NARROW = str.maketrans("（）＃，；／［］｜Ｌ０１２３４５６７８９", "()#,;/[]|L0123456789")  # noqa: RUF001
FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_ATX = re.compile(r"\s{0,3}(?:#{1,6}\s+|#{2,6}(?=[0-9\u3400-\u9fff]))")
_BLANK = 3
"""Empty lines in a row that say as much as any number of them."""

_UNDERLINE = re.compile(r"(?:={3,}|-{3,})\s*")


class Role(Enum):
    """The role of a line in its document."""

    TEXT = auto()
    CODE = auto()
    HEADING = auto()


class Line(NamedTuple):
    """A cleaned line, with the source's line and column for each of its characters.

    Attributes:
        text: The line.
        marks: Where its characters stand in the source.
        role: Its role in the document.
        within: The part of the document that people know it by, such as a cell of a notebook, or "".
    """

    text: str
    marks: tuple[Mark, ...]
    role: Role = Role.TEXT
    within: str = ""

    def place(self, offset: int) -> tuple[int, int]:
        """Return the 1-based line and column of a character in the source."""
        start, line, column = self.marks[
            max(0, bisect_right(self.marks, offset, key=lambda mark: mark[0]) - 1)
        ]
        return line, column + offset - start


class Builder:
    """Puts a line together from pieces of the source."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._marks: list[Mark] = []
        self._length = 0

    def add(self, text: str, line: int, column: int) -> None:
        """Add consecutive characters that begin at a position."""
        if text:
            self._marks.append((self._length, line, column))
            self._pieces.append(text)
            self._length += len(text)

    def build(self, role: Role) -> Line:
        """Return the line so far, with full-width punctuation replaced by ASCII."""
        return Line("".join(self._pieces).translate(_NARROW), tuple(self._marks) or ((0, 1, 1),), role)


def clean(text: str, line: int, column: int, into: Builder, *, markdown: bool = False) -> None:
    """Add the visible part of a source line, with entities decoded."""
    if _is_clean(text):
        into.add(text, line, column)
        return
    at = 0
    for match in (_MARKDOWN if markdown else _PLAIN).finditer(text):
        into.add(text[at : match.start()], line, column + at)
        if match[0].startswith("&"):
            into.add(html.unescape(match[0]), line, column + match.start())
        at = match.end()
    into.add(text[at:], line, column + at)


def _is_clean(text: str) -> bool:
    return text.isascii() and "&" not in text and "\x1b" not in text and "\\" not in text


def plain(text: str, *, markdown: bool) -> Iterator[Line]:
    """Yield the lines of a text; only Markdown has headings and code blocks."""
    lines = text.split("\n")
    fence = ""
    blank = 0
    for number, source in enumerate(lines, 1):
        blank = 0 if source else blank + 1
        if blank > _BLANK:
            continue
        role = Role.TEXT
        if markdown:
            fence, role = _role(source, lines[number] if number < len(lines) else "", fence)
        if role is not Role.HEADING and _is_clean(source):
            yield Line(source, ((0, number, 1),), role)
            continue
        head = _ATX.match(source) if role is Role.HEADING else None
        start = head.end() if head else 0
        builder = Builder()
        clean(source[start:], number, start + 1, builder, markdown=markdown and role is not Role.CODE)
        yield builder.build(role)


def _role(source: str, below: str, fence: str) -> tuple[str, Role]:
    """Return the code fence that is open behind a line, and the line's role."""
    match = FENCE.match(source) if "```" in source or "~~~" in source else None
    if fence:
        return ("" if match and match[1].startswith(fence) else fence), Role.CODE
    if match:
        return match[1], Role.CODE
    return "", Role.HEADING if _is_heading(source, below) else Role.TEXT


def _is_heading(source: str, below: str) -> bool:
    if "#" in source[:4] and _ATX.match(source):
        return True
    if below[:1] not in {"=", "-"} or not source.strip() or "|" in source:
        return False
    return _UNDERLINE.fullmatch(below) is not None and _UNDERLINE.fullmatch(source) is None


_ATTRIBUTE = re.compile(r":([A-Za-z0-9_][\w-]{0,60}):\s{1,8}(\S.{0,400}?)\s*")
_ATTRIBUTE_USE = re.compile(r"\{([A-Za-z0-9_][\w-]{0,60})\}")
_WIDEST = 5000
"""Characters of the longest line in which attributes are replaced."""


def with_attributes(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield lines of AsciiDoc with the attributes replaced that were set above: `{url}/a.go`."""
    values: dict[str, str] = {}
    for line in lines:
        shown = _replaced(line, values) if values and "{" in line.text else line
        if match := _ATTRIBUTE.fullmatch(shown.text):
            values[match[1]] = match[2][:LONGEST]
        yield shown


def _replaced(line: Line, values: Mapping[str, str]) -> Line:
    """Return a line with attributes replaced; their values stand where the attribute does."""
    if len(line.text) > _WIDEST:
        return line
    builder, at = Builder(), 0
    for match in _ATTRIBUTE_USE.finditer(line.text):
        value = values.get(match[1])
        if value is not None:
            builder.add(line.text[at : match.start()], *line.place(at))
            builder.add(value, *line.place(match.start()))
            at = match.end()
    builder.add(line.text[at:], *line.place(at))
    return builder.build(line.role)
