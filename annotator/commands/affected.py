"""`affected`: documents that cite code which changed between two revisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import msgspec
from rich.text import Text as Styled

from annotator.articles import reference_notation
from annotator.articles.article_files import article, own_articles
from annotator.errors import counted, printable
from annotator.model.reference import Anchor, Missing, Reference, TextState, Unplaced, Verdict, Verified
from annotator.model.symbol_history import ChangeDetail, PlacementChange, SymbolChange, TextChange
from annotator.project_source import Session
from annotator.reports import indented_json, porting_report
from annotator.reports.markdown import code, escaped, fenced
from annotator.tracking import symbol_diff
from annotator.tracking.verification import verify_references


class AffectedReference(msgspec.Struct, frozen=True):
    """A reference whose code changed; `is_shifted` if only the cited line number is not right any more."""

    reference: Reference
    change: SymbolChange
    is_shifted: bool = False


class AffectedDocuments(msgspec.Struct, frozen=True):
    """The references that a change affects, by document and line.

    Of the `references` that were looked at, `unplaced` cite nothing that is certain at the old revision.
    """

    old: str
    new: str
    references: int
    unplaced: int
    affected: tuple[AffectedReference, ...]


def affected(at: Session, old: str, new: str, files: Iterable[Path] | None = None) -> AffectedDocuments:
    """Return the references to code that changed between two revisions.

    Without files, the documents of the project are read.

    Raises:
        InvalidInput: A document cannot be read.
        UnknownTag: The source has no such revision.
    """
    articles = (
        own_articles(at.project, lambda: at.own_names)
        if files is None
        else [article(at.project, file, at.own_names) for file in files]
    )
    references = [each for entry in articles for each in entry.references if not each.in_output]
    before, after = at.at_tag(old), at.at_tag(new)
    verdicts = [each for each in verify_references(before, references) if each.reference.repository is None]
    placed = [(each, place) for each in verdicts if (place := each.anchor)]
    found = [*_of_symbols(before, after, placed), *_of_files(before, after, placed)]
    return AffectedDocuments(
        old,
        new,
        references=len(verdicts),
        unplaced=len(verdicts) - len(placed),
        affected=tuple(sorted(found, key=lambda each: (each.reference.file, each.reference.at_line))),
    )


def _of_symbols(
    before: Session, after: Session, placed: Sequence[tuple[Verdict, Anchor]]
) -> Iterator[AffectedReference]:
    """Yield the references to declarations that changed."""
    old, new = before.tree, after.tree
    in_changed = [
        (verdict, place)
        for verdict, place in placed
        if new.files.get(place.path) != old.files.get(place.path)
    ]
    by_reference = {verdict.reference: verdict for verdict, _ in in_changed}
    cited = [(verdict.reference, place) for verdict, place in in_changed]
    symbols = symbol_diff.mapped_symbols((), old, cited)
    go_names = before.project.config.go
    compared = symbol_diff.compare(before.source, before.cache, old, symbols, (old, new), go_names)
    for change in compared.changes:
        unchanged = change.shift is PlacementChange.STAYED and change.edit is TextChange.SAME
        for reference in change.citations:
            is_shifted = unchanged and _is_shifted(by_reference[reference], change)
            if is_shifted or not unchanged:
                yield AffectedReference(reference, change, is_shifted)


def _is_shifted(verdict: Verdict, change: SymbolChange) -> bool:
    """Return whether a line number that was right is not right any more: one without a tag of its own."""
    is_exact = isinstance(verdict.outcome, Verified) and verdict.reference.line is not None
    moved = change.old and change.new and change.old.line != change.new.line
    return is_exact and verdict.reference.ref is None and bool(moved)


def _of_files(
    before: Session, after: Session, placed: Sequence[tuple[Verdict, Anchor]]
) -> Iterator[AffectedReference]:
    """Yield the references to whole files, and to lines outside any declaration, that changed."""
    old, new = before.tree, after.tree
    moved = {
        _at_origin(verdict.reference, place, old.tag): verdict.reference
        for verdict, place in placed
        if not (place.symbol and place.path in old.go_files)
        and new.files.get(place.path) != old.files.get(place.path)
    }
    places = {verdict.reference: place for verdict, place in placed}
    for verdict in verify_references(after, moved):
        reference = moved[verdict.reference]
        change = _file_change(verdict, places[reference])
        if change is not None:
            yield AffectedReference(reference, change)


def _at_origin(reference: Reference, place: Anchor, tag: str) -> Reference:
    """Return a reference as it would be written at a tag."""
    first = None if reference.line is None else place.line + place.offset
    length = (reference.end_line or 0) - (reference.line or 0)
    return msgspec.structs.replace(
        reference,
        path=place.path,
        line=first,
        end_line=first + length if first and reference.end_line else None,
        ref=None,
        written_at=tag,
        claims=(),
    )


def _file_change(verdict: Verdict, place: Anchor) -> SymbolChange | None:
    """Return the change of a cited file or line, or None if it has not changed."""
    symbol = f"{place.path}::{place.symbol}" if place.symbol else place.path
    outcome = verdict.outcome
    if isinstance(outcome, Unplaced):
        shift = PlacementChange.GONE if isinstance(outcome, Missing) else PlacementChange.UNKNOWN
        return SymbolChange(symbol, (), place, None, shift, TextChange.UNKNOWN, reason=outcome.reason)
    is_moved = outcome.anchor.path != place.path
    is_changed = verdict.text is TextState.CHANGED
    if not (is_moved or is_changed):
        return None
    shift = PlacementChange.MOVED if is_moved else PlacementChange.STAYED
    edit = TextChange.CHANGED if is_changed else TextChange.SAME
    return SymbolChange(symbol, (), place, outcome.anchor, shift, edit)


# ── The report; `affected.schema.json` of the reports holds its schema ────────────────────────────
VERSION = 1
"""Version of the JSON; it grows when a field goes or gets another meaning."""


class ReferenceFields(msgspec.Struct, frozen=True):
    """A reference whose code changed.

    `place` is stayed, shifted (the same code at another line), moved, renamed, gone, new or unknown.
    """

    at_line: int
    column: int
    cited: str
    symbol: str
    place: str
    text: str
    old: Anchor | None
    new: Anchor | None
    changes: tuple[ChangeDetail, ...]
    diff: tuple[str, ...]
    reason: str


class DocumentFields(msgspec.Struct, frozen=True):
    """A document with the references that are affected."""

    file: str
    references: tuple[ReferenceFields, ...]


class SummaryFields(msgspec.Struct, frozen=True):
    """How many references were looked at, are affected, or cite nothing certain at the old revision."""

    references: int
    affected: int
    documents: int
    unplaced: int


class Report(msgspec.Struct, frozen=True):
    """Documents that cite code which changed between two revisions."""

    schema_version: int
    old: str
    new: str
    summary: SummaryFields
    documents: tuple[DocumentFields, ...]


def json(found: AffectedDocuments) -> str:
    """Return the report as JSON."""
    documents = tuple(
        DocumentFields(file, tuple(map(_fields, references))) for file, references in _by_document(found)
    )
    figures = SummaryFields(found.references, len(found.affected), len(documents), found.unplaced)
    report = Report(VERSION, found.old, found.new, figures, documents)
    return indented_json(report)


def _by_document(found: AffectedDocuments) -> Iterator[tuple[str, list[AffectedReference]]]:
    for file, references in groupby(found.affected, key=lambda each: each.reference.file):
        yield file, list(references)


def _fields(affected: AffectedReference) -> ReferenceFields:
    change, reference = affected.change, affected.reference
    return ReferenceFields(
        at_line=reference.at_line,
        column=reference.at_column,
        cited=reference_notation.of(reference),
        symbol=change.symbol,
        place="shifted" if affected.is_shifted else str(change.shift),
        text=str(change.edit),
        old=change.old,
        new=change.new,
        changes=change.findings,
        diff=change.lines,
        reason=change.reason,
    )


def sentence(found: AffectedDocuments) -> str:
    """Return the report in one line."""
    documents = len({each.reference.file for each in found.affected})
    shifted = sum(each.is_shifted for each in found.affected)
    more = f", {shifted} of them only in another line" if shifted else ""
    unplaced = f"; {found.unplaced} cite nothing certain at {found.old}" if found.unplaced else ""
    return (
        f"from {printable(found.old)} to {printable(found.new)}: {len(found.affected)} of "
        f"{counted(found.references, 'reference')} affected in "
        f"{counted(documents, 'document')}{more}{unplaced}"
    )


def text(found: AffectedDocuments) -> Iterator[Styled]:
    """Return lines for a terminal: each document with its citations and their changes."""
    for file, references in _by_document(found):
        yield Styled(printable(file), style="bold")
        for affected, lines in _by_symbol(references):
            numbers = ", ".join(map(str, lines))
            yield Styled(f"  line {numbers}: {printable(f'{affected.change.symbol} {told(affected)}')}")
            for finding in affected.change.findings:
                yield Styled(f"    {printable(said(finding))}")
            for line in affected.change.lines[2:]:
                yield Styled(f"      {printable(line.expandtabs(4))}", style=porting_report.diff_style(line))
    yield Styled(sentence(found))


def markdown(found: AffectedDocuments) -> str:
    """Return the report as Markdown for an issue or a pull request."""
    blocks = [f"## {code(found.old)} → {code(found.new)}", escaped(sentence(found)) + "."]
    for file, references in _by_document(found):
        blocks.append(f"### {code(file)}")
        for affected, lines in _by_symbol(references):
            numbers = ", ".join(map(str, lines))
            details = [f"- {escaped(said(finding))}" for finding in affected.change.findings]
            blocks.append(f"- [ ] line {numbers}: {code(affected.change.symbol)} {escaped(told(affected))}")
            if details:
                blocks.append("\n".join(f"  {line}" for line in details))
            if affected.change.lines:
                blocks.append(fenced("diff", "\n".join(affected.change.lines)))
    return "\n\n".join(blocks) + "\n"


def _by_symbol(references: Sequence[AffectedReference]) -> Iterator[tuple[AffectedReference, list[int]]]:
    """Yield each changed symbol of a document with the lines that cite it."""
    groups: dict[tuple[str, bool], list[AffectedReference]] = {}
    for each in references:
        groups.setdefault((each.change.symbol, each.is_shifted), []).append(each)
    for group in groups.values():
        yield group[0], list(dict.fromkeys(each.reference.at_line for each in group))


def told(affected: AffectedReference) -> str:
    """Return the change of the cited code in a line."""
    old, new = affected.change.old, affected.change.new
    if affected.is_shifted and old and new:
        return f"is the same in line {new.line}, not in line {old.line}"
    return porting_report.told(affected.change)


def said(finding: ChangeDetail) -> str:
    """Return a change of a declaration in one line."""
    if finding.change == "changed" and finding.old and finding.new:
        return f"{finding.kind} {finding.name} changed: {finding.old} → {finding.new}"
    if finding.kind == "order":
        return "its code changed"
    return f"{finding.change} {finding.kind} {finding.old or finding.new or finding.name}"
