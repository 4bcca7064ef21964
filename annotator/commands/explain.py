"""`explain`: how the verdict on a reference comes about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from rich.text import Text as Styled

from annotator.articles import article_files, reference_notation
from annotator.commands import track
from annotator.errors import InvalidInput, counted, printable
from annotator.model.reference import Anchor, Missing, Mistaken, Reference, Unplaced, Verdict
from annotator.model.symbol_history import ReferenceHistory
from annotator.project_source import Session
from annotator.reports import indented_json, verification_report
from annotator.repository.tag_snapshots import TagSnapshots
from annotator.tracking import symbol_follower
from annotator.tracking.dating import is_branch, is_commit
from annotator.tracking.declaration_lookup import anchor, named
from annotator.tracking.symbol_follower import TrackedReference
from annotator.tracking.tree_diff import SourceTrees
from annotator.tracking.verification import verify_reference

VERSION = 1
"""Version of the JSON; it grows when a field goes or gets another meaning."""

_IN_DOCUMENT = re.compile(r"(?P<file>.+?):(?P<line>[0-9]{1,9})")
_MOST = 5
"""Candidates that are listed."""


class Explanation(msgspec.Struct, frozen=True):
    """How the verdict on a reference at a tag comes about.

    Attributes:
        why_origin: Why the reference counts as written at its origin.
        cited: What it cites at its origin, or None.
        candidates: Other declarations of the cited name at the tag, of which none is certain.
        history: Where it is at each release from its origin to the tag, or None.
    """

    verdict: Verdict
    tag: str
    why_origin: str
    cited: Anchor | None
    candidates: tuple[Anchor, ...]
    history: ReferenceHistory | None


def explain(at: Session, text: str) -> tuple[Explanation, ...]:
    """Explain a reference, or each one in a line of a document.

    The text is `path::Symbol`, `path:LINE`, or `DOCUMENT:LINE`, with any of the two around a reference.

    Raises:
        InvalidInput: It is no reference, or the line of the document has none.
    """
    return tuple(_explained(at, reference) for reference in _references(at, text))


def _references(at: Session, text: str) -> Sequence[Reference]:
    match = _IN_DOCUMENT.fullmatch(text)
    file = Path(match["file"]) if match else Path(text)
    if file.suffix.lower() not in article_files.SUFFIXES or not file.is_file():
        return [reference_notation.parse_place(text)]
    found = article_files.article(at.project, file, at.own_names).references
    line = int(match["line"]) if match else None
    wanted = [each for each in found if line in (None, each.at_line)]
    if not wanted:
        lines = ", ".join(map(str, dict.fromkeys(each.at_line for each in found))) or "none"
        raise InvalidInput(f"{text}: no reference is there; the lines with references are {lines}")
    return wanted


def _explained(at: Session, reference: Reference) -> Explanation:
    verdict = verify_reference(at, reference)
    origin = verdict.origin
    cited = verify_reference(at.at_tag(origin), reference).anchor if origin else None
    return Explanation(
        verdict=verdict,
        tag=at.tag,
        why_origin=_why_origin(at, verdict),
        cited=cited,
        candidates=_candidates(at, verdict),
        history=_history(at, reference, origin, cited) if origin and cited and cited.symbol else None,
    )


def _why_origin(at: Session, verdict: Verdict) -> str:
    reference, origin, asked = verdict.reference, verdict.origin, at.options.written_at
    if origin is None:
        return "it needs none"
    if reference.ref is not None:
        kind = "branch" if is_branch(at, reference.ref) else "commit" if is_commit(reference.ref) else "tag"
        return f"the reference names this {kind}"
    if reference.written_at is not None:
        return "its document names it"
    if asked == "auto":
        return "the references of its document are exact there"
    if asked not in (None, "blame"):
        return "`--written-at` says so"
    if origin == at.project.config.baseline:
        return "it is the baseline of the project" if reference.file else "it is the baseline"
    return "the line was last changed then"


def _candidates(at: Session, verdict: Verdict) -> tuple[Anchor, ...]:
    """Return the likeliest place first, then other declarations of the cited name."""
    if not isinstance(verdict.outcome, Missing | Mistaken):
        return ()
    likely = verdict.guess
    symbol = verdict.reference.symbol or (likely.symbol if likely else "")
    name = symbol.rpartition(".")[2]
    paths = at.tree.containing(name)[:200] if name else ()
    found = [
        anchor(path, declaration)
        for path, document in at.tree.documents(paths).items()
        for declaration in named(document, name)
    ]
    return tuple(dict.fromkeys([*([likely] if likely else []), *found]))[:_MOST]


def _history(at: Session, reference: Reference, origin: str, cited: Anchor) -> ReferenceHistory | None:
    """Return where a cited place is at each release from its origin to the tag."""
    if not at.source.has_history:
        return None
    tags, base = at.version_tags, at.tree_if_available(origin)
    if base is None or origin == at.tag:
        return None
    first = tags.index(origin) if origin in tags else None
    last = tags.index(at.tag) if at.tag in tags else len(tags) - 1
    if first is None:  # which tags came after a commit is not known
        wanted = [at.tag] if at.tag in tags else []
    else:
        wanted = list(tags[min(first, last) : max(first, last) + 1])
    if not wanted:
        return None
    commits = {} if first is not None or base.snapshot.commit is None else {origin: base.snapshot.commit}
    snapshots = TagSnapshots(at.source, (*tags, *commits), known=base.snapshot, commits=commits)
    start = TrackedReference(msgspec.structs.replace(reference, symbol=cited.symbol), cited)
    trees = SourceTrees(snapshots, at.cache)
    return symbol_follower.histories([start], origin, wanted, trees, at.cache, among=tags)[0]


# ── Reports ──────────────────────────────────────────────────────────────────────────────────────
class OriginFields(msgspec.Struct, frozen=True):
    """The origin of a reference, why it is the origin, and the place that it cites at that tag."""

    name: str | None
    why: str
    cited: Anchor | None


class ExplanationFields(msgspec.Struct, frozen=True):
    """How the verdict on a reference comes about; `steps` has its place at each release."""

    tag: str
    origin: OriginFields
    verdict: verification_report.VerdictFields
    candidates: tuple[Anchor, ...]
    steps: tuple[track.StopFields, ...]


class ExplanationReport(msgspec.Struct, frozen=True):
    """The explanations of the references that were asked for."""

    schema_version: int
    explanations: tuple[ExplanationFields, ...]


def json(found: Sequence[Explanation]) -> str:
    """Return explanations as JSON."""
    return indented_json(ExplanationReport(VERSION, tuple(map(_fields, found))))


def _fields(found: Explanation) -> ExplanationFields:
    return ExplanationFields(
        tag=found.tag,
        origin=OriginFields(found.verdict.origin, found.why_origin, found.cited),
        verdict=verification_report.verdict_fields(found.verdict),
        candidates=found.candidates,
        steps=tuple(map(track.stop_fields, found.history.stops)) if found.history else (),
    )


def text(found: Sequence[Explanation]) -> Iterator[Styled]:
    """Return lines for a terminal: origin, evidence, steps, candidates, and the verdict."""
    for each in found:
        verdict, reference = each.verdict, each.verdict.reference
        where = f" in {reference.file}:{reference.at_line}" if reference.file else ""
        yield Styled(printable(f"{reference_notation.of(reference)}{where}"), style="bold")
        yield _row("origin", f"{verdict.origin or 'none'}: {each.why_origin}")
        yield _row("cites", f"{_place(each.cited)}" if each.cited else "nothing that is certain there")
        for claim in verdict.evidence:
            agrees = "the code agrees" if claim.agrees else "the code does not agree"
            yield _row("evidence", f"the {claim.kind} names {claim.names or 'a place'}: {agrees}")
        if each.history:
            yield _row("steps", counted(len(each.history.stops), "release"))
            yield from track.steps(each.history)
        for candidate in each.candidates:
            yield _row("candidate", _place(candidate))
        outcome = verdict.outcome
        found_by = "" if isinstance(outcome, Unplaced) else f", found by {outcome.by}; text {verdict.text}"
        yield _row("verdict", f"{verdict.name} at {each.tag}{found_by}")
        yield Styled(f"             {printable(outcome.reason)}")


def _row(title: str, words: str) -> Styled:
    return Styled(f"  {title:<10} {printable(words)}")


def _place(place: Anchor) -> str:
    line = place.line + place.offset
    inside = f", line {line}" if line != place.line else ""
    return f"{reference_notation.render(place.path, place.symbol or None, place.line)} ({place.kind}){inside}"
