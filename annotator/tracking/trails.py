"""The trail of each reference: what became of it at every tag of a walk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

import msgspec

from annotator.history import VENDORED, Hop, Place, Stop, Trail, Tree
from annotator.model import Anchor, Missing, Moved, Outcome, Reference, Renamed, Text, Verdict, Verified
from annotator.tracking import walk
from annotator.tracking.crossing import Crossing
from annotator.tracking.follow import Forest, Kept, follow

_PLAN = "plan"
_DECODE = msgspec.msgpack.Decoder(tuple[Hop, ...]).decode


class Woods(Forest, Protocol):
    """The trees of a walk's tags, and the blobs by which they are told to be alike."""

    def content(self, tag: str) -> int:
        """The blobs of a tag's Go files as a set of bits: what two tags share are the bits that both have."""
        ...


class Tracked(msgspec.Struct, frozen=True):
    """A reference and its declaration at the baseline; no anchor if it has none there."""

    reference: Reference
    anchor: Anchor | None
    reason: str = ""


def trails(
    tracked: Sequence[Tracked],
    baseline: str,
    tags: Sequence[str],
    woods: Woods,
    kept: Kept,
    *,
    among: Sequence[str] = (),
) -> tuple[Trail, ...]:
    """What became of each reference at each tag.

    Args:
        tracked: What is followed.
        baseline: The tag at which it is known.
        tags: The tags that are asked for; the stops come in this order.
        woods: The trees.
        kept: The results of earlier runs.
        among: All tags that may be stepped on; the more, the shorter the steps. Empty: `tags` alone.
    """
    hops = walk.towards(planned(among or tags, baseline, woods, kept), tags)
    return _along(hops, tracked, baseline, tags, woods, kept)


def _along(
    hops: Sequence[Hop],
    tracked: Sequence[Tracked],
    baseline: str,
    tags: Sequence[str],
    forest: Forest,
    kept: Kept,
) -> tuple[Trail, ...]:
    known = [each for each in tracked if each.anchor is not None and not _unfollowed(each)]
    starts = [each.anchor for each in known if each.anchor is not None]
    wanted = set(tags)
    at = {
        tag: dict(zip(map(id, known), places, strict=True))
        for tag, places in follow(starts, baseline, hops, forest, kept)
        if tag in wanted
    }
    outcomes: dict[tuple[int, int], Outcome] = {}
    return tuple(_trail(each, tags, at, outcomes) for each in tracked)


def at_tags(
    starts: Sequence[Anchor],
    baseline: str,
    wanted: Sequence[str],
    woods: Woods,
    kept: Kept,
    *,
    among: Sequence[str] = (),
) -> dict[str, tuple[Place, ...]]:
    """Where declarations are at a few tags: in one step, and where that does not tell, on the way.

    Args:
        starts: The declarations at the baseline.
        baseline: The tag at which they are known.
        wanted: The tags that are asked for.
        woods: The trees.
        kept: The results of earlier runs.
        among: All tags that may be stepped on.
    """
    distant = [Hop(baseline, tag) for tag in dict.fromkeys(wanted) if tag != baseline]
    found = dict(follow(starts, baseline, distant, woods, kept))
    open_ = [n for n in range(len(starts)) if any(found[tag][n].missing for tag in wanted)]
    if not open_ or not among:
        return {tag: found[tag] for tag in wanted}
    hops = walk.towards(planned(among, baseline, woods, kept), wanted)
    nearer = dict(follow([starts[n] for n in open_], baseline, hops, woods, kept))
    return {tag: _completed(found[tag], dict(zip(open_, nearer[tag], strict=True))) for tag in wanted}


def _completed(places: Sequence[Place], nearer: Mapping[int, Place]) -> tuple[Place, ...]:
    return tuple(nearer[n] if place.missing and n in nearer else place for n, place in enumerate(places))


def between(tracked: Sequence[Tracked], before: Tree, after: Tree) -> tuple[Verdict, ...]:
    """What became of references from one tree to another, however far apart: in one step.

    Args:
        tracked: The references with their declarations in the first tree.
        before: The tree in which they are known.
        after: The tree that is asked for; its tag must be another one.
    """
    hops = (Hop(before.tag, after.tag),)
    found = _along(hops, tracked, before.tag, [after.tag], _Two(before, after), _Nothing())
    return tuple(Verdict(t.reference, t.stops[0].outcome, t.stops[0].text) for t in found)


class _Two:
    """Two trees that are at hand."""

    def __init__(self, *trees: Tree) -> None:
        self._trees = {tree.tag: tree for tree in trees}

    def commit(self, tag: str) -> str:
        return tag

    def blob(self, tag: str, path: str) -> str | None:
        found = self._trees[tag].go_files.get(path)
        return found.id if found is not None else None

    def tree(self, tag: str) -> Tree:
        return self._trees[tag]

    def crossing(self, before: str, after: str) -> Crossing:
        return Crossing(self._trees[before], self._trees[after])

    def release(self, tag: str) -> None:
        """They are the caller's."""


class _Nothing:
    """A cache that keeps nothing: one step is not worth it."""

    def get_many(self, keys: Iterable[str]) -> Mapping[str, bytes]:  # noqa: ARG002 - the Protocol's name
        return {}

    def put_many(self, results: Mapping[str, bytes]) -> None:
        """Forget them."""


def planned(tags: Sequence[str], baseline: str, woods: Woods, kept: Kept) -> tuple[Hop, ...]:
    """The walk over all tags from the baseline; kept, as it depends on the tags' commits alone."""
    commits = "\n".join(f"{tag} {woods.commit(tag)}" for tag in (baseline, *tags))
    key = hashlib.sha256(f"{_PLAN}\n{commits}".encode()).hexdigest()
    encoded = kept.get_many([key]).get(key)
    if encoded is not None:
        with suppress(msgspec.MsgspecError):  # of another version of this program
            return _DECODE(encoded)
    hops = walk.plan(tags, baseline, woods.content)
    kept.put_many({key: msgspec.msgpack.encode(hops)})
    return hops


def _trail(
    tracked: Tracked,
    tags: Sequence[str],
    at: Mapping[str, Mapping[int, Place]],
    outcomes: dict[tuple[int, int], Outcome],
) -> Trail:
    why = _unfollowed(tracked)
    if why:
        missing = Missing(why)
        return Trail(tracked.reference, tuple(Stop(tag, missing, Text.UNKNOWN) for tag in tags))
    stops = []
    for tag in tags:
        place = at[tag][id(tracked)]
        key = id(tracked), id(place)
        if key not in outcomes:  # most places are the same object over many tags
            outcomes[key] = outcome(tracked, place)
        stops.append(Stop(tag, outcomes[key], place.text))
    return Trail(tracked.reference, tuple(stops))


def _unfollowed(tracked: Tracked) -> str:
    """Why a reference is followed to no other tag, empty if it is."""
    if tracked.anchor is None:
        return tracked.reason
    if not tracked.anchor.symbol:
        return f"{tracked.reason}; only declarations and what is in them are followed from tag to tag"
    vendored = VENDORED.intersection(tracked.anchor.path.split("/")[:-1])
    return f"{tracked.anchor.path} is vendored, which is not followed from tag to tag" if vendored else ""


def outcome(tracked: Tracked, place: Place) -> Outcome:
    """What a place means for a reference: the same, elsewhere, under another name, or not there."""
    origin, now = tracked.anchor, place.anchor
    assert origin is not None  # noqa: S101 - only what is at the baseline has a place elsewhere
    if place.missing:
        return Missing(_with_guess(place), place.guess)
    if not place.line:
        return Missing(f"{now.symbol} is in {now.path}, but the text of the cited line is gone", now)
    at = msgspec.structs.replace(now, offset=place.line - now.line)
    where = f"{now.symbol} ({now.kind}) stands in {now.path} in line {now.line}"
    if now.symbol != origin.symbol:
        return Renamed(at, place.by, f"{where}: it was {origin.symbol}, told by {place.by}")
    if now.path != origin.path:
        return Moved(at, place.by, f"{where}: it was in {origin.path}, told by {place.by}")
    cited = tracked.reference.line
    if cited in (None, place.line):
        return Verified(at, place.by, f"{where}, as cited")
    return Moved(at, place.by, f"{where}, not in line {cited}")


def _with_guess(place: Place) -> str:
    guess = place.guess
    if guess is None:
        return place.missing
    return f"{place.missing}; it may be {guess.symbol} in line {guess.line} of {guess.path}"
