"""`verify` as text and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec
from rich.text import Text as Styled

from annotator.errors import printable
from annotator.model.reference import (
    VERDICTS,
    FoundBy,
    Missing,
    Outcome,
    Reference,
    Skipped,
    TextState,
    Unplaced,
    Verdict,
    VerificationResult,
    Verified,
)

TEXT_CHANGED = "the text of the declaration has changed; what is said of it may no longer be true"

_STYLE = {
    "verified": "green",
    "moved": "yellow",
    "renamed": "yellow",
    "missing": "red",
    "mistaken": "red",
    "unknown": "dim",
    "skipped": "dim",
}


def name(outcome: Outcome) -> str:
    """Return an outcome's name in reports."""
    return type(outcome).__name__.lower()


def summary(checked: VerificationResult) -> dict[str, int]:
    """Count the references of each verdict."""
    counted = Counter(name(verdict.outcome) for verdict in checked.verdicts)
    return {verdict: counted[verdict] for verdict in VERDICTS}


def json(checked: VerificationResult) -> str:
    """Return the report as JSON."""
    value = {
        "repository": checked.repository,
        "tag": checked.tag,
        "commit": checked.commit,
        "version": checked.version,
        "summary": summary(checked),
        "references": [_row(verdict) for verdict in checked.verdicts],
        "counterparts": {
            "checked": checked.counterparts,
            "remarks": [msgspec.to_builtins(remark) for remark in checked.remarks],
        },
    }
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def reference_row(cited: Reference) -> dict[str, object]:
    """Return a reference's fields for JSON."""
    return {
        "path": cited.path,
        "symbol": cited.symbol,
        "line": cited.line,
        "end_line": cited.end_line,
        "cited": cited.cited,
        "from": cited.cited_in,
    }


def _row(verdict: Verdict) -> dict[str, object]:
    cited, outcome = verdict.reference, verdict.outcome
    row: dict[str, object] = {
        "reference": reference_row(cited)
        | {"file": cited.file, "at_line": cited.at_line, "chapter": cited.chapter},
        "verdict": name(outcome),
    }
    if isinstance(outcome, Unplaced):
        guess = outcome.guess if isinstance(outcome, Missing) else None
        return row | {"by": None, "text": "unknown", "anchor": None, "guess": guess, "reason": outcome.reason}
    return row | {
        "by": outcome.by,
        "text": verdict.text,
        "anchor": outcome.anchor,
        "reason": outcome.reason,
    }


def has_changed_text(verdict: Verdict) -> bool:
    """Return whether a declaration is there but reads differently."""
    return verdict.text is TextState.CHANGED and not isinstance(verdict.outcome, Unplaced)


def text(checked: VerificationResult, *, quiet: bool = False) -> Iterator[Styled]:
    """Return lines for a terminal: one for each reference, findings first, then a summary.

    Args:
        checked: What was verified.
        quiet: Whether references that are verified, with the text of the baseline, are left out.
    """
    ordered = sorted(checked.verdicts, key=lambda verdict: not checked.is_finding(verdict))
    wanted = [
        v
        for v in ordered
        if not quiet or not isinstance(v.outcome, Verified | Skipped) or has_changed_text(v)
    ]
    rows = [(name(v.outcome), printable(_place(v)), v) for v in wanted]
    width = max((len(place) for _, place, _ in rows), default=0)
    for verdict, place, found in rows:
        cited_in = printable(found.reference.cited_in)
        told = verdict != "verified" or _by_position(found)
        reason = f"\n          {printable(found.outcome.reason)}" if told else ""
        changed = f"\n          {TEXT_CHANGED}" if has_changed_text(found) else ""
        line = f"{place:<{width}}  {cited_in}{reason}{changed}"
        yield Styled.assemble((f"{verdict:<8}", _STYLE[verdict]), "  ", line)
    for remark in checked.remarks:
        where = f"{printable(remark.file)}:{remark.line}"
        yield Styled.assemble((where, "bold"), ": ", printable(remark.message))
    yield Styled(sentence(checked))
    if checked.stand_in:
        yield Styled(f"{printable(checked.stand_in)}; only `missing` counts as a finding there")


def _place(verdict: Verdict) -> str:
    reference = verdict.reference
    line = f":{reference.line}" if reference.line else ""
    last = f"-{reference.end_line}" if reference.end_line else ""
    return f"{reference.path}{line}{last} {reference.symbol or ''}".strip()


def _by_position(verdict: Verdict) -> bool:
    """Return whether the line number is the only evidence; the enclosing declaration is then shown."""
    return isinstance(verdict.outcome, Verified) and verdict.outcome.by is FoundBy.POSITION


def sentence(checked: VerificationResult) -> str:
    """Return the summary in one line."""
    counted = summary(checked)
    parts = [f"{count} {verdict}" for verdict, count in counted.items() if count]
    commit = f", commit {checked.commit[:12]}" if checked.commit else f", version {checked.version}"
    changed = sum(map(has_changed_text, checked.verdicts))
    texts = f"; {changed} with a changed text" if changed else ""
    python = f"; {len(checked.remarks)} of {checked.counterparts} counterparts' docstrings to mend"
    references = "1 reference" if len(checked.verdicts) == 1 else f"{len(checked.verdicts)} references"
    return f"{references} at {printable(checked.tag)}{commit}: {', '.join(parts) or 'none'}{texts}" + (
        python if checked.remarks else ""
    )
