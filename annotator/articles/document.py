"""Reads and decodes text, Markdown and HTML files, with all references in them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePath

import msgspec

from annotator.articles import (
    claims,
    html_lines,
    ignore_marks,
    notation,
    program_output,
    structured_files,
    text_lines,
)
from annotator.articles.citations import Citation
from annotator.articles.claims import Site
from annotator.articles.line_reader import LineReader
from annotator.articles.source_paths import Roots
from annotator.articles.text_encoding import decode
from annotator.articles.text_lines import Line, Role, is_unmarked, split
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

    Args:
        name: The file's name; its ending helps to tell HTML and Markdown.
        data: The file's bytes.
        repository: The annotated repository, as an address or `owner/name`.
        roots: The names that lead to the repository.

    Raises:
        InvalidInput: The file is too large, or not text.
    """
    source = _source(name, decode(_shown(name), data))
    reader = LineReader(roots)
    ignored = ignore_marks.ignored_rows(source.lines, in_source_file=source.is_source_file)
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
        page = html_lines.read(text)
        return _Source(page.lines, page.title, _shown(page.address))
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
    marked = any(line.role is Role.HEADING and _is_numbered(line) for line in lines)
    sections = [_Section()]
    sites: list[Site] = []
    places: list[tuple[_Section, Reference]] = []
    for row, line in enumerate(lines):
        heading = line.role is Role.HEADING or (not marked and _is_unmarked(line))
        if heading:
            number, title = split(line.text)
            sections.append(_Section(_shown(number), _shown(title), _shown(line.text)))
        for citation, kind in reader.read(lines, row, heading=heading):
            if len(sites) == MOST:
                raise InvalidInput(f"{_shown(name)}: it cites more than {MOST} places; give a part of it")
            sites.append(Site(row, citation, sections[-1].heading))
            places.append((sections[-1], _reference(citation, kind, line, name, sections[-1].number)))
    output = program_output.rows(lines, {site.row for site in sites})
    for site, (section, reference), said in zip(sites, places, claims.collect(lines, sites), strict=True):
        (section.ignored if site.row in ignored else section.references).append(
            msgspec.structs.replace(
                reference, claims=said, in_output=site.row in output, written_at=source.written_at
            )
        )
    return sections


def _is_numbered(line: Line) -> bool:
    return split(line.text)[0][:1].isdigit()


def _is_unmarked(line: Line) -> bool:
    return line.role is Role.TEXT and is_unmarked(line.text)


def _reference(citation: Citation, kind: str | None, line: Line, file: str, chapter: str) -> Reference:
    at_line, at_column = line.place(citation.start)
    end_line, end_column = line.place(max(citation.start, citation.end - 1))
    return Reference(
        path=citation.place.path,
        symbol=citation.symbol,
        line=citation.line,
        end_line=citation.end_line,
        cited=_shown(citation.place.cited),
        cited_in=_shown(f"{PurePath(file).name}{_part(line, chapter, at_line)}"),
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


def _part(line: Line, chapter: str, at_line: int) -> str:
    """Return how people find a reference in its document: by cell, by numbered chapter or by line."""
    if line.within:
        return f" {line.within}"
    return f" {chapter}" if chapter[:1].isdigit() else f":{at_line}"


def _shown(text: str) -> str:
    """Return a text on one line, without terminal control characters."""
    return " ".join(notation.printable(text.replace("\n", " ").replace("\t", " ")).split())
