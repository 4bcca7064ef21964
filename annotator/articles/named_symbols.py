"""Symbols that the words around a citation name: in its label, its heading, and its sentence."""

# ruff: noqa: RUF001 - full-width punctuation is what Chinese articles are written with

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

# ── Names ────────────────────────────────────────────────────────────────────────────────────────
# Every quantifier is bounded, so that a hostile line is read in linear time.
_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,80}"
_DOTTED = rf"(?:{_NAME}\.){{0,3}}{_NAME}"
_METHOD = rf"\(\*?{_NAME}\)\.{_NAME}"
_HUMPS = (
    r"(?:[A-Z][a-z0-9]{1,40}[A-Z][A-Za-z0-9_]{0,60}|[a-z][a-z0-9]{0,40}[A-Z][A-Za-z0-9_]{0,60}"
    r"|[A-Z]{2,12}[a-z][A-Za-z0-9_]{1,60})"
)
_TICKED = r"``?([^`\n]{1,200})``?"
_CALLED = rf"((?:{_METHOD}|{_DOTTED})\([^()\n]{{0,80}}\))"
_WORD = rf"({_METHOD}|[A-Z][A-Za-z0-9_]{{1,60}}\.{_NAME}|{_HUMPS})(?![A-Za-z0-9_./-])"
_KINDS = (
    r"(?:functions?|func|methods?|structs?|structures?|interfaces?|types?|constants?|variables?|fields?|"
    r"constructors?|helpers?|函数|方法|结构体|结构|接口|类型|函數|結構體|介面|関数|構造体)"
)
_KIND_FIRST = rf"\b{_KINDS}\s({_DOTTED})(?![A-Za-z0-9_./-])"
_KIND_LAST = rf"\bthe\s({_DOTTED})\s(?={_KINDS}\b)"
_FREE = rf"(?<![A-Za-z0-9_./-])(?:{_CALLED}|{_WORD})"

_NAMES = re.compile(rf"{_TICKED}|{_FREE}|{_KIND_FIRST}|{_KIND_LAST}")

# A name in words that are nothing else: `Fire`, Fire(), "the `Fire` function", func (s *Shelf) Put(…).
_ALONE = re.compile(
    rf"(?:the\s)?(?:{_KINDS}\s?)?[`*'\"]{{0,4}}((?:func\s)?(?:\([^()]{{1,80}}\)\s?\.?)?&?\*?{_DOTTED}(?:\([^()]{{0,120}}\))?)"
    rf"[`*'\"]{{0,4}}(?:\s?{_KINDS}|\s(?:definition|declaration|implementation|source|code)){{0,2}}",
    re.IGNORECASE,
)
_SHAPE = re.compile(
    r"(?:func\s+|type\s+)?(?:\(\s*(?:\w{1,80}\s+)?\*?(\w{1,80})(?:\[[^\[\]]{0,80}\])?\s*\)\s?\.?)?"
    r"[&*]?((?:\w{1,80}\.){0,3}\w{1,80})(?:\[[^\[\]]{0,80}\])?(?:\(.{0,160}|\s(?:struct|interface)\b.{0,40})?"
)
_FILE_ENDINGS = frozenset((
    "go", "md", "c", "h", "s", "sh", "py", "json", "yaml", "yml", "toml", "proto", "txt", "html", "mod",
    "sum", "com", "org", "io",
))  # fmt: skip
_NO_SYMBOLS = frozenset((
    "any", "append", "bool", "byte", "cap", "chan", "close", "complex", "copy", "default", "delete",
    "error", "false", "float32", "float64", "func", "go", "imag", "int", "int8", "int16", "int32",
    "int64", "interface", "iota", "len", "make", "map", "new", "nil", "panic", "print", "println",
    "real", "recover", "rune", "select", "string", "struct", "switch", "true", "type", "uint", "uint8",
    "uint16", "uint32", "uint64", "uintptr", "var", "const", "package", "range", "defer", "fallthrough",
    "goto", "case",
))  # fmt: skip
"""Words of Go that no declaration of interest has as its name."""

_PLAIN_WORDS = frozenset((
    "api", "browse", "call", "calls", "changes", "code", "commit", "config", "definition", "details",
    "diff", "docs", "docker", "example", "examples", "file", "files", "git", "github", "golang", "here",
    "implementation", "issue", "item", "line", "lines", "link", "linux", "main", "more", "pull", "see",
    "source", "src", "step", "test", "tests", "this", "todo", "usage", "version", "view", "where",
    "windows",
))  # fmt: skip
"""Words that name no symbol while they stand in prose without marks."""

_PROSE_WORDS = frozenset((
    "a", "after", "all", "also", "an", "and", "any", "are", "around", "as", "at", "be", "because",
    "before", "but", "by", "can", "call", "called", "calls", "checks", "creates", "declared", "defined",
    "does", "each", "for", "from", "gets", "given", "has", "have", "here", "how", "if", "implements",
    "in", "inside", "into", "is", "it", "its", "itself", "just", "like", "located", "looks", "may",
    "must", "named", "no", "not", "of", "on", "or", "our", "returns", "runs", "should", "so", "starts",
    "takes", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those",
    "to", "under", "until", "used", "uses", "using", "via", "was", "we", "were", "what", "when",
    "where", "whether", "which", "while", "who", "will", "with", "would", "you", "your",
))  # fmt: skip
"""Words that can follow "function" or "type" without being its name."""

_LINE_NAME = re.compile(r"[Ll][0-9]+")
MOST_NAMES = 12
"""Names of one sentence that are compared."""


def _symbol(text: str) -> str:
    """Return the symbol that some words name, dotted, or "" if they name none."""
    match = _SHAPE.fullmatch(text.strip(" \t*`'\",;:"))
    if match is None:
        return ""
    name = f"{match[1]}.{match[2]}" if match[1] else match[2]
    parts = name.split(".")
    identifiers = all(part.isidentifier() and not part.isdigit() for part in parts)
    if not identifiers or len(parts[-1]) == 1 or (len(parts) > 1 and parts[-1] in _FILE_ENDINGS):
        return ""
    plain = parts[-1] in _NO_SYMBOLS or name in _PROSE_WORDS or _LINE_NAME.fullmatch(name)
    return "" if plain else name


@lru_cache(maxsize=16)  # all citations of a sentence ask for the same
def _names(text: str) -> tuple[tuple[int, str], ...]:
    """Return the symbols that a text names, each with its offset."""
    found = ((match.start(), _symbol(match[match.lastindex or 0])) for match in _NAMES.finditer(text))
    return tuple((at, name) for at, name in found if name)


# ── Sentences ────────────────────────────────────────────────────────────────────────────────────
_STOP = re.compile(r"[.!?](?:\s*\n|\s+(?=[A-Z`\[*\"'(<]))|[。！？；;]|\n\s*(?:[-*+•]|[0-9]{1,3}[.)])\s")
_ITEM = re.compile(r"\s*(?:>\s?)*(?:[-*+•]\s+(?:\[[ xX]\]\s+)?|[0-9]{1,3}[.)]\s+|\|\s*|//\s*|\#+\s+)?")
LONGEST_LINE = 4000
"""Characters of a line that is read together with its neighbours."""

_ADDRESS = re.compile(r"\]\([^()\s]{1,2000}\)|https?://[^\s<>()\]\"']{1,2000}")

_NEAR = 80
"""Characters that a name may have, and that may stand between it and its place."""

# Between a name and the place at which it is declared.
_TAIL = r"(?:(?:the\s)?(?:source\s)?(?:file\s)?(?:lines?\s|L|ln\.?\s|第)?)?[`'\"(\[*<]{0,3}$"
_NAMED = (
    rf"(?:[*_\"'\[]{{0,3}}(?:{_TICKED}|{_CALLED}|{_WORD}|(?:{_KINDS}\s)({_DOTTED}))[*_\"'\]]{{0,3}}"
    rf"(?:\([^()\s]{{1,300}}\))?(?:\s?{_KINDS})?)"
)
_DEFINED = (
    r"(?:,?\s(?:which\s)?(?:is|are|was|lives?|stands?|sits|resides?|starts?|begins?)"
    r"(?:\s(?:defined|declared|implemented|located|found))?\s(?:in|at|on)\s"
    r"|\s\(?(?:defined|declared|implemented|located|found)\s(?:in|at|on)\s"
    r"|\s?(?:的?(?:定义|声明|实现|定義)?(?:代码)?(?:在|于|位于|位於|见))\s?)"
)
_DEFINING = (
    *(" is ", " are ", " was ", " live", " stand", " sit", " reside", " start", " begin"),
    *("defined", "declared", "implemented", "located", "found", "在", "于", "見", "见"),
)
"""Words of which the text has one between a name and the place that defines it."""

# Each form is a name and what may stand between it and its place. That is looked for first: a search for the
# name is slow (2.6 s of 4.3 s over 100 documents), and most sentences do not end so.
_BEFORE = tuple(
    (re.compile(f"{_NAMED}{link}{_TAIL}", flags), marks, re.compile(f"{link}{_TAIL}", flags), first, sure)
    for link, marks, flags, first, sure in (
        (_DEFINED, _DEFINING, re.IGNORECASE, True, True),
        (r"\s?\((?:(?:see|in|at|from)\s)?", ("(",), 0, False, False),
        (r"(?:\s(?:in|at|@)\s|\s?(?::|\u2013|—|->|=>|→|-)\s|\s)", (" ",), 0, True, False),
        (r",\s(?:at\s|in\s|see\s)?", (", ",), 0, True, False),
    )
)
_BEHIND_BRACKET = re.compile(rf"[`'\")\]*>]{{0,4}}\s\({_NAMED}\)")
_BEHIND_FIRST = re.compile(rf"[`'\")\]*>]{{0,4}}(?:\s?(?::|\u2013|—|-|,)\s|\s){_NAMED}")
_BEHIND_DEFINES = re.compile(
    rf"[`'\")\]*>]{{0,4}}\s(?:defines|declares|implements|is\sthe\sdefinition\sof)\s(?:the\s)?{_NAMED}"
)
_ENDS = re.compile(r"[\s`'\")\]*>.,;:|。]*$")

_LEAD = re.compile(rf"(?:[Tt]he|[Ss]ee|[Oo]ur)?\s?(?:{_KINDS}\s)?[*_\"'\[]{{0,3}}")
"""What may stand before a name that opens a sentence."""

# What may stand before a name that a sentence is about.
_SUBJECT = re.compile(
    r"(?:^|[.;:(]\s|,\s(?:(?:and|but|where|while)\s)?|\b(?:and|but|where|[Tt]he|[Ss]ee)\s)[*_\"'\[`]{0,3}$"
)
_COORDINATED = re.compile(r"(?:\b(?:and|or)\b|[&、和与及/])\s*[`*\"']{0,3}$")


class ParagraphSpan(NamedTuple):
    """A citation in the text of its paragraph: from its link's bracket, if it has one, to the end."""

    start: int
    end: int


class Paragraph:
    """Consecutive rows of text from row `first` on, joined by line feeds, with the citations in them.

    `plain` is the text with citations and addresses blanked, `starts` holds the offset of each row.
    """

    def __init__(self, text: str, first: int, starts: Sequence[int]) -> None:
        self.text = self.plain = text
        self.first = first
        self.starts = starts
        self.places: tuple[ParagraphSpan, ...] = ()
        self._stops = [match.end() for match in _STOP.finditer(text)]

    def blank(self, places: Sequence[ParagraphSpan]) -> None:
        """Set the citations, and blank them and all addresses in the plain text."""
        self.places = tuple(places)
        pieces, at = [], 0
        for start, end in sorted(places):
            if start >= at:
                pieces += [self.text[at:start], " " * (end - start)]
                at = end
        masked = "".join([*pieces, self.text[at:]])
        self.plain = _ADDRESS.sub(lambda match: " " * len(match[0]), masked)

    def sentence(self, at: int) -> tuple[int, int]:
        """Return the bounds of the sentence or table cell around an offset."""
        number = bisect_right(self._stops, at)
        start = self._stops[number - 1] if number else 0
        end = self._stops[number] if number < len(self._stops) else len(self.text)
        if "|" not in self.text:
            return start, end
        cell = cell_around(self.text, at)
        return max(start, cell[0]), min(end, cell[1])


_SYMBOL_OF_FILE = re.compile(rf"[\w./@+-]+\.go`?(?:\#|::?|\s)`?((?:{_METHOD}|{_DOTTED})(?:\(\))?)`?")


def in_label(text: str, *, bare: bool = True) -> Iterator[tuple[str, bool]]:
    """Yield the symbols that a label or cell names, and whether it is nothing but this name.

    With `bare`, a single capitalised word without marks counts as nothing but the name, too.
    """
    plain = text.strip(" \t*_")
    if of_file := _SYMBOL_OF_FILE.fullmatch(plain):
        if name := _symbol(of_file[1]):
            yield name, True
        return
    alone = _ALONE.fullmatch(plain)
    name = _symbol(alone[1]) if alone else ""
    if name:
        marked = "`" in plain or "(" in plain or re.search(_HUMPS, name) is not None or "." in name
        word = name[0].isupper() and name.casefold() not in _PLAIN_WORDS and name[2:]
        yield name, marked or bool(bare and word)
        return
    yield from ((name, False) for _, name in _names(text)[:MOST_NAMES])


@lru_cache(maxsize=1)  # all citations below a heading ask for the same
def in_heading(heading: str) -> tuple[str, ...]:
    """Return the first symbols that a heading names."""
    alone = _symbol(heading) if _ALONE.fullmatch(heading.strip()) else ""
    names = [alone] if alone else [name for _, name in _names(heading)]
    return tuple(dict.fromkeys(names))[:3]


def cell_around(text: str, at: int) -> tuple[int, int]:
    """Return the bounds of the table cell at an offset, on its own line."""
    line_start = text.rfind("\n", 0, at) + 1
    line_end = text.find("\n", at)
    line_end = len(text) if line_end < 0 else line_end
    start = text.rfind("|", line_start, at) + 1 or line_start
    end = text.find("|", at, line_end)
    return max(start, line_start), line_end if end < 0 else end


def in_sentence(paragraph: Paragraph, own: ParagraphSpan) -> Iterator[tuple[str, bool]]:
    """Yield the symbols of a citation's sentence, and whether it is the one that is bound to the citation."""
    start, end = paragraph.sentence(own.start)
    plain = paragraph.plain
    bound = _bound_before(plain, start, own) or _bound_behind(paragraph, own, (start, end))
    sentence = (at for at in paragraph.places if start <= at.start < end)
    taken = {found[0] for at in sentence if (found := _bound_before(plain, start, at))}
    taken -= {bound[0]} if bound else set()
    named = ((start + at, name) for at, name in _names(plain[start:end]))
    names = [(at, name) for at, name in named if at not in taken][:MOST_NAMES]
    if bound is None:
        yield from ((name, False) for _, name in names)
        return
    position, name, sure = bound
    yield name, True
    joined = _COORDINATED.search(plain[max(start, position - _NEAR) : position]) is not None
    for at, other_name in names:
        if other_name != name and (not sure or (joined and at < position)):
            yield other_name, False


@lru_cache(maxsize=2048)  # each citation of a sentence asks for those of all others: at most 1,600
def _bound_before(text: str, start: int, place: ParagraphSpan) -> tuple[int, str, bool] | None:
    """Return the name before a citation: its offset, itself, and whether the sentence is about it alone."""
    near = max(start, place.start - 3 * _NEAR)
    words = text[near : place.start]
    end = words[-_NEAR:].casefold()
    item = _ITEM.match(words)
    lead = _LEAD.match(words, item.end() if item else 0)
    lead_end = lead.end() if lead else 0  # at the latest, a name that opens the sentence begins here
    for form, marks, tail, first, sure in _BEFORE:
        reach = max(0, len(words) - (_NEAR if sure else _NEAR // 2))
        if not any(mark in end for mark in marks) or not tail.search(words, reach):
            continue
        if first and not sure:  # the name must open the sentence
            match = next(filter(None, (form.match(words, at) for at in range(lead_end + 1))), None)
        else:
            match = form.search(words)
        if match is None:
            continue
        at, name = _name_in(match)
        if name and (not first or _leads(words[: match.start()], whole=not sure)):
            return near + at, name, sure
    return None


def _name_in(match: re.Match[str]) -> tuple[int, str]:
    """Return the symbol that a match has as one of its groups, and its offset."""
    number, words = next((number, group) for number, group in enumerate(match.groups(), 1) if group)
    return match.start(number) - (number == 1), _symbol(words)  # the back-tick before a ticked name counts


def _leads(lead: str, *, whole: bool) -> bool:
    """Return whether a name behind these words is what the sentence is about."""
    if _ITEM.fullmatch(lead) or _ITEM.fullmatch(lead + " "):
        return True
    if _LEAD.fullmatch(_ITEM.sub("", lead, count=1)):
        return True
    return not whole and _SUBJECT.search(lead) is not None


def _bound_behind(
    paragraph: Paragraph, place: ParagraphSpan, bounds: tuple[int, int]
) -> tuple[int, str, bool] | None:
    """Return the name that directly follows a citation: "kiln.go:4 (`Fire`)"."""
    start, end = bounds
    lead = paragraph.text[max(start, place.start - _NEAR) : place.start].rstrip("`*([\"'")
    first = place.start - start < _NEAR and _ITEM.fullmatch(lead) is not None
    words = paragraph.plain[place.end : min(end, place.end + 3 * _NEAR)]
    match = _BEHIND_BRACKET.match(words) or _BEHIND_DEFINES.match(words)
    if match is None and first and (found := _BEHIND_FIRST.match(words)) and _ENDS.match(words, found.end()):
        match = found
    if match is None:
        return None
    at, name = _name_in(match)
    return (place.end + at, name, False) if name else None
