"""`track` and `date` as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec
from rich.text import Text as Styled

from annotator.errors import counted, printable
from annotator.model.reference import Dating, FoundBy, Mismatch, Outcome, TextState, Unplaced
from annotator.model.symbol_history import ReferenceHistory, TagOutcome
from annotator.reports import indented_json
from annotator.reports.verification_report import CitedPlace, cited_place, name

_STYLE = {"verified": "green", "moved": "green", "renamed": "yellow", "missing": "red", "skipped": "dim"}

VERSION = 1
"""Version of both forms in JSON; it grows when a field goes or gets another meaning."""


class StopFields(msgspec.Struct, frozen=True):
    """Where a reference is at a tag; the place is null where it is not there."""

    tag: str
    verdict: str
    by: FoundBy | None
    text: TextState
    path: str | None = None
    symbol: str | None = None
    line: int | None = None
    end_line: int | None = None


class TrailFields(msgspec.Struct, frozen=True):
    """A reference and where it is at each tag."""

    reference: CitedPlace
    stops: tuple[StopFields, ...]


class TrackReport(msgspec.Struct, frozen=True):
    """References followed over tags."""

    schema_version: int
    tags: tuple[str, ...]
    trails: tuple[TrailFields, ...]


def json(tags: Sequence[str], trails: Sequence[ReferenceHistory]) -> str:
    """Return the histories as JSON."""
    followed = tuple(TrailFields(cited_place(trail.reference), stops(trail.stops)) for trail in trails)
    return indented_json(TrackReport(VERSION, tuple(tags), followed))


def stops(found: Sequence[TagOutcome]) -> tuple[StopFields, ...]:
    """Return the outcomes at tags as rows for JSON."""
    return tuple(map(_stop, found))


def _stop(stop: TagOutcome) -> StopFields:
    outcome = stop.outcome
    if isinstance(outcome, Unplaced):
        return StopFields(stop.tag, name(outcome), None, TextState.UNKNOWN)
    at = outcome.anchor
    place = (at.path, at.symbol, at.line + at.offset, at.end_line)
    return StopFields(stop.tag, name(outcome), outcome.by, stop.text, *place)


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


class ExactFields(msgspec.Struct, frozen=True):
    """How many references are exact at a tag."""

    tag: str
    exact: int


class MismatchFields(msgspec.Struct, frozen=True):
    """A reference that is not exact at a tag, and why."""

    path: str
    symbol: str | None
    line: int | None
    reason: str


class NearFields(msgspec.Struct, frozen=True):
    """A tag at which not all references are exact, and those that are not."""

    tag: str
    exact: int
    off: tuple[MismatchFields, ...]


class DateReport(msgspec.Struct, frozen=True):
    """The tags at which the references of documents are exact.

    `silent` counts references that cite a line and tell no tag from another.
    """

    schema_version: int
    references: int
    silent: int
    tags: tuple[ExactFields, ...]
    best: tuple[str, ...]
    near: tuple[NearFields, ...]


def dating_json(found: Dating) -> str:
    """Return the result as JSON."""
    exact = tuple(ExactFields(each.tag, each.exact) for each in found.tags)
    near = tuple(NearFields(each.tag, each.exact, tuple(map(_mismatch, each.off))) for each in found.near)
    return indented_json(DateReport(VERSION, found.references, found.silent, exact, tuple(found.best), near))


def _mismatch(off: Mismatch) -> MismatchFields:
    cited = off.reference
    return MismatchFields(cited.path, cited.symbol, cited.line, off.reason)


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
