"""Finds a field, an interface's method or a closure again in the declaration that it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from annotator.model import Anchor, Declaration, Document, Kind, Sign
from annotator.tracking import likeness

MARGIN = 0.1
# A renamed closure must be this alike; a field's type says too little to tell its new name.
NEARLY = 0.9


class Stand(NamedTuple):
    """A declaration in its file, and the top-level declaration that it is in or is itself."""

    path: str
    top: Declaration
    declaration: Declaration


class Member(NamedTuple):
    """A member that was found, and by what where it was not its name."""

    declaration: Declaration
    by: Sign | None


def at(document: Document, anchor: Anchor) -> Stand:
    """The declaration that an anchor of this document stands for; KeyError if there is none."""
    for top in document.declarations:
        found = inside(top, anchor)
        if found is not None:
            return found
    raise KeyError(anchor)


def inside(top: Declaration, anchor: Anchor) -> Stand | None:
    """The declaration that an anchor stands for, if it is a top-level one or in it."""
    wanted = anchor.line, anchor.symbol, anchor.kind
    found = (each for each in _inside(top) if (each.line, each.symbol, each.kind) == wanted)
    return next((Stand(anchor.path, top, each) for each in found), None)


def of_identity(document: Document, anchor: Anchor) -> list[Stand]:
    """The declarations of a file that have an anchor's symbol and kind."""
    return [
        Stand(anchor.path, top, found)
        for top in document.declarations
        for found in _inside(top)
        if (found.symbol, found.kind) == (anchor.symbol, anchor.kind)
    ]


def find(stand: Stand, top: Stand, read: Callable[[], tuple[bytes, bytes]]) -> Member | None:
    """The member in what its owner became; `read` gives the bytes of both files when they are needed."""
    olds = _namesakes(stand.top, _relative(stand.top, stand.declaration), stand.declaration.kind)
    news = _namesakes(top.top, _relative(stand.top, stand.declaration), stand.declaration.kind)
    if len(olds) == 1 == len(news):
        return Member(news[0], None)
    if news:
        return _same_body(stand.declaration, olds, news, *read())
    return _renamed(stand, top, *read()) if stand.declaration.kind is Kind.CLOSURE else None


def _inside(top: Declaration) -> Iterator[Declaration]:
    yield top
    for member in top.members:
        yield from _inside(member)


def _relative(top: Declaration, member: Declaration) -> str:
    """A member's name below its top-level declaration."""
    return member.symbol.removeprefix(top.symbol)


def _namesakes(top: Declaration, relative: str, kind: Kind) -> list[Declaration]:
    return [d for d in _inside(top) if d.kind is kind and d is not top and _relative(top, d) == relative]


def _same_body(
    wanted: Declaration, olds: list[Declaration], news: list[Declaration], before: bytes, after: bytes
) -> Member | None:
    """Of several of one name, the one with the same body."""
    body = _slice(before, wanted)
    hits = [d for d in news if likeness.same_code(body, _slice(after, d))]
    twins = [d for d in olds if likeness.same_code(body, _slice(before, d))]
    return Member(hits[0], None) if len(hits) == 1 == len(twins) else None


def _renamed(stand: Stand, top: Stand, before: bytes, after: bytes) -> Member | None:
    """A closure of another name with nearly the same body, in the same function."""
    known = {_relative(stand.top, d) for d in _inside(stand.top)}
    fresh = [d for d in _inside(top.top) if d.kind is Kind.CLOSURE and _relative(top.top, d) not in known]
    wanted = likeness.profile(_slice(before, stand.declaration))
    scored = sorted(
        ((likeness.alike(wanted, likeness.profile(_slice(after, d))), d) for d in fresh),
        key=lambda pair: pair[0],
        reverse=True,
    )
    if not scored or scored[0][0] < NEARLY or len(wanted) < likeness.TELLING:
        return None
    clear = len(scored) == 1 or scored[1][0] <= scored[0][0] - MARGIN
    return Member(scored[0][1], Sign.BODY) if clear else None


def _slice(data: bytes, declaration: Declaration) -> bytes:
    return data[declaration.span.start : declaration.span.end]
