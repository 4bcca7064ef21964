"""Which stated reason explains which row, and which reasons explain nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from annotator.mapping.reach import plain
from annotator.mapping.rows import Agreement, Row
from annotator.mapping.scope import Convention
from annotator.model import Counterpart, Difference, GoSymbol, PythonObject

_VERB = re.compile(r"%(?:[-+# 0]*\d*(?:\.\d+)?)[a-zA-Z]|\{[^{}]*\}|%%")
_WORD = re.compile(r"[A-Za-z0-9]+")


def slug(text: str) -> str:
    """An error text as a name for `Differs:`: its words without placeholders, with hyphens between."""
    return "-".join(_WORD.findall(_VERB.sub(" ", text))).lower()


def explained(row: Row, differences: Iterable[Difference], conventions: Iterable[Convention]) -> Row:
    """The row with the reason that is stated for it, if there is one."""
    if row.agreement is Agreement.SAME:
        return row
    for item in differences:
        if _EXPLAINS.get(row.kind, _by_name)(item, row):
            return msgspec.structs.replace(row, agreement=Agreement.DIFFERS, reason=item.reason)
    for convention in conventions:
        if convention.kind == row.kind and re.fullmatch(convention.pattern, row.go or row.name):
            return msgspec.structs.replace(row, agreement=Agreement.DIFFERS, reason=convention.reason)
    return row


def _by_name(item: Difference, row: Row) -> bool:
    kinds = ("param", "extra") if row.kind == "param" else (row.kind,)
    return item.kind in kinds and _names(item.name, row.name)


def _names(written: str, name: str) -> bool:
    """Whether a reason's names, with commas between, mean a row's."""
    return any(_is_name_of(each, name) for each in written.split(",") if each)


def _is_name_of(written: str, name: str) -> bool:
    """Whether a name means a row's: the last parts of a dotted name suffice."""
    ours, theirs = written.split("."), name.split(".")
    shared = min(len(ours), len(theirs))
    return [plain(part) for part in ours[-shared:]] == [plain(part) for part in theirs[-shared:]]


def _by_words(item: Difference, row: Row) -> bool:
    words = slug(item.name).split("-")
    return item.kind == "error" and bool(words) and set(words) <= set(row.name.split("-"))


def _any_result(item: Difference, row: Row) -> bool:
    return item.kind == row.kind == "result"


_EXPLAINS: Mapping[str, Callable[[Difference, Row], bool]] = {"error": _by_words, "result": _any_result}

# These are about how something runs, which no row shows.
_ABOUT_RUNNING = frozenset({"order", "behaviour"})


def stale(
    counterpart: Counterpart, ours: PythonObject, rows: tuple[Row, ...], mirrored: tuple[GoSymbol, ...]
) -> Iterator[Difference]:
    """Reasons for a difference that is none: the thing is there after all, or is nowhere."""
    for item in _single(counterpart.differences):
        if item.kind in _ABOUT_RUNNING:
            continue
        matching = [row for row in rows if _EXPLAINS.get(row.kind, _by_name)(item, row)]
        if any(row.agreement is Agreement.DIFFERS for row in matching):
            continue
        if matching or not _stands_somewhere(item, ours, mirrored):
            yield item


def _single(differences: Iterable[Difference]) -> Iterator[Difference]:
    """Each name of each reason by itself."""
    for item in differences:
        for name in item.name.split(","):
            yield msgspec.structs.replace(item, name=name)


def _stands_somewhere(item: Difference, ours: PythonObject, mirrored: tuple[GoSymbol, ...]) -> bool:
    """Whether a side has something of that name that rows do not compare."""
    if item.kind == "extra":
        return plain(item.name) in {plain(each.name) for each in (*ours.members, *ours.params)}
    return _stands_in_go(item, mirrored)


def _stands_in_go(item: Difference, mirrored: tuple[GoSymbol, ...]) -> bool:
    """Whether the originals have something of that name that rows do not compare."""
    if item.kind in ("error", "result"):
        return True
    written = {
        part
        for original in mirrored
        for call in original.calls
        for part in re.split(r"[^\w]+", call.removeprefix("?"))
    }
    named = {plain(param.name) for o in mirrored for param in (*o.params, *o.members)}
    return item.name.rpartition(".")[2] in written or plain(item.name.rpartition(".")[2]) in named
