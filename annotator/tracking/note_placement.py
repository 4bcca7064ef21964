"""Finds the lines that notes are about: by their quoted text at the baseline, then by tracking."""

from __future__ import annotations

import ast
import re
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from annotator.config import name_of
from annotator.errors import InvalidInput
from annotator.file_io import bytes_of
from annotator.model.reference import (
    Anchor,
    LineNote,
    NoteChange,
    NotePlace,
    NoteState,
    PlacedLine,
    PlacedNote,
    Reference,
    Unplaced,
    Verdict,
)
from annotator.python_source.modules import parse
from annotator.tracking import declaration_lookup
from annotator.tracking.verification import verify_references

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from annotator.config import Project
    from annotator.golang.source_tree import SourceTree
    from annotator.project_source import Session

# A quote with fewer letters and digits, such as `return err`, may be found at another tag in a line
# that was added for another reason.
_TELLING = 13
_LETTER = re.compile(r"\w")


class _NotFoundError(Exception):
    """A quote that is not in exactly one line; the message says why, in a clause."""


def place_notes(at: Session, notes: Iterable[LineNote]) -> tuple[PlacedNote, ...]:
    """Return where the lines of notes are: Go at the session's tag, Python in the project."""
    notes = tuple(notes)
    places = dict.fromkeys(place for note in notes for place in note.places)
    found = {
        **_go_lines(at, [place for place in places if place.is_go]),
        **_python_lines(at, [place for place in places if not place.is_go]),
    }
    return tuple(PlacedNote(note, tuple(found[place] for place in note.places)) for note in notes)


def note_changes(old: Session, new: Session, notes: Iterable[LineNote]) -> tuple[NoteChange, ...]:
    """Return the lines of Go that notes explain and that read differently at the newer of two tags."""
    # The lines of Python are the same at every tag.
    of_go = [
        msgspec.structs.replace(n, places=tuple(place for place in n.places if place.is_go)) for n in notes
    ]
    before, after = place_notes(old, of_go), place_notes(new, of_go)
    return tuple(
        NoteChange(
            text_file(new.project, now.note.text), now.note.line, now.note.label,
            line.place, earlier.text, line.text, line.reason,
        )
        for was, now in zip(before, after, strict=True)
        for earlier, line in zip(was.lines, now.lines, strict=True)
        if earlier.line and _words(earlier.text) != _words(line.text)
    )  # fmt: skip


def text_file(project: Project, name: str) -> str:
    """Return the file of one of the project's texts, as the project names its files."""
    folder = project.site if name.startswith("pages/") else project.site / "chapters"
    return name_of(project, folder / f"{name}.md")


# ── Go ───────────────────────────────────────────────────────────────────────────────────────────
def _go_lines(at: Session, places: Sequence[NotePlace]) -> Mapping[NotePlace, PlacedLine]:
    """Find the lines at the baseline, and follow them to the session's tag."""
    if not places:
        return {}
    baseline = at.project.config.baseline
    tree = at.origin_tree(baseline)
    base, here = _Files(tree) if tree is not None else None, _Files(at.tree)
    found: dict[NotePlace, PlacedLine] = {}
    lines: dict[NotePlace, int | None] = {}
    for place in places:
        try:
            lines[place] = _line_at(base, place) if base is not None else None
        except _NotFoundError as error:
            found[place] = PlacedLine(place, NoteState.MISTAKEN, reason=str(error))
    declared = {place: Reference(place.path, place.symbol, ref=baseline) for place in lines}
    cited = {place: Reference(place.path, line=line, ref=baseline) for place, line in lines.items() if line}
    asked = [*declared.values(), *cited.values()]
    verdicts = dict(zip(asked, verify_references(at, asked), strict=True))
    for place, line in lines.items():
        was = base.text(place.path, line) if base is not None and line else ""
        by_line = verdicts[cited[place]] if place in cited else None
        found[place] = _followed(here, place, was, verdicts[declared[place]], by_line)
    return found


def _line_at(files: _Files, place: NotePlace) -> int:
    """Return the line of a tree that a place quotes."""
    tree = files.tree
    if place.path not in tree.go_files:
        raise _NotFoundError(f"{place.path} is not in the source at {tree.tag}")
    declared = declaration_lookup.named(tree.document(place.path), place.symbol)
    if len(declared) != 1:
        how = "more than one" if declared else "no"
        raise _NotFoundError(f"{place.path} has {how} {place.symbol} at {tree.tag}")
    span = declared[0].span
    return _quoted(files.rows(place.path), span.line, span.end_line, place)


def _followed(
    files: _Files, place: NotePlace, was: str, declared: Verdict, by_line: Verdict | None
) -> PlacedLine:
    """Return where a line is that was `was` at the baseline; that is unknown if the baseline is."""
    if isinstance(declared.outcome, Unplaced):
        return PlacedLine(place, NoteState.GONE, was=was or place.quote, reason=declared.outcome.reason)
    now = declared.outcome.anchor
    span = declaration_lookup.at_anchor(files.tree, now).span
    line = _carried(by_line, now.path, range(span.line, span.end_line + 1))
    if line is None:
        line = _telling_quote(files, place, now, range(span.line, span.end_line + 1))
    if line is None:
        reason = (
            f"{now.symbol} is in {now.path} at {files.tree.tag}, but the line is not clearly in it any more"
        )
        return PlacedLine(place, NoteState.GONE, now.path, now.symbol, was=was or place.quote, reason=reason)
    text = files.text(now.path, line)
    is_same = not was or _words(text) == _words(was)
    state = NoteState.SAME if is_same else NoteState.CHANGED
    return PlacedLine(place, state, now.path, now.symbol, line, text, "" if is_same else was)


def _carried(by_line: Verdict | None, path: str, inside: range) -> int | None:
    """Return the line that the tracker found, if it is within the declaration."""
    if by_line is None or isinstance(by_line.outcome, Unplaced):
        return None
    anchor = by_line.outcome.anchor
    line = anchor.line + anchor.offset
    return line if anchor.path == path and line in inside else None


def _telling_quote(files: _Files, place: NotePlace, now: Anchor, inside: range) -> int | None:
    """Return the only line of the declaration with the quote, if that can hardly be another's text."""
    if len(_LETTER.findall(place.quote)) < _TELLING:
        return None
    try:
        return _quoted(files.rows(now.path), inside.start, inside.stop - 1, place)
    except _NotFoundError:
        return None


class _Files:
    """The Go files of a tree in lines, each file read once."""

    def __init__(self, tree: SourceTree) -> None:
        self.tree = tree
        self._rows: dict[str, list[str]] = {}

    def rows(self, path: str) -> list[str]:
        """Return the lines of a file."""
        if path not in self._rows:
            data = declaration_lookup.lines(self.tree.data(path))
            self._rows[path] = [row.decode("utf-8", "replace") for row in data]
        return self._rows[path]

    def text(self, path: str, line: int) -> str:
        """Return the text of a 1-based line."""
        return self.rows(path)[line - 1].strip()


_SCOPES = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


# ── Python ───────────────────────────────────────────────────────────────────────────────────────
def _python_lines(at: Session, places: Sequence[NotePlace]) -> Mapping[NotePlace, PlacedLine]:
    files: dict[str, tuple[Mapping[str, tuple[int, int]], list[str]]] = {}
    found: dict[NotePlace, PlacedLine] = {}
    for place in places:
        try:
            if place.path not in files:
                files[place.path] = _read(at, place.path)
            defined, rows = files[place.path]
            line = _quoted(rows, *_lines_of(defined, place), place)
        except _NotFoundError as error:
            found[place] = PlacedLine(place, NoteState.MISTAKEN, reason=str(error))
        else:
            found[place] = PlacedLine(
                place, NoteState.SAME, place.path, place.symbol, line, rows[line - 1].strip()
            )
    return found


def _read(at: Session, path: str) -> tuple[Mapping[str, tuple[int, int]], list[str]]:
    """Return the first and last line of each definition of a file of the project, and all lines."""
    file = at.project.root / path
    is_own = any(path.startswith(f"{folder}/") for folder in at.project.config.packages)
    if not is_own or ".." in path.split("/") or not file.is_file():
        raise _NotFoundError(f"{path} is no file of the project's Python packages")
    data = bytes_of(file)
    try:
        return dict(_definitions(parse(path, data).body)), data.decode("utf-8-sig").splitlines()
    except InvalidInput as error:
        raise _NotFoundError(str(error)) from error


def _lines_of(defined: Mapping[str, tuple[int, int]], place: NotePlace) -> tuple[int, int]:
    if place.symbol not in defined:
        raise _NotFoundError(f"{place.path} has no {place.symbol}")
    return defined[place.symbol]


def _definitions(body: Iterable[ast.stmt], scope: str = "") -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield the dotted names that statements define; of overloads the function comes last."""
    for node in body:
        for name in _names(node):
            yield f"{scope}{name}", (node.lineno, node.end_lineno or node.lineno)
        inner = f"{scope}{node.name}." if isinstance(node, _SCOPES) else scope
        parts = (getattr(node, part, ()) for part in ("body", "orelse", "finalbody"))
        handled = (handler.body for handler in getattr(node, "handlers", ()))
        yield from _definitions(chain(*parts, *handled), inner)


def _names(node: ast.stmt) -> tuple[str, ...]:
    match node:
        case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            return (node.name,)
        case ast.Assign():
            return tuple(target.id for target in node.targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name() as target):
            return (target.id,)
        case _:
            return ()


# ── Both ─────────────────────────────────────────────────────────────────────────────────────────
def _quoted(rows: Sequence[str], first: int, last: int, place: NotePlace) -> int:
    """Return the only line from `first` to `last` that has the quote, with any white space."""
    quote = _words(place.quote)
    hits = [number for number in range(first, last + 1) if quote in _words(rows[number - 1])]
    if len(hits) == 1:
        return hits[0]
    if not hits:
        raise _NotFoundError(f'no line of {place.symbol} in {place.path} has "{place.quote}"')
    shown = ", ".join(map(str, hits[:4]))
    raise _NotFoundError(f'"{place.quote}" is in lines {shown} of {place.path}; quote what only one has')


def _words(text: str) -> str:
    return " ".join(text.split())
