"""`track` and `date` as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec
from rich.text import Text as Styled

from annotator.errors import counted, printable
from annotator.model.reference import Dating, Outcome, TextState, Unplaced
from annotator.model.symbol_history import ReferenceHistory, TagOutcome
from annotator.reports.verification_json import cited_place
from annotator.reports.verification_report import name

_STYLE = {"verified": "green", "moved": "green", "renamed": "yellow", "missing": "red", "skipped": "dim"}


def json(tags: Sequence[str], trails: Sequence[ReferenceHistory]) -> str:
    """Return the histories as JSON."""
    value = {
        "tags": list(tags),
        "trails": [
            {"reference": cited_place(trail.reference), "stops": stops(trail.stops)} for trail in trails
        ],
    }
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def stops(found: Sequence[TagOutcome]) -> list[dict[str, object]]:
    """Return the outcomes at tags as rows for JSON."""
    return [_stop(stop) for stop in found]


def _stop(stop: TagOutcome) -> dict[str, object]:
    outcome = stop.outcome
    row: dict[str, object] = {"tag": stop.tag, "verdict": name(outcome)}
    if isinstance(outcome, Unplaced):
        nowhere = dict.fromkeys(("path", "symbol", "line", "end_line"))
        return row | {"by": None, "text": TextState.UNKNOWN} | nowhere
    at = outcome.anchor
    return row | {
        "by": outcome.by,
        "text": stop.text,
        "path": at.path,
        "symbol": at.symbol,
        "line": at.line + at.offset,
        "end_line": at.end_line,
    }


def text(trails: Sequence[ReferenceHistory]) -> Iterator[Styled]:
    """Return lines for a terminal: for each reference the ranges of tags with one position."""
    for trail in trails:
        reference = trail.reference
        cited = f"{reference.path}::{reference.symbol}" if reference.symbol else reference.path
        line = f"#L{reference.line}" if reference.line else ""
        yield Styled(printable(cited + line), style="bold")
        for _, run in groupby(trail.stops, key=_place):
            yield _stretch(tuple(run))


def _place(stop: TagOutcome) -> tuple[str, str]:
    outcome = stop.outcome
    return ("", "") if isinstance(outcome, Unplaced) else (outcome.anchor.path, outcome.anchor.symbol)


def _stretch(stops: Sequence[TagOutcome]) -> Styled:
    """One line: from which tag to which, where, in which lines, and how often the text changed on the way."""
    first, last = stops[0], stops[-1]
    tags = first.tag if first is last else f"{first.tag} … {last.tag} ({counted(len(stops), 'tag')})"
    verdict = name(last.outcome)
    return Styled.assemble(
        "  ", (printable(tags), "dim"), "  ", (verdict, _STYLE[verdict]), "  ", printable(_where(stops))
    )


def _where(stops: Sequence[TagOutcome]) -> str:
    outcome = stops[-1].outcome
    if isinstance(outcome, Unplaced):
        return outcome.reason
    lines = sorted({_line(stop.outcome) for stop in stops})
    span = f"line {lines[0]}" if len(lines) == 1 else f"lines {lines[0]} to {lines[-1]}"
    changed = sum(stop.text is TextState.CHANGED for stop in stops)
    texts = f"; another text at {changed} of them" if changed else ""
    return f"{outcome.anchor.path}::{outcome.anchor.symbol}, {span}, by {outcome.by}{texts}"


def _line(outcome: Outcome) -> int:
    return 0 if isinstance(outcome, Unplaced) else outcome.anchor.line + outcome.anchor.offset


_SHOWN_MISMATCHES = 3


def dating_json(found: Dating) -> str:
    """Return the result as JSON."""
    value = {
        "references": found.references,
        "silent": found.silent,
        "tags": [{"tag": each.tag, "exact": each.exact} for each in found.tags],
        "best": list(found.best),
        "near": [
            {
                "tag": each.tag,
                "exact": each.exact,
                "off": [
                    {
                        "path": off.reference.path,
                        "symbol": off.reference.symbol,
                        "line": off.reference.line,
                        "reason": off.reason,
                    }
                    for off in each.off
                ],
            }
            for each in found.near
        ],
    }
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def dating_text(found: Dating) -> Iterator[Styled]:
    """Return lines for a terminal: the best tags, then the nearest others with their mismatches."""
    exact = {each.tag: each.exact for each in found.tags}
    telling = found.references - found.silent
    references = counted(found.references, "reference")
    if not found.best:
        yield Styled(f"none of {references} is exact at any of {counted(len(found.tags), 'tag')}")
        return
    most = exact[found.best[0]]
    yield Styled.assemble(
        (f"{most} of {telling}", "green"), f" references are exact at {counted(len(found.best), 'tag')}:"
    )
    yield Styled(f"  {printable(' '.join(found.best))}")
    if found.silent:
        cite = "cites a line" if found.silent == 1 else "cite lines"
        yield Styled(f"  {found.silent} more {cite} that tell no tag from another")
    for each in found.near:
        yield Styled.assemble((f"{each.exact} of {telling}", "yellow"), f" at {printable(each.tag)}; off:")
        for off in each.off[:_SHOWN_MISMATCHES]:
            yield Styled(f"  {printable(off.reason)}")
        if len(each.off) > _SHOWN_MISMATCHES:
            yield Styled(f"  and {len(each.off) - _SHOWN_MISMATCHES} more")
