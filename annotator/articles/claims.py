"""Claims about references in the words, labels, cells and listings around them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from annotator.articles import citation_forms, citation_tables, listings, named_symbols, text_lines
from annotator.articles.citations import Citation
from annotator.articles.listings import Listing
from annotator.articles.named_symbols import LONGEST_LINE, MOST_NAMES, Paragraph, ParagraphSpan
from annotator.articles.text_lines import Line, Role
from annotator.model.reference import Claim, ClaimKind


@dataclass(frozen=True, slots=True)
class Site:
    """A citation, the index of its line in the document, and the heading above it."""

    row: int
    citation: Citation
    heading: str = ""


def collect(lines: Sequence[Line], sites: Sequence[Site]) -> list[tuple[Claim, ...]]:
    """Return the claims about each citation of a document, in order."""
    document = _Document(lines, sites)
    return [tuple(document.claims(site)) for site in sites]


_REACH = 8
"""Lines on either side that a paragraph is looked for in."""


class _Document:
    """The rows of a document and the citations in them."""

    def __init__(self, lines: Sequence[Line], sites: Sequence[Site]) -> None:
        self._lines = lines
        self._sites: dict[int, list[Site]] = defaultdict(list)
        for site in sites:
            self._sites[site.row].append(site)
        self._paragraphs: dict[int, Paragraph] = {}
        self._codes: dict[range, str] = {}
        self._heads: dict[int, int] = {}

    def claims(self, site: Site) -> Iterator[Claim]:
        """Yield the claims about a citation, the strongest first."""
        label = self._label(site)
        yield from self._label_claims(site, label)
        yield from self._definition_claims(site)
        yield from self._sentence_claims(site)
        yield from self._cell_claims(site)
        yield from self._listing_claims(site, label)
        yield from self._example_claims(site)
        for name in named_symbols.in_heading(site.heading[: text_lines.LONGEST_LABEL]):
            yield Claim(ClaimKind.HEADING, names=name)

    # ── Labels ───────────────────────────────────────────────────────────────────────────────────
    def _label_claims(self, site: Site, label: tuple[int, int] | None) -> Iterator[Claim]:
        if label is None:
            return
        line = self._lines[site.row]
        text = text_lines.without_markup(line.text[slice(*label)])
        yield from _shown_places(line, label, site.citation)
        for name, firm in named_symbols.in_label(" ".join(text.split())):
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
            for name, firm in named_symbols.in_label(words):
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
                if len(uses[name.casefold()]) < MOST_NAMES:
                    uses[name.casefold()].append((row, at, match[1]))
        return uses

    # ── Sentences ────────────────────────────────────────────────────────────────────────────────
    def _sentence_claims(self, site: Site) -> Iterator[Claim]:
        line = self._lines[site.row]
        if line.role is Role.CODE or len(line.text) > LONGEST_LINE:
            return
        paragraph = self._paragraph(site.row)
        place = _placed(paragraph, site, self._label(site))
        for name, firm in named_symbols.in_sentence(paragraph, place):
            yield Claim(ClaimKind.SENTENCE, names=name, firm=firm)

    def _label(self, site: Site) -> tuple[int, int] | None:
        return text_lines.find_label(self._lines[site.row].text, site.citation.start, site.citation.end)

    def _paragraph(self, row: int) -> Paragraph:
        if row not in self._paragraphs:
            first, last = self._bounds(row)
            texts = [self._lines[number].text for number in range(first, last + 1)]
            starts = [0, *accumulate(len(text) + 1 for text in texts)][: len(texts)]
            paragraph = Paragraph("\n".join(texts), first, starts)
            sites = [site for number in range(first, last + 1) for site in self._sites.get(number, ())]
            paragraph.blank([_placed(paragraph, site, self._label(site)) for site in sites])
            self._paragraphs.update(dict.fromkeys(range(first, last + 1), paragraph))
        return self._paragraphs[row]

    def _bounds(self, row: int) -> tuple[int, int]:
        """Return the first and last row of the paragraph, list item or table row around a row."""
        first = last = row
        if self._alone(row):
            return first, last
        left = LONGEST_LINE - len(self._lines[row].text)
        while first > max(0, row - _REACH) and self._joins(first - 1, left):
            if _BULLET.match(self._lines[first].text):
                break
            first -= 1
            left -= len(self._lines[first].text)
        below = min(len(self._lines), row + _REACH)
        while last + 1 < below and self._joins(last + 1, left):
            if _BULLET.match(self._lines[last + 1].text):
                break
            last += 1
            left -= len(self._lines[last].text)
        return first, last

    def _alone(self, row: int) -> bool:
        line = self._lines[row]
        return (
            line.role is not Role.TEXT or line.text.lstrip().startswith("|") or len(line.text) > LONGEST_LINE
        )

    def _joins(self, row: int, left: int = LONGEST_LINE) -> bool:
        text = self._lines[row].text
        return len(text) <= left and bool(text.strip()) and not self._alone(row)

    # ── Cells ────────────────────────────────────────────────────────────────────────────────────
    def _cell_claims(self, site: Site) -> Iterator[Claim]:
        text = self._lines[site.row].text
        if len(text) > LONGEST_LINE or self._lines[site.row].role is Role.CODE or site.citation.symbol:
            return
        sites = len(self._sites[site.row])
        if text.count("|") <= 1 or sites > MOST_NAMES:
            return
        own = named_symbols.cell_around(text, site.citation.start)
        firm = sites == 1
        titles = self._titles(site.row)
        for number, (start, end) in enumerate(citation_tables.cells(text)):
            words = text[start:end].strip()
            if (start, end) == own or not words or len(words) > text_lines.LONGEST_LABEL:
                continue
            bare = number < len(titles) and titles[number] in citation_forms.NAME_TITLES
            for name, sure in named_symbols.in_label(words, bare=bare):
                yield Claim(ClaimKind.CELL, names=name, firm=firm and sure)
                firm = firm and not sure

    def _titles(self, row: int) -> list[str]:
        """Return the titles of the columns of a row's table, in lower case."""
        rows = [row]
        while rows[-1] not in self._heads and rows[-1] and "|" in self._lines[rows[-1] - 1].text:
            rows.append(rows[-1] - 1)
        head = self._heads.get(rows[-1], rows[-1])
        self._heads.update(dict.fromkeys(rows, head))
        text = self._lines[head].text[:LONGEST_LINE]
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
        end = _linked(line.text, site.citation, label)[1]
        firm = (
            self._last_site_above(below.first) is site
            and _CLOSES.fullmatch(line.text, end) is not None
            and all(map(self._says_nothing, range(site.row + 1, below.first)))
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
        rows = range(row - 1, max(-1, row - 2 * _REACH), -1)
        return next((self._sites[above][-1] for above in rows if above in self._sites), None)

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
            heads = [listing.info, code[: text_lines.LONGEST_LABEL].lstrip().partition("\n")[0]]
            near = self._lines[max(0, listing.first - 3) : listing.first]
            above = next((line for line in reversed(near) if line.text.strip()), None)
            if above is not None and above.role is not Role.CODE:
                heads.append(above.text[-text_lines.LONGEST_LABEL :])
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
        if len(text) > LONGEST_LINE or len(self._sites[site.row]) > 1:
            return
        before, behind = text[: site.citation.start], text[site.citation.end :]
        if not (_COMMENT_HEAD.fullmatch(before) and _COMMENT_END.fullmatch(behind)):
            return
        rows = range(site.row + 1, listing.code.stop)
        end = next((row for row in rows if row in self._sites), rows.stop)
        code = listings.code(self._lines, range(rows.start, end))
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
        yield _place_claim(line, (words.start, words.end), words.line, words.end_line, words.place.path)
        return
    if len(text.strip()) > _SHORT:
        return
    if match := _SHOWN_LINES.search(text):
        yield _place_claim(line, (start + match.start(), start + match.end()), int(match[1]), match[2])
    elif (match := _ONLY_NUMBER.fullmatch(text)) and int(match[1]) == citation.line:
        end = start + match.end(2 if match[2] else 1)
        yield _place_claim(line, (start + match.start(1), end), int(match[1]), match[2])
    elif match := _ONLY_FILE.fullmatch(text):
        yield _place_claim(line, (start + match.start(1), start + match.end(1)), None, None, match[1])


def _place_claim(
    line: Line, span: tuple[int, int], first: int | None, last: str | int | None, path: str = ""
) -> Claim:
    at_line, at_column = line.place(span[0])
    end_line, end_column = line.place(max(span[0], span[1] - 1))
    return Claim(
        ClaimKind.LABEL,
        path=path,
        line=first,
        end_line=int(last) if last else None,
        at_line=at_line,
        at_column=at_column,
        at_end=end_column + 1 if end_line == at_line else 0,
        firm=True,
    )


def _linked(text: str, citation: Citation, label: tuple[int, int] | None) -> tuple[int, int]:
    """Return the span of a citation in its line, with the whole link if it is in one."""
    start, end = citation.start, citation.end
    if label is not None:
        start, end = min(start, label[0] - 1), max(end, label[1] + 1)
    return max(0, start), end + text.startswith(")", end)


def _placed(paragraph: Paragraph, site: Site, label: tuple[int, int] | None) -> ParagraphSpan:
    base = paragraph.starts[site.row - paragraph.first]
    start, end = _linked(paragraph.text[base:], site.citation, label)
    return ParagraphSpan(base + start, base + end)
