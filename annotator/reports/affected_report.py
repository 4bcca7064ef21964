"""`affected` as text, JSON and Markdown; the types are the schema, which `affected.schema.json` holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec
from rich.text import Text as Styled

from annotator.articles import reference_notation
from annotator.errors import counted, printable
from annotator.model.reference import Anchor
from annotator.model.symbol_history import AffectedDocuments, AffectedReference, ChangeDetail
from annotator.reports import indented_json, porting_report
from annotator.reports.markdown import code, escaped, fenced

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
