"""Finds a declaration that kept its name and left its package."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from annotator.history import Tree
from annotator.model import Declaration, Document, Sign
from annotator.tracking import likeness
from annotator.tracking.crossing import Crossing
from annotator.tracking.package import Item, Match, Package
from annotator.tracking.places import is_test

# Short bodies are alike by chance: they must be nearly the same, and come with others of their file.
LONG = 30
NEARLY = 0.9
MARGIN = 0.1
COMPANY = 2


class _Candidate(NamedTuple):
    item: Item
    ratio: float


def find(package: Package, lost: Item) -> Match | None:
    """The one declaration of the same name and kind, new elsewhere in the tree, whose body agrees."""
    known = set(package.after.paths)
    paths = [p for p in package.crossing.declaring_later(lost.declaration) if p not in known]
    same = [path for path in paths if is_test(path) is package.tests]
    found = sorted(_candidates(package, lost, same), key=lambda c: c.ratio, reverse=True)
    if not found or found[0].ratio < likeness.AKIN:
        return None
    if len(found) > 1 and found[1].ratio > found[0].ratio - MARGIN:
        return None
    if not _agrees(package, lost, found[0]) or _has_rival(package, lost, found[0]):
        return None
    return Match(found[0].item, Sign.BODY)


def _candidates(package: Package, lost: Item, paths: list[str]) -> Iterator[_Candidate]:
    crossing = package.crossing
    mine = package.before.profile(lost)
    for path, document in crossing.after.documents(paths).items():
        for item in _items(path, document):
            if item.identity == lost.identity and not _has(_same_file(crossing, path), item):
                theirs = _profile(crossing.after, path, item.declaration)
                yield _Candidate(item, likeness.alike(mine, theirs))


def _same_file(crossing: Crossing, path: str) -> Document | None:
    """What the file was before: one that had such a declaration of its own has not got ours."""
    old = path if path in crossing.before.go_files else crossing.renamed_from.get(path)
    return crossing.old(old) if old is not None else None


def _has(document: Document | None, item: Item) -> bool:
    return document is not None and any(
        (found.symbol, found.kind) == item.identity for found in document.declarations
    )


def _agrees(package: Package, lost: Item, found: _Candidate) -> bool:
    size = len(package.before.profile(lost))
    if size >= LONG and found.ratio >= likeness.SAME:
        return True
    return _company(package, lost, found.item) >= COMPANY and (
        found.ratio >= likeness.SAME or size < likeness.TELLING
    )


def _has_rival(package: Package, lost: Item, found: _Candidate) -> bool:
    """Whether another package lost a declaration of that name which the found one is as much like."""
    crossing = package.crossing
    own = set(package.before.paths)
    paths = [path for path in crossing.declaring_before(lost.declaration) if path not in own]
    theirs = _profile(crossing.after, found.item.path, found.item.declaration)
    rivals = (
        item
        for path, document in crossing.before.documents(paths).items()
        for item in _items(path, document)
        if item.identity == lost.identity and not _has(_later(crossing, path), item)
    )
    return any(
        likeness.alike(_profile(crossing.before, rival.path, rival.declaration), theirs)
        > found.ratio - MARGIN
        for rival in rivals
    )


def _later(crossing: Crossing, path: str) -> Document | None:
    later = crossing.successor(path)
    return crossing.later(later) if later is not None else None


def _items(path: str, document: Document) -> list[Item]:
    return [Item(path, number, found) for number, found in enumerate(document.declarations)]


def _profile(tree: Tree, path: str, declaration: Declaration) -> likeness.Profile:
    span = declaration.span
    body = tree.read([path])[path][span.start : span.end]
    return likeness.profile(body, filter(None, (declaration.name, declaration.owner)))


def _company(package: Package, lost: Item, item: Item) -> int:
    """How many other declarations of its file, gone from there, are new in the same file as it."""
    document = package.crossing.after.documents([item.path])[item.path]
    there = {(found.symbol, found.kind) for found in document.declarations}
    gone = [other for other in package.before.files[lost.path] if other.key not in package.named]
    return sum(other.identity in there for other in gone if other.key != lost.key)
