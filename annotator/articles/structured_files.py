"""Lines of notebooks, CodeTour files and comments of source files, with their positions."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_for_filename
from pygments.token import Comment, String

from annotator.articles import text_lines
from annotator.articles.rewrite import Edit
from annotator.articles.text_lines import Builder, FrontMatterField, Line, Role
from annotator.model.reference import Reference

_BRANCHES = frozenset(("main", "master", "HEAD", "trunk", "develop"))
_DECLARED = re.compile(r"(?:func\s+(?:\(\s*(?:\w+\s+)?\*?(\w+)[^)]{0,40}\)\s*)?|type\s+)(\w+)")
_STEP_LINES = (("line",), ("selection", "start", "line"), ("selection", "end", "line"))
"""Where a step of a tour names lines."""

_LARGEST_SOURCE = 2 * 1024 * 1024
"""Characters of the largest source file whose comments are told from its code."""

# Formats of data and of marked-up text: all of such a file is read, not its comments alone.
_TEXTS = frozenset(
    (
        ".adoc", ".asc", ".asciidoc", ".cfg", ".conf", ".csv", ".diff", ".htm", ".html", ".ini", ".ipynb",
        ".json", ".jsonl", ".log", ".markdown", ".md", ".mdown", ".mdx", ".org", ".patch", ".rst", ".shtml",
        ".tex", ".text", ".textile", ".toml", ".tour", ".tsv", ".txt", ".wiki",
        ".xhtml", ".xml", ".yaml", ".yml",
    )
)  # fmt: skip

Locator = Callable[[int], tuple[int, int]]
"""Returns the 1-based line and column of an offset."""


def _starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


def _places(text: str) -> Locator:
    starts = _starts(text)

    def place(offset: int) -> tuple[int, int]:
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    return place


# ── Notebooks ────────────────────────────────────────────────────────────────────────────────────
def notebook(text: str) -> tuple[Line, ...]:
    """Return the lines of a notebook's cells; what its programs printed is no part of the article."""
    values = read_json(text)
    at = _places(text)
    cells: dict[int, list[Scalar]] = {}
    for key, scalar in values.items():
        if key[2:3] == ("source",) and key[0] == "cells" and isinstance(key[1], int):
            cells.setdefault(key[1], []).append(scalar)
    found: list[Line] = []
    for number, sources in cells.items():
        kind = values.get(("cells", number, "cell_type"))
        found += _cell(sources, at, number + 1, markdown=kind is None or kind.text != "code")
    return tuple(found)


def _cell(sources: list[Scalar], at: Locator, number: int, *, markdown: bool) -> Iterator[Line]:
    """Yield the lines of a cell, after an empty one that ends the paragraph before."""
    yield Line("", ((0, *at(sources[0].at)),))
    # Where each character of the cell stands: the start of every piece in the cell, and in the file.
    cell, pieces, length = [], [], 0
    for scalar in sources:
        for piece, offset in scalar.pieces():
            pieces.append((length, offset))
            cell.append(piece)
            length += len(piece)
    text = "".join(cell)
    starts = _starts(text)
    for line in text_lines.plain(text, markdown=markdown):
        marks = tuple(_moved(line, starts, pieces, at))
        role = line.role if markdown else Role.CODE
        yield line._replace(marks=marks, role=role, within=f"cell {number}")


def _moved(
    line: Line, starts: list[int], pieces: list[tuple[int, int]], at: Locator
) -> Iterator[tuple[int, int, int]]:
    """Yield the marks of a cell's line, with places of the file."""
    bounds = [mark[0] for mark in line.marks[1:]] + [len(line.text) + 1]
    for (offset, row, column), end in zip(line.marks, bounds, strict=True):
        inside = starts[row - 1] + column - 1
        index = max(0, bisect_right(pieces, inside, key=lambda piece: piece[0]) - 1)
        begin, source = pieces[index]
        yield offset, *at(source + inside - begin)
        for begin, source in pieces[index + 1 :]:
            step = offset + begin - inside
            if step >= end:
                break
            yield step, *at(source)


# ── Tours ────────────────────────────────────────────────────────────────────────────────────────
def tour(text: str) -> tuple[tuple[Line, ...], str | None]:
    """Return a line for each step of a tour of CodeTour, and the tag or commit that it was recorded at."""
    values = read_json(text)
    at = _places(text)
    steps = sorted({key[1] for key in values if key[1:] and key[0] == "steps" and isinstance(key[1], int)})
    lines = tuple(line for step in steps for line in _step(values, ("steps", step), at))
    ref = _recorded_at(values)
    return lines, ref.text if ref is not None else None


def tour_tag(lines: Sequence[str]) -> FrontMatterField | None:
    """Return where the lines of a tour name the tag or commit that it was recorded at, or None."""
    text = "".join(lines)
    ref = _recorded_at(read_json(text))
    if ref is None:
        return None
    line, column = _places(text)(ref.at)
    return FrontMatterField(line - 1, column - 1, column - 1 + len(ref.raw))


def step_edits(lines: Sequence[str], before: Reference, after: Reference) -> tuple[Edit, ...] | None:
    """Return how a tour's step is written for another place; None if it is no step, or it is not clear."""
    text = "".join(lines)
    values, at = read_json(text), _places(text)
    files = {at(scalar.at): key[:2] for key, scalar in values.items() if key[2:] == ("file",)}
    step = files.get((before.at_line, before.at_column))
    if step is None:
        return None
    wanted: dict[Key, str] = {}
    if before.path != after.path:
        file = values[*step, "file"].text
        if not file.endswith(before.path):
            return None
        path = file.removesuffix(before.path) + after.path
        wanted[*step, "file"] = json.dumps(path, ensure_ascii=False)[1:-1]
    if before.line and after.line:
        for key in _STEP_LINES:
            if (old := values.get((*step, *key))) is not None and old.number is not None:
                wanted[*step, *key] = str(old.number + after.line - before.line)
    if before.end_line and after.end_line:
        wanted[*step, *_STEP_LINES[-1]] = str(after.end_line)
    pattern = values.get((*step, "pattern"))
    if before.symbol and after.symbol != before.symbol:
        old_name, new_name = (str(one.symbol).rpartition(".")[2] for one in (before, after))
        if pattern is None or pattern.raw.count(old_name) != 1:
            return None
        wanted[*step, "pattern"] = pattern.raw.replace(old_name, new_name)
    return tuple(_edit(values[key], at, words) for key, words in wanted.items())


def _edit(scalar: Scalar, at: Locator, words: str) -> Edit:
    line, column = at(scalar.at)
    return Edit(line - 1, column - 1, column - 1 + len(scalar.raw), words)


def _recorded_at(values: Mapping[Key, Scalar]) -> Scalar | None:
    ref = values.get(("ref",))
    return ref if ref is not None and ref.text and ref.text not in _BRANCHES else None


def _step(found: Mapping[Key, Scalar], key: Key, at: Locator) -> Iterator[Line]:
    """Yield the citation of a step, its description, and an empty line that ends the paragraph."""
    if (file := found.get((*key, "file"))) is not None:
        builder = Builder()
        builder.add(file.text, *at(file.at))
        lines = [found.get((*key, *path)) for path in _STEP_LINES]
        shown = lines[:1] if lines[0] else lines[1:]
        pattern = found.get((*key, "pattern"))
        if shown[0] is not None and shown[0].number is not None:
            for mark, number in zip(":-", shown, strict=False):
                if number is not None and number.number is not None:
                    line, column = at(number.at)
                    builder.add(f"{mark}{number.number}", line, column - 1)  # the mark stands in front of it
        elif pattern is not None and (declared := _DECLARED.search(pattern.text)):
            name = f"{declared[1]}.{declared[2]}" if declared[1] else declared[2]
            builder.add(f"::{name}", *at(pattern.at))
        yield builder.build(Role.TEXT)
    description = found.get((*key, "description"))
    if description is not None and description.text:
        place = at(description.at)
        for part in description.text.split("\n"):
            yield Line(part, ((0, *place),))
    yield Line("", ((0, *at(0)),))


# ── Source files ─────────────────────────────────────────────────────────────────────────────────
def lexer(name: str, text: str) -> Lexer | None:
    """Return the lexer of a source file, or None for any other file."""
    suffix = PurePath(name).suffix.lower()
    if not suffix or suffix in _TEXTS or len(text) > _LARGEST_SOURCE:
        return None
    found = find_lexer_class_for_filename(PurePath(name).name)
    return found(stripnl=False, ensurenl=False) if found is not None else None


def comments(text: str, by: Lexer) -> tuple[Line, ...]:
    """Return the comments of a source file, with an empty line for the code between two of them."""
    at = _places(text)
    lines: list[Line] = []
    for start, end in _comment_spans(text, by):
        row, column = at(start)
        if lines and row > lines[-1].marks[0][1] + 1:
            lines.append(Line("", ((0, row - 1, 1),)))
        for index, part in enumerate(text[start:end].rstrip("\n").split("\n")):
            lines.append(Line(part, ((0, row + index, 1 if index else column),)))
    return tuple(lines)


def _comment_spans(text: str, by: Lexer) -> Iterator[tuple[int, int]]:
    """Yield where comments begin and end; what lexers cut into pieces is put together again."""
    begin, end = 0, 0
    for offset, kind, value in by.get_tokens_unprocessed(text):
        kinds = kind.split()
        if String.Doc not in kinds and (Comment not in kinds or Comment.Preproc in kinds):
            continue
        if begin < end < offset:
            yield begin, end
        begin = offset if offset > end or end == begin else begin
        end = offset + len(value)
    if end > begin:
        yield begin, end


_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null|[\[\]{},:])', re.DOTALL)
_ESCAPE = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|\\.", re.DOTALL)
_DEEPEST = 40
_LONGEST_NUMBER = 10
"""Digits of a number that is no line of any file."""

Key = tuple[str | int, ...]
"""The keys and positions that lead to a value."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text or a number, and the offset of its first character in the JSON text."""

    value: str | int
    at: int
    raw: str

    @property
    def number(self) -> int | None:
        """The value, if it is a whole number."""
        return self.value if isinstance(self.value, int) else None

    @property
    def text(self) -> str:
        """The value, if it is a text."""
        return self.value if isinstance(self.value, str) else ""

    def pieces(self) -> Iterator[tuple[str, int]]:
        """Yield the parts of a text between its escapes, each with its offset in the JSON text."""
        at = 0
        for match in _ESCAPE.finditer(self.raw):
            if match.start() > at:
                yield self.raw[at : match.start()], self.at + at
            yield str(json.loads(f'"{match[0]}"')), self.at + match.start()
            at = match.end()
        if at < len(self.raw):
            yield self.raw[at:], self.at + at


def read_json(text: str) -> Mapping[Key, Scalar]:
    """Return every text and whole number by what leads to it; of broken JSON, those in front of the fault."""
    found: dict[Key, Scalar] = {}
    keys: list[str | int] = []
    at, is_key = 0, False
    while match := _TOKEN.match(text, at):
        part, at = match[1], match.end()
        if part in {"[", "{"}:
            if len(keys) >= _DEEPEST:
                break
            keys.append(0 if part == "[" else "")
            is_key = part == "{"
        elif part in {"]", "}", ",", ":"}:
            is_key = _step_on(keys, part)
        elif is_key and keys:
            keys[-1] = _text(part) or ""
        elif part.startswith('"'):
            if (value := _text(part)) is not None:
                found[tuple(keys)] = Scalar(value, match.start(1) + 1, part[1:-1])
        elif part.isdigit() and len(part) < _LONGEST_NUMBER:
            found[tuple(keys)] = Scalar(int(part), match.start(1), part)
    return found


def _step_on(keys: list[str | int], mark: str) -> bool:
    """Move on behind a mark between values; return whether a key follows."""
    if mark in {"]", "}"} and keys:
        keys.pop()
    if mark != "," or not keys:
        return False
    last = keys[-1]
    if isinstance(last, int):
        keys[-1] = last + 1
    return isinstance(last, str)


def _text(token: str) -> str | None:
    """Return the value of a token as text, or None if it is no sound JSON."""
    try:
        return str(json.loads(token, strict=False))
    except ValueError:
        return None
