"""Finds a declaration that was edited in its file by its head at the margin, and has it alone parsed."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice

from annotator.history import Place
from annotator.model import Declaration, Kind, Sign, Span
from annotator.tracking import functions, members, untouched
from annotator.tracking.crossing import Crossing
from annotator.tracking.members import Stand
from annotator.tracking.reanchor import Carried

_TYPE = rb"type[ \t]+%(name)s\b"
_HEADS = {
    Kind.FUNC: rb"func[ \t]+%(name)s[ \t]*[(\[]",
    Kind.METHOD: rb"func[ \t]*\([^)\n]*\b%(owner)s[ \t]*(?:\[[^\]\n]*\])?[ \t]*\)[ \t]*%(name)s[ \t]*\(",
    **dict.fromkeys((Kind.STRUCT, Kind.INTERFACE, Kind.TYPE, Kind.FUNCTYPE), _TYPE),
}
_FUNCTIONS = frozenset({Kind.FUNC, Kind.METHOD})
# Go lets a file declare these more than once.
_REPEATED = frozenset({"init", "_"})
_DECLARE = (b"\nfunc", b"\ntype", b"\nvar", b"\nconst")


def carry(place: Place, crossing: Crossing) -> Carried | None:
    """Where a declaration is in its edited file, if there is no doubt about it; else parsing has to tell.

    There is none if the head of the top-level declaration that it is or is in stands at the margin,
    once in either file, in neither a comment nor a raw string, and what begins there is sound Go.
    """
    anchor = place.anchor
    if place.missing or not place.end or anchor.offset or anchor.path not in crossing.after.go_files:
        return None
    if anchor.kind in _HEADS:
        top = _later(place, anchor.symbol, anchor.kind, crossing, whole=False)
        return Carried(Stand(anchor.path, top, top), Sign.SYMBOL) if top is not None else None
    until = _next(crossing.before.read([anchor.path])[anchor.path], place.start)
    owner = crossing.before.piece(anchor.path, place.start, until)
    top = _later(place, owner.symbol, owner.kind, crossing, whole=True) if owner is not None else None
    return _member(place, owner, top, crossing) if owner is not None and top is not None else None


def _member(place: Place, owner: Declaration, top: Declaration, crossing: Crossing) -> Carried | None:
    path = place.anchor.path
    stand = members.inside(owner, place.anchor)
    if stand is None:
        return None
    found = members.find(stand, Stand(path, top, top), lambda: _both(path, crossing))
    if found is None:
        return None
    return Carried(Stand(path, top, found.declaration), found.by or Sign.SYMBOL)


def _both(path: str, crossing: Crossing) -> tuple[bytes, bytes]:
    return crossing.before.read([path])[path], crossing.after.read([path])[path]


def _later(place: Place, symbol: str, kind: Kind, crossing: Crossing, *, whole: bool) -> Declaration | None:
    """A top-level declaration in its edited file; with its members, if it is asked for `whole`."""
    path = place.anchor.path
    before, after = _both(path, crossing)
    head = _head(symbol, kind)
    if head is None or _only(head, before) != place.start:
        return None
    start = _only(head, after)
    if start is None:
        return None
    until = _next(after, start)
    end = functions.end(after, start) if kind in _FUNCTIONS and not whole else None
    if end is not None and end <= until:  # one without a body would end where the next one does
        return _bare(place, after, start, end)
    found = crossing.after.piece(path, start, until)
    return found if found is not None and (found.symbol, found.kind) == (symbol, kind) else None


def _bare(place: Place, data: bytes, start: int, end: int) -> Declaration:
    """A function of which nothing is known but where it is."""
    owner, _, name = place.anchor.symbol.rpartition(".")
    line = data.count(b"\n", 0, start) + 1
    span = Span(start, end, line, line + data.count(b"\n", start, end))
    return Declaration(place.anchor.kind, name, owner, line, 1, span)


@lru_cache(maxsize=1 << 14)
def _head(symbol: str, kind: Kind) -> re.Pattern[bytes] | None:
    owner, _, name = symbol.rpartition(".")
    if kind not in _HEADS or name in _REPEATED:
        return None
    words = {b"name": re.escape(name.encode()), b"owner": re.escape(owner.encode())}
    return re.compile(_HEADS[kind] % words)


def _only(head: re.Pattern[bytes], data: bytes) -> int | None:
    """Where the only head of its kind stands in a file, if that is surely one."""
    found = [match.start() for match in islice(head.finditer(data), 2)]
    return found[0] if len(found) == 1 and untouched.is_code(data, found[0]) else None


def _next(data: bytes, start: int) -> int:
    """Where the declaration after that at `start` begins, or the file ends."""
    found = (data.find(word, start) for word in _DECLARE)
    return min((at for at in found if at >= 0), default=len(data))
