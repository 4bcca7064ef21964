"""Reads and decodes text, Markdown and HTML files, with all references in them and marks to ignore some."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

import msgspec
from charset_normalizer import from_bytes

from annotator.articles import claims, listings, reference_notation, structured_files, text_lines
from annotator.articles.citations import Citation
from annotator.articles.claims import Site
from annotator.articles.line_reader import LineReader
from annotator.articles.source_paths import Roots
from annotator.articles.text_lines import Line, Role, is_unmarked, read_html, split
from annotator.errors import InvalidInput
from annotator.model.reference import Article, Chapter, Reference, Unread

MOST = 100_000
"""References that an article may have."""

_HTML = frozenset((".html", ".htm", ".xhtml", ".shtml"))
_MARKDOWN = frozenset((".md", ".markdown", ".mdown", ".mdx", ".txt", ".text", ".rst", ""))
_ASCIIDOC = frozenset((".adoc", ".asc", ".asciidoc"))
_HEAD = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[^>]{0,400}-->\s*)?<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE,
)
_FRONT_TITLE = re.compile(r"""title\s*[:=]\s*["']?(.{1,200}?)["']?\s*""")
_TAG = re.compile(r"(?:[a-z]{1,10}-)?v?[0-9]{1,2}\.[\w.-]{1,40}")
_FRONT = 40
"""Lines in which the front matter of a Markdown file has ended."""


@dataclass(frozen=True, slots=True)
class _Source:
    """An article's lines, title and address."""

    lines: tuple[Line, ...]
    title: str
    address: str = ""
    written_at: str | None = None
    is_source_file: bool = False


@dataclass(slots=True)
class _Section:
    number: str = ""
    title: str = ""
    heading: str = ""
    references: list[Reference] = field(default_factory=list)
    ignored: list[Reference] = field(default_factory=list)


def read(name: str, data: bytes, repository: str, roots: Roots) -> Article:
    """Read an article with everything that it cites by line, symbol or permalink.

    The ending of the file's name helps to tell HTML and Markdown.

    Raises:
        InvalidInput: The file is too large, or not text.
    """
    source = _source(name, decode(_shown(name), data))
    reader = LineReader(roots)
    ignored = ignored_rows(source.lines, in_source_file=source.is_source_file)
    sections = _sections(source, name, reader, ignored)
    unchecked = {source.lines[row] for row in ignored}
    chapters = tuple(
        Chapter(section.number, section.title, tuple(section.references))
        for section in sections
        if section.references
    )
    refs = {one.ref for chapter in chapters for one in chapter.references if one.ref and not one.repository}
    title = source.title or next((section.heading for section in sections if section.heading), "")
    return Article(
        file=name,
        title=_shown(title) or _shown(PurePath(name).stem),
        address=source.address if source.address.startswith(("http://", "https://")) else "",
        repository=repository,
        tag=source.written_at or (min(refs) if len(refs) == 1 and _TAG.fullmatch(min(refs)) else ""),
        chapters=chapters,
        unread=tuple(
            Unread(name, *line.place(start), _shown(text))
            for line, start, text in reader.unread
            if line not in unchecked
        ),
        ignored=tuple(reference for section in sections for reference in section.ignored),
    )


def _source(name: str, text: str) -> _Source:
    suffix = PurePath(name).suffix.lower()
    if suffix in _HTML or (suffix not in {".md", ".markdown"} and _HEAD.match(text)):
        page, title, address = read_html(text)
        return _Source(page, title, _shown(address))
    if suffix == ".ipynb" and (cells := structured_files.notebook(text)):
        return _Source(cells, "")
    if suffix == ".tour":
        steps, written_at = structured_files.tour(text)
        return _Source(steps, "", written_at=written_at)
    if (lexer := structured_files.lexer(name, text)) is not None:
        return _Source(structured_files.comments(text, lexer), "", is_source_file=True)
    plain = text_lines.plain(text, markdown=suffix in _MARKDOWN)
    lines = tuple(text_lines.with_attributes(plain) if suffix in _ASCIIDOC else plain)
    return _Source(lines, _front_title(lines))


def _front_title(lines: tuple[Line, ...]) -> str:
    """Return the title in the YAML or TOML front matter of a Markdown text."""
    if not lines or lines[0].text.strip() not in {"---", "+++"}:
        return ""
    for line in lines[1:_FRONT]:
        if line.text.strip() in {"---", "+++"}:
            break
        if match := _FRONT_TITLE.fullmatch(line.text):
            return match[1]
    return ""


def _sections(source: _Source, name: str, reader: LineReader, ignored: frozenset[int]) -> list[_Section]:
    """Return the article's sections; the first one holds what precedes any heading."""
    lines = source.lines
    marked = any(line.role is Role.HEADING and split(line.text)[0][:1].isdigit() for line in lines)
    sections = [_Section()]
    sites: list[Site] = []
    places: list[tuple[_Section, Reference]] = []
    for row, line in enumerate(lines):
        heading = line.role is Role.HEADING or (
            not marked and line.role is Role.TEXT and is_unmarked(line.text)
        )
        if heading:
            number, title = split(line.text)
            sections.append(_Section(_shown(number), _shown(title), _shown(line.text)))
        for citation, kind in reader.read(lines, row, heading=heading):
            if len(sites) == MOST:
                raise InvalidInput(f"{_shown(name)}: it cites more than {MOST} places; give a part of it")
            sites.append(Site(row, citation, sections[-1].heading))
            places.append((sections[-1], _reference(citation, kind, line, name, sections[-1].number)))
    output = listings.output_rows(lines, {site.row for site in sites})
    for site, (section, reference), said in zip(sites, places, claims.collect(lines, sites), strict=True):
        (section.ignored if site.row in ignored else section.references).append(
            msgspec.structs.replace(
                reference, claims=said, in_output=site.row in output, written_at=source.written_at
            )
        )
    return sections


def _reference(citation: Citation, kind: str | None, line: Line, file: str, chapter: str) -> Reference:
    at_line, at_column = line.place(citation.start)
    end_line, end_column = line.place(max(citation.start, citation.end - 1))
    # How people find it in its document: by cell, by numbered chapter or by line.
    part = f" {line.within}" if line.within else f" {chapter}" if chapter[:1].isdigit() else f":{at_line}"
    return Reference(
        path=citation.place.path,
        symbol=citation.symbol,
        line=citation.line,
        end_line=citation.end_line,
        cited=_shown(citation.place.cited),
        cited_in=_shown(f"{PurePath(file).name}{part}"),
        file=file,
        at_line=at_line,
        at_column=at_column,
        at_end=end_column + 1 if end_line == at_line else 0,
        chapter=chapter or None,
        heading=kind,
        malformed=citation.malformed,
        repository=citation.place.repository,
        ref=citation.place.ref,
        foreign_ref=citation.place.foreign_ref,
    )


def _shown(text: str) -> str:
    """Return a text on one line, without terminal control characters."""
    return " ".join(reference_notation.printable(re.sub(r"[\n\t]", " ", text)).split())


LARGEST = 64 * 1024 * 1024
"""Bytes of the largest file that is read as an article."""

_SAMPLE = 128 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGIC = (b"%PDF-", b"\x89PNG", b"\x7fELF", b"PK\x03\x04", b"\x1f\x8b", b"GIF8", b"\xff\xd8\xff", b"BZh")
_CONTROLS = re.compile(rb"[\x01-\x07\x0e-\x1a\x1c-\x1f\x7f]")
_FEW = 0.02
"""Share of control characters that a text may have."""

_DECLARED = re.compile(
    rb"""(?:<meta[^>]{0,200}?\bcharset|<\?xml[^>]{0,100}?\bencoding|coding)\s{0,3}[=:]\s{0,3}["']?([\w.-]{2,40})""",
    re.IGNORECASE,
)

# Encodings in which articles are written; the detector need not try the other ninety.
_LIKELY = ["gb18030", "big5hkscs", "cp932", "euc_jp", "cp949", "cp1252", "cp1251", "koi8_r"]

# A name as it is declared, and the larger encoding that is meant.
_MEANT = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs", "shift_jis": "cp932", "ascii": "utf-8"}

# Encodings that texts are written in; others, such as punycode, take too long over a long text.
_WRITTEN = (
    "utf_8", "gb", "big5", "shift", "cp9", "cp12", "euc", "iso", "koi8", "latin", "windows", "ks", "sjis",
)  # fmt: skip
_BROKEN = 0.1
"""Share of broken characters among the foreign ones up to which a text counts as damaged UTF-8."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file with its own line ends, Python's name of its encoding, and its byte order mark."""

    text: str
    encoding: str
    mark: bytes = b""

    def encode(self, text: str) -> bytes:
        """Encode a text as the file is encoded; raise UnicodeEncodeError if that cannot be."""
        return self.mark + text.encode(self.encoding)


def decode(name: str, data: bytes) -> str:
    """Decode a file; its lines end with a line feed alone.

    Raises:
        InvalidInput: The file is too large, or not text.
    """
    return decode_exactly(name, data).text.replace("\r\n", "\n").replace("\r", "\n")


def decode_exactly(name: str, data: bytes) -> Decoded:
    """Decode a file as `decode` does, but keep its line ends.

    Raises:
        InvalidInput: The file is too large, or not text.
    """
    if len(data) > LARGEST:
        raise InvalidInput(
            f"{name}: {-(-len(data) // 2**20)} MB are too much for an article (at most {LARGEST // 2**20}); "
            "give the part that cites"
        )
    decoded = None if data.startswith(_MAGIC) else _text(data)
    if decoded is None:
        raise InvalidInput(
            f"{name}: this is a binary file; give a manifest, or a text, Markdown or HTML file"
        )
    return decoded


def _text(data: bytes) -> Decoded | None:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            text = data[len(bom) :].decode(encoding, errors="replace")
            # A mark that its text belies is no mark.
            if text.count("\N{REPLACEMENT CHARACTER}") <= _FEW * len(text) or encoding == "utf-8":
                return Decoded(text, encoding, bom)
    if b"\0" in data:
        return _wide(data)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        binary = len(_CONTROLS.findall(data[:_SAMPLE])) > _FEW * len(data[:_SAMPLE])
        return None if binary else _declared(data) or _damaged(data) or _detected(data)


def _wide(data: bytes) -> Decoded | None:
    """Decode UTF-16 without a byte order mark: the half with more zero bytes holds the high bytes."""
    sample = data[: _SAMPLE & ~1]
    encoding = "utf-16-le" if sample[1::2].count(0) >= sample[::2].count(0) else "utf-16-be"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    plain = sum(char.isprintable() or char in "\t\n\r" for char in text[:_SAMPLE])
    is_text = plain > 0.95 * len(text[:_SAMPLE]) and "\0" not in text
    return Decoded(text, encoding) if is_text else None


def _declared(data: bytes) -> Decoded | None:
    """Decode with the encoding that the head declares; return None if that does not fit."""
    match = _DECLARED.search(data[:4096])
    if match is None:
        return None
    name = match[1].decode("ascii", errors="replace").lower().replace("-", "_")
    meant = _MEANT.get(name, name)
    try:
        return Decoded(data.decode(meant), meant) if meant.startswith(_WRITTEN) else None
    except (LookupError, ValueError):
        return None


def _damaged(data: bytes) -> Decoded | None:
    """Decode UTF-8 with a few broken characters replaced; return None if there are too many."""
    text = data.decode("utf-8", errors="replace")
    foreign = len(text) - len(text.encode("ascii", errors="ignore"))
    return Decoded(text, "utf-8") if text.count("\ufffd") <= _BROKEN * foreign else None


def _detected(data: bytes) -> Decoded:
    """Decode with the encoding that is detected in the first lines.

    The detector gives up where code outweighs prose; then the first encoding that fits is good
    enough, since paths and lines are ASCII in all of them.
    """
    sample = data[:_SAMPLE]
    whole = sample[: sample.rfind(b"\n") + 1] or sample
    best = from_bytes(whole, cp_isolation=_LIKELY, enable_fallback=False).best()
    encoding = best.encoding if best else next(name for name in (*_LIKELY, "latin-1") if _fits(whole, name))
    return Decoded(data.decode(encoding, errors="replace"), encoding)


def _fits(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


# A comment of Markdown, HTML, MDX, templates, reStructuredText, AsciiDoc, Org, TeX, man pages and languages.
_MARK = re.compile(
    r"(?P<before>^|.*?(?<![^\s\"(,]))"
    r"(?:<!--+|\{/\*+|\{#|\{\{?%?[-~]?\s?/\*|\[(?://|comment)\]:\s?\#\s?[(\"']|\.\.|\.\\\"|//+!?|/\*+|\*|\#+|--+|;+|%+)"
    r"\s{0,8}annotator:\s{0,4}ignore(?P<kind>-(?:start|end|line|next-line))?(?!\w|-[a-z])"
    r"(?:[^\n]*?(?:--+!?>|\*+/\}{0,2}|\#\})(?P<behind>.*)|[^\n]*)",
    re.DOTALL,
)
_WIDEST_MARKED = 20_000
"""Characters of the longest line in which a mark is looked for."""

_GAP = 2
"""Empty lines that may follow a mark before the line that it is for."""


def ignored_rows(lines: Sequence[Line], *, in_source_file: bool = False) -> frozenset[int]:
    """Return the indexes of the lines that marks exclude: `annotator: ignore` in a comment.

    A mark alone on its line is for the next line, one behind other text for its own line;
    `ignore-start` and `ignore-end` are for all lines between them. Between the comments of a source file, an
    empty line stands for code.
    """
    gap = 0 if in_source_file else _GAP
    ignored: set[int] = set()
    start: int | None = None
    for row, line in enumerate(lines):
        if "annotator:" not in line.text or len(line.text) > _WIDEST_MARKED:
            continue
        if line.role is Role.CODE and not line.within:
            continue  # a mark in a listing is an example, unless it is a notebook's own code
        # A comment of plain text that begins with `#` is read as a heading, and without it.
        text = f"# {line.text}" if line.role is Role.HEADING else line.text
        if (match := _MARK.match(text)) is None:
            continue
        is_alone = not (match["before"].strip() or (match["behind"] or "").strip())
        match match["kind"]:
            case "-start":
                start = row if start is None else start
            case "-end":
                ignored.update(range(row if start is None else start, row + 1))
                start = None
            case "-line":
                ignored.add(row)
            case "-next-line":
                ignored.update(_next(lines, row, gap))
            case _:
                ignored.update(_next(lines, row, gap) if is_alone else [row])
    if start is not None:  # never closed: it is for the rest of the document
        ignored.update(range(start, len(lines)))
    return frozenset(ignored)


def _next(lines: Sequence[Line], row: int, gap: int) -> list[int]:
    rows = range(row + 1, min(row + 2 + gap, len(lines)))
    return [other for other in rows if lines[other].text.strip()][:1]
