"""Citations in tables, and the column titles they have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from annotator.articles import citation_forms, citations
from annotator.articles.citation_forms import (
    EMPTY_CELLS,
    KIND_TITLES,
    LINE_TITLES,
    NAME_TITLES,
    PATH_TITLES,
    TYPE_TITLES,
    alternatives,
    check_lines,
)
from annotator.articles.citations import Citation
from annotator.articles.source_paths import Roots

_WIDEST = 2000
"""Characters of the longest line that can be a header or a row."""

_NEAR = 60
"""Characters in which a header's first word has ended."""

_MOST = 8
"""Columns that a header without pipes may have."""

_WORDS = 2
"""Words that a row's name may have: `(pm *Manager) reload` has its receiver apart."""

_ROW_WORDS = 8
"""Words that a row without pipes may have."""

_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,80}"
_ROLES = {
    **dict.fromkeys(PATH_TITLES, "path"),
    **dict.fromkeys(LINE_TITLES, "line"),
    **dict.fromkeys(TYPE_TITLES, "type"),
    **dict.fromkeys(NAME_TITLES, "name"),
}
_WORD = re.compile(
    rf"[\s,/、+*_`:\uff1a-]{{0,40}}({alternatives(frozenset(_ROLES))})(?=[\s,/、+*_`:\uff1a]|$)",
    re.IGNORECASE,
)
_FIRST = frozenset(phrase.split()[0] for phrase in _ROLES)
_INITIALS = frozenset(word[: 2 if word.isascii() else 1] for word in _FIRST)
_RULE = re.compile(r"[\s|:=+-]*")
_APART = re.compile(r"[\s,、\uff0c]")
_LINES = re.compile(
    r"(?:第|[Ll]ines?|L)?\s?([1-9][0-9]{0,8})(?:\s?(?:-|\u2013|—|~|到|至)\s?L?([1-9][0-9]{0,8}))?\s?行?"
)
_LINE_LIST = re.compile(
    rf"{_LINES.pattern}(?=(?:[`*]{{0,2}}\s?(?:[,、;&/]|and)\s?[`*]{{0,2}}L?[0-9–-]{{1,20}}){{1,40}}[`*]{{0,2}}$)"
)
_LINK = re.compile(r"\[([^\[\]]{0,200})\]\([^()]{0,2000}\)")
_SYMBOL = re.compile(
    rf"(?:(?:func|type)\s{{1,3}})?(?:\((?:{_NAME}\s{{1,3}})?\*?({_NAME})\)\s?\.?)?\*?"
    rf"({_NAME}(?:\.{_NAME}){{0,3}})(?:\(.{{0,200}})?"
)


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a table; without columns, a cell is read by its form."""

    columns: tuple[str, ...]
    kind: str | None


Citations = list[tuple[Citation, str | None]]
"""Citations, each with the kind that its row or its table's header gives the symbol."""


def header(text: str) -> tuple[Header, int] | None:
    """Parse a line as a header, of cells or of words in any order.

    Return it and where a row begins behind it on the same line.
    """
    if not text or len(text) > _WIDEST:
        return None
    if "|" in text and ".go" not in text and (found := _piped(text)):
        return found, len(text)
    start = text[:_NEAR].lstrip(" \t|*_`:")
    if start[:2].casefold() not in _INITIALS and start[:1] not in _INITIALS:
        return None  # most lines, at a third of the time
    first = _APART.split(start.rstrip(" \t|*_`:"), maxsplit=1)[0]
    if first.strip("|*_`:\uff1a").casefold() not in _FIRST:
        return None
    roles: list[str] = []
    words: list[str] = []
    at = 0
    while len(roles) < _MOST and (match := _WORD.match(text, at)):
        roles.append(_ROLES[match[1].casefold()])
        words.append(match[1])
        at = match.end()
    rest = text[at:].strip(" \t*_`:|\uff1a")
    if not _heads(roles) or (rest and ".go" not in rest):
        return None
    return Header((), _kind(words)), at if rest else len(text)


def goes_on(text: str, header: Header) -> bool:
    """Return whether a line that cites nothing can be in a table: an empty one, a rule, or a row."""
    is_rule = len(text) <= _WIDEST and _RULE.fullmatch(text) is not None
    is_row = bool(header.columns and "|" in text) or (".go" in text and len(text.split()) <= _ROW_WORDS)
    return is_rule or is_row


def rows(text: str, header: Header, roots: Roots) -> Citations:
    """Return what a row below a header cites: one place, with several lines of it if a cell lists them."""
    if len(text) > _WIDEST:
        return []
    return (_columns if header.columns and "|" in text else _tokens)(text, header, roots)


def _piped(text: str) -> Header | None:
    words = [_plain(text[start:end]) for start, end in cells(text)]
    roles = tuple(_ROLES.get(word, "") for word in words)
    return Header(roles, _kind(words)) if _heads(roles) else None


def _heads(roles: Sequence[str]) -> bool:
    return roles.count("path") == 1 and ("line" in roles or "name" in roles)


def _kind(words: list[str]) -> str | None:
    return next((KIND_TITLES[word.casefold()] for word in words if word.casefold() in KIND_TITLES), None)


def _plain(cell: str) -> str:
    return " ".join(cell.strip(" \t*_`:\uff1a").casefold().split())


def cells(text: str) -> list[tuple[int, int]]:
    """Return the cells between pipes, without the empty ones at the line's ends."""
    bounds = [-1, *(at for at, char in enumerate(text) if char == "|"), len(text)]
    spans = [(before + 1, after) for before, after in pairwise(bounds)]
    first = not text[slice(*spans[0])].strip()
    last = len(spans) > 1 and not text[slice(*spans[-1])].strip()
    return spans[first : len(spans) - last]


def _columns(text: str, header: Header, roots: Roots) -> Citations:
    spans = dict(zip(header.columns, cells(text), strict=False))
    at, end = spans.get("path", (0, 0))
    cited = tuple(citations.scan(text[at:end], roots)) or tuple(citations.paths(text[at:end], roots))
    if len(cited) != 1:
        return []
    values = {role: text[slice(*spans[role])].strip() for role in ("line", "name", "type") if role in spans}
    found = _filled(cited[0], values.get("name", ""), values.get("line", ""))
    if found is None:
        return []
    last = max(
        [found.end + at, *(spans[role][0] + len(text[slice(*spans[role])].rstrip()) for role in values)]
    )
    kind = KIND_TITLES.get(_plain(values.get("type", ""))) or header.kind
    first = replace(found, start=found.start + at, end=last)
    listed = _listed(text, first, *spans["line"]) if "line" in spans else (first,)
    return [(citation, kind) for citation in listed]


def _listed(text: str, first: Citation, start: int, end: int) -> Iterator[Citation]:
    """Yield a citation and the further lines that a cell lists: `4, 13, 400`."""
    cell = text[:end]
    match = _LINES.match(cell, end - len(cell[start:].lstrip(" `*")))
    if match is None:
        return iter((first,))
    return citations.listed(cell, first, match.end(), plural=True, symbol=first.symbol)


def _filled(citation: Citation, name: str, number: str) -> Citation | None:
    """Complete a citation from the other cells of its row; return None if it stays a mere path."""
    line, end_line = _numbers(number)
    symbol = citation.symbol or _symbol(name)
    if citation.line is None and line is not None:
        citation = replace(citation, line=line, end_line=end_line)
    go = citation.place.path.endswith(".go")
    return replace(citation, symbol=symbol) if citation.line or (symbol and go) else None


def _tokens(text: str, header: Header, roots: Roots) -> Citations:
    """Parse a row of words: a path, then at most a name and a line, in any order."""
    found = tuple(citations.paths(text, roots))
    if len(found) != 1:
        return []
    path = found[0]
    beside = f"{text[: path.start]} {text[path.end :]}"
    rest = [word for word in _APART.split(beside) if word.strip("|`*-,:\uff1a")]
    numbers = [word for word in rest if _LINES.fullmatch(word.strip("|`*,:\uff1a"))]
    names = [word for word in rest if word not in numbers and _plain(word) not in KIND_TITLES]
    if len(numbers) > 1 or len(names) > _WORDS:
        return []
    number = numbers[0].strip("|`*,:\uff1a") if numbers else ""
    filled = _filled(path, " ".join(names), number)
    return [(replace(filled, end=len(text.rstrip())), header.kind)] if filled else []


def _numbers(cell: str) -> tuple[int | None, int | None]:
    plain = _LINK.sub(r"\1", cell).strip(" `*")
    match = _LINES.fullmatch(plain) or _LINE_LIST.match(plain)
    return check_lines(match[1], match[2])[:2] if match else (None, None)


def _symbol(cell: str) -> str | None:
    """Return the symbol in a name cell: `NewDaemon()`, `(*Manager).reload`, `[Store](…)`."""
    plain = _LINK.sub(r"\1", cell).strip(" `*|,:\uff1a")
    match = _SYMBOL.fullmatch(plain)
    if plain.casefold() in EMPTY_CELLS or match is None:
        return None
    receiver, name = match.groups()
    if receiver:
        return f"{receiver}.{name}"
    return name if citation_forms.is_declared(name) else None
