"""A document while it is edited: its references and their verdicts after every change."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from annotator.articles import text_lines
from annotator.articles.article_files import article, is_excluded, read_article
from annotator.articles.rewrite import split
from annotator.config import name_of
from annotator.errors import InvalidInput
from annotator.model.reference import Problem, Reference, Verdict
from annotator.parity import counterparts
from annotator.project_source import Session
from annotator.python_source import modules
from annotator.python_source.docstrings import read_docstrings
from annotator.python_source.modules import SourceFile
from annotator.tracking.dating import DocumentOrigins
from annotator.tracking.verification import verify_references

LARGEST = 4_000_000
"""Characters of the largest document that is checked while it is edited."""

# Formats whose lines can be read without the whole document.
_BY_LINES = frozenset(
    (".adoc", ".asc", ".asciidoc", ".markdown", ".md", ".mdown", ".mdx", ".org", ".rst", ".text", ".txt", "")
)
_SHORT = 300
"""Lines of a document that is read as a whole at every change: about 20 ms."""

_MARGIN = 25
"""Lines before and after a change that are read again with it."""

_FENCE = re.compile(r"\s{0,3}(?:```|~~~)")


class OpenDocument:
    """A document and the verdicts on its references; those whose words stayed keep their verdict.

    Attributes:
        session: The source that its references are checked against.
        file: Where it is saved; what is there may be older.
        lines: Its lines with their ends.
        references: What it cites, in order.
        problems: What is wrong in it apart from what it cites.
        is_exact: Whether its references are those of the whole document, not of the changed lines alone.
    """

    def __init__(self, session: Session, file: Path) -> None:
        """Name the document; it is read when it is updated."""
        self.session = session
        self.file = file
        self.lines: list[str] = []
        self.references: list[Reference] = []
        self.problems: list[Problem] = []
        self.is_exact = False
        self._verdicts: dict[Reference, Verdict] = {}
        self._saved: list[str] | None = None

    @property
    def name(self) -> str:
        """The file's name from the project's root."""
        return name_of(self.session.project, self.file)

    def update(self, text: str) -> None:
        """Take a new text; of a long document only the lines around the change are read again.

        Raises:
            InvalidInput: It cannot be read.
        """
        before, self.lines = self.lines, split(text)
        if len(text) > LARGEST:
            self.references, self.problems = [], []
            raise InvalidInput(
                f"{self.name}: more than {LARGEST:,} characters are not checked while they are edited"
            )
        if before and before == self.lines:
            return
        if is_excluded(self.session.project, self.file):
            self.references, self.problems, self.is_exact = [], [], True
            return
        window = self._window(before)
        if window is None:
            self._read()
            return
        first, last, shift = window
        kept_before = [each for each in self.references if each.at_line <= first]
        kept_behind = [_shifted(each, shift) for each in self.references if each.at_line > last - shift]
        self.references = [*kept_before, *self.read_part(first, last), *kept_behind]
        self.is_exact = False

    def read_whole(self) -> list[Reference] | None:
        """Return what the whole document cites if only a part was read, else None; any thread may call it."""
        if self.is_exact:
            return None
        session, data = self.session, encoded("".join(self.lines))
        return list(read_article(session.project, self.file, data, session.own_names).references)

    def settle(self, references: list[Reference]) -> bool:
        """Take what the whole document cites; return whether that changes anything."""
        is_same, self.references, self.is_exact = references == self.references, references, True
        return not is_same

    def saved(self) -> None:
        """Note that the file on disk has changed."""
        self._saved = None

    def verdicts(self) -> list[Verdict]:
        """Return the verdicts on the references, in order."""
        session = self.session
        if session.options.written_at == "auto":  # all references together date the document
            return list(verify_references(session, self.references))
        keys = self._keys()
        new = [key for key in dict.fromkeys(keys) if key not in self._verdicts]
        fresh = dict(zip(new, verify_references(session, new), strict=True)) if new else {}
        self._verdicts = {key: fresh.get(key) or self._verdicts[key] for key in keys}
        replace = msgspec.structs.replace
        return [
            replace(self._verdicts[key], reference=reference)
            for key, reference in zip(keys, self.references, strict=True)
        ]

    def read_part(self, first: int, last: int, lines: Sequence[str] | None = None) -> list[Reference]:
        """Return the references of the lines from `first` on, before `last`, counted from 0."""
        part = "".join((lines or self.lines)[first:last])
        session = self.session
        found = read_article(session.project, self.file, encoded(part), session.own_names).references
        tag = text_lines.written_at("".join(self.lines[:40]).encode(errors="replace")) if first else None
        moved = (_shifted(each, first) for each in found)
        return [each if tag is None else msgspec.structs.replace(each, written_at=tag) for each in moved]

    def _read(self) -> None:
        data = encoded("".join(self.lines))
        self.references, self.problems = [], []
        self.is_exact = True
        if self.file.suffix == ".py":
            self._read_docstrings(data)
        found = article(self.session.project, self.file, self.session.own_names, data)
        lines = {each.at_line for each in self.references} | {each.line for each in self.problems}
        others = [each for each in found.references if each.at_line not in lines]
        self.references = sorted([*self.references, *others], key=lambda each: (each.at_line, each.at_column))

    def _read_docstrings(self, data: bytes) -> None:
        """Read the `Go:` lines of a Python file; one that is being typed may be no Python for a while."""
        project = self.session.project
        try:
            file = SourceFile(self.name, self.file.stem, data, modules.parse(self.name, data))
            found = read_docstrings([file])
        except InvalidInput:
            return
        tag = project.config.baseline
        tree = self.session.tree_if_available(tag)
        unknown = counterparts.unknown_originals(found.counterparts, tree) if tree else ()
        self.problems = [*found.remarks, *unknown]
        wrong = {problem.line for problem in self.problems}
        self.references = [
            msgspec.structs.replace(mirror, written_at=tag)
            for counterpart in found.counterparts
            for mirror in counterpart.mirrors
            if mirror.at_line not in wrong
        ]

    def _window(self, before: Sequence[str]) -> tuple[int, int, int] | None:
        """Return the lines to read again, from 0, and by how many the document grew; None for all lines."""
        lines = self.lines
        if self.file.suffix.lower() not in _BY_LINES or min(len(before), len(lines)) < _SHORT:
            return None
        same, same_end = same_ends(before, lines)
        first, last = max(same - _MARGIN, 0), min(len(lines) - same_end + _MARGIN, len(lines))
        while first and lines[first - 1].strip():
            first -= 1
        while last < len(lines) and lines[last].strip():
            last += 1
        fences = [row for row in range(first) if _FENCE.match(lines[row])]
        if len(fences) % 2:  # it begins within a listing
            first = fences[-1]
        return first, last, len(lines) - len(before)

    def _keys(self) -> list[Reference]:
        """Return each reference without its place in the document, which does not change its verdict."""
        if not self.references:
            return []
        session = self.session
        asked = session.options.written_at
        is_dated_by_line = asked == "blame" or (
            asked is None and DocumentOrigins(session, ()).is_of_source(self.name)
        )
        if not is_dated_by_line:
            return [_without_place(reference) for reference in self.references]
        # Lines that are not saved yet are written at the head.
        row_of = self._saved_rows()
        return [
            msgspec.structs.replace(
                _without_place(each),
                at_line=(line := row_of(each.at_line)),
                written_at=each.written_at if line or each.ref else each.written_at or "HEAD",
            )
            for each in self.references
        ]

    def _saved_rows(self) -> Callable[[int], int]:
        """Return a function that gives the line on disk of a line; 0 for one that is not saved yet."""
        if self._saved is None:
            try:
                self._saved = split(self.file.read_bytes().decode(errors="replace"))
            except OSError:
                self._saved = []
        same, same_end = same_ends(self._saved, self.lines)
        most, shift = len(self.lines) - same_end, len(self._saved) - len(self.lines)
        return lambda line: line if line <= same else line + shift if line > most else 0


def same_ends(before: Sequence[str], after: Sequence[str]) -> tuple[int, int]:
    """Return how many lines two texts have in common at their beginnings and at their ends."""
    most = min(len(before), len(after))
    start = next((n for n in range(most) if before[n] != after[n]), most)
    end = next((n for n in range(most - start) if before[-n - 1] != after[-n - 1]), most - start)
    return start, end


def encoded(text: str) -> bytes:
    """Return a text as the bytes of a file that can only be UTF-8."""
    return codecs.BOM_UTF8 + text.removeprefix("\ufeff").encode(errors="replace")


def _shifted(reference: Reference, by: int) -> Reference:
    if not by:
        return reference
    replace = msgspec.structs.replace
    claims = tuple(replace(claim, at_line=claim.at_line + by) for claim in reference.claims)
    return replace(reference, at_line=reference.at_line + by, claims=claims)


def _without_place(reference: Reference) -> Reference:
    replace = msgspec.structs.replace
    claims = tuple(replace(claim, at_line=0, at_column=0, at_end=0) for claim in reference.claims)
    return replace(
        reference, at_line=0, at_column=0, at_end=0, cited_in="", chapter=None, heading=None, claims=claims
    )


def overlaps(reference: Reference, line: int, column: int, end_line: int, end_column: int) -> bool:
    """Return whether a reference overlaps a range; lines and columns count from 1."""
    if line == end_line == reference.at_line and reference.at_end:
        return reference.at_column <= end_column and column <= reference.at_end
    return line <= reference.at_line <= end_line
