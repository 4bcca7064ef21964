"""Entries of manifests whose citation is no longer in the article."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from annotator.articles import notation
from annotator.errors import printable
from annotator.model.reference import Problem, Reference, Unplaced, Verdict

RULE = "stale-manifest-entry"


def find(entries: Iterable[Verdict], cited: Sequence[Verdict], article: str) -> Iterator[Problem]:
    """Yield a problem for each entry of a manifest that its article does not cite.

    An entry is cited if the article has a reference to the same place, by what is written or by where
    that is at the requested tag.

    Args:
        entries: The verdicts on a manifest's references.
        cited: Those on the references of its article.
        article: The article's name, for people.
    """
    written = {key for verdict in cited for key in _keys(verdict.reference)}
    placed = {place for verdict in cited if (place := _place(verdict))}
    for verdict in entries:
        entry = verdict.reference
        if written.isdisjoint(_keys(entry)) and _place(verdict) not in placed:
            message = (
                f"{printable(article)} has no citation of {printable(notation.of(entry))} any more; "
                "remove the entry, or cite it"
            )
            yield Problem(entry.file, entry.at_line, message, RULE)


def _keys(reference: Reference) -> Iterator[tuple[str | None, str, object]]:
    """Yield the keys of a reference: its path with its line, and with its symbol."""
    if reference.line is not None:
        yield reference.repository, reference.path, reference.line
    for symbol in (reference.symbol, *(claim.names for claim in reference.claims)):
        if symbol:
            yield reference.repository, reference.path, symbol
    if reference.line is None and reference.symbol is None:
        yield reference.repository, reference.path, None


def _place(verdict: Verdict) -> tuple[str, str] | None:
    """Return the declaration that a reference leads to, or None."""
    if isinstance(verdict.outcome, Unplaced) or not verdict.outcome.anchor.symbol:
        return None
    return verdict.outcome.anchor.path, verdict.outcome.anchor.symbol
