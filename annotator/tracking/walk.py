"""Plans in which order tags are walked, so that a long distance is many short ones."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache

from annotator.history import Hop

_VERSION = re.compile(r"(?:[A-Za-z]+-)?v?(\d+)\.(\d+)\.(\d+)(?![\d.])(?:[-.+](.*))?")
_PART = re.compile(r"\d+|[A-Za-z]+")
_RELEASE = ((1, 0, ""),)
_EARLY = frozenset({"tp", "alpha", "beta", "rc", "pre", "dev"})

Content = Callable[[str], int]
"""The blobs of a tag's files as a set of bits: what two tags share are the bits that both have."""

_Line = tuple[object, ...]
_Key = tuple[tuple[int, int, int], tuple[tuple[int, int, str], ...]]


def key(tag: str) -> _Key | None:
    """What orders a tag among versions, candidates before the release; None if it is no version."""
    match = _VERSION.fullmatch(tag)
    if match is None:
        return None
    major, minor, patch, suffix = match.groups()
    return (int(major), int(minor), int(patch)), tuple(_suffix(suffix or ""))


def _suffix(text: str) -> Iterable[tuple[int, int, str]]:
    for word in _PART.findall(text):
        if word.isdigit():
            yield 2, int(word), ""
        elif word.lower() in _EARLY:
            yield 0, 0, word.lower()
    if not any(word.lower() in _EARLY for word in _PART.findall(text)):
        yield 1, 0, ""


def releases(tags: Iterable[str]) -> list[str]:
    """The tags that are versions, in version order; one for each version."""
    keyed = {tag: found for tag in tags if (found := key(tag)) is not None}
    return sorted(keyed, key=lambda tag: (keyed[tag], tag))


def latest(tags: Iterable[str]) -> list[str]:
    """The latest release of each release line, in version order; no candidates, no tags of documents."""
    found: dict[tuple[int, int], tuple[tuple[int, int, int], str]] = {}
    for tag in tags:
        number = key(tag)
        if number is None or number[1] != _RELEASE:
            continue
        (major, minor, patch), _ = number
        rank = (patch, -len(tag), 0), tag  # of two names for a version the plainer one
        found[major, minor] = max(rank, found.get((major, minor), rank))
    return [found[line][1] for line in sorted(found)]


def proper(tags: Sequence[str]) -> list[str]:
    """The tags, in version order, without the candidates of a release line that never came out.

    Such a number says nothing of when it was given: what it names may be years younger than its neighbours.
    Candidates beyond the latest release may still come out.
    """
    out = [number for tag in tags if (number := key(tag)) is not None and number[1] == _RELEASE]
    lines, newest = {number[0][:2] for number in out}, max(out, default=None)
    return [
        tag
        for tag in tags
        if (number := key(tag)) is not None and (number[0][:2] in lines or newest is None or number > newest)
    ]


def plan(tags: Sequence[str], start: str, content: Content) -> tuple[Hop, ...]:
    """The hops that reach every tag from `start`.

    Tags of one release line (`18.09`) follow each other. A line begins near a tag of another one:
    of all lines' beginnings those are joined that have most files in common, as release branches
    leave the main branch and never come back; where in the line the branch left is then told by the
    same measure. Versions are thus not taken for a history: a tag of another numbering is reached
    from where its files are.

    Args:
        tags: The tags to reach, in version order.
        start: The tag to begin with; it may be among them.
        content: The tags' blobs; asked once for each tag.
    """
    lines = _lines([*tags, start] if start not in tags else tags)
    known = _Measure(content)
    home = next(name for name, line in lines.items() if start in line)
    hops = list(_along(lines[home], start))
    # For each line that is not reached yet, the nearest one that is: Prim's minimum spanning tree.
    nearest = {name: home for name in lines if name != home}

    def distance(name: _Line) -> float:
        return known.distance(lines[nearest[name]][0], lines[name][0])

    while nearest:
        name = min(nearest, key=distance)
        hops += _joined(lines[nearest.pop(name)], lines[name], known)
        for other in nearest:
            if known.distance(lines[name][0], lines[other][0]) < distance(other):
                nearest[other] = name
    return tuple(hops)


def towards(hops: Iterable[Hop], wanted: Iterable[str]) -> tuple[Hop, ...]:
    """The hops of a plan that are needed to reach some tags, those within a release line made one."""
    asked = set(wanted)
    needed, kept = set(asked), []
    for hop in reversed(tuple(hops)):
        if hop.after in needed:
            needed.add(hop.before)
            kept.append(hop)
    return tuple(_shortened(tuple(reversed(kept)), asked))


def _shortened(hops: Sequence[Hop], wanted: Collection[str]) -> Iterable[Hop]:
    """Hops without the stops that nobody asked for, where neither side leaves the release line."""
    onward = Counter(hop.before for hop in hops)
    begun: dict[str, str] = {}
    for hop in hops:
        start = begun.pop(hop.before, hop.before)
        following = next((h for h in hops if h.before == hop.after), None)
        inside = following is not None and _line(start) == _line(hop.after) == _line(following.after)
        if inside and onward[hop.after] == 1 and hop.after not in wanted:
            begun[hop.after] = start
        else:
            yield Hop(start, hop.after)


def spanned(tags: Iterable[str], ends: Collection[str]) -> list[list[str]]:
    """The release lines from the earliest of `ends` to the latest, each with its tags in order.

    All of them, if one of `ends` is no version: nothing tells where it is.
    """
    numbers = [found[0][:2] for end in ends if (found := key(end)) is not None]
    lines = _lines(tags).values()
    if len(numbers) < len(ends):
        return list(lines)
    first, last = min(numbers), max(numbers)
    return [line for line in lines if (found := key(line[0])) is not None and first <= found[0][:2] <= last]


def _line(tag: str) -> _Line:
    """The release line of a tag; a tag that is no version is a line of its own."""
    found = key(tag)
    return found[0][:2] if found is not None else (tag,)


def _lines(tags: Iterable[str]) -> dict[_Line, list[str]]:
    """The tags of each release line in order; a tag that is no version is a line of its own."""
    lines: dict[_Line, list[str]] = defaultdict(list)
    for tag in tags:
        lines[_line(tag)].append(tag)
    for line in lines.values():
        line.sort(key=lambda tag: (key(tag) or (), tag))
    return lines


def _along(line: Sequence[str], start: str) -> Iterable[Hop]:
    """From one tag of a line to both of its ends."""
    at = line.index(start)
    yield from (Hop(line[n - 1], line[n]) for n in range(at + 1, len(line)))
    yield from (Hop(line[n + 1], line[n]) for n in range(at - 1, -1, -1))


def _joined(origin: Sequence[str], line: Sequence[str], known: _Measure) -> Iterable[Hop]:
    """From the tag of a reached line to the tag of a further one that has most in common with it."""
    earlier = (key(origin[0]) or ()) < (key(line[0]) or ())
    if earlier:
        left = min(origin, key=lambda tag: known.distance(tag, line[0]))
        entry = line[0]
    else:
        left = origin[0]
        entry = min(line, key=lambda tag: known.distance(tag, left))
    yield Hop(left, entry)
    yield from _along(line, entry)


class _Measure:
    """How much of their files two tags do not have in common."""

    def __init__(self, content: Content) -> None:
        self._content = cache(content)
        self._found: dict[tuple[str, str], float] = {}

    def distance(self, one: str, other: str) -> float:
        """The share of their blobs that only one of them has: 0 if they are the same, 1 if nothing is."""
        pair = (one, other)
        if pair not in self._found:
            first, second = self._content(one), self._content(other)
            both, all_ = (first & second).bit_count(), (first | second).bit_count()
            self._found[pair] = 1 - both / max(1, all_)
        return self._found[pair]
