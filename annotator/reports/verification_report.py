"""`verify` as text and JSON, and the figures of all its reports."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

import msgspec
from rich.text import Text as Styled

from annotator.config import Config
from annotator.errors import counted, printable
from annotator.model.reference import (
    VERDICTS,
    Anchor,
    Code,
    Evidence,
    FoundBy,
    Outcome,
    Problem,
    Reference,
    Skipped,
    TextState,
    Unplaced,
    Verdict,
    VerificationResult,
    Verified,
)
from annotator.reports import indented_json

TEXT_CHANGED = "the text of the declaration has changed; what is said of it may no longer be true"

_ALL_SKIPPED = (
    "; all cite other repositories, so nothing was checked: name those that are this one in `also`, "
    "and others as `[[repository]]` in the settings"
)
_STYLE = {
    "verified": "green",
    "moved": "yellow",
    "renamed": "yellow",
    "missing": "red",
    "mistaken": "red",
    "unknown": "dim",
    "skipped": "dim",
}
_COLUMNS = ("references", *VERDICTS, "changed")


def name(outcome: Outcome) -> str:
    """Return an outcome's name in reports."""
    return type(outcome).__name__.lower()


def of_problems(config: Config, remarks: tuple[Problem, ...], counterparts: int = 0) -> VerificationResult:
    """Return problems that are no verdicts in the form that the reports for tools take."""
    return VerificationResult(
        config.repository, config.baseline, None, config.baseline, (), counterparts, remarks
    )


def text(checked: VerificationResult, *, quiet: bool = False, show_unread: bool = False) -> Iterator[Styled]:
    """Return lines for a terminal: one for each reference, findings first, then the figures.

    With `quiet`, references that are verified, with the text of the baseline, are left out.
    """
    yield from _verdicts(checked, quiet=quiet)
    for problem in (*checked.problems, *checked.remarks):
        where = f"{printable(problem.file)}:{problem.line}"
        yield Styled.assemble((where, "bold"), ": ", printable(problem.message))
    for unread in checked.unread if show_unread else ():
        where = f"{printable(unread.file)}:{unread.at_line}"
        yield Styled.assemble(("unread", "dim"), f"    {printable(unread.text)}  {where}")
    figures = summary(checked)
    if len(checked.files) > 1:
        yield from map(Styled, _table(checked, figures, quiet=quiet))
    if len(checked.files) > 1 or max(figures.by_verdict.values()) < figures.references:
        yield Styled(score_line(figures))
    yield Styled(sentence(checked))
    if checked.stand_in:
        yield Styled(f"{printable(checked.stand_in)}; only `missing` counts as a finding there")


def _verdicts(checked: VerificationResult, *, quiet: bool) -> Iterator[Styled]:
    ordered = sorted(checked.verdicts, key=lambda verdict: not checked.is_finding(verdict))
    wanted = [
        v for v in ordered if not quiet or not isinstance(v.outcome, Verified | Skipped) or v.has_changed_text
    ]
    rows = [(printable(_place(verdict)), verdict) for verdict in wanted]
    width = max((len(place) for place, _ in rows), default=0)
    for place, verdict in rows:
        is_range = verdict.reference.end_line is not None
        # Where the line number is the only evidence, the enclosing declaration is shown.
        is_explained = is_range or not (
            isinstance(verdict.outcome, Verified) and verdict.outcome.by is not FoundBy.POSITION
        )
        reason = f"\n          {printable(verdict.outcome.reason)}" if is_explained else ""
        changed = f"\n          {TEXT_CHANGED}" if verdict.has_changed_text else ""
        line = f"{place:<{width}}  {printable(verdict.reference.cited_in)}{reason}{changed}"
        yield Styled.assemble((f"{verdict.name:<8}", _STYLE[verdict.name]), "  ", line)


def _place(verdict: Verdict) -> str:
    reference = verdict.reference
    line = f":{reference.line}" if reference.line else ""
    last = f"-{reference.end_line}" if reference.end_line else ""
    return f"{reference.path}{line}{last} {reference.symbol or ''}".strip()


def _table(checked: VerificationResult, figures: Summary, *, quiet: bool) -> Iterator[str]:
    """Yield a row of shares for each file, and one for all; without what no reference has."""
    shown = [column for column in _COLUMNS if column == "references" or getattr(figures, column)]
    rows = [
        (printable(one.file), one.summary)
        for one in by_file(checked)
        if not quiet
        or one.summary.verified + one.summary.skipped < one.summary.references
        or one.summary.changed
    ]
    rows.append(("all files", figures))
    width = max(len(file) for file, _ in rows)
    yield "  ".join([f"{'file':<{width}}", *(f"{column:>10}" for column in shown)])
    for file, one in rows:
        yield "  ".join([f"{file:<{width}}", *(f"{_cell(one, column):>10}" for column in shown)])


def _cell(figures: Summary, column: str) -> str:
    if column == "references":
        return f"{figures.references:,}"
    return percent(getattr(figures, column), figures.references) if getattr(figures, column) else "-"


def sentence(checked: VerificationResult) -> str:
    """Return the summary in one line."""
    figures = summary(checked)
    parts = [f"{count} {verdict}" for verdict, count in figures.by_verdict.items() if count]
    commit = f", commit {checked.commit[:12]}" if checked.commit else f", version {checked.version}"
    changed = f"; {figures.changed} with a changed text" if figures.changed else ""
    unread = f"; {counted(figures.unread, 'text')} like a reference not read" if figures.unread else ""
    ignored = f"; {figures.ignored} ignored by a mark" if figures.ignored else ""
    python = f"; {len(checked.remarks)} of {checked.counterparts} counterparts' docstrings to mend"
    references = counted(len(checked.verdicts), "reference")
    return (
        f"{references} at {printable(checked.tag)}{commit}: {', '.join(parts) or 'none'}{changed}{unread}"
        + ignored
        + (python if checked.remarks else "")
        + (_ALL_SKIPPED if 0 < figures.references == figures.skipped else "")
    )


class Summary(msgspec.Struct, frozen=True):
    """How many references have each verdict; these seven numbers share out all references.

    `changed` counts those among them that are there with another text, `unread` texts that look like
    references and are not read, `ignored` references that their authors excluded by a mark.
    """

    verified: int = 0
    moved: int = 0
    renamed: int = 0
    missing: int = 0
    mistaken: int = 0
    unknown: int = 0
    skipped: int = 0
    changed: int = 0
    unread: int = 0
    ignored: int = 0

    @property
    def by_verdict(self) -> Mapping[str, int]:
        """The number of each verdict, in the order of reports."""
        return {verdict: getattr(self, verdict) for verdict in VERDICTS}

    @property
    def references(self) -> int:
        """The number of all references that were read."""
        return sum(self.by_verdict.values())


class Score(msgspec.Struct, frozen=True):
    """The truth score: the share of each verdict in all references that were read, from 0 to 1.

    The first seven add up to 1; `changed` is a figure of its own, as any reference that is there may
    have another text.
    """

    verified: float = 0.0
    moved: float = 0.0
    renamed: float = 0.0
    missing: float = 0.0
    mistaken: float = 0.0
    unknown: float = 0.0
    skipped: float = 0.0
    changed: float = 0.0


class FileSummary(msgspec.Struct, frozen=True):
    """The figures of one document."""

    file: str
    summary: Summary
    score: Score


def summary(result: VerificationResult) -> Summary:
    """Return the figures of all references."""
    return _summary(result.verdicts, len(result.unread), len(result.ignored))


def by_file(result: VerificationResult) -> tuple[FileSummary, ...]:
    """Return the figures of each document, in the order in which they were read."""
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in result.verdicts:
        verdicts[verdict.reference.file].append(verdict)
    unread = Counter(text.file for text in result.unread)
    ignored = Counter(reference.file for reference in result.ignored)
    summaries = {
        file: _summary(verdicts[file], unread[file], ignored[file])
        for file in dict.fromkeys((*result.files, *tuple(verdicts)))
    }
    return tuple(FileSummary(file, found, score(found)) for file, found in summaries.items())


def score(counted: Summary) -> Score:
    """Return the truth score of some figures; of no reference it is 0 throughout."""
    references = counted.references
    if not references:
        return Score()
    shares = {name: getattr(counted, name) / references for name in Score.__struct_fields__}
    return Score(**{name: round(share, 4) for name, share in shares.items()})


def percent(counted: int, references: int) -> str:
    """Return a share for people: `62.5 %`; only none is 0 %, and only all is 100 %."""
    if not references:
        return "0 %"
    tenths = round(1000 * counted / references)
    tenths = min(max(tenths, int(counted > 0)), 1000 - int(counted < references))
    return f"{tenths / 10:g} %"


def score_line(counted: Summary) -> str:
    """Return the truth score in one line, without verdicts that no reference has."""
    references = counted.references
    shares = [f"{percent(n, references)} {verdict}" for verdict, n in counted.by_verdict.items() if n]
    changed = f"; {percent(counted.changed, references)} with a changed text" if counted.changed else ""
    return f"truth score: {', '.join(shares) or 'nothing read'}{changed}"


def _summary(verdicts: Sequence[Verdict], unread: int, ignored: int) -> Summary:
    counted = Counter(verdict.name for verdict in verdicts)
    changed = sum(verdict.has_changed_text for verdict in verdicts)
    return Summary(**counted, changed=changed, unread=unread, ignored=ignored)


# ── JSON; the types are its schema, which `verification.schema.json` holds ────────────────────────
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


def json(result: VerificationResult, *, show_unread: bool = False) -> str:
    """Return the report as JSON."""
    counted = summary(result)
    report = Report(
        repository=result.repository,
        tag=result.tag,
        commit=result.commit,
        version=result.version,
        schema_version=VERSION,
        summary=counted,
        score=score(counted),
        files=by_file(result),
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
        guess=msgspec.UNSET if placed else verdict.guess,
    )
