"""A verdict for each reference: by name, by recorded facts, by following it."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from annotator.model.reference import Missing, Reference, TextState, Unplaced, Verdict, Verified
from annotator.session import Session
from annotator.tracking import reference_lookup, symbol_follower
from annotator.tracking.baseline_lookup import BaselineLookup

# Branches move on; what was cited there then is not known to be what is there now.
_BRANCHES = frozenset({"master", "main", "HEAD", "trunk", "develop"})
_LINE = re.compile(r"v?(\d+\.\d+)(?:\.x)?")
_MANY = 200


def verify_reference(at: Session, reference: Reference) -> Verdict:
    """Return the verdict on one reference."""
    return verify_references(at, [reference])[0]


def verify_references(at: Session, references: Iterable[Reference]) -> tuple[Verdict, ...]:
    """Return verdicts on references: by name, else by following them from the tag they were written at."""
    wanted = tuple(references)
    if len(wanted) >= _MANY:  # these need most files: parse them together, on all cores
        at.tree.documents(path for path in at.tree.go_files if not path.endswith("_test.go"))
    judged = _judged(at, tuple(dict.fromkeys(wanted)))
    verdicts = {verdict.reference: verdict for verdict in judged}
    return tuple(verdicts[reference] for reference in wanted)


def _judged(at: Session, references: Sequence[Reference]) -> tuple[Verdict, ...]:
    recorded = functools.cache(lambda: BaselineLookup(at.baseline.symbols if at.baseline else (), at.tree))
    found = {reference: _named(at, reference, recorded) for reference in references}
    astray: dict[str, list[Reference]] = defaultdict(list)
    for reference, (_, origin) in found.items():
        if origin is not None:
            astray[origin].append(reference)
    followed = {ref: found_ for tag, refs in astray.items() for ref, found_ in _followed(at, refs, tag)}
    placed = {reference: followed.get(reference, found[reference][0]) for reference in found}
    return tuple(_compared(at, reference, placed[reference]) for reference in references)


def _named(
    at: Session, reference: Reference, recorded: Callable[[], BaselineLookup]
) -> tuple[Verdict, str | None]:
    """Look a reference up by name; return the tag to follow it from if that fails."""
    if reference.ref is None or is_branch(at, reference.ref):
        found = reference_lookup.verdict(msgspec.structs.replace(reference, ref=None), at.tree)
        return msgspec.structs.replace(found, reference=reference), None
    written_at = at.tree_if_available(reference.ref)
    found = reference_lookup.verdict(reference, at.tree, written_at)
    if written_at is None:
        return _by_facts(at, reference, found, recorded), None
    if not isinstance(found.outcome, Missing) or written_at.tag == at.tree.tag or reference.symbol is None:
        return found, None
    return found, reference.ref


def _followed(at: Session, references: Iterable[Reference], tag: str) -> Iterator[tuple[Reference, Verdict]]:
    """Follow references from the tag at which they were written; yield those found."""
    origin = at.tree_if_available(tag)
    assert origin is not None  # noqa: S101 - it was at hand when the names were looked up
    wanted = list(references)
    starts = [symbol_follower.tracked(reference, origin) for reference in wanted]
    followed = symbol_follower.between(starts, origin, at.tree, at.cache)
    for reference, verdict in zip(wanted, followed, strict=True):
        if not isinstance(verdict.outcome, Missing):
            yield reference, verdict


def _compared(at: Session, reference: Reference, found: Verdict) -> Verdict:
    """Complete a verdict with the comparison of its text with the baseline."""
    if reference.ref == at.project.config.baseline:
        return found
    text = _text(at, reference, found)
    return msgspec.structs.replace(found, text=text) if text is not None else found


def _text(at: Session, reference: Reference, found: Verdict) -> TextState | None:
    """Compare the declaration's text with the baseline's; None if the baseline is not available."""
    base = at.tree_if_available(at.project.config.baseline)
    if base is None or isinstance(found.outcome, Unplaced) or not found.outcome.anchor.symbol:
        return None
    anchor = found.outcome.anchor
    symbol = reference.symbol or anchor.symbol
    paths = dict.fromkeys((anchor.path, reference.path))
    places = (
        reference_lookup.verdict(Reference(path, symbol=name), base).outcome
        for path in paths
        for name in dict.fromkeys((anchor.symbol, symbol))
    )
    origin = next((place.anchor for place in places if isinstance(place, Verified)), None)
    return reference_lookup.text(origin, base, anchor, at.tree) if origin is not None else TextState.UNKNOWN


def is_branch(at: Session, ref: str) -> bool:
    """Return whether a cited ref is a branch, so that the tag at which the text was written is unknown.

    A branch named after a release line does tell: it stands for the tags of that line.
    """
    if ref in _BRANCHES:
        return True
    if re.fullmatch(r"[0-9a-f]{7,40}", ref) or ref in at.known_tags:
        return False
    line = _LINE.fullmatch(ref)
    if line is not None:
        return re.match(rf"(?:[A-Za-z]+-)?v?{re.escape(line[1])}(?!\d)", at.tree.tag) is not None
    return at.source.has_history and at.tree_if_available(ref) is not None


def _by_facts(
    at: Session, reference: Reference, found: Verdict, recorded: Callable[[], BaselineLookup]
) -> Verdict:
    """Use the recorded facts in place of the baseline source if that is not available."""
    known = at.baseline
    if known is None or reference.ref != known.tag or reference.symbol is None:
        return found
    symbol = at.baseline_symbols.get(f"{reference.path}::{reference.symbol}")
    if symbol is None:
        return found
    by_facts = recorded().verdict(reference, symbol)
    if isinstance(found.outcome, Missing):
        return by_facts
    same = getattr(by_facts.outcome, "anchor", None) == getattr(found.outcome, "anchor", None)
    return msgspec.structs.replace(found, text=by_facts.text) if same else found
