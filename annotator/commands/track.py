"""`track`: follows references over all tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import msgspec
from rich.text import Text as Styled

from annotator.articles import reference_notation
from annotator.errors import InvalidInput, counted, printable
from annotator.file_io import bytes_of
from annotator.model.reference import FoundBy, Reference, TextState, Unplaced
from annotator.model.symbol_history import ReferenceHistory, TagOutcome
from annotator.project_source import Session
from annotator.reports import indented_json
from annotator.reports.verification_report import CitedPlace, cited_place, name
from annotator.tracking import symbol_follower
from annotator.tracking.symbol_follower import TrackResult

_STYLE = {"verified": "green", "moved": "green", "renamed": "yellow", "missing": "red", "skipped": "dim"}

VERSION = 1
"""Version of the JSON; it grows when a field goes or gets another meaning."""


def track(at: Session, references: Sequence[Reference], glob: str) -> TrackResult:
    """Return the histories of references at the tags that fit a glob.

    Raises:
        InvalidInput: No tag fits.
    """
    return symbol_follower.track(
        at.tag_snapshots, at.version_tags, at.cache, at.baseline_tree(), references, glob
    )


def parse_references(references: Iterable[str]) -> Iterator[Reference]:
    """Parse references, also those in an `@FILE`: one a line, blank lines and comments are skipped.

    Raises:
        InvalidInput: A reference cannot be parsed (the error names its file and line), or a file not read.
    """
    for text in references:
        if not text.startswith("@"):
            yield reference_notation.parse_place(text)
            continue
        file = Path(text[1:])
        for number, line in enumerate(bytes_of(file).decode("utf-8", "replace").splitlines(), 1):
            if (stripped := line.strip().removeprefix("\ufeff")) and not stripped.startswith("#"):
                try:
                    yield reference_notation.parse_place(stripped)
                except InvalidInput as error:
                    raise InvalidInput(f"{file}:{number}: {error}") from error


# ── Reports ──────────────────────────────────────────────────────────────────────────────────────
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


def json(found: TrackResult) -> str:
    """Return the histories as JSON."""
    trails = tuple(
        TrailFields(cited_place(trail.reference), tuple(map(stop_fields, trail.stops)))
        for trail in found.trails
    )
    return indented_json(TrackReport(VERSION, tuple(found.tags), trails))


def stop_fields(stop: TagOutcome) -> StopFields:
    """Return the outcome at a tag as a row for JSON."""
    outcome = stop.outcome
    if isinstance(outcome, Unplaced):
        return StopFields(stop.tag, name(outcome), None, TextState.UNKNOWN)
    at = outcome.anchor
    place = (at.path, at.symbol, at.line + at.offset, at.end_line)
    return StopFields(stop.tag, name(outcome), outcome.by, stop.text, *place)


def text(found: TrackResult) -> Iterator[Styled]:
    """Return lines for a terminal: for each reference the ranges of tags with one position."""
    for trail in found.trails:
        reference = trail.reference
        cited = f"{reference.path}::{reference.symbol}" if reference.symbol else reference.path
        line = f"#L{reference.line}" if reference.line else ""
        yield Styled(printable(cited + line), style="bold")
        yield from steps(trail)


def steps(trail: ReferenceHistory) -> Iterator[Styled]:
    """Return a line for each range of tags at which a reference has one position."""
    for _, run in groupby(trail.stops, key=_place):
        stops = tuple(run)
        first, last = stops[0], stops[-1]
        tags = first.tag if first is last else f"{first.tag} … {last.tag} ({counted(len(stops), 'tag')})"
        verdict = name(last.outcome)
        where = printable(_where(stops))
        yield Styled.assemble("  ", (printable(tags), "dim"), "  ", (verdict, _STYLE[verdict]), "  ", where)


def _place(stop: TagOutcome) -> tuple[str, str]:
    outcome = stop.outcome
    return ("", "") if isinstance(outcome, Unplaced) else (outcome.anchor.path, outcome.anchor.symbol)


def _where(stops: Sequence[TagOutcome]) -> str:
    """Return where a reference is at some tags, in which lines, and how often its text changed."""
    outcome = stops[-1].outcome
    if isinstance(outcome, Unplaced):
        return outcome.reason
    anchors = [stop.outcome.anchor for stop in stops if not isinstance(stop.outcome, Unplaced)]
    lines = [anchor.line + anchor.offset for anchor in anchors]
    first, last = min(lines), max(lines)
    span = f"line {first}" if first == last else f"lines {first} to {last}"
    changed = sum(stop.text is TextState.CHANGED for stop in stops)
    texts = f"; another text at {changed} of them" if changed else ""
    return f"{outcome.anchor.path}::{outcome.anchor.symbol}, {span}, by {outcome.by}{texts}"
