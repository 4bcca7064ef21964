"""Detects declarations that changed name or package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from annotator.golang import build_constraints
from annotator.golang.source_tree import SourceTree
from annotator.model.go import FUNCTION_KINDS, TYPE_KINDS, Declaration, GoFile, Kind, is_test_file
from annotator.model.reference import FoundBy
from annotator.tracking import similarity
from annotator.tracking.package_match import Item, Match, PackageMatch
from annotator.tracking.tree_diff import TreeDiff

# How much more alike than any other pair the answer must be.
MARGIN = 0.1

# Short bodies are alike by chance: the shorter, the nearer to the same they must be.
LONG = 30
STEP = 0.011
NEARLY = 0.9

# From these ratios on a body is the old one rewritten: if name and file stayed, if place and users did.
LIKE = 0.5
RESEMBLING = 0.65

# What an equal name counts for among candidates whose bodies are as alike.
NAMED = 0.2

_ROUNDS = 4
_VALUES = frozenset({Kind.CONST, Kind.VAR})
_FAMILIES = (TYPE_KINDS, FUNCTION_KINDS, _VALUES)


class RenameSignal(StrEnum):
    """One reason to take two declarations for the same, independent of the others."""

    NAME = "name"
    FILE = "file"
    BODY = "body"
    NEAR = "nearly the same body"
    RESEMBLING = "a resembling body"
    LIKE = "a like body"
    AKIN = "an akin body"
    NEIGHBOURS = "neighbours"
    CALLERS = "callers"


AGREEMENTS = (
    frozenset({RenameSignal.NAME, RenameSignal.BODY}),
    frozenset({RenameSignal.NAME, RenameSignal.LIKE, RenameSignal.FILE}),
    frozenset({RenameSignal.NAME, RenameSignal.AKIN, RenameSignal.NEIGHBOURS}),
    frozenset({RenameSignal.NAME, RenameSignal.AKIN, RenameSignal.CALLERS}),
    frozenset({RenameSignal.BODY, RenameSignal.NEIGHBOURS}),
    frozenset({RenameSignal.BODY, RenameSignal.CALLERS}),
    frozenset({RenameSignal.NEAR, RenameSignal.FILE}),
    frozenset({RenameSignal.RESEMBLING, RenameSignal.NEIGHBOURS, RenameSignal.CALLERS}),
)
"""Enough to answer; each row holds at least two signs that do not follow from each other."""

_SIGNS = {
    RenameSignal.BODY: FoundBy.BODY,
    RenameSignal.NEIGHBOURS: FoundBy.NEIGHBOURS,
    RenameSignal.CALLERS: FoundBy.CALLERS,
}


class RenameCandidate(NamedTuple):
    """A declaration that another may have become.

    Attributes:
        item: The declaration.
        ratio: How alike their bodies are.
        named: Whether it has the lost one's name, where only receiver, kind or case changed.
    """

    item: Item
    ratio: float
    named: bool

    @property
    def score(self) -> float:
        """What candidates are ranked by."""
        return self.ratio + NAMED * self.named


def settle_once(package: PackageMatch, kind: Kind) -> None:
    """Match what lost its name, as far as a kind needs it: types first, as methods are named after them."""
    needed = next(number for number, kinds in enumerate(_FAMILIES) if kind in kinds)
    while package.families_settled <= needed:
        family = _FAMILIES[package.families_settled]
        package.families_settled += 1
        # What was told in one round is a neighbour and a caller in the next.
        for _ in range(_ROUNDS):
            if not _settle(package, family):
                break


def best(package: PackageMatch, lost: Item) -> RenameCandidate | None:
    """Return the most similar unmatched declarations."""
    return next(iter(_ranked(package, lost)), None)


def _settle(package: PackageMatch, family: frozenset[Kind]) -> bool:
    """Match the declarations of one family that are certain; return whether any were."""
    lost = [item for item in package.lost() if item.declaration.kind in family]
    ranked = {item.key: _ranked(package, item) for item in lost}
    claims: dict[tuple[str, int], list[float]] = {}
    for candidates in ranked.values():
        for candidate in candidates:
            claims.setdefault(candidate.item.key, []).append(candidate.score)
    answers = []
    for item in lost:
        found = _clear(ranked[item.key], claims)
        by = _agreed(package, item, found) if found is not None else None
        if found is not None and by is not None:
            answers.append((item, found.item, by))
    for item, new, by in answers:
        package.settle(item, new, by)
    return bool(answers)


def _ranked(package: PackageMatch, lost: Item) -> list[RenameCandidate]:
    return sorted(_candidates(package, lost), key=lambda c: c.score, reverse=True)


def _clear(
    ranked: list[RenameCandidate], claims: dict[tuple[str, int], list[float]]
) -> RenameCandidate | None:
    """Return the first candidate, unless another one is nearly as good for either side."""
    if not ranked or (len(ranked) > 1 and ranked[1].score > ranked[0].score - MARGIN):
        return None
    rivals = sorted(claims[ranked[0].item.key], reverse=True)
    if rivals[0] > ranked[0].score or (len(rivals) > 1 and rivals[1] > ranked[0].score - MARGIN):
        return None
    return ranked[0]


def _candidates(package: PackageMatch, lost: Item) -> Iterator[RenameCandidate]:
    """Those that nothing became yet, and whose body is akin."""
    owned, name = _owned_name(package, lost).casefold(), lost.declaration.name.casefold()
    for item, ratio in package.akin(lost):
        if item.key in package.taken or not _can_be(lost, item):
            continue
        same_kind = item.declaration.kind is lost.declaration.kind
        now = item.declaration
        named = now.symbol.casefold() == owned if same_kind else now.name.casefold() == name
        yield RenameCandidate(item, ratio, named)


def _can_be(lost: Item, item: Item) -> bool:
    """Whether kinds and systems allow it.

    Its own name is no rename: the package was asked for it before, and it was not clear there.
    """
    kinds = {lost.declaration.kind, item.declaration.kind}
    return (
        (len(kinds) == 1 or kinds == FUNCTION_KINDS)
        and item.identity != lost.identity
        and build_constraints.same_system_family(lost.path, item.path)
    )


def _owned_name(package: PackageMatch, lost: Item) -> str:
    """Return the name of a method with its receiver's new name, if that was matched."""
    owner, name = lost.declaration.owner, lost.declaration.name
    for item in package.before.named(owner) if owner else ():
        if item.key in package.matches:
            return f"{package.matches[item.key].item.declaration.symbol}.{name}"
    return lost.declaration.symbol


# ── Evidence ─────────────────────────────────────────────────────────────────────────────────────
def _agreed(package: PackageMatch, lost: Item, found: RenameCandidate) -> FoundBy | None:
    evidence = set(_evidence(package, lost, found))
    if not any(agreement <= evidence for agreement in AGREEMENTS):
        return None
    return next((sign for reason, sign in _SIGNS.items() if reason in evidence), FoundBy.BODY)


def _evidence(package: PackageMatch, lost: Item, found: RenameCandidate) -> Iterator[RenameSignal]:
    if found.named:
        yield RenameSignal.NAME
    if found.item.path == package.diff.successor(lost.path):
        yield RenameSignal.FILE
    size = min(len(package.before.profile(lost)), len(package.after.profile(found.item)))
    yield RenameSignal.AKIN
    if found.ratio >= RESEMBLING:
        yield RenameSignal.RESEMBLING
    if found.ratio >= LIKE:
        yield RenameSignal.LIKE
    if size >= similarity.TELLING and found.ratio >= similarity.SAME + max(0, LONG - size) * STEP:
        yield RenameSignal.BODY
    if found.ratio >= NEARLY and size >= LONG:
        yield RenameSignal.NEAR
    if _neighbours(package, lost, found.item):
        yield RenameSignal.NEIGHBOURS
    if _callers(package, lost, found.item):
        yield RenameSignal.CALLERS


# ── Neighbours ───────────────────────────────────────────────────────────────────────────────────
def _neighbours(package: PackageMatch, lost: Item, item: Item) -> bool:
    """Whether both stand between the same two declarations, or a file's edge and one."""
    before = _around(package.before.files[lost.path], lost, package.matches)
    after = _around(package.after.files[item.path], item, package.taken)
    expected = [package.matches[neighbour.key].item.key if neighbour else None for neighbour in before]
    actual = [neighbour.key if neighbour else None for neighbour in after]
    return expected == actual and any(expected)


def _around(
    items: list[Item], item: Item, matched: dict[tuple[str, int], Match] | dict[tuple[str, int], Item]
) -> list[Item | None]:
    """Return the nearest matched declarations on both sides, None at the file's edge."""
    before = [other for other in items[: item.number] if other.key in matched]
    after = [other for other in items[item.number + 1 :] if other.key in matched]
    return [before[-1] if before else None, after[0] if after else None]


# ── Callers ──────────────────────────────────────────────────────────────────────────────────────
def _callers(package: PackageMatch, lost: Item, item: Item) -> bool:
    """Whether those that used the old name and are still there use the new one instead."""
    old, new = lost.declaration.name, item.declaration.name
    if old == new:
        return False
    before, after = package.before, package.after
    used = switched = 0
    for user in (item for path, items in before.files.items() if before.has(path, old) for item in items):
        if user.key not in package.matches or user.key == lost.key:
            continue
        was, now = before.body(user), after.body(package.matches[user.key].item)
        if count := _mentions(was, old):
            used += 1
            switched += _mentions(now, old) < count and _mentions(now, new) > _mentions(was, new)
    return switched * 2 > used


def _mentions(body: bytes, name: str) -> int:
    needle = name.encode()
    if needle not in body:
        return 0
    return len(re.findall(rb"(?<!\w)" + re.escape(needle) + rb"(?!\w)", body))


COMPANY = 2


class _DistantCandidate(NamedTuple):
    item: Item
    ratio: float


def find_in_other_packages(package: PackageMatch, lost: Item) -> Match | None:
    """Find a declaration that moved to another package: same name and kind, new there, similar body."""
    known = set(package.after.paths)
    paths = [p for p in package.diff.added_candidates(lost.declaration) if p not in known]
    same = [path for path in paths if is_test_file(path) is package.tests]
    found = sorted(_travel_candidates(package, lost, same), key=lambda c: c.ratio, reverse=True)
    if not found or found[0].ratio < similarity.AKIN:
        return None
    if len(found) > 1 and found[1].ratio > found[0].ratio - MARGIN:
        return None
    if not _agrees(package, lost, found[0]) or _has_rival(package, lost, found[0]):
        return None
    return Match(found[0].item, FoundBy.BODY)


def _travel_candidates(package: PackageMatch, lost: Item, paths: list[str]) -> Iterator[_DistantCandidate]:
    diff = package.diff
    mine = package.before.profile(lost)
    for path, document in diff.after.documents(paths).items():
        for item in _items(path, document):
            if item.identity == lost.identity:
                ratio = similarity.dice(mine, _profile(diff.after, path, item.declaration))
                # What is no answer and no rival of one need not be looked for in a further file.
                if ratio > similarity.AKIN - MARGIN and not _has(_same_file(diff, path), item):
                    yield _DistantCandidate(item, ratio)


def _same_file(diff: TreeDiff, path: str) -> GoFile | None:
    """Return the earlier file; if it declared that symbol already, the symbol did not move there."""
    old = path if diff.before.go_blob(path) else diff.renamed_from.get(path)
    return diff.before.document(old) if old is not None else None


def _has(document: GoFile | None, item: Item) -> bool:
    return document is not None and any(
        (found.symbol, found.kind) == item.identity for found in document.declarations
    )


def _agrees(package: PackageMatch, lost: Item, found: _DistantCandidate) -> bool:
    size = len(package.before.profile(lost))
    if size >= LONG and found.ratio >= similarity.SAME:
        return True
    return _company(package, lost, found.item) >= COMPANY and (
        found.ratio >= similarity.SAME or size < similarity.TELLING
    )


def _has_rival(package: PackageMatch, lost: Item, found: _DistantCandidate) -> bool:
    """Whether another package lost a declaration of that name which the found one is as much like."""
    diff = package.diff
    own = set(package.before.paths)
    paths = [path for path in diff.removed_candidates(lost.declaration) if path not in own]
    theirs = _profile(diff.after, found.item.path, found.item.declaration)
    return any(
        item.identity == lost.identity
        and similarity.dice(_profile(diff.before, path, item.declaration), theirs) > found.ratio - MARGIN
        and not _has(_later(diff, path), item)
        for path, document in diff.before.documents(paths).items()
        for item in _items(path, document)
    )


def _later(diff: TreeDiff, path: str) -> GoFile | None:
    later = diff.successor(path)
    return diff.after.document(later) if later is not None else None


def _items(path: str, document: GoFile) -> list[Item]:
    return [Item(path, number, found) for number, found in enumerate(document.declarations)]


def _profile(tree: SourceTree, path: str, declaration: Declaration) -> similarity.Profile:
    body = declaration.body(tree.data(path))
    return similarity.profile(body, filter(None, (declaration.name, declaration.owner)))


def _company(package: PackageMatch, lost: Item, item: Item) -> int:
    """How many other declarations of its file, gone from there, are new in the same file as it."""
    document = package.diff.after.documents([item.path])[item.path]
    there = {(found.symbol, found.kind) for found in document.declarations}
    gone = [other for other in package.before.files[lost.path] if other.key not in package.named]
    return sum(other.identity in there for other in gone if other.key != lost.key)
