"""Follows symbols over all tags."""

from __future__ import annotations

import fnmatch
import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from annotator.cache import Cache, CacheKind
from annotator.errors import InvalidInput, counted
from annotator.golang.source_tree import SourceTree
from annotator.model.go import VENDOR_FOLDERS, Declaration, Span
from annotator.model.reference import (
    Anchor,
    FoundBy,
    Missing,
    Moved,
    Outcome,
    Reference,
    Renamed,
    TextState,
    Unplaced,
    Verified,
)
from annotator.model.symbol_history import ReferenceHistory, TagOutcome, TagStep, TrackedPosition
from annotator.repository.tag_snapshots import TagSnapshots
from annotator.tracking import declaration_lookup, package_match, reanchor, similarity, tag_graph
from annotator.tracking.declaration_lookup import anchor as anchor_of
from annotator.tracking.declaration_lookup import first_line, lines, plain_spaces
from annotator.tracking.reanchor import Reanchorer, StepResult
from annotator.tracking.tree_diff import SourceTrees, TreeDiff

_RANK = {sign: rank for rank, sign in enumerate(FoundBy)}

Changes = dict[int, TrackedPosition]

_Positions = dict[int, TrackedPosition | None]


class CachedSteps(msgspec.Struct, frozen=True, array_like=True):
    """Cached steps from tag to tag.

    Attributes:
        plan: Under a hash of all tags' commits, the steps that reach these tags.
        positions: Under a hash of one declaration, its position after each step; None where it stayed as it
            was. A step is known by all commits on the way to it, so that what was found at one tag serves
            every walk that comes there on the same way.
    """

    plan: tuple[TagStep, ...] = ()
    positions: _Positions = {}


STEPS = CacheKind("tag steps", CachedSteps)


def follow(
    starts: Sequence[Anchor], baseline: str, steps: Sequence[TagStep], trees: SourceTrees, cache: Cache | None
) -> Iterator[tuple[str, tuple[TrackedPosition, ...]]]:
    """Where declarations are at each tag that a walk reaches.

    Args:
        starts: The declarations at the baseline tag, with the offsets of cited lines.
        baseline: The tag at which the walk begins.
        steps: The walk; each begins where one before it ended, or at the baseline.
        trees: The trees, asked for only where a step is not cached.
        cache: The results of earlier runs, if they are cached.

    Yields:
        Each tag with the places in the order of `starts`, the baseline first.
    """
    ways = _ways(baseline, steps, trees)
    cached = _Cached(starts, ways[baseline], cache)
    states = {
        baseline: tuple(
            TrackedPosition(start, FoundBy.SYMBOL, TextState.SAME, start.line + start.offset)
            for start in starts
        )
    }
    yield baseline, states[baseline]
    pending = Counter(step.before for step in steps)
    walker = _Walker(starts, baseline, trees)
    try:
        for step in steps:
            changes, unknown = cached.step(ways[step.after])
            if unknown:
                crossed = walker.cross(step, states[step.before], unknown)
                cached.add(ways[step.after], unknown, crossed)
                changes |= crossed
            places = states[step.before]
            if changes:
                places = tuple(changes.get(number, place) for number, place in enumerate(places))
            states[step.after] = places
            yield step.after, states[step.after]
            pending[step.before] -= 1
            for tag in {step.before, step.after}:
                if not pending[tag]:
                    trees.release(tag)
                    del states[tag]
    finally:  # also of a walk that is interrupted
        cached.store()


def _ways(baseline: str, steps: Iterable[TagStep], trees: SourceTrees) -> dict[str, int]:
    """Return a hash for each tag of the commits on the way to it from the baseline."""
    ways = {baseline: _number(trees.commit(baseline))}
    for step in steps:
        ways[step.after] = _number(f"{ways[step.before]} {trees.commit(step.after)}")
    return ways


def _number(words: str) -> int:
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big")


class _Cached:
    """The cached steps of some declarations, each by itself: one more makes no other unknown."""

    def __init__(self, starts: Sequence[Anchor], baseline: int, cache: Cache | None) -> None:
        self._cache = cache
        encode = msgspec.msgpack.encode
        self._keys = [hashlib.sha256(encode((baseline, start))).hexdigest() for start in starts]
        self._steps: dict[str, _Positions] = {key: {} for key in self._keys}
        self._changed: set[str] = set()
        if cache is not None:
            known = cache.get_many(STEPS, {key: key for key in self._keys})
            self._steps |= {key: steps.positions for key, steps in known.items()}

    def step(self, way: int) -> tuple[Changes, list[int]]:
        """Return the positions that a cached step changed, and the declarations without a cached step."""
        changes: Changes = {}
        unknown = []
        for number, key in enumerate(self._keys):
            steps = self._steps[key]
            if way not in steps:
                unknown.append(number)
            elif (place := steps[way]) is not None:
                changes[number] = place
        return changes, unknown

    def add(self, way: int, numbers: Iterable[int], changes: Changes) -> None:
        """Add the result of a step for some declarations."""
        for number in numbers:
            key = self._keys[number]
            self._steps[key][way] = changes.get(number)
            self._changed.add(key)

    def store(self) -> None:
        """Store the new steps in the cache."""
        if self._cache is not None:
            changed = {key: CachedSteps(positions=self._steps[key]) for key in self._changed}
            self._cache.put_many(STEPS, changed)
        self._changed.clear()


class _Walker:
    """Computes steps that are not cached."""

    def __init__(self, starts: Sequence[Anchor], baseline: str, trees: SourceTrees) -> None:
        self._starts, self._baseline, self._trees = starts, baseline, trees
        self._origins: dict[int, _Origin] = {}

    def cross(self, step: TagStep, places: Sequence[TrackedPosition], numbers: Iterable[int]) -> Changes:
        """Return the places that are other than before the step, of declarations by their numbers."""
        touched = self._touched(step, {number: places[number] for number in numbers})
        if not touched:
            return {}
        diff = self._trees.diff(step.before, step.after)
        self._load_origins(touched)
        changed = {n: self._bounded(n, places[n]) for n in touched}
        changes = self._in_file(diff, changed)
        left = {n: place for n, place in changed.items() if n not in changes}
        reanchorer = reanchor.reanchorer(diff)
        reanchorer.prepare(place.anchor.path for place in left.values() if not place.missing)
        changes |= {n: self._place(n, place, reanchorer) for n, place in left.items()}
        return {n: place for n, place in changes.items() if place != places[n]}

    def _touched(self, step: TagStep, places: Mapping[int, TrackedPosition]) -> list[int]:
        """Return the declarations whose file changed, or that are missing and whose file is back."""
        paths = {place.anchor.path for place in places.values()}
        before, after = ({p: self._trees.blob(tag, p) for p in paths} for tag in (step.before, step.after))
        stays = {path: before[path] == after[path] for path in paths}
        return [
            n
            for n, place in places.items()
            if not stays[place.anchor.path] or not (before[place.anchor.path] or place.missing)
        ]

    def _bounded(self, number: int, place: TrackedPosition) -> TrackedPosition:
        """Return the position with the span of its top-level declaration, which a baseline position lacks."""
        if place.end or place.missing:
            return place
        whole = self._origin(number).whole
        return msgspec.structs.replace(place, start=whole.start, end=whole.end)

    def _in_file(self, diff: TreeDiff, changed: Mapping[int, TrackedPosition]) -> Changes:
        """Return the places of declarations that are in the edited file without doubt."""
        asked = {n: place for n, place in changed.items() if place.end and diff.after.has(place.anchor.path)}
        paths = sorted({place.anchor.path for place in asked.values()})
        before, after = diff.before.read(paths), diff.after.read(paths)
        found: Changes = {}
        for n, place in asked.items():
            path = place.anchor.path
            if now := reanchor.shifted(place, before[path], after[path]):
                found[n] = now
            elif stand := reanchor.edited(place, before[path], after[path]):
                found[n] = self._found(n, place, StepResult(stand, FoundBy.SYMBOL), diff)
        return found

    def _place(self, number: int, place: TrackedPosition, reanchorer: Reanchorer) -> TrackedPosition:
        if place.missing:
            back = reanchorer.returned(place.anchor, self._origin(number).body)
            return self._found(number, place, back, reanchorer.diff) if back and back.stand else place
        result = reanchorer.carry(place.anchor)
        if result.by is None or result.stand is None:
            return _lost(place, result)
        return self._found(number, place, result, reanchorer.diff)

    def _found(
        self, number: int, place: TrackedPosition, result: StepResult, diff: TreeDiff
    ) -> TrackedPosition:
        start, stand = self._starts[number], result.stand
        assert stand is not None  # noqa: S101 - what was found stands somewhere
        declaration, whole = stand.declaration, stand.top.span
        by = max(place.by, result.by or place.by, key=_RANK.__getitem__)
        data = diff.after.read([stand.path])[stand.path]
        body, origin = declaration.body(data), self._origin(number)
        same = body == origin.body
        return TrackedPosition(
            msgspec.structs.replace(anchor_of(stand.path, declaration), offset=start.offset),
            FoundBy.SYMBOL if (stand.path, declaration.symbol) == (start.path, start.symbol) else by,
            TextState.SAME if same or similarity.tokens(body) == origin.tokens else TextState.CHANGED,
            declaration.line + start.offset if same else self._cited(number, declaration, data),
            whole.start,
            whole.end,
        )

    def _cited(self, number: int, declaration: Declaration, data: bytes) -> int:
        """Return the line with the cited text that is nearest to its old offset, or 0."""
        if not self._starts[number].offset:
            return declaration.line
        text, wanted = lines(data), self._origin(number).cited
        first, last = first_line(declaration), declaration.span.end_line
        hits = [line for line in range(first, last + 1) if plain_spaces(text[line - 1]) == wanted]
        distance = {line: abs(line - declaration.line - self._starts[number].offset) for line in hits}
        nearest = [line for line in hits if distance[line] == min(distance.values())]
        return nearest[0] if len(nearest) == 1 else 0

    def _load_origins(self, numbers: Iterable[int]) -> None:
        """Read and parse in one go the baseline's files that are needed."""
        paths = {self._starts[n].path for n in numbers if n not in self._origins}
        if paths:
            tree = self._trees.tree(self._baseline)
            tree.read(paths)
            tree.documents(paths)

    def _origin(self, number: int) -> _Origin:
        if number not in self._origins:
            start, tree = self._starts[number], self._trees.tree(self._baseline)
            data = tree.read([start.path])[start.path]
            stand = package_match.at(tree.documents([start.path])[start.path], start)
            cited = plain_spaces(lines(data)[start.line + start.offset - 1]) if start.offset else b""
            body = stand.declaration.body(data)
            self._origins[number] = _Origin(body, similarity.tokens(body), cited, stand.top.span)
        return self._origins[number]


class _Origin(NamedTuple):
    """A declaration at the baseline: bytes, tokens, its cited line, and its top-level declaration's span."""

    body: bytes
    tokens: list[bytes]
    cited: bytes
    whole: Span


def _lost(place: TrackedPosition, result: StepResult) -> TrackedPosition:
    stand = result.stand
    guess = anchor_of(stand.path, stand.declaration) if stand is not None else None
    return TrackedPosition(place.anchor, place.by, TextState.UNKNOWN, 0, missing=result.reason, guess=guess)


class TrackedReference(msgspec.Struct, frozen=True):
    """A reference and its declaration at the baseline; no anchor if it has none there."""

    reference: Reference
    anchor: Anchor | None
    reason: str = ""


def histories(
    tracked: Sequence[TrackedReference],
    baseline: str,
    tags: Sequence[str],
    trees: SourceTrees,
    cache: Cache | None,
    *,
    among: Sequence[str] = (),
) -> tuple[ReferenceHistory, ...]:
    """Return the history of each reference over some tags.

    Args:
        tracked: What is followed.
        baseline: The tag at which it is known.
        tags: The tags that are asked for; the stops come in this order.
        trees: The trees.
        cache: The results of earlier runs, if they are cached.
        among: All tags that may be stepped on; the more, the shorter the steps. Empty: `tags` alone.
    """
    steps = tag_graph.towards(planned(among or tags, baseline, trees, cache), tags)
    known = [each for each in tracked if each.anchor is not None and not _unfollowed(each)]
    starts = [each.anchor for each in known if each.anchor is not None]
    wanted = set(tags)
    at = {
        tag: dict(zip(map(id, known), places, strict=True))
        for tag, places in follow(starts, baseline, steps, trees, cache)
        if tag in wanted
    }
    outcomes: dict[tuple[int, int], Outcome] = {}
    return tuple(_trail(each, tags, at, outcomes) for each in tracked)


def at_tags(
    starts: Sequence[Anchor],
    baseline: str,
    wanted: Sequence[str],
    trees: SourceTrees,
    cache: Cache | None,
    *,
    among: Sequence[str] = (),
) -> dict[str, tuple[TrackedPosition, ...]]:
    """Return the positions of declarations at a few tags: in one step or, if that fails, tag by tag.

    Args:
        starts: The declarations at the baseline.
        baseline: The tag at which they are known.
        wanted: The tags that are asked for.
        trees: The trees.
        cache: The results of earlier runs, if they are cached.
        among: All tags that may be stepped on.
    """
    distant = [TagStep(baseline, tag) for tag in dict.fromkeys(wanted) if tag != baseline]
    found = dict(follow(starts, baseline, distant, trees, cache))
    open_ = [n for n in range(len(starts)) if any(found[tag][n].missing for tag in wanted)]
    if not open_ or not among:
        return {tag: found[tag] for tag in wanted}
    steps = tag_graph.towards(planned(among, baseline, trees, cache), wanted)
    nearer = dict(follow([starts[n] for n in open_], baseline, steps, trees, cache))
    for tag in wanted:
        places = list(found[tag])
        for number, place in zip(open_, nearer[tag], strict=True):
            if places[number].missing:
                places[number] = place
        found[tag] = tuple(places)
    return {tag: found[tag] for tag in wanted}


def planned(
    tags: Sequence[str], baseline: str, trees: SourceTrees, cache: Cache | None
) -> tuple[TagStep, ...]:
    """Return the steps that reach all tags from the baseline."""

    def plan() -> CachedSteps:
        return CachedSteps(plan=tag_graph.plan(tags, baseline, trees.blobs))

    if cache is None:
        return plan().plan
    commits = [baseline, *((tag, trees.commit(tag)) for tag in tags)]
    key = hashlib.sha256(msgspec.msgpack.encode(commits)).hexdigest()
    return cache.get_or_compute(STEPS, key, plan).plan


def _trail(
    tracked: TrackedReference,
    tags: Sequence[str],
    at: Mapping[str, Mapping[int, TrackedPosition]],
    outcomes: dict[tuple[int, int], Outcome],
) -> ReferenceHistory:
    why = _unfollowed(tracked)
    if why:
        missing = Missing(why)
        return ReferenceHistory(
            tracked.reference, tuple(TagOutcome(tag, missing, TextState.UNKNOWN) for tag in tags)
        )
    stops = []
    for tag in tags:
        place = at[tag][id(tracked)]
        key = id(tracked), id(place)
        if key not in outcomes:  # most places are the same object over many tags
            outcomes[key] = outcome(tracked, place)
        stops.append(TagOutcome(tag, outcomes[key], place.text))
    return ReferenceHistory(tracked.reference, tuple(stops))


def _unfollowed(tracked: TrackedReference) -> str:
    """Why a reference is followed to no other tag, empty if it is."""
    if tracked.anchor is None:
        return tracked.reason
    if not tracked.anchor.symbol:
        return f"{tracked.reason}; only declarations and what is in them are followed from tag to tag"
    vendored = VENDOR_FOLDERS.intersection(tracked.anchor.path.split("/")[:-1])
    return f"{tracked.anchor.path} is vendored, which is not followed from tag to tag" if vendored else ""


def outcome(tracked: TrackedReference, place: TrackedPosition) -> Outcome:
    """Return the outcome for a reference: verified, moved, renamed or missing."""
    origin, now = tracked.anchor, place.anchor
    assert origin is not None  # noqa: S101 - only what is at the baseline has a place elsewhere
    if place.missing:
        guess = place.guess
        hint = f"; it may be {guess.symbol} in line {guess.line} of {guess.path}" if guess else ""
        return Missing(f"{place.missing}{hint}", guess)
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


_LOG = logging.getLogger(__name__)


class TrackResult(msgspec.Struct, frozen=True):
    """The trails of references, and the tags of their stops."""

    tags: tuple[str, ...]
    trails: tuple[ReferenceHistory, ...]


def track(
    snapshots: TagSnapshots,
    tags: Sequence[str],
    cache: Cache,
    base: SourceTree,
    references: Sequence[Reference],
    glob: str = "*",
) -> TrackResult:
    """Follow references over a source's version tags.

    Args:
        snapshots: The source at its version tags.
        tags: The source's version tags.
        cache: Where documents and the results of steps are kept.
        base: The tree in which the references are looked up, at the baseline tag.
        references: What is followed.
        glob: The tags that are asked for.

    Raises:
        InvalidInput: No version tag fits the glob.
        SourceUnavailable: The source cannot be read.
    """
    wanted = [tag for tag in tags if fnmatch.fnmatchcase(tag, glob)]
    if not wanted:
        where = base.snapshot.repository
        raise InvalidInput(f"no version tag of {where} fits {glob!r}; the newest is {tags[-1]}")
    _LOG.info("following %s over %s", counted(len(references), "symbol"), counted(len(wanted), "tag"))
    trees = SourceTrees(snapshots, cache)
    starts = [tracked(reference, base) for reference in references]
    return TrackResult(tuple(wanted), histories(starts, base.tag, wanted, trees, cache, among=tags))


def tracked(reference: Reference, base: SourceTree) -> TrackedReference:
    """Return a reference with its declaration in the baseline tree."""
    outcome = declaration_lookup.verdict_at(reference, base).outcome
    if isinstance(outcome, Unplaced):
        return TrackedReference(reference, None, outcome.reason)
    return TrackedReference(reference, outcome.anchor, outcome.reason)
