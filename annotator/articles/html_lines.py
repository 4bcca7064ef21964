"""Lines of an HTML page with source positions."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from html.parser import HTMLParser

from annotator.articles.text_lines import Builder, Line, Role, clean

_INLINE = frozenset((
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


@dataclass(frozen=True, slots=True)
class Page:
    """The lines, title and address of an HTML page."""

    lines: tuple[Line, ...]
    title: str
    address: str


def read(text: str) -> Page:
    """Return the page's lines; the address of a link follows its words as in Markdown: `[words](address)`."""
    reader = _Reader()
    reader.feed(text)
    reader.feed(_CLOSERS)
    reader.close()
    reader.flush()
    return Page(tuple(reader.lines), " ".join("".join(reader.title).split()), reader.address)


@dataclass(slots=True)
class _State:
    """The state of the parser between two tags."""

    unseen: str = ""
    depth: int = 0
    pre: int = 0
    heading: bool = False
    row: bool = False
    in_title: bool = False
    links: list[tuple[str, int, int]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.lines: list[Line] = []
        self.title: list[str] = []
        self.address = ""
        self._state = _State()
        self._builder = Builder()
        self._written = False

    def parse_html_declaration(self, i: int) -> int:
        """Parse declarations other than comments as bogus comments, as the standard does."""
        if self.rawdata.startswith("<!--", i):
            return self.parse_comment(i)
        return self.parse_bogus_comment(i)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        state = self._state
        if state.unseen:
            state.depth += tag == state.unseen
        elif tag in _UNSEEN:
            state.unseen, state.depth = tag, 1
        elif tag == "title":
            state.in_title = not self.title
        elif tag in {"link", "meta"}:
            self._head({name: value or "" for name, value in attrs})
        elif tag == "a":
            self._open_link(dict(attrs).get("href") or "")
        elif tag == "code" and not state.pre:
            self._mark("`")
        elif tag not in _INLINE:
            self._open_block(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag in _UNSEEN or tag in {"a", "code", "title"}:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        state = self._state
        if state.unseen:
            state.depth -= tag == state.unseen
            state.unseen = state.unseen if state.depth else ""
        elif tag == "title":
            state.in_title = False
        elif tag == "a":
            self._close_link()
        elif tag == "code" and not state.pre:
            self._mark("`")
        elif tag not in _INLINE:
            self._close_block(tag)

    def handle_data(self, data: str) -> None:
        line, column = self.getpos()
        for index, piece in enumerate(data.split("\n")):
            if index:
                self._break_line(line + index - 1)
            self._write(piece, line + index, 1 if index else column + 1)

    def handle_comment(self, data: str) -> None:
        if "annotator:" not in data or self._state.unseen:
            return
        beside = self._builder.build(Role.TEXT).text.strip()
        if not beside:
            self.flush()
        self._mark(f"<!--{' '.join(data.split())}-->")
        self._written = True
        if not beside:
            self.flush()

    def handle_entityref(self, name: str) -> None:
        self._character(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._character(f"&#{name};")

    def flush(self) -> None:
        """End the current line."""
        if self._written:
            role = Role.HEADING if self._state.heading else Role.CODE if self._state.pre else Role.TEXT
            self.lines.append(self._builder.build(role))
        self._builder, self._written = Builder(), False

    def _head(self, attrs: dict[str, str]) -> None:
        if attrs.get("rel") == "canonical":
            self.address = self.address or attrs.get("href", "")
        elif attrs.get("property") == "og:url":
            self.address = self.address or attrs.get("content", "")

    def _open_link(self, href: str) -> None:
        if not any(sign in href for sign in _CITING):
            href = ""
        line, column = self.getpos()
        tag = self.get_starttag_text() or ""
        at = tag.find(href)
        first = tag[:at].count("\n") if at > 0 else 0
        start = at - (tag.rfind("\n", 0, at) + 1) if first else column + max(at, 0)
        self._state.links.append((href, line + first, start + 1))
        if href:
            self._mark("[")

    def _close_link(self) -> None:
        if not self._state.links:
            return
        href, line, column = self._state.links.pop()
        if href:
            self._mark("](")
            clean(" ".join(href.split()), line, column, self._builder)
            self._mark(")")

    def _open_block(self, tag: str) -> None:
        state = self._state
        if tag in _LAYOUT:
            state.row = False
        if tag in _CELLS and state.row:
            self._mark(" | ")
            return
        if state.row and tag != "tr":
            self._mark(" ")
            return
        self.flush()
        state.pre += tag == "pre"
        state.heading = tag in _HEADINGS
        state.row = tag == "tr"

    def _close_block(self, tag: str) -> None:
        state = self._state
        if state.row and tag not in {"tr", "table"}:
            self._mark(" ")
            return
        self.flush()
        state.pre -= tag == "pre" and state.pre > 0
        state.heading = False
        state.row = False

    def _break_line(self, line: int) -> None:
        if self._state.pre and not self._state.row:
            self.flush()
        else:
            self._write(" ", line, 1)

    def _character(self, reference: str) -> None:
        line, column = self.getpos()
        self._write(html.unescape(reference), line, column + 1)

    def _mark(self, text: str) -> None:
        line, column = self.getpos()
        self._builder.add(text, line, column + 1)

    def _write(self, text: str, line: int, column: int) -> None:
        if self._state.in_title:
            self.title.append(text)
        elif text and not self._state.unseen:
            self._written = True
            shown = text.replace("|", "\u00a6") if self._state.row else text
            clean(shown, line, column, self._builder)
