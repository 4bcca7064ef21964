"""`diff` as text, JSON and Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec
from rich.text import Text as Styled

from annotator.errors import counted, printable
from annotator.model.reference import Anchor, NoteChange
from annotator.model.symbol_history import (
    ChangeDetail,
    PlacementChange,
    PortingReport,
    SymbolChange,
    TextChange,
)
from annotator.reports import indented_json
from annotator.reports.markdown import code, escaped, fenced

_STYLE = {"new": "green", "gone": "red", "changed": "yellow"}

VERSION = 1
"""Version of the JSON; it grows when a field goes or gets another meaning."""


class DeclarationFields(msgspec.Struct, frozen=True):
    """A declaration at one of the two revisions."""

    path: str
    symbol: str
    kind: str
    line: int
    end_line: int


class PythonFields(msgspec.Struct, frozen=True):
    """A Python object that mirrors the symbol."""

    name: str
    path: str
    line: int


class CitationFields(msgspec.Struct, frozen=True):
    """A line of a document that cites the symbol."""

    file: str
    line: int


class ChangeFields(msgspec.Struct, frozen=True):
    """What changed of a mapped or cited symbol."""

    symbol: str
    place: PlacementChange
    text: TextChange
    old: DeclarationFields | None
    new: DeclarationFields | None
    counterparts: tuple[PythonFields, ...]
    citations: tuple[CitationFields, ...]
    findings: tuple[ChangeDetail, ...]
    diff: tuple[str, ...]
    reason: str


class DiffReport(msgspec.Struct, frozen=True):
    """The changes to port from one revision to another."""

    schema_version: int
    old: str
    new: str
    symbols: int
    summary: dict[str, int]
    changes: tuple[ChangeFields, ...]
    new_symbols: tuple[DeclarationFields, ...]
    notes: tuple[NoteChange, ...]


def json(found: PortingReport) -> str:
    """Return the report as JSON."""
    report = DiffReport(
        schema_version=VERSION,
        old=found.old,
        new=found.new,
        symbols=found.symbols,
        summary=summary(found),
        changes=tuple(map(_row, found.changes)),
        new_symbols=tuple(map(_declaration, found.fresh)),
        notes=found.notes,
    )
    return indented_json(report)


def summary(found: PortingReport) -> dict[str, int]:
    """Return how many symbols changed in which way; a symbol can have changed both position and text."""
    texts = Counter(f"text {change.edit}" for change in found.changes)
    places = Counter(f"place {change.shift}" for change in found.changes)
    return dict(sorted((places + texts).items()))


def _row(change: SymbolChange) -> ChangeFields:
    return ChangeFields(
        symbol=change.symbol,
        place=change.shift,
        text=change.edit,
        old=_declaration(change.old) if change.old else None,
        new=_declaration(change.new) if change.new else None,
        counterparts=tuple(PythonFields(each.name, each.path, each.line) for each in change.counterparts),
        citations=tuple(CitationFields(each.file, each.at_line) for each in change.citations),
        findings=change.findings,
        diff=change.lines,
        reason=change.reason,
    )


def _declaration(anchor: Anchor) -> DeclarationFields:
    return DeclarationFields(anchor.path, anchor.symbol, anchor.kind, anchor.line, anchor.end_line)


# ── For a person at a terminal ───────────────────────────────────────────────────────────────────
def text(found: PortingReport) -> Iterator[Styled]:
    """Return lines for a terminal: each symbol with its changes and where to look, then the new ones."""
    for change in found.changes:
        yield Styled(printable(change.symbol), style="bold")
        yield Styled(f"  {printable(told(change))}")
        for place in change.counterparts:
            yield Styled(f"  look at {printable(f'{place.path}:{place.line} {place.name}')}")
        for cited in change.citations:
            yield Styled(f"  read again {printable(f'{cited.file}:{cited.at_line}')}")
        for finding in change.findings:
            yield Styled.assemble("  ", (finding.change, _STYLE[finding.change]), f" {said(finding)}")
        for line in change.lines[2:]:
            yield Styled(f"    {printable(line.expandtabs(4))}", style=diff_style(line))
    if found.fresh:
        yield Styled("New in the mapped packages", style="bold")
        for anchor in found.fresh:
            yield Styled(f"  {printable(f'{anchor.path}:{anchor.line} {anchor.symbol}')} ({anchor.kind})")
    for note in found.notes:
        yield Styled(f"{printable(f'{note.file}:{note.at_line}')}: {printable(note_sentence(note))}")
    yield Styled(sentence(found))


def note_sentence(note: NoteChange) -> str:
    """Return the change of an annotated line in one line."""
    where = f"the note {note.label}: in {note.place.path}::{note.place.symbol} {note.was!r}"
    return f"{where} is now {note.now!r}" if note.now else f"{where} is gone: {note.reason}"


def sentence(found: PortingReport) -> str:
    """Return the report in one line."""
    changed = len(found.changes)
    gone = sum(change.shift is PlacementChange.GONE for change in found.changes)
    return (
        f"{counted(found.symbols, 'mapped or cited symbol')} from {printable(found.old)} to "
        f"{printable(found.new)}: {changed} changed, {gone} of them gone; "
        f"{counted(len(found.fresh), 'new name')} in their packages"
    )


_TEXTS = {"same": ", text the same", "comments": ", comments changed", "changed": ", text changed"}


def told(change: SymbolChange) -> str:
    """Return in a line how position and text of a symbol changed."""
    return _place(change) + _TEXTS.get(change.edit, "")


def _place(change: SymbolChange) -> str:
    old, new = _at(change.old), _at(change.new)
    match change.shift:
        case PlacementChange.STAYED:
            if change.old and change.new and change.old.line != change.new.line:
                return f"in line {change.new.line}, not in line {change.old.line}"
            return "in its place"
        case PlacementChange.MOVED | PlacementChange.RENAMED:
            return f"{change.shift} from {old} to {new}"
        case PlacementChange.GONE:
            return f"gone; it was {old}: {change.reason}"
        case PlacementChange.NEW:
            return f"new at {new}"
        case PlacementChange.UNKNOWN:
            return f"at neither tag: {change.reason}"


def _at(anchor: Anchor | None) -> str:
    return f"{anchor.path}::{anchor.symbol}#L{anchor.line}" if anchor else "nowhere"


def said(finding: ChangeDetail) -> str:
    """Return a change in one line, with advice and the reason in the docstring."""
    what = finding.name + (f", {finding.old} → {finding.new}" if _has_both(finding) else "")
    stated = f" (the docstring says why it differs: {finding.stated})" if finding.stated else ""
    return printable(f"{finding.kind} {what}: {finding.advice}{stated}")


def _has_both(finding: ChangeDetail) -> bool:
    return finding.change == "changed" and bool(finding.old and finding.new)


def diff_style(line: str) -> str:
    """Return the colour of a line of a diff."""
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "dim")


# ── For an issue ─────────────────────────────────────────────────────────────────────────────────
def markdown(found: PortingReport) -> str:
    """Return the report as Markdown for an issue tracker, with code and names as code spans."""
    blocks = [f"# {code(found.old)} → {code(found.new)}", escaped(sentence(found)) + "."]
    for change in found.changes:
        blocks += _section(change)
    if found.fresh:
        items = (f"- {code(f'{at.path}:{at.line}')} {code(at.symbol)} ({at.kind})" for at in found.fresh)
        blocks += ["## New in the mapped packages", "\n".join(items)]
    if found.notes:
        notes = ((f"{note.file}:{note.at_line}", note_sentence(note)) for note in found.notes)
        tasks = (f"- [ ] {code(where)} {escaped(what)}" for where, what in notes)
        blocks += ["## Notes to read again", "\n".join(tasks)]
    return "\n\n".join(blocks) + "\n"


def _section(change: SymbolChange) -> Iterator[str]:
    yield f"## {code(change.symbol)}"
    yield escaped(told(change)[:1].upper() + told(change)[1:]) + "."
    tasks = [f"- [ ] look at {code(f'{p.path}:{p.line}')}, {code(p.name)}" for p in change.counterparts]
    tasks += [f"- [ ] read again {code(f'{each.file}:{each.at_line}')}" for each in change.citations]
    tasks += [_task(finding) for finding in change.findings]
    if tasks:
        yield "\n".join(tasks)
    if change.lines:
        yield fenced("diff", "\n".join(change.lines))


def _task(finding: ChangeDetail) -> str:
    what = code(finding.name)
    if _has_both(finding):
        what += f", {code(finding.old)} → {code(finding.new)}"
    stated = f" The docstring says why it differs: {escaped(finding.stated)}" if finding.stated else ""
    return f"- [ ] {finding.change} {finding.kind} {what}: {escaped(finding.advice)}.{stated}"
