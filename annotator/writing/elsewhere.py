"""The same symbol at other tags: what became of it since the baseline, and its page in other versions."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from annotator.model import Kind, Missing, Moved, Renamed, Text
from annotator.writing.addresses import built, slug
from annotator.writing.atlas import Atlas, anchor_of, to
from annotator.writing.places import TYPES, folder_of, page_of
from annotator.writing.views import Link, MovedPage, Page, SinceBaseline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from annotator.model import Anchor, Verdict

_OF_PACKAGES = frozenset({Kind.FUNC, Kind.CONST, Kind.VAR})
_OWNED = frozenset({Kind.METHOD, Kind.FIELD, Kind.IMETHOD})


def since(atlas: Atlas, page: str) -> Iterator[SinceBaseline]:
    """What became of the symbols of a page since the baseline, where they are not what they were."""
    for place, verdict in atlas.became.get(page, ()):
        if said := _said(verdict):
            before = _before(atlas, page, verdict)
            yield SinceBaseline(Link(place.declaration.symbol, f"#{place.anchor}"), before, said)


def _said(verdict: Verdict) -> str:
    """What became of a symbol, in words; empty if it is what it was, whatever its line."""
    reference, outcome = verdict.reference, verdict.outcome
    parts = []
    if isinstance(outcome, Renamed):
        parts.append(f"was {reference.symbol}")
    if isinstance(outcome, Renamed | Moved) and outcome.anchor.path != reference.path:
        parts.append(f"was in {reference.path}")
    if verdict.text is Text.CHANGED:
        parts.append("changed")
    return "; ".join(parts)


def _before(atlas: Atlas, page: str, verdict: Verdict) -> Link:
    """The symbol's page in the baseline's version, or its lines in the repository at the baseline."""
    tag, reference = atlas.given.baseline, verdict.reference
    there = atlas.at_baseline.get(reference)
    at = anchor_of(there) if there else None
    address = _in_version(page, tag, at) if at else ""
    return Link(tag, address or atlas.at_tag(tag, reference.path, reference.line or 1))


def _in_version(page: str, tag: str, at: Anchor) -> str:
    """How a page leads to a symbol in another version, which stands beside this one."""
    target = _address(at)
    if not target:
        return ""
    anchored = at.kind in TYPES | _OF_PACKAGES | {Kind.METHOD}
    up = "../" * (page.count("/") + 1)
    return f"{up}{slug(tag)}/{built(target)}" + (f"#{slug(at.symbol)}" if anchored else "")


def _address(at: Anchor) -> str:
    """The page of a symbol in any version that shows it; empty where only that version can tell."""
    if at.kind in TYPES:
        return page_of(folder_of(at.path), at.symbol)
    if at.kind in _OWNED:
        return page_of(folder_of(at.path), at.symbol.partition(".")[0])
    return page_of(folder_of(at.path), "") if at.kind in _OF_PACKAGES else ""


def moved(atlas: Atlas) -> Iterator[Page]:
    """A page at each address that other versions have and this one has not: where its symbols are here."""
    now = {verdict.reference: verdict for verdict in atlas.given.since}
    known = {sheet.page.lower() for sheet in atlas.sheets}
    lost: dict[str, dict[str, SinceBaseline]] = defaultdict(dict)
    for verdicts in atlas.given.elsewhere.values():
        for verdict in verdicts:
            anchor, here = anchor_of(verdict), now.get(verdict.reference)
            address = _address(anchor) if anchor else ""
            if anchor and here and address and address.lower() not in known:
                lost[address].setdefault(anchor.symbol, _here(atlas, address, anchor, here))
    for address, found in sorted(lost.items()):
        yield Page(
            path=address,
            title=address.removeprefix("go/").removesuffix(".md"),
            summary=f"Where what other versions show here is at {atlas.given.tag}.",
            view=MovedPage(tuple(found[symbol] for symbol in sorted(found)), atlas.given.tag),
        )


def _here(atlas: Atlas, page: str, at: Anchor, verdict: Verdict) -> SinceBaseline:
    """A symbol that another version shows, and its place in this one."""
    anchor = anchor_of(verdict)
    place = atlas.place(anchor) if anchor else None
    if place:
        return SinceBaseline(Link(at.symbol, ""), to(page, place), f"in {place.path}")
    why = verdict.outcome.reason if isinstance(verdict.outcome, Missing) else "not shown"
    return SinceBaseline(Link(at.symbol, ""), Link("", ""), why)
