"""`affected`: documents that cite code which changed between two revisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from annotator.articles.article_files import article, own_articles
from annotator.model.reference import Anchor, Missing, Reference, TextState, Unplaced, Verdict, Verified
from annotator.model.symbol_history import (
    AffectedDocuments,
    AffectedReference,
    PlacementChange,
    SymbolChange,
    TextChange,
)
from annotator.source_session import Session
from annotator.tracking import symbol_diff
from annotator.tracking.verification import anchor_of, verify_references


def affected(at: Session, old: str, new: str, files: Iterable[Path] | None = None) -> AffectedDocuments:
    """Return the references that cite something which changed between two revisions.

    Args:
        at: The open source.
        old: A tag, another ref or a commit.
        new: Likewise.
        files: Documents; none means those of the project.

    Raises:
        InvalidInput: A document cannot be read.
        UnknownTag: The source has no such revision.
        SourceUnavailable: The source cannot be read.
    """
    articles = (
        own_articles(at.project, lambda: at.own_names)
        if files is None
        else [article(at.project, file, at.own_names) for file in files]
    )
    references = [each for entry in articles for each in entry.references if not each.in_output]
    before, after = at.at_tag(old), at.at_tag(new)
    verdicts = [each for each in verify_references(before, references) if each.reference.repository is None]
    placed = [(each, place) for each in verdicts if (place := anchor_of(each))]
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
    go_names, tags = before.project.config.go, (old.tag, new.tag)
    for change in symbol_diff.compare(before.source, before.cache, old, symbols, tags, go_names):
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
