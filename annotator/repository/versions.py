"""Parses and sorts version tags; groups them by release line."""

from __future__ import annotations

import difflib
import re
from bisect import bisect
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import NamedTuple

# packaging.version reads neither `v17.03.0-ce-rc1` nor `docker-v29.7.2`.
_TAG = re.compile(r"(\D*?)v?(\d+(?:\.\d+)*)(.*)", re.ASCII | re.DOTALL)
_OF_WHOLE = re.compile(r"(?:[A-Za-z]+-)?")
_NAMED_SUFFIX = re.compile(r"(?:[-.+]?[A-Za-z][\w.+-]*)?")
_PART = re.compile(r"\d+|[A-Za-z]+", re.ASCII)
_BEFORE_RELEASE = frozenset({"alpha", "beta", "dev", "pre", "rc", "tp"})
_RELEASE = ((1, 0, ""),)

SuffixKey = tuple[tuple[int, int, str], ...]
ReleaseKey = tuple[tuple[int, ...], SuffixKey]
LineName = tuple[object, ...]


class _Tag(NamedTuple):
    """A tag's parts: `docker-`, (29, 0, 0) and `-rc.1` of `docker-v29.0.0-rc.1`."""

    prefix: str
    numbers: tuple[int, ...]
    suffix: str

    @property
    def is_of_whole(self) -> bool:
        """Whether it can be a version of the whole repository, not of a part, as `api/v1.52.0`."""
        return bool(self.numbers) and _OF_WHOLE.fullmatch(self.prefix) is not None

    @property
    def suffix_key(self) -> SuffixKey:
        """Candidates sort before their release; words such as `ce` say nothing about the order."""
        parts = _PART.findall(self.suffix)
        key = tuple(
            (2, int(part), "") if part.isdigit() else (0, 0, part.lower())
            for part in parts
            if part.isdigit() or part.lower() in _BEFORE_RELEASE
        )
        return key if any(rank == 0 for rank, _, _ in key) else (*key, *_RELEASE)


def _parse(tag: str) -> _Tag:
    match = _TAG.fullmatch(tag)
    if match is None:
        return _Tag(tag, (), "")
    prefix, numbers, suffix = match.groups()
    return _Tag(prefix, tuple(map(int, numbers.split("."))), suffix)


def version_key(tag: str) -> tuple[object, ...]:
    """Return a sort key for tags of any kind: numbers by value, candidates before their release."""
    parsed = _parse(tag)
    return parsed.prefix or "v", parsed.numbers, parsed.suffix_key, tag


@cache  # the same tags are compared again and again
def release_key(tag: str) -> ReleaseKey | None:
    """Return the sort key of a release or candidate of the whole repository; None for other tags."""
    parsed = _parse(tag)
    is_release = parsed.is_of_whole and len(parsed.numbers) == 3 and parsed.suffix[:1] in ("", "-", "+")  # noqa: PLR2004 - major, minor, patch
    return (parsed.numbers, parsed.suffix_key) if is_release else None


def versions(tags: Iterable[str]) -> list[str]:
    """Return the tags that name a version of the whole repository, with two numbers or more."""
    parsed = [(tag, _parse(tag)) for tag in tags]
    return [
        tag
        for tag, parts in parsed
        if parts.is_of_whole and len(parts.numbers) > 1 and _NAMED_SUFFIX.fullmatch(parts.suffix)
    ]


def releases(tags: Iterable[str]) -> list[str]:
    """Return the tags that are versions, in version order; one for each version."""
    keyed = {tag: key for tag in tags if (key := release_key(tag)) is not None}
    return sorted(keyed, key=lambda tag: (keyed[tag], tag))


def latest(tags: Iterable[str]) -> list[str]:
    """Return the latest release of each release line, in version order, without candidates."""
    newest: dict[LineName, tuple[tuple[int, ...], int, str]] = {}
    for tag in tags:
        key = release_key(tag)
        if key is not None and key[1] == _RELEASE:
            rank = key[0], -len(tag), tag  # of two names for a version the plainer one
            newest[key[0][:2]] = max(rank, newest.get(key[0][:2], rank))
    return [tag for _, _, tag in sorted(newest.values())]


def proper(tags: Sequence[str]) -> list[str]:
    """Return the tags in version order, without candidates of release lines that were never released.

    The number of such a candidate does not tell its age: it may be years younger than its neighbours.
    Candidates of lines after the latest release stay.
    """
    keys = [(tag, key) for tag in tags if (key := release_key(tag)) is not None]
    released = [key for _, key in keys if key[1] == _RELEASE]
    lines, newest = {numbers[:2] for numbers, _ in released}, max(released, default=None)
    return [tag for tag, key in keys if key[0][:2] in lines or newest is None or key > newest]


def spanned(tags: Iterable[str], ends: Collection[str]) -> list[list[str]]:
    """Return the release lines between the earliest and latest of `ends`, each with its tags in order.

    If one of `ends` is not a version, return all: its place is not known.
    """
    numbers = [key[0][:2] for end in ends if (key := release_key(end)) is not None]
    lines = release_lines(tags).values()
    if len(numbers) < len(ends):
        return list(lines)
    first, last = min(numbers), max(numbers)
    return [
        line for line in lines if (key := release_key(line[0])) is not None and first <= key[0][:2] <= last
    ]


def line_name(tag: str) -> LineName:
    """Return the release line of a tag; a tag that is no version is its own line."""
    key = release_key(tag)
    return key[0][:2] if key is not None else (tag,)


def release_lines(tags: Iterable[str]) -> dict[LineName, list[str]]:
    """Group tags by release line, in order; a tag that is no version is its own line."""
    lines: dict[LineName, list[str]] = defaultdict(list)
    for tag in tags:
        lines[line_name(tag)].append(tag)
    for line in lines.values():
        line.sort(key=lambda tag: (release_key(tag) or (), tag))
    return lines


_NEAREST = 5
_VERSION = re.compile(r"v?\d")


def nearest(tag: str, tags: Iterable[str]) -> tuple[str, ...]:
    """Return the tags nearest to an unknown name: similar ones, and for a version its neighbours in order."""
    known = sorted(tags, key=version_key)
    similar = difflib.get_close_matches(tag, known, n=_NEAREST, cutoff=0.6)
    place = bisect([version_key(name) for name in known], version_key(tag))
    neighbours = known[max(0, place - 2) : place + 2] if any(char.isdigit() for char in tag) else []
    return tuple(dict.fromkeys([*similar, *neighbours]))[:_NEAREST] or _newest(known)


def _newest(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the newest tags; versions come first."""
    ordered = sorted(tags, key=lambda tag: (_VERSION.match(tag) is not None, version_key(tag.lstrip("v"))))
    return tuple(reversed(ordered[-_NEAREST:]))
