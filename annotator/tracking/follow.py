"""Follows declarations along the hops of a walk, and keeps what each hop told."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from annotator.history import Hop, Place, Stand, Tree
from annotator.model import Sign, Text
from annotator.tracking.crossing import Crossing
from annotator.tracking.reanchor import Carried, Reanchor

# Part of every key: what an older version of these modules found out is not taken for an answer.
_VERSION = b"1"
_RANK = {sign: rank for rank, sign in enumerate(Sign)}


class Kept(Protocol):
    """Where the results of hops are kept between runs, by key."""

    def get_many(self, keys: Iterable[str]) -> Mapping[str, bytes]:
        """Those that are kept."""
        ...

    def put_many(self, results: Mapping[str, bytes]) -> None:
        """Keep them."""
        ...


class Forest(Protocol):
    """The trees of a walk's tags."""

    def commit(self, tag: str) -> str:
        """What tells the tag's content from any other: its commit, or its name."""
        ...

    def tree(self, tag: str) -> Tree:
        """The tree; made when it is first asked for."""
        ...

    def release(self, tag: str) -> None:
        """The tree is not needed any more."""
        ...


Changes = dict[int, Place]
_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE: Callable[[bytes], Changes] = msgspec.msgpack.Decoder(Changes).decode


def follow(
    starts: Sequence[Stand], baseline: str, hops: Sequence[Hop], forest: Forest, kept: Kept
) -> Iterator[tuple[str, tuple[Place, ...]]]:
    """Where declarations are at each tag that a walk reaches.

    Args:
        starts: The declarations at the baseline tag.
        baseline: The tag at which the walk begins.
        hops: The walk; each begins where one before it ended, or at the baseline.
        forest: The trees, asked for only where `kept` does not know a hop.
        kept: The results of earlier runs.

    Yields:
        Each tag with the places in the order of `starts`, the baseline first.
    """
    keys = _keys(starts, baseline, hops, forest)
    known = kept.get_many(keys[hop.after] for hop in hops)
    states = {baseline: tuple(Place(stand, Sign.SYMBOL, Text.SAME) for stand in starts)}
    yield baseline, states[baseline]
    pending = Counter(hop.before for hop in hops)
    walker = _Walker(starts, baseline, forest)
    found: dict[str, bytes] = {}
    for hop in hops:
        encoded = known.get(keys[hop.after])
        changes = _DECODE(encoded) if encoded is not None else walker.cross(hop, states[hop.before])
        if encoded is None:
            found[keys[hop.after]] = _ENCODE(changes)
        states[hop.after] = _with(states[hop.before], changes)
        yield hop.after, states[hop.after]
        pending[hop.before] -= 1
        for tag in {hop.before, hop.after}:
            if not pending[tag]:
                forest.release(tag)
                del states[tag]
    kept.put_many(found)


def _keys(starts: Sequence[Stand], baseline: str, hops: Iterable[Hop], forest: Forest) -> dict[str, str]:
    """A key for each tag: all that its places depend on is the declarations and the commits on the way."""
    seed = hashlib.sha256(_VERSION + _ENCODE(starts) + forest.commit(baseline).encode())
    keys = {baseline: seed.hexdigest()}
    for hop in hops:
        way = keys[hop.before] + forest.commit(hop.after)
        keys[hop.after] = hashlib.sha256(way.encode()).hexdigest()
    return keys


def _with(places: tuple[Place, ...], changes: Changes) -> tuple[Place, ...]:
    return tuple(changes.get(n, place) for n, place in enumerate(places)) if changes else places


class _Walker:
    """Crosses hops that are not known yet."""

    def __init__(self, starts: Sequence[Stand], baseline: str, forest: Forest) -> None:
        self._starts, self._baseline, self._forest = starts, baseline, forest
        self._bodies: dict[str, bytes] = {}

    def cross(self, hop: Hop, places: Sequence[Place]) -> Changes:
        """The places that are not what they were before the hop."""
        step = Reanchor(Crossing(self._forest.tree(hop.before), self._forest.tree(hop.after)))
        changes: Changes = {}
        for number, place in enumerate(places):
            now = self._place(number, place, step)
            if now is not place:
                changes[number] = now
        return changes

    def _place(self, number: int, place: Place, step: Reanchor) -> Place:
        if step.crossing.is_same(place.stand.path):
            return place
        if place.missing:
            back = step.returned(place.stand, self._body(number))
            return self._found(number, back.stand, place.by, step) if back and back.stand else place
        carried = step.carry(place.stand)
        if carried.by is None or carried.stand is None:
            return _lost(place, carried)
        by = max(place.by, carried.by, key=_RANK.__getitem__)
        return self._found(number, carried.stand, by, step)

    def _found(self, number: int, stand: Stand, by: Sign, step: Reanchor) -> Place:
        start = self._starts[number]
        home = (stand.path, stand.declaration.symbol) == (start.path, start.declaration.symbol)
        data = step.crossing.after.read([stand.path])[stand.path]
        span = stand.declaration.span
        same = data[span.start : span.end] == self._body(number)
        return Place(stand, Sign.SYMBOL if home else by, Text.SAME if same else Text.CHANGED)

    def _body(self, number: int) -> bytes:
        """A declaration's bytes at the baseline."""
        stand = self._starts[number]
        if stand.path not in self._bodies:
            self._bodies[stand.path] = self._forest.tree(self._baseline).read([stand.path])[stand.path]
        span = stand.declaration.span
        return self._bodies[stand.path][span.start : span.end]


def _lost(place: Place, carried: Carried) -> Place:
    return Place(place.stand, place.by, Text.UNKNOWN, carried.reason, carried.stand)
