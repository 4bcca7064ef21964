"""Parses and sorts version tags; groups them by release line."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

_DATED_VERSION = re.compile(r"(?:[A-Za-z]+-)?v?\d+\.\d+(?:\.\d+)*(?:[-.+]?[A-Za-z][\w.+-]*)?")


def versions(tags: Iterable[str]) -> list[str]:
    """Return the tags that name a version of the whole repository."""
    return [tag for tag in tags if _DATED_VERSION.fullmatch(tag)]


_KEY_PART = re.compile(r"(\d+)|([A-Za-z]+)")
_BEFORE_RELEASE = frozenset({"alpha", "beta", "dev", "pre", "rc", "tp"})


def version_key(tag: str) -> list[tuple[int, int, str]]:
    """Return a sort key for version tags: numbers by value, candidates before their release."""
    return [_rank(*match) for match in _KEY_PART.findall(tag)] + [_rank("", "")]


def _rank(number: str, word: str) -> tuple[int, int, str]:
    if number:
        return (2, int(number), "")
    return (0 if word.lower() in _BEFORE_RELEASE else 1, 0, word)


_VERSION = re.compile(r"(?:[A-Za-z]+-)?v?(\d+)\.(\d+)\.(\d+)(?![\d.])(?:[-.+](.*))?")
_PART = re.compile(r"\d+|[A-Za-z]+")
_RELEASE = ((1, 0, ""),)
_EARLY = frozenset({"tp", "alpha", "beta", "rc", "pre", "dev"})

LineName = tuple[object, ...]
VersionKey = tuple[tuple[int, int, int], tuple[tuple[int, int, str], ...]]


def key(tag: str) -> VersionKey | None:
    """Return the sort key of a version tag, or None if the tag is no version."""
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
    """Return the tags that are versions, in version order; one for each version."""
    keyed = {tag: found for tag in tags if (found := key(tag)) is not None}
    return sorted(keyed, key=lambda tag: (keyed[tag], tag))


def latest(tags: Iterable[str]) -> list[str]:
    """Return the latest release of each release line, in version order, without candidates."""
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
    """Return the tags in version order, without candidates of release lines that were never released.

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


def spanned(tags: Iterable[str], ends: Collection[str]) -> list[list[str]]:
    """Return the release lines between the earliest and latest of `ends`, each with its tags in order.

    All of them, if one of `ends` is no version: nothing tells where it is.
    """
    numbers = [found[0][:2] for end in ends if (found := key(end)) is not None]
    lines = release_lines(tags).values()
    if len(numbers) < len(ends):
        return list(lines)
    first, last = min(numbers), max(numbers)
    return [line for line in lines if (found := key(line[0])) is not None and first <= found[0][:2] <= last]


def line_name(tag: str) -> LineName:
    """Return the release line of a tag; a tag that is no version is its own line."""
    found = key(tag)
    return found[0][:2] if found is not None else (tag,)


def release_lines(tags: Iterable[str]) -> dict[LineName, list[str]]:
    """Group tags by release line, in order; a tag that is no version is its own line."""
    lines: dict[LineName, list[str]] = defaultdict(list)
    for tag in tags:
        lines[line_name(tag)].append(tag)
    for line in lines.values():
        line.sort(key=lambda tag: (key(tag) or (), tag))
    return lines
