"""Claims about references in the words, labels, cells and listings around them."""

# ruff: noqa: RUF001 - full-width punctuation is what Chinese articles are written with

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import msgspec

from annotator.articles import citation_forms, citation_tables, listings, text_lines
from annotator.articles.citations import Citation
from annotator.articles.listings import Listing
from annotator.articles.text_lines import Line, Role
from annotator.model.reference import Claim, ClaimKind


@dataclass(frozen=True, slots=True)
class Site:
    """A citation, the index of its line in the document, and the heading above it."""

    row: int
    citation: Citation
    heading: str = ""


def collect(lines: Sequence[Line], sites: Sequence[Site]) -> list[tuple[Claim, ...]]:
    """Return the claims about each citation.

    Args:
        lines: The document.
        sites: Its citations in order.
    """
    if not sites:
        return []
    document = _Document(lines, sites)
    return [tuple(document.claims(site)) for site in sites]


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
_MOST_NAMES = 12
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


def _names(text: str) -> Iterator[tuple[int, str]]:
    """Yield the symbols that a text names, each with its offset."""
    for match in _NAMES.finditer(text):
        name = _symbol(match[match.lastindex or 0])
        if name:
            yield match.start(), name


# ── Sentences ────────────────────────────────────────────────────────────────────────────────────
_STOP = re.compile(r"[.!?](?:\s*\n|\s+(?=[A-Z`\[*\"'(<]))|[。！？；;]|\n\s*(?:[-*+•]|[0-9]{1,3}[.)])\s")
_ITEM = re.compile(r"\s*(?:>\s?)*(?:[-*+•]\s+(?:\[[ xX]\]\s+)?|[0-9]{1,3}[.)]\s+|\|\s*|//\s*|\#+\s+)?")
_LONGEST_LINE = 4000
"""Characters of a line that is read together with its neighbours."""

_REACH = 8
"""Lines on either side that a paragraph is looked for in."""

_ADDRESS = re.compile(r"\]\([^()\s]{1,2000}\)|https?://[^\s<>()\]\"']{1,2000}")

_NEAR = 80
"""Characters that a name may have, and that may stand between it and its place."""

# Between a name and the place at which it is declared.
_OPEN = r"[`'\"(\[*<]{0,3}"
_LINE_WORDS = r"(?:(?:the\s)?(?:source\s)?(?:file\s)?(?:lines?\s|L|ln\.?\s|第)?)?"
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
    (re.compile(f"{_NAMED}{tail}", flags), marks, re.compile(tail, flags), first, sure)
    for tail, marks, flags, first, sure in (
        (
            rf"{_DEFINED}{_LINE_WORDS}{_OPEN}$",
            _DEFINING,
            re.IGNORECASE,
            True,
            True,
        ),
        (rf"\s?\((?:(?:see|in|at|from)\s)?{_LINE_WORDS}{_OPEN}$", ("(",), 0, False, False),
        (
            rf"(?:\s(?:in|at|@)\s|\s?(?::|\u2013|—|->|=>|→|-)\s|\s){_LINE_WORDS}{_OPEN}$",
            (" ",),
            0,
            True,
            False,
        ),
        (rf",\s(?:at\s|in\s|see\s)?{_LINE_WORDS}{_OPEN}$", (", ",), 0, True, False),
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


@dataclass(frozen=True, slots=True)
class _ParagraphSpan:
    """A citation in the text of its paragraph: from its link's bracket, if it has one, to the end."""

    start: int
    end: int


class _Paragraph:
    """Consecutive rows of text, joined by line feeds, with the citations in them.

    Attributes:
        text: The rows.
        plain: The same with citations and addresses blanked.
        first: The index of the first row.
        starts: Where each row begins in the text.
        places: The citations in order.
    """

    def __init__(self, text: str, first: int, starts: Sequence[int]) -> None:
        self.text = self.plain = text
        self.first = first
        self.starts = starts
        self.places: tuple[_ParagraphSpan, ...] = ()
        self._stops = [match.end() for match in _STOP.finditer(text)]
        self._names: dict[tuple[int, int], list[tuple[int, str]]] = {}
        self._bound: dict[tuple[_ParagraphSpan, int], tuple[int, str, bool] | None] = {}

    def blank(self, places: Sequence[_ParagraphSpan]) -> None:
        """Set the citations, and blank them and all addresses in the plain text."""
        self.places = tuple(places)
        masked = _masked(self.text, [(place.start, place.end) for place in places])
        self.plain = _ADDRESS.sub(lambda match: " " * len(match[0]), masked)

    def sentence(self, at: int) -> tuple[int, int]:
        """Return the bounds of the sentence or table cell around an offset."""
        number = bisect_right(self._stops, at)
        start = self._stops[number - 1] if number else 0
        end = self._stops[number] if number < len(self._stops) else len(self.text)
        if "|" not in self.text:
            return start, end
        cell = _cell(self.text, at)
        return max(start, cell[0]), min(end, cell[1])

    def names(self, start: int, end: int) -> list[tuple[int, str]]:
        """Return the symbols that a stretch names, each with its offset."""
        if (start, end) not in self._names:
            self._names[start, end] = [(start + at, name) for at, name in _names(self.plain[start:end])]
        return self._names[start, end]

    def bound(self, place: _ParagraphSpan, start: int) -> tuple[int, str, bool] | None:
        """Return the name that leads to a citation in a sentence from an offset on."""
        if (place, start) not in self._bound:
            self._bound[place, start] = _bound_before(self.plain, start, place)
        return self._bound[place, start]


def _masked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Replace some spans by white space, so that offsets stay valid."""
    pieces, at = [], 0
    for start, end in sorted(spans):
        if start >= at:
            pieces += [text[at:start], " " * (end - start)]
            at = end
    return "".join([*pieces, text[at:]])


class _Document:
    """The rows of a document and the citations in them."""

    def __init__(self, lines: Sequence[Line], sites: Sequence[Site]) -> None:
        self._lines = lines
        self._sites: dict[int, list[Site]] = defaultdict(list)
        for site in sites:
            self._sites[site.row].append(site)
        self._paragraphs: dict[int, _Paragraph] = {}
        self._codes: dict[range, str] = {}
        self._heads: dict[int, int] = {}
        self._headings: dict[str, list[str]] = {}

    def claims(self, site: Site) -> Iterator[Claim]:
        """Yield the claims about a citation, the strongest first."""
        label = self._label(site)
        yield from self._label_claims(site, label)
        yield from self._definition_claims(site)
        yield from self._sentence_claims(site)
        yield from self._cell_claims(site)
        yield from self._listing_claims(site, label)
        yield from self._example_claims(site)
        if site.heading not in self._headings:
            self._headings[site.heading] = _heading_names(site.heading[: text_lines.LONGEST_LABEL])
        yield from (Claim(ClaimKind.HEADING, names=name) for name in self._headings[site.heading])

    # ── Labels ───────────────────────────────────────────────────────────────────────────────────
    def _label_claims(self, site: Site, label: tuple[int, int] | None) -> Iterator[Claim]:
        if label is None:
            return
        line = self._lines[site.row]
        text = text_lines.without_markup(line.text[slice(*label)])
        yield from _shown_places(line, label, site.citation)
        for name, firm in _label_names(" ".join(text.split())):
            yield Claim(ClaimKind.LABEL, names=name, firm=firm)

    def _definition_claims(self, site: Site) -> Iterator[Claim]:
        """Yield what the uses of a link's definition say: `[Fire][kiln-l4]` and `[kiln-l4]: address`."""
        line = self._lines[site.row]
        definition = _DEFINITION.match(line.text)
        if definition is None or site.citation.start < definition.end():
            return
        places = [(site.row, definition.start(1))]
        for row, start, words in self._uses.get(definition[1].casefold(), ()):
            places.append((row, start))
            for name, firm in _label_names(words):
                yield Claim(ClaimKind.LABEL, names=name, firm=firm)
        numbered = _NAME_LINE.search(definition[1])
        if numbered is None:
            return
        for row, start in places:
            span = (start + numbered.start(1), start + numbered.end())
            yield _place_claim(self._lines[row], span, int(numbered[2]), numbered[3])

    @cached_property
    def _uses(self) -> Mapping[str, list[tuple[int, int, str]]]:
        """The uses of link definitions by name: row, offset of the name, the link's words."""
        uses: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
        for row, line in enumerate(self._lines):
            if line.role is Role.CODE or "[" not in line.text or _DEFINITION.match(line.text):
                continue
            for match in _USE.finditer(line.text):
                name, at = (match[2], match.start(2)) if match[2] else (match[1], match.start(1))
                if len(uses[name.casefold()]) < _MOST_NAMES:
                    uses[name.casefold()].append((row, at, match[1]))
        return uses

    # ── Sentences ────────────────────────────────────────────────────────────────────────────────
    def _sentence_claims(self, site: Site) -> Iterator[Claim]:
        line = self._lines[site.row]
        if line.role is Role.CODE or len(line.text) > _LONGEST_LINE:
            return
        paragraph = self._paragraph(site.row)
        yield from _sentence_names(paragraph, _placed(paragraph, site, self._label(site)))

    def _label(self, site: Site) -> tuple[int, int] | None:
        return text_lines.find_label(self._lines[site.row].text, site.citation.start, site.citation.end)

    def _paragraph(self, row: int) -> _Paragraph:
        if row not in self._paragraphs:
            first, last = self._bounds(row)
            texts = [self._lines[number].text for number in range(first, last + 1)]
            starts = [0, *accumulate(len(text) + 1 for text in texts)][: len(texts)]
            paragraph = _Paragraph("\n".join(texts), first, starts)
            sites = [site for number in range(first, last + 1) for site in self._sites.get(number, ())]
            paragraph.blank([_placed(paragraph, site, self._label(site)) for site in sites])
            self._paragraphs.update(dict.fromkeys(range(first, last + 1), paragraph))
        return self._paragraphs[row]

    def _bounds(self, row: int) -> tuple[int, int]:
        """Return the first and last row of the paragraph, list item or table row around a row."""
        first = last = row
        if self._alone(row):
            return first, last
        left = _LONGEST_LINE - len(self._lines[row].text)
        while first > max(0, row - _REACH) and self._joins(first - 1, left) and not self._begins(first):
            first -= 1
            left -= len(self._lines[first].text)
        below = min(len(self._lines), row + _REACH)
        while last + 1 < below and self._joins(last + 1, left) and not self._begins(last + 1):
            last += 1
            left -= len(self._lines[last].text)
        return first, last

    def _alone(self, row: int) -> bool:
        line = self._lines[row]
        return (
            line.role is not Role.TEXT or line.text.lstrip().startswith("|") or len(line.text) > _LONGEST_LINE
        )

    def _joins(self, row: int, left: int = _LONGEST_LINE) -> bool:
        text = self._lines[row].text
        return len(text) <= left and bool(text.strip()) and not self._alone(row)

    def _begins(self, row: int) -> bool:
        return _BULLET.match(self._lines[row].text) is not None

    # ── Cells ────────────────────────────────────────────────────────────────────────────────────
    def _cell_claims(self, site: Site) -> Iterator[Claim]:
        text = self._lines[site.row].text
        if len(text) > _LONGEST_LINE or self._lines[site.row].role is Role.CODE or site.citation.symbol:
            return
        if text.count("|") <= 1:
            return
        own = _cell(text, site.citation.start)
        sites = len(self._sites[site.row])
        firm = sites == 1
        if sites > _MOST_NAMES:
            return
        titles = self._titles(site.row)
        for number, (start, end) in enumerate(citation_tables.cells(text)):
            words = text[start:end].strip()
            if (start, end) == own or not words or len(words) > text_lines.LONGEST_LABEL:
                continue
            bare = number < len(titles) and titles[number] in citation_forms.NAME_TITLES
            for name, sure in _label_names(words, bare=bare):
                yield Claim(ClaimKind.CELL, names=name, firm=firm and sure)
                firm = firm and not sure

    def _titles(self, row: int) -> list[str]:
        """Return the titles of the columns of a row's table, in lower case."""
        rows = [row]
        while rows[-1] not in self._heads and rows[-1] and "|" in self._lines[rows[-1] - 1].text:
            rows.append(rows[-1] - 1)
        head = self._heads.get(rows[-1], rows[-1])
        self._heads.update(dict.fromkeys(rows, head))
        text = self._lines[head].text[:_LONGEST_LINE]
        return [text[start:end].strip(" *_`").casefold() for start, end in citation_tables.cells(text)]

    # ── Listings ─────────────────────────────────────────────────────────────────────────────────
    @cached_property
    def _listings(self) -> tuple[Listing, ...]:
        """The code blocks, in order."""
        return tuple(listings.find(self._lines, indented=True))

    def _listing_claims(self, site: Site, label: tuple[int, int] | None) -> Iterator[Claim]:
        line = self._lines[site.row]
        if line.role is Role.CODE:
            yield from self._headed(site)
            return
        below = self._listing_below(site.row)
        if below is None:
            return
        last = self._last_site_above(below.first)
        text = line.text
        end = _linked(text, site.citation, label)[1]
        firm = (
            last is site and _CLOSES.fullmatch(text, end) is not None and self._is_last_row(site.row, below)
        )
        yield Claim(ClaimKind.LISTING, listing=self._code(below.code), firm=firm)

    def _code(self, rows: range) -> str:
        """Return the code in some rows; the same string for all the citations above it."""
        if rows not in self._codes:
            self._codes[rows] = listings.code(self._lines, rows)
        return self._codes[rows]

    def _listing_below(self, row: int) -> Listing | None:
        """Return the code block directly below the paragraph of a row."""
        number = bisect_right(self._listings, row, key=lambda listing: listing.first)
        found = self._listings[number] if number < len(self._listings) else None
        if found is None or found.first >= row + 2 * _REACH or not found.code:
            return None
        is_paragraph = True
        for at in range(row + 1, found.first):
            if self._says_nothing(at):
                is_paragraph = False
            elif not is_paragraph or not self._joins(at):
                return None
        return found

    def _says_nothing(self, row: int) -> bool:
        text = self._lines[row].text
        return not text.strip() or listings.HEADS.match(text) is not None

    def _last_site_above(self, row: int) -> Site | None:
        for above in range(row - 1, max(-1, row - 2 * _REACH), -1):
            if self._sites.get(above):
                return self._sites[above][-1]
        return None

    def _is_last_row(self, row: int, below: Listing) -> bool:
        return all(self._says_nothing(number) for number in range(row + 1, below.first))

    def _example_claims(self, site: Site) -> Iterator[Claim]:
        """Yield the whole file that the document itself shows under the cited name."""
        name = site.citation.place.path.rpartition("/")[2]
        if name in self._examples:
            yield Claim(ClaimKind.LISTING, path=site.citation.place.path, listing=self._examples[name])

    @cached_property
    def _examples(self) -> Mapping[str, str]:
        """Whole Go files that the document shows, by their names."""
        found: dict[str, str] = {}
        for listing in self._listings:
            code = self._code(listing.code)
            if not _WHOLE_FILE.match(code):
                continue
            above = next(
                (
                    r
                    for r in range(listing.first - 1, max(-1, listing.first - 4), -1)
                    if self._lines[r].text.strip()
                ),
                None,
            )
            heads = [listing.info, code[: text_lines.LONGEST_LABEL].lstrip().partition("\n")[0]]
            if above is not None and self._lines[above].role is not Role.CODE:
                heads.append(self._lines[above].text[-text_lines.LONGEST_LABEL :])
            for match in _GO_FILE.finditer(" ".join(heads)):
                found.setdefault(match[1], code)
        return found

    def _headed(self, site: Site) -> Iterator[Claim]:
        """Yield the code below a comment that is a citation and nothing else: `// kiln.go:13`."""
        number = bisect_right(self._listings, site.row, key=lambda listing: listing.first) - 1
        listing = self._listings[number] if number >= 0 else None
        if listing is None or not listing.code:
            return
        if site.row == listing.first and site.row not in listing.code:
            yield Claim(ClaimKind.LISTING, listing=self._code(listing.code), firm=True)
        if site.row not in listing.code:
            return
        text = self._lines[site.row].text
        if len(text) > _LONGEST_LINE or len(self._sites[site.row]) > 1:
            return
        alone = _COMMENT_HEAD.fullmatch(text[: site.citation.start]) and _COMMENT_END.fullmatch(
            text[site.citation.end :]
        )
        if not alone:
            return
        end = next(
            (row for row in range(site.row + 1, listing.code.stop) if self._sites.get(row)), listing.code.stop
        )
        code = listings.code(self._lines, range(site.row + 1, end))
        if code.strip():
            yield Claim(ClaimKind.LISTING, listing=code, firm=True)


_WHOLE_FILE = re.compile(r"(?:\s|//[^\n]{0,400}\n|/\*.{0,2000}?\*/){0,40}package\s\w", re.DOTALL)
_GO_FILE = re.compile(r"(?<![\w.-])([\w.-]{1,100}\.go)(?![\w-])")
_BULLET = re.compile(r"\s*(?:>\s?)*(?:[-*+•]|[0-9]{1,3}[.)])\s")
_CLOSES = re.compile(r"[\s`*_'\")\]>:：.,;。]*")
_COMMENT_HEAD = re.compile(
    r"\s*(?://+|#+|/\*+|<!--|--|;+)\s*(?:(?:file|path|source|from|src|see)\s?:?\s)?[`'\"(\[]?", re.IGNORECASE
)
_COMMENT_END = re.compile(r"[\s`'\")\]:*/.>-]*")

# ── Links ────────────────────────────────────────────────────────────────────────────────────────
_DEFINITION = re.compile(r"\s{0,3}\[([^\[\]]{1,120})\]:\s*<?(?=\S)")
_USE = re.compile(r"\[([^\[\]]{1,200})\](?:\[([^\[\]]{0,120})\]|(?![\[(:]))")
_NAME_LINE = re.compile(r"(?:^|[^A-Za-z0-9])((?:L|l|lines?-?)([0-9]{1,7})(?:-[Ll]?([0-9]{1,7}))?)$")
_SHOWN_LINES = re.compile(
    r"(?<![A-Za-z0-9_.])(?:[Ll]ines?\s|[Ll]n\.?\s?|\#?L|第)\s?([1-9][0-9]{0,8})"
    r"(?:\s?(?:-|\u2013|—|~|to|至|到)\s?L?([1-9][0-9]{0,8}))?(?![A-Za-z0-9_])"
)
_ONLY_NUMBER = re.compile(r"[\s`*\[(:#]*([1-9][0-9]{0,8})(?:\s?[-\u2013]\s?([1-9][0-9]{0,8}))?[\s`*)\]]*")
_ONLY_FILE = re.compile(r"[\s`*]*((?:[\w.@+-]+/)*[\w.@+-]+\.(?:go|s|c|h|proto|py|sh|ya?ml|json|toml))[\s`*]*")
_SYMBOL_OF_FILE = re.compile(rf"[\w./@+-]+\.go`?(?:\#|::?|\s)`?((?:{_METHOD}|{_DOTTED})(?:\(\))?)`?")
_SHORT = 60
"""Characters of a label that shows a line and little else."""


def _shown_places(line: Line, label: tuple[int, int], citation: Citation) -> Iterator[Claim]:
    """Yield the place that a label shows, with its own place in the document."""
    start, end = label
    text = text_lines.without_markup(line.text[start:end])
    words = citation.words
    if words is not None:
        if line.text.startswith(("…", "..."), words.end):
            return  # an address that was cut short
        claim = _place_claim(line, (words.start, words.end), words.line, words.end_line)
        yield msgspec.structs.replace(claim, path=words.place.path)
        return
    if len(text.strip()) > _SHORT:
        return
    if match := _SHOWN_LINES.search(text):
        yield _place_claim(line, (start + match.start(), start + match.end()), int(match[1]), match[2])
    elif (match := _ONLY_NUMBER.fullmatch(text)) and int(match[1]) == citation.line:
        yield _place_claim(
            line, (start + match.start(1), start + match.end(2 if match[2] else 1)), int(match[1]), match[2]
        )
    elif match := _ONLY_FILE.fullmatch(text):
        claim = _place_claim(line, (start + match.start(1), start + match.end(1)), None, None)
        yield msgspec.structs.replace(claim, path=match[1])


def _place_claim(line: Line, span: tuple[int, int], first: int | None, last: str | int | None) -> Claim:
    at_line, at_column = line.place(span[0])
    end_line, end_column = line.place(max(span[0], span[1] - 1))
    return Claim(
        ClaimKind.LABEL,
        line=first,
        end_line=int(last) if last else None,
        at_line=at_line,
        at_column=at_column,
        at_end=end_column + 1 if end_line == at_line else 0,
        firm=True,
    )


def _label_names(text: str, *, bare: bool = True) -> Iterator[tuple[str, bool]]:
    """Yield the symbols that a label or cell names, and whether it is nothing but this name.

    Args:
        text: The words.
        bare: Whether one word without marks counts as a name.
    """
    plain = text.strip(" \t*_")
    if of_file := _SYMBOL_OF_FILE.fullmatch(plain):
        name = _symbol(of_file[1])
        if name:
            yield name, True
        return
    alone = _ALONE.fullmatch(plain)
    name = _symbol(alone[1]) if alone else ""
    if name:
        marked = "`" in plain or "(" in plain or re.search(_HUMPS, name) is not None or "." in name
        word = name[0].isupper() and name.casefold() not in _PLAIN_WORDS and name[2:]
        yield name, marked or bool(bare and word)
        return
    for count, (_, name) in enumerate(_names(text)):
        if count == _MOST_NAMES:
            return
        yield name, False


def _heading_names(heading: str) -> list[str]:
    alone = _symbol(heading) if _ALONE.fullmatch(heading.strip()) else ""
    names = [alone] if alone else [name for _, name in _names(heading)]
    return list(dict.fromkeys(names))[:3]


def _cell(text: str, at: int) -> tuple[int, int]:
    """Return the bounds of the table cell at an offset, on its own line."""
    line_start = text.rfind("\n", 0, at) + 1
    line_end = text.find("\n", at)
    line_end = len(text) if line_end < 0 else line_end
    start = text.rfind("|", line_start, at) + 1 or line_start
    end = text.find("|", at, line_end)
    return max(start, line_start), line_end if end < 0 else end


def _linked(text: str, citation: Citation, label: tuple[int, int] | None) -> tuple[int, int]:
    """Return the span of a citation in its line, with the whole link if it is in one."""
    start, end = citation.start, citation.end
    if label is not None:
        start, end = min(start, label[0] - 1), max(end, label[1] + 1)
    return max(0, start), end + text.startswith(")", end)


def _placed(paragraph: _Paragraph, site: Site, label: tuple[int, int] | None) -> _ParagraphSpan:
    base = paragraph.starts[site.row - paragraph.first]
    start, end = _linked(paragraph.text[base:], site.citation, label)
    return _ParagraphSpan(base + start, base + end)


def _sentence_names(paragraph: _Paragraph, own: _ParagraphSpan) -> Iterator[Claim]:
    """Yield the symbols of a citation's sentence: the one that is bound to the citation is firm."""
    start, end = paragraph.sentence(own.start)
    bound = paragraph.bound(own, start) or _bound_behind(paragraph, own, (start, end))
    others = [
        found for at in paragraph.places if start <= at.start < end and (found := paragraph.bound(at, start))
    ]
    taken = {found[0] for found in others if bound is None or found[0] != bound[0]}
    names = [(at, name) for at, name in paragraph.names(start, end) if at not in taken][:_MOST_NAMES]
    if bound is None:
        yield from (Claim(ClaimKind.SENTENCE, names=name) for _, name in names)
        return
    position, name, sure = bound
    yield Claim(ClaimKind.SENTENCE, names=name, firm=True)
    joined = _COORDINATED.search(paragraph.plain[max(start, position - _NEAR) : position]) is not None
    for at, other_name in names:
        if other_name != name and (not sure or (joined and at < position)):
            yield Claim(ClaimKind.SENTENCE, names=other_name)


def _bound_before(text: str, start: int, place: _ParagraphSpan) -> tuple[int, str, bool] | None:
    """Return the name before a citation: its offset, itself, and whether the sentence is about it alone."""
    near = max(start, place.start - 3 * _NEAR)
    words = text[near : place.start]
    lead_end, end = _longest_lead(words), words[-_NEAR:].casefold()
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
        name = _symbol(next(group for group in match.groups() if group))
        lead = words[: match.start()]
        if name and (not first or _leads(lead, whole=not sure)):
            return _at_name(near, match), name, sure
    return None


def _longest_lead(words: str) -> int:
    """Return where the words end, at the latest, that can stand before a name which opens a sentence."""
    item = _ITEM.match(words)
    lead = _LEAD.match(words, item.end() if item else 0)
    return lead.end() if lead else 0


def _at_name(base: int, match: re.Match[str]) -> int:
    number = next(number for number, group in enumerate(match.groups(), 1) if group)
    at = base + match.start(number)
    return at - (number == 1)  # the back-tick before a ticked name


def _leads(lead: str, *, whole: bool) -> bool:
    """Return whether a name behind these words is what the sentence is about."""
    if _ITEM.fullmatch(lead) or _ITEM.fullmatch(lead + " "):
        return True
    if _LEAD.fullmatch(_ITEM.sub("", lead, count=1)):
        return True
    return not whole and _SUBJECT.search(lead) is not None


def _bound_behind(
    paragraph: _Paragraph, place: _ParagraphSpan, bounds: tuple[int, int]
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
    name = _symbol(next(group for group in match.groups() if group))
    return (_at_name(place.end, match), name, False) if name else None
