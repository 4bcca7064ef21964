"""Lines of text, Markdown and HTML with source positions; headings, link labels, front matter."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum, auto
from html.parser import HTMLParser
from typing import NamedTuple

_NUMBER = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,3}){0,5})(?:[.、:)]|(?=\s)|(?=[\u3400-\u9fff]))\s{0,8}")
_COUNTED = re.compile(
    r"(第[一二三四五六七八九十百0-9]{1,4}[章节節部分]{1,2}|[一二三四五六七八九十]{1,3}(?=、))[、:]?\s{0,8}"
)

# Two levels at least, no leading zeros: neither a list's item nor a version or a date.
_UNMARKED = re.compile(r"\s{0,3}(?:\*\*)?(?:[1-9][0-9]?)(?:\.[1-9][0-9]?){1,5}[.、]?\s{0,4}[^\s0-9.].{0,78}")
_SENTENCE = ("。", ".", ";", ",", "…")

LONGEST_HEADING = 200
"""Characters that a title keeps."""


def split(heading: str) -> tuple[str, str]:
    """Split a heading into number and title; without a number, the heading itself is the number."""
    text = " ".join(heading.split()).strip("*_# ")[:LONGEST_HEADING]
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

    `within` names the part of the document that people know it by, such as a cell of a notebook.
    """

    text: str
    marks: tuple[Mark, ...]
    role: Role = Role.TEXT
    within: str = ""

    def place(self, offset: int) -> tuple[int, int]:
        """Return the 1-based line and column of a character in the source."""
        index = bisect_right(self.marks, offset, key=lambda mark: mark[0]) - 1
        start, line, column = self.marks[max(0, index)]
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
            values[match[1]] = match[2][:LONGEST_HEADING]
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


# `tag` is a key of blogs, too, where it is a topic: it counts if it is a version or a commit.
_VALUE = r"[^\s#\"']+|\"[^\"\n]+\"|'[^'\n]+'"
_VERSION = r"[A-Za-z-]{0,20}v?\d+\.\d[\w.+-]{0,60}|[0-9a-f]{7,64}"
_FIELD = re.compile(
    rf"(?:written[_-]at[ \t]*[:=][ \t]*(?P<any>{_VALUE})"
    rf"|tag[ \t]*[:=][ \t]*[\"']?(?P<tag>{_VERSION})[\"']?)[ \t]*(?:#.*)?$"
)
_FENCES = ("---", "+++")

LONGEST_FRONT_MATTER = 16_384
"""Bytes of a document in which front matter ends."""


class FrontMatterField(NamedTuple):
    """The place of a tag in front matter: the line and its columns, from 0."""

    line: int
    start: int
    end: int


def written_at(data: bytes) -> str | None:
    """Return the tag or commit that a document's front matter names, or None."""
    lines = data[:LONGEST_FRONT_MATTER].decode("utf-8-sig", errors="replace").splitlines()
    field = find_written_at(lines)
    name = lines[field.line][field.start : field.end] if field else ""
    return name if name and name.isprintable() else None


def find_written_at(lines: Sequence[str]) -> FrontMatterField | None:
    """Return where the front matter of a document's lines names its tag or commit, or None."""
    if not lines or lines[0].rstrip() not in _FENCES:
        return None
    fence = lines[0].rstrip()
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == fence), 0)
    for number, line in enumerate(lines[1:end], 1):
        if match := _FIELD.match(line.rstrip()):
            start, end = match.span("any" if match["any"] else "tag")
            quoted = match["any"] is not None and line[start] in "\"'"
            return FrontMatterField(number, start + quoted, end - quoted)
    return None


_INLINE = r"</?(?:b|code|em|i|kbd|samp|span|strong|tt|var)(?:\s[^<>]{0,200})?>"
_ELEMENT = re.compile(
    rf"[^\s<>]{{0,40}}[\"']?[^<>]{{0,200}}>([^<>]{{0,200}}(?:{_INLINE}[^<>]{{0,200}}){{0,8}})</a>",
    re.IGNORECASE,
)
_MARKUP = re.compile(_INLINE, re.IGNORECASE)
_CODE = ("<code", "</code", "<tt", "</tt")
LONGEST_LABEL = 400
"""Characters that a link's words may have."""


def find_label(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Return the span of the words of a link whose address is `text[start:end]`, or None if it is in none."""
    if text.endswith(("](", "](<"), 0, start):
        return _bracketed(text, text.rfind("](", 0, start))
    if text.startswith("][", end):  # Org
        return _until(text, end + 2, "]]")
    if text.startswith("[", end):  # AsciiDoc
        return _until(text, end + 1, "]")
    if text.startswith(">`", end) and text.endswith(" <", 0, start):  # reStructuredText
        tick = text.rfind("`", max(0, start - LONGEST_LABEL), start)
        return (tick + 1, start - 2) if 0 <= tick < start - 2 else None
    if text.endswith(("href=", 'href="', "href='"), 0, start):
        match = _ELEMENT.match(text, end)
        return match.span(1) if match else None
    return None


def without_markup(words: str) -> str:
    """Return words with HTML elements blanked, and a back-tick at the inner end of those of code."""
    return _MARKUP.sub(_blank, words)


def _blank(match: re.Match[str]) -> str:
    mark = "`" if match[0].lower().startswith(_CODE) else " "
    rest = " " * (len(match[0]) - 1)
    return mark + rest if match[0].startswith("</") else rest + mark


def _bracketed(text: str, close: int) -> tuple[int, int] | None:
    """Return the span between a closing bracket and its opening one."""
    depth = 1
    for at in range(close - 1, max(-1, close - LONGEST_LABEL), -1):
        depth += (text[at] == "]") - (text[at] == "[")
        if not depth:
            return at + 1, close
    return None


def _until(text: str, start: int, mark: str) -> tuple[int, int] | None:
    end = text.find(mark, start, start + LONGEST_LABEL)
    return (start, end) if end > start else None


_INLINE_TAGS = frozenset((
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img",
    "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup",
    "time", "tt", "u", "var", "wbr",
))  # fmt: skip
_UNSEEN = frozenset(("script", "style", "template", "svg", "noscript"))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_CELLS = frozenset(("td", "th"))

# What a cell of figures does not hold: then the table only lays the page out.
_LAYOUT = _HEADINGS | {"pre", "table", "ul", "ol"}
_CITING = (".go", "/blob/", "/tree/", "/raw/", "/blame/", "%2Fblob%2F", "%2fblob%2f")

# Whatever is left open ends here, so that no search for an end runs through the page twice.
_CLOSERS = "-->]]>\"'>"


def read_html(text: str) -> tuple[tuple[Line, ...], str, str]:
    """Return the lines, the title and the address of an HTML page.

    The address of a link follows its words as in Markdown: `[words](address)`.
    """
    reader = _Reader()
    reader.feed(text)
    reader.feed(_CLOSERS)
    reader.close()
    reader.flush()
    return tuple(reader.lines), " ".join("".join(reader.title).split()), reader.address


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.lines: list[Line] = []
        self.title: list[str] = []
        self.address = ""
        self._builder = Builder()
        self._written = False
        self._unseen = ""  # the outermost open element whose text is not shown
        self._depth = 0  # how many elements of that name are open
        self._pre = 0
        self._is_heading = False
        self._is_row = False
        self._is_title = False
        self._links: list[tuple[str, int, int]] = []

    def parse_html_declaration(self, i: int) -> int:
        """Parse declarations other than comments as bogus comments, as the standard does."""
        if self.rawdata.startswith("<!--", i):
            return self.parse_comment(i)
        return self.parse_bogus_comment(i)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._unseen:
            self._depth += tag == self._unseen
        elif tag in _UNSEEN:
            self._unseen, self._depth = tag, 1
        elif tag == "title":
            self._is_title = not self.title
        elif tag in {"link", "meta"}:
            named = {name: value or "" for name, value in attrs}
            if named.get("rel") == "canonical":
                self.address = self.address or named.get("href", "")
            elif named.get("property") == "og:url":
                self.address = self.address or named.get("content", "")
        elif tag == "a":
            self._open_link(dict(attrs).get("href") or "")
        elif tag == "code" and not self._pre:
            self._mark("`")
        elif tag not in _INLINE_TAGS:
            self._open_block(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag in _UNSEEN or tag in {"a", "code", "title"}:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._unseen:
            self._depth -= tag == self._unseen
            self._unseen = self._unseen if self._depth else ""
        elif tag == "title":
            self._is_title = False
        elif tag == "a":
            self._close_link()
        elif tag == "code" and not self._pre:
            self._mark("`")
        elif tag not in _INLINE_TAGS:
            self._close_block(tag)

    def handle_data(self, data: str) -> None:
        line, column = self.getpos()
        for index, piece in enumerate(data.split("\n")):
            if index and self._pre and not self._is_row:
                self.flush()
            elif index:
                self._write(" ", line + index - 1, 1)
            self._write(piece, line + index, 1 if index else column + 1)

    def handle_comment(self, data: str) -> None:
        if "annotator:" not in data or self._unseen:
            return
        beside = self._builder.build(Role.TEXT).text.strip()
        if not beside:
            self.flush()
        self._mark(f"<!--{' '.join(data.split())}-->")
        self._written = True
        if not beside:
            self.flush()

    def handle_entityref(self, name: str) -> None:
        line, column = self.getpos()
        self._write(html.unescape(f"&{name};"), line, column + 1)

    def handle_charref(self, name: str) -> None:
        self.handle_entityref(f"#{name}")

    def flush(self) -> None:
        """End the current line."""
        if self._written:
            role = Role.HEADING if self._is_heading else Role.CODE if self._pre else Role.TEXT
            self.lines.append(self._builder.build(role))
        self._builder, self._written = Builder(), False

    def _open_link(self, href: str) -> None:
        if not any(sign in href for sign in _CITING):
            href = ""
        line, column = self.getpos()
        tag = self.get_starttag_text() or ""
        at = tag.find(href)
        first = tag[:at].count("\n") if at > 0 else 0
        start = at - (tag.rfind("\n", 0, at) + 1) if first else column + max(at, 0)
        self._links.append((href, line + first, start + 1))
        if href:
            self._mark("[")

    def _close_link(self) -> None:
        href, line, column = self._links.pop() if self._links else ("", 0, 0)
        if href:
            self._mark("](")
            clean(" ".join(href.split()), line, column, self._builder)
            self._mark(")")

    def _open_block(self, tag: str) -> None:
        if tag in _LAYOUT:
            self._is_row = False
        if tag in _CELLS and self._is_row:
            self._mark(" | ")
            return
        if self._is_row and tag != "tr":
            self._mark(" ")
            return
        self.flush()
        self._pre += tag == "pre"
        self._is_heading = tag in _HEADINGS
        self._is_row = tag == "tr"

    def _close_block(self, tag: str) -> None:
        if self._is_row and tag not in {"tr", "table"}:
            self._mark(" ")
            return
        self.flush()
        self._pre -= tag == "pre" and self._pre > 0
        self._is_heading = False
        self._is_row = False

    def _mark(self, text: str) -> None:
        line, column = self.getpos()
        self._builder.add(text, line, column + 1)

    def _write(self, text: str, line: int, column: int) -> None:
        if self._is_title:
            self.title.append(text)
        elif text and not self._unseen:
            self._written = True
            shown = text.replace("|", "\u00a6") if self._is_row else text
            clean(shown, line, column, self._builder)
