"""Finds what a declaration became that lost its name: only where independent signs agree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from annotator.model import Kind, Sign
from annotator.tracking import likeness, platforms
from annotator.tracking.package import Item, Match, Package, Side

# How much more alike than any other pair the answer must be.
MARGIN = 0.1
# Short bodies are alike by chance: they must be nearly the same.
LONG = 30
NEARLY = 0.9

_TYPES = frozenset({Kind.STRUCT, Kind.INTERFACE, Kind.TYPE, Kind.FUNCTYPE})
_FUNCTIONS = frozenset({Kind.FUNC, Kind.METHOD})
_VALUES = frozenset({Kind.CONST, Kind.VAR})


class Evidence(StrEnum):
    """One reason to take two declarations for the same, independent of the others."""

    NAME = "name"
    FILE = "file"
    BODY = "body"
    NEAR = "nearly the same body"
    AKIN = "a like body"
    NEIGHBOURS = "neighbours"
    CALLERS = "callers"


AGREEMENTS = (
    frozenset({Evidence.NAME, Evidence.BODY}),
    frozenset({Evidence.NAME, Evidence.AKIN, Evidence.NEIGHBOURS}),
    frozenset({Evidence.NAME, Evidence.AKIN, Evidence.CALLERS}),
    frozenset({Evidence.BODY, Evidence.NEIGHBOURS}),
    frozenset({Evidence.BODY, Evidence.CALLERS}),
    frozenset({Evidence.NEAR, Evidence.FILE}),
    frozenset({Evidence.AKIN, Evidence.NEIGHBOURS, Evidence.CALLERS}),
)
"""Enough to answer; each row holds at least two signs that do not follow from each other."""

_SIGNS = {
    Evidence.BODY: Sign.BODY,
    Evidence.NEIGHBOURS: Sign.NEIGHBOURS,
    Evidence.CALLERS: Sign.CALLERS,
}


class Candidate(NamedTuple):
    """A declaration that another may have become, and how alike their bodies are."""

    item: Item
    ratio: float


def settle_once(package: Package) -> None:
    """Match what lost its name, types first: their methods' names follow from theirs."""
    if package.renames_settled:
        return
    package.renames_settled = True
    for family in (_TYPES, _FUNCTIONS, _VALUES):
        _settle(package, family)


def best(package: Package, lost: Item) -> Candidate | None:
    """The most alike of the declarations that nothing became yet."""
    return max(_candidates(package, lost), key=lambda c: c.ratio, default=None)


def _settle(package: Package, family: frozenset[Kind]) -> None:
    lost = [item for item in package.lost() if item.declaration.kind in family]
    ranked = {item.key: _ranked(package, item) for item in lost}
    claims: dict[tuple[str, int], list[float]] = {}
    for candidates in ranked.values():
        for item, ratio in candidates:
            claims.setdefault(item.key, []).append(ratio)
    answers = []
    for item in lost:
        found = _clear(ranked[item.key], claims)
        by = _agreed(package, item, found) if found is not None else None
        if found is not None and by is not None:
            answers.append((item, found.item, by))
    for item, new, by in answers:
        package.settle(item, new, by)


def _ranked(package: Package, lost: Item) -> list[Candidate]:
    found = [c for c in _candidates(package, lost) if c.ratio >= likeness.AKIN]
    return sorted(found, key=lambda c: c.ratio, reverse=True)


def _clear(ranked: list[Candidate], claims: dict[tuple[str, int], list[float]]) -> Candidate | None:
    """The first candidate, if neither it nor the lost one has another that is nearly as good."""
    if not ranked or (len(ranked) > 1 and ranked[1].ratio > ranked[0].ratio - MARGIN):
        return None
    rivals = sorted(claims[ranked[0].item.key], reverse=True)
    if rivals[0] > ranked[0].ratio or (len(rivals) > 1 and rivals[1] > ranked[0].ratio - MARGIN):
        return None
    return ranked[0]


def _candidates(package: Package, lost: Item) -> Iterator[Candidate]:
    for item in package.fresh():
        if _can_be(lost, item):
            yield Candidate(item, package.likeness(lost, item))


def _can_be(lost: Item, item: Item) -> bool:
    kinds = {lost.declaration.kind, item.declaration.kind}
    return platforms.agree(lost.path, item.path) and (len(kinds) == 1 or kinds <= _FUNCTIONS)


def _agreed(package: Package, lost: Item, found: Candidate) -> Sign | None:
    evidence = set(_evidence(package, lost, found))
    if not any(agreement <= evidence for agreement in AGREEMENTS):
        return None
    return next((sign for reason, sign in _SIGNS.items() if reason in evidence), Sign.BODY)


def _evidence(package: Package, lost: Item, found: Candidate) -> Iterator[Evidence]:
    item, ratio = found
    size = min(package.before.profile(lost).total(), package.after.profile(item).total())
    if _owned_name(package, lost) == item.declaration.symbol or lost.declaration.name == item.declaration.name:
        yield Evidence.NAME
    if item.path == package.crossing.successor(lost.path):
        yield Evidence.FILE
    yield from _by_body(ratio, size)
    if _neighbours(package, lost, item):
        yield Evidence.NEIGHBOURS
    if _callers(package, lost, item):
        yield Evidence.CALLERS


def _by_body(ratio: float, size: int) -> Iterator[Evidence]:
    yield Evidence.AKIN
    if ratio >= NEARLY and size >= likeness.TELLING or ratio >= likeness.SAME and size >= LONG:
        yield Evidence.BODY
    if ratio >= NEARLY and size >= LONG:
        yield Evidence.NEAR


def _owned_name(package: Package, lost: Item) -> str:
    """The name of a method with its receiver's new name, where that was matched."""
    owner, name = lost.declaration.owner, lost.declaration.name
    for item in package.before.items:
        if owner and item.declaration.symbol == owner and item.key in package.matches:
            return f"{package.matches[item.key].item.declaration.symbol}.{name}"
    return lost.declaration.symbol


# ── Neighbours ───────────────────────────────────────────────────────────────────────────────────


def _neighbours(package: Package, lost: Item, item: Item) -> bool:
    """Whether both stand between the same two declarations, or a file's edge and one."""
    before = _around(package.before.files[lost.path], lost, package.matches)
    after = _around(package.after.files[item.path], item, package.taken)
    expected = [_became(package, neighbour) for neighbour in before]
    actual = [neighbour.key if neighbour else None for neighbour in after]
    return expected == actual and any(expected)


def _became(package: Package, neighbour: Item | None) -> tuple[str, int] | None:
    return package.matches[neighbour.key].item.key if neighbour else None


def _around(
    items: list[Item], item: Item, matched: dict[tuple[str, int], Match] | dict[tuple[str, int], Item]
) -> list[Item | None]:
    """The nearest matched declarations on both sides, None at the file's edge."""
    before = [other for other in items[: item.index] if other.key in matched]
    after = [other for other in items[item.index + 1 :] if other.key in matched]
    return [before[-1] if before else None, after[0] if after else None]


# ── Callers ──────────────────────────────────────────────────────────────────────────────────────


def _callers(package: Package, lost: Item, item: Item) -> bool:
    """Whether those that used the old name and are still there use the new one instead."""
    old, new = lost.declaration.name, item.declaration.name
    if old == new:
        return False
    used = [u for u in _users(package.before, old) if u.key in package.matches and u.key != lost.key]
    if not used:
        return False
    later = [package.matches[user.key].item for user in used]
    switched = [
        user
        for user, now in zip(used, later, strict=True)
        if _switched(package.before.body(user), package.after.body(now), old, new)
    ]
    return len(switched) * 2 > len(used)


def _switched(before: bytes, after: bytes, old: str, new: str) -> bool:
    """Whether the old name is used less than before and the new one more."""
    return _mentions(after, old) < _mentions(before, old) and _mentions(after, new) > _mentions(before, new)


def _users(side: Side, name: str) -> list[Item]:
    return [item for item in side.items if _mentions(side.body(item), name)]


def _mentions(body: bytes, name: str) -> int:
    needle = name.encode()
    if needle not in body:
        return 0
    return len(re.findall(rb"(?<!\w)" + re.escape(needle) + rb"(?!\w)", body))
