"""Chooses the order in which tags are visited (minimum spanning tree)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache

from annotator.model.symbol_history import TagStep
from annotator.repository.versions import LineName, line_name, release_key, release_lines

Blobs = Callable[[str], frozenset[str]]
"""Returns the ids of the blobs of a tag's files."""


def plan(tags: Sequence[str], start: str, blobs: Blobs) -> tuple[TagStep, ...]:
    """Return the steps that reach every tag from `start`.

    Tags of one release line (`18.09`) follow each other. A line begins near a tag of another one:
    of all lines' beginnings those are joined that have most files in common, as release branches
    leave the main branch and never come back; where in the line the branch left is then told by the
    same measure. Versions are thus not taken for a history: a tag of another numbering is reached
    from where its files are.

    Args:
        tags: The tags to reach, in version order.
        start: The tag to begin with; it may be among them.
        blobs: The tags' blobs; called once for each tag.
    """
    lines = release_lines([*tags, start] if start not in tags else tags)
    known = _Measure(blobs)
    home = next(name for name, line in lines.items() if start in line)
    steps = list(_along(lines[home], start))
    # For each line that is not reached yet, the nearest one that is: Prim's minimum spanning tree.
    nearest = {name: home for name in lines if name != home}

    def distance(name: LineName) -> float:
        return known.distance(lines[nearest[name]][0], lines[name][0])

    while nearest:
        name = min(nearest, key=distance)
        steps += _joined(lines[nearest.pop(name)], lines[name], known)
        for other in nearest:
            if known.distance(lines[name][0], lines[other][0]) < distance(other):
                nearest[other] = name
    return tuple(steps)


def towards(steps: Iterable[TagStep], wanted: Iterable[str]) -> tuple[TagStep, ...]:
    """Return the steps of a plan that lead to some tags, joined within a release line."""
    asked = set(wanted)
    needed, kept = set(asked), []
    for step in reversed(tuple(steps)):
        if step.after in needed:
            needed.add(step.before)
            kept.append(step)
    return tuple(_shortened(tuple(reversed(kept)), asked))


def _shortened(steps: Sequence[TagStep], wanted: Collection[str]) -> Iterable[TagStep]:
    """Join consecutive steps within a release line, except at tags that are wanted."""
    onward = Counter(step.before for step in steps)
    begun: dict[str, str] = {}
    for step in steps:
        start = begun.pop(step.before, step.before)
        following = next((h for h in steps if h.before == step.after), None)
        inside = following is not None and line_name(start) == line_name(step.after) == line_name(
            following.after
        )
        if inside and onward[step.after] == 1 and step.after not in wanted:
            begun[step.after] = start
        else:
            yield TagStep(start, step.after)


def _along(line: Sequence[str], start: str) -> Iterable[TagStep]:
    """From one tag of a line to both of its ends."""
    at = line.index(start)
    yield from (TagStep(line[n - 1], line[n]) for n in range(at + 1, len(line)))
    yield from (TagStep(line[n + 1], line[n]) for n in range(at - 1, -1, -1))


def _joined(origin: Sequence[str], line: Sequence[str], known: _Measure) -> Iterable[TagStep]:
    """From the tag of a reached line to the tag of a further one that has most in common with it."""
    earlier = (release_key(origin[0]) or ()) < (release_key(line[0]) or ())
    if earlier:
        left = min(origin, key=lambda tag: known.distance(tag, line[0]))
        entry = line[0]
    else:
        left = origin[0]
        entry = min(line, key=lambda tag: known.distance(tag, left))
    yield TagStep(left, entry)
    yield from _along(line, entry)


class _Measure:
    """How much of their files two tags do not have in common."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = cache(blobs)
        self._found: dict[tuple[str, str], float] = {}

    def distance(self, one: str, other: str) -> float:
        """Return the share of blobs that only one of the tags has: 0 if equal, 1 if nothing is common."""
        pair = (one, other) if one < other else (other, one)
        if pair not in self._found:
            first, second = self._blobs(one), self._blobs(other)
            both = len(first & second)
            self._found[pair] = 1 - both / max(1, len(first) + len(second) - both)
        return self._found[pair]
