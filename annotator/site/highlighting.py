"""Source lines as highlighted, linked HTML."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left, bisect_right
from functools import cache, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from pygments.lexers.go import GoLexer
from pygments.lexers.python import PythonLexer
from pygments.token import STANDARD_TYPES, Comment, Keyword, Literal, Name, Operator

from annotator.cache import CacheKind
from annotator.parallel import parallel_map, split
from annotator.site.inputs import HighlightedFile, HighlightSpans
from annotator.site.language import _, html
from annotator.site.markup import Html, escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pygments.lexer import Lexer
    from pygments.token import _TokenType

    from annotator.cache import Cache
    from annotator.model.go import ResolvedUse

_COLOURED = (
    Comment,
    Keyword,
    Literal,
    Name.Builtin,
    Name.Function,
    Name.Class,
    Name.Decorator,
    Operator.Word,
)
_LEXERS: dict[str, type[Lexer]] = {"go": GoLexer, "py": PythonLexer}
"""By the short name of a language, what tells its words apart."""
_FEW_FILES = 20
"""Files that are coloured in less time than worker processes take to start."""
_LARGEST = 1_000_000
"""Bytes up to which a file is coloured."""
_TAB = 4
"""Columns of a level of indentation."""
_WIDE = 40
"""Columns from which a line can be broken after a point or a bracket, as it may not fit."""
_BREAK = re.compile(r"(<[^>]*>)|(&#4[06];)(?<=[a-z0-9_>].{5})(?=[A-Za-z_*&<])")
_DEEPEST = 9
"""Levels of indentation that style sheets know, for the rest of a line that is wrapped."""


class NoteMark(msgspec.Struct, frozen=True):
    """The mark of a note in the margin of its line: its number, its anchor and that of its sentence."""

    number: int
    id: str
    sentence: str

    @property
    def markup(self) -> Html:
        """Return the link; its number comes from `data-note`, so that it is not copied with the code."""
        named = f' id="{escape(self.id)}"' if self.id else ""
        name = html("Note %(number)s: back to the sentence", number=self.number)
        return Html(
            f'<a class="note-mark"{named} href="#{escape(self.sentence)}" data-note="{self.number}" '
            f'aria-label="{name}"></a>'
        )


class FacingLine(NamedTuple):
    """The line that does the same in the other language: its address, its title and its place."""

    href: str
    title: str
    path: str
    line: int


class CodeLine(msgspec.Struct, frozen=True):
    """A line of source.

    Attributes:
        number: Its 1-based number.
        id: Its anchor, empty where the line is at home on another page.
        href: The address of its anchor, seen from the page that shows it.
        html: Its content.
        cited: Whether a reference names it.
        line_link: The line that does the same in the other language, where there is one.
        skipped: Anchors of lines beside it that are not shown, so that links to them still work.
        after_gap: Whether lines before it are not shown.
        notes: The marks of the notes on it.
        text: Its characters, as they are in the file.
        named: Whether it uses what the page speaks of.
    """

    number: int
    id: str
    href: str
    html: Html
    cited: bool = False
    line_link: FacingLine | None = None
    skipped: tuple[str, ...] = ()
    after_gap: bool = False
    notes: tuple[NoteMark, ...] = ()
    text: str = ""
    named: bool = False

    @property
    def depth(self) -> int:
        """How many columns it is indented by; a tab counts as four."""
        text = self.text.expandtabs(_TAB)
        return len(text) - len(text.lstrip())

    @property
    def markup(self) -> Html:
        """Return the line's HTML, with links on its number and to the other language."""
        kind = (" ln-cited" if self.cited else "") + (" ln-gap" if self.after_gap else "")
        kind += " ln-note" if self.notes else ""
        depth = self.depth
        kind += f" i{min(depth // _TAB, _DEEPEST)}" if depth >= _TAB else ""
        marks = "".join(mark.markup for mark in self.notes)
        named = f' id="{escape(self.id)}"' if self.id else ""
        skipped = "".join(f'<a id="{escape(anchor)}"></a>' for anchor in self.skipped)
        name = _("line %(line)s", line=self.number)
        return Html(
            f'<span class="ln{kind}"{named}>{skipped}'
            f'<a href="{escape(self.href)}" data-n="{self.number}" tabindex="-1" '
            f'aria-label="{name}"></a>{marks}{self.html}{self._jump}&#10;</span>'
        )

    @property
    def _jump(self) -> str:
        if self.line_link is None:
            return ""
        address, title = escape(self.line_link.href), escape(self.line_link.title)
        return f'<a class="jump" href="{address}" title="{title}" aria-label="{title}"></a>'


class LineAnchors(msgspec.Struct, frozen=True):
    """How lines are called: what goes before the number, and the page that has the anchors.

    `home` is empty on that page itself. Lines that are `taken` have their anchor elsewhere on it.
    """

    prefix: str
    home: str = ""
    taken: frozenset[int] = frozenset()


@lru_cache(maxsize=1024)
def highlight(data: bytes, language: str = "go") -> HighlightSpans:
    """Return the coloured stretches of a file, in order and without overlap."""
    if len(data) > _LARGEST:
        return ()
    found, at = [], 0
    tokens = _LEXERS[language]().get_tokens_unprocessed(data.decode("utf-8", "surrogateescape"))
    for _start, token, text in tokens:
        end = at + (len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape")))
        if _is_coloured(token):
            found.append((at, end, _colour(token)))
        at = end
    return tuple(found)


HIGHLIGHTS = CacheKind("highlight spans", HighlightSpans)
"""The coloured stretches of files, by what determines them."""


def highlight_files(cache: Cache, files: Mapping[str, bytes], language: str) -> Mapping[str, HighlightSpans]:
    """Return the coloured stretches of files, by path; those of many files come from worker processes."""

    def highlight_missing(paths: list[str]) -> Mapping[str, HighlightSpans]:
        shares = split(paths) if len(paths) > _FEW_FILES else [paths]
        tasks = [(language, tuple(files[path] for path in share)) for share in shares]
        spans = parallel_map(_highlight_share, tasks)
        return {
            path: found
            for share, highlighted in zip(shares, spans, strict=True)
            for path, found in zip(share, highlighted, strict=True)
        }

    prefix = f"{version('pygments')}:{language}"
    keys = {path: f"{prefix}:{hashlib.sha256(data).hexdigest()}" for path, data in files.items()}
    return cache.get_or_compute_many(HIGHLIGHTS, keys, highlight_missing)


def _highlight_share(task: tuple[str, tuple[bytes, ...]]) -> list[HighlightSpans]:
    language, files = task
    return [highlight(data, language) for data in files]


@lru_cache(maxsize=1024)
def _coloured_file(data: bytes, language: str) -> HighlightedFile:
    return HighlightedFile(highlight(data, language))


@lru_cache(maxsize=65536)
def _link(address: str, title: str) -> str:
    return Html('<a href="%s" title="%s">') % (address, title) if title else Html('<a href="%s">') % address


@cache
def _is_coloured(token: _TokenType) -> bool:
    return any(token[: len(colour)] == colour for colour in _COLOURED)


@cache
def _colour(token: _TokenType) -> str:
    """Return the short name that style sheets know a kind of token, or the nearest wider kind, by."""
    name = STANDARD_TYPES.get(token)
    while name is None and token.parent:
        token = token.parent
        name = STANDARD_TYPES.get(token)
    return name or ""


@lru_cache(maxsize=1024)
def line_offsets(data: bytes) -> tuple[int, ...]:
    """Return the byte offset at which each line begins, and one past the end."""
    found = [0]
    while (at := data.find(b"\n", found[-1])) >= 0:
        found.append(at + 1)
    return (*found, len(data) + 1)


def code_lines(  # noqa: PLR0913 - what a page knows of the lines it shows
    data: bytes,
    first: int,
    last: int,
    *,
    anchors: LineAnchors,
    uses: Iterable[ResolvedUse] = (),
    href: Callable[[ResolvedUse], tuple[str, str] | None] = lambda _: None,
    cited: frozenset[int] = frozenset(),
    line_links: Mapping[int, FacingLine] | None = None,
    language: str = "go",
    highlighting: HighlightedFile | None = None,
    hidden: frozenset[int] = frozenset(),
    notes: Mapping[int, tuple[NoteMark, ...]] | None = None,
    named: frozenset[int] = frozenset(),
) -> tuple[CodeLine, ...]:
    """Return the lines `first` to `last`, 1-based and inclusive, as far as the file has them.

    Args:
        data: The whole file.
        first: The first line.
        last: The last line.
        anchors: How the lines are called.
        uses: Identifiers of the file that may become links.
        href: Address and title that an identifier leads to, or None.
        cited: Lines to be marked.
        line_links: By line, the line that does the same in the other language.
        language: `go` or `py`.
        highlighting: The file's coloured stretches, if they are known already.
        hidden: Lines to leave out; the line after them, or the last one, has their anchors.
        notes: By line, the marks of the notes on it.
        named: Lines that use what the page speaks of.
    """
    ends = line_offsets(data)
    start, end = ends[min(max(first, 1), len(ends)) - 1], ends[min(max(last, 0), len(ends) - 1)]
    inside = (use for use in uses if start <= use.start < end)
    linked = {(use.start, use.end): _link(*found) for use in inside if (found := href(use))}
    shown = _LinkedFile(data, highlighting or _coloured_file(data, language), sorted(linked), linked)
    shown_lines: list[CodeLine] = []
    skipped: list[str] = []
    gap = False
    for number in range(max(first, 1), min(last, len(ends) - 1) + 1):
        anchor = "" if anchors.home or number in anchors.taken else f"{anchors.prefix}{number}"
        if number in hidden:
            skipped += [anchor] if anchor else []
            gap = True
            continue
        text = data[ends[number - 1] : ends[number] - 1].decode("utf-8", "replace").rstrip("\r")
        line = CodeLine(
            number=number,
            id=anchor,
            href=f"{anchors.home}#{anchors.prefix}{number}",
            html=_breakable(_line(shown, ends[number - 1], ends[number] - 1), text),
            cited=number in cited,
            line_link=(line_links or {}).get(number),
            skipped=tuple(skipped),
            after_gap=gap,
            notes=(notes or {}).get(number, ()),
            text=text,
            named=number in named,
        )
        shown_lines.append(line)
        skipped.clear()
        gap = False
    if skipped and shown_lines:  # hidden lines at the end have no line after them
        last_line = shown_lines[-1]
        skipped = [*last_line.skipped, *skipped]
        shown_lines[-1] = msgspec.structs.replace(last_line, skipped=tuple(skipped))
    return tuple(shown_lines)


def _breakable(line: Html, text: str) -> Html:
    """Return a line that a narrow pane breaks between names rather than within them."""
    return Html(_BREAK.sub(_breaking, line)) if len(text) > _WIDE else line


def _breaking(match: re.Match[str]) -> str:
    return match[1] or f"{match[2]}<wbr>"


class _LinkedFile(msgspec.Struct, frozen=True):
    """A file with its colours, and with what opens each link, by their places in order."""

    data: bytes
    highlighting: HighlightedFile
    order: list[tuple[int, int]]
    linked: dict[tuple[int, int], str]


def _line(shown: _LinkedFile, start: int, end: int) -> Html:
    end -= shown.data.endswith(b"\r", start, end)
    inside = shown.order[bisect_left(shown.order, (start, 0)) : bisect_right(shown.order, (end, 0))]
    return _linked(shown, start, end, inside) if inside else _plain(shown, start, end)


def _plain(shown: _LinkedFile, start: int, end: int) -> Html:
    known = shown.highlighting.plain
    if start not in known:
        known[start] = Html("".join(_coloured(shown, start, end)))
    return known[start]


def _linked(shown: _LinkedFile, start: int, end: int, inside: list[tuple[int, int]]) -> Html:
    parts: list[str] = []
    at = start
    for left, right in inside:
        if left < at or right > end:
            continue
        parts += _coloured(shown, at, left)
        parts += (shown.linked[left, right], _text(shown.data[left:right]), "</a>")
        at = right
    parts += _coloured(shown, at, end)
    return Html("".join(parts))


def _coloured(shown: _LinkedFile, start: int, end: int) -> Iterator[str]:
    """Yield the bytes `[start, end)` of a line, each span in its colour."""
    found, data, at = shown.highlighting.pieces, shown.data, start
    for place in range(bisect_right(shown.highlighting.ends, start), len(found)):
        first, last, colour = found[place]
        if first >= end:
            break
        left, right = max(first, at), min(last, end)
        if at < left:
            yield _text(data[at:left])
        yield _span(colour, data[left:right])
        at = right
    if at < end:
        yield _text(data[at:end])


@lru_cache(maxsize=65536)
def _span(colour: str, data: bytes) -> str:
    return f'<span class="{colour}">{_text(data)}</span>'


@lru_cache(maxsize=65536)
def _text(data: bytes) -> str:
    return escape(data.decode("utf-8", "replace"))
