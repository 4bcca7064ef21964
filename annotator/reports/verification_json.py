"""`verify` as JSON; the types are its schema, which `verification.schema.json` holds."""

from __future__ import annotations

import msgspec

from annotator.model.reference import (
    Anchor,
    Code,
    Evidence,
    FoundBy,
    Missing,
    Mistaken,
    Problem,
    Reference,
    TextState,
    Unplaced,
    Verdict,
    VerificationResult,
)
from annotator.reports import indented_json, verification_report
from annotator.reports.verification_report import FileSummary, Score, Summary

VERSION = 1
"""Version of this form; it grows when a field goes or gets another meaning."""


class CitedPlace(msgspec.Struct, frozen=True):
    """The cited place of a reference."""

    path: str
    symbol: str | None
    line: int | None
    end_line: int | None
    ref: str | None
    repository: str | None
    cited: str
    cited_in: str = msgspec.field(name="from")


class ReferenceFields(CitedPlace, frozen=True):
    """The cited place, and the place of the reference in its document."""

    file: str = ""
    at_line: int = 0
    column: int | None = None
    chapter: str | None = None


class VerdictFields(msgspec.Struct, frozen=True):
    """A reference, where it is at the tag, and why.

    `guess` is there where `anchor` is null: the likeliest place, or the place of what the words name.
    """

    reference: ReferenceFields
    origin: str | None
    verdict: str
    code: Code
    by: FoundBy | None
    text: TextState
    evidence: tuple[Evidence, ...]
    anchor: Anchor | None
    reason: str
    guess: Anchor | msgspec.UnsetType | None = msgspec.UNSET


class UnreadFields(msgspec.Struct, frozen=True):
    """Text that looks like a reference, in a form that is not read."""

    file: str
    at_line: int
    column: int
    text: str


class CounterpartFields(msgspec.Struct, frozen=True):
    """The number of Python counterparts that were checked, and the remarks on them."""

    checked: int
    remarks: tuple[Problem, ...]


class Report(msgspec.Struct, frozen=True):
    """The references of some documents, verified against a Go repository at a tag."""

    repository: str
    tag: str
    commit: str | None
    version: str
    schema_version: int
    summary: Summary
    score: Score
    files: tuple[FileSummary, ...]
    references: tuple[VerdictFields, ...]
    problems: tuple[Problem, ...]
    failures: tuple[str, ...]
    counterparts: CounterpartFields
    unread: tuple[UnreadFields, ...] | msgspec.UnsetType = msgspec.UNSET


def document(result: VerificationResult, *, show_unread: bool = False) -> str:
    """Return the report as JSON."""
    counted = verification_report.summary(result)
    report = Report(
        repository=result.repository,
        tag=result.tag,
        commit=result.commit,
        version=result.version,
        schema_version=VERSION,
        summary=counted,
        score=verification_report.score(counted),
        files=verification_report.by_file(result),
        references=tuple(map(verdict_fields, result.verdicts)),
        problems=result.problems,
        failures=result.failures,
        counterparts=CounterpartFields(result.counterparts, result.remarks),
        unread=tuple(
            UnreadFields(text.file, text.at_line, text.at_column, text.text) for text in result.unread
        )
        if show_unread
        else msgspec.UNSET,
    )
    return indented_json(report)


def cited_place(reference: Reference) -> CitedPlace:
    """Return what a reference cites, without its place in the document."""
    return CitedPlace(
        path=reference.path,
        symbol=reference.symbol,
        line=reference.line,
        end_line=reference.end_line,
        ref=reference.ref,
        repository=reference.repository,
        cited=reference.cited,
        cited_in=reference.cited_in,
    )


def verdict_fields(verdict: Verdict) -> VerdictFields:
    """Return a verdict as the report has it."""
    cited, outcome = verdict.reference, verdict.outcome
    placed = None if isinstance(outcome, Unplaced) else outcome
    return VerdictFields(
        reference=ReferenceFields(
            **msgspec.structs.asdict(cited_place(cited)),
            file=cited.file,
            at_line=cited.at_line,
            column=cited.at_column or None,
            chapter=cited.chapter,
        ),
        origin=verdict.origin,
        verdict=verdict.name,
        code=outcome.code,
        by=placed.by if placed else None,
        text=verdict.text if placed else TextState.UNKNOWN,
        evidence=verdict.evidence,
        anchor=placed.anchor if placed else None,
        reason=outcome.reason,
        guess=msgspec.UNSET if placed else _guess(verdict),
    )


def _guess(verdict: Verdict) -> Anchor | None:
    match verdict.outcome:
        case Missing(guess=likely) | Mistaken(named=likely):
            return likely
        case _:
            return None
