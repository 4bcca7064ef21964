"""Each counterpart beside its Go original, row by row: the same, different for a reason, or unexplained."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum

import msgspec

from annotator.mapping.reach import CALLABLE, Reach
from annotator.model import Counterpart, Difference, GoSymbol, Kind, Parameter, PythonObject, Remark

_TYPES = frozenset({Kind.STRUCT, Kind.INTERFACE})


class Agreement(StrEnum):
    """How the two sides of a row stand to each other."""

    SAME = "same"
    DIFFERS = "differs"
    UNEXPLAINED = "unexplained"


class Row(msgspec.Struct, frozen=True):
    """One thing that one side has, and what the other side has for it.

    Attributes:
        kind: A kind of the `Differs:` grammar: field, method, param, result, error, call or extra.
        name: Its name, in Go's spelling where Go has it.
        go: Go's side, empty if it has none.
        go_line: Its line in the Go file, 0 if unknown.
        python: Python's side, empty if it has none.
        python_line: Its line in the Python file, 0 if unknown.
        agreement: How they stand to each other.
        reason: The stated reason, or what is not explained.
    """

    kind: str
    name: str
    go: str = ""
    go_line: int = 0
    python: str = ""
    python_line: int = 0
    agreement: Agreement = Agreement.SAME
    reason: str = ""


class Pair(msgspec.Struct, frozen=True):
    """A counterpart, the originals it names, and all rows between them; `stale` are reasons for nothing."""

    counterpart: Counterpart
    originals: tuple[GoSymbol, ...]
    rows: tuple[Row, ...]
    stale: tuple[Difference, ...] = ()


def pairs(
    counterparts: Iterable[Counterpart],
    originals: Mapping[str, GoSymbol],
    python: Mapping[str, PythonObject],
) -> tuple[Pair, ...]:
    """Every counterpart beside the originals that are known.

    Args:
        counterparts: What the docstrings say.
        originals: What is known of Go symbols, by notation.
        python: What is known of Python objects, by dotted name.
    """
    every = tuple(counterparts)
    reach = Reach(every, originals, python)
    return tuple(_pair(each, originals, python, reach) for each in every)


def remarks(found: Iterable[Pair]) -> Iterator[Remark]:
    """What is to be mended: a remark for each unexplained row and each stale reason."""
    for pair in found:
        at = pair.counterpart
        for row in pair.rows:
            if row.agreement is Agreement.UNEXPLAINED:
                line = row.python_line or at.line
                message = f"{at.name}: {row.kind} {row.name}: {row.reason}"
                yield Remark(at.path, line, message, f"parity-{row.kind}")
        for item in pair.stale:
            message = f"{at.name}: `{item.kind} {item.name}` explains no difference; remove it"
            yield Remark(at.path, item.line, message, "parity-stale")


def _pair(
    counterpart: Counterpart,
    originals: Mapping[str, GoSymbol],
    python: Mapping[str, PythonObject],
    reach: Reach,
) -> Pair:
    ours = python.get(counterpart.name)
    known = [f"{mirror.path}::{mirror.symbol}" for mirror in counterpart.mirrors]
    mirrored = tuple(originals[name] for name in known if name in originals)
    if ours is None:
        return Pair(counterpart, mirrored, ())
    bare = [row for original in mirrored for row in _rows(original, ours, mirrored, reach)]
    bare += _extra_members(mirrored, ours) + list(_extra_calls(mirrored, ours, reach))
    rows = tuple(_explained(row, counterpart.differences) for row in _unique(bare))
    return Pair(counterpart, mirrored, rows, tuple(_stale(counterpart, rows, mirrored)))


def _unique(rows: Iterable[Row]) -> Iterator[Row]:
    seen: set[tuple[str, str, str]] = set()
    for row in rows:
        key = (row.kind, row.name, row.go)
        if key not in seen:
            seen.add(key)
            yield row


def _rows(
    original: GoSymbol, ours: PythonObject, mirrored: tuple[GoSymbol, ...], reach: Reach
) -> Iterator[Row]:
    if original.kind in _TYPES and ours.kind == "class":
        yield from _members(original, ours)
    if original.kind in CALLABLE and ours.kind in ("class", "function"):
        callable_ours = reach.constructor(ours)
        yield from _params(original, callable_ours, mirrored)
        yield from _results(original, ours, mirrored)
        yield from _errors(original, callable_ours, reach)
        yield from _calls(original, reach)


def plain(name: str) -> str:
    """A name without case and underscores: by this rule camelCase and snake_case are the same."""
    return name.replace("_", "").lower()


# ── Fields and methods ───────────────────────────────────────────────────────────────────────────


def _members(original: GoSymbol, ours: PythonObject) -> Iterator[Row]:
    by_name = {plain(member.name): member for member in ours.members}
    kind = "method" if original.kind is Kind.INTERFACE else "field"
    for member in original.members:
        found = by_name.get(plain(member.name))
        yield Row(
            kind=kind,
            name=member.name,
            go=f"{member.name} {member.type}".strip(),
            go_line=member.line,
            python=_written(found) if found else "",
            python_line=found.line if found else 0,
            agreement=Agreement.SAME if found else Agreement.UNEXPLAINED,
            reason="" if found else f"{ours.name} has no such attribute or method",
        )


def _written(member: Parameter) -> str:
    return f"{member.name}: {member.type}" if member.type not in ("", "method") else member.name


def _extra_members(mirrored: tuple[GoSymbol, ...], ours: PythonObject) -> list[Row]:
    """Public attributes that no original type has a field or method for."""
    types = [original for original in mirrored if original.kind in _TYPES]
    if not types or ours.kind != "class":
        return []
    known = {plain(member.name) for original in types for member in original.members}
    return [
        Row(
            kind="extra",
            name=member.name,
            python=_written(member),
            python_line=member.line,
            agreement=Agreement.UNEXPLAINED,
            reason=f"{', '.join(o.symbol for o in types)} has no such field",
        )
        for member in ours.members
        if member.type != "method" and not member.name.startswith("_") and plain(member.name) not in known
    ]


# ── Parameters and results ───────────────────────────────────────────────────────────────────────


def _params(original: GoSymbol, ours: PythonObject, mirrored: tuple[GoSymbol, ...]) -> Iterator[Row]:
    go = [param for param in original.params if param.name not in ("", "_")]
    by_name = {plain(param.name): (number, param) for number, param in enumerate(ours.params)}
    order = [by_name[plain(param.name)][0] for param in go if plain(param.name) in by_name]
    for param in go:
        number, found = by_name.get(plain(param.name), (-1, None))
        displaced = (
            found is not None
            and order != sorted(order)
            and order.index(number) != sorted(order).index(number)
        )
        fault = (
            "it stands in another place" if displaced else "" if found else f"{ours.name} does not take it"
        )
        yield Row(
            kind="param",
            name=param.name,
            go=f"{param.name} {param.type}",
            go_line=original.line,
            python=_written(found) if found else "",
            python_line=found.line if found else 0,
            agreement=Agreement.UNEXPLAINED if fault else Agreement.SAME,
            reason=fault,
        )
    known = {plain(param.name) for each in mirrored for param in each.params}
    for extra in ours.params if original.params or not mirrored[1:] else ():
        if plain(extra.name) not in known and not _only_types_name(original):
            yield Row(
                kind="param",
                name=extra.name,
                python=_written(extra),
                python_line=extra.line,
                agreement=Agreement.UNEXPLAINED,
                reason=f"{original.symbol} does not take it",
            )


def _only_types_name(original: GoSymbol) -> bool:
    """Whether Go writes only the types of the parameters, as interfaces may: then names prove nothing."""
    return bool(original.params) and all(not param.name for param in original.params)


def _results(original: GoSymbol, ours: PythonObject, mirrored: tuple[GoSymbol, ...]) -> Iterator[Row]:
    if ours.kind == "class":
        return
    values = [result for result in original.results if result.type != "error"]
    returns = ours.returns not in ("", "None")
    if bool(values) == returns or len(mirrored) > 1:
        return
    go = ", ".join(result.type for result in values)
    yield Row(
        kind="result",
        name=values[0].name or values[0].type if values else ours.returns,
        go=go,
        go_line=original.line,
        python=ours.returns,
        python_line=ours.line,
        agreement=Agreement.UNEXPLAINED,
        reason=f"Go returns {go or 'nothing'}, Python {ours.returns or 'nothing'}",
    )


# ── Errors ───────────────────────────────────────────────────────────────────────────────────────

_VERB = re.compile(r"%(?:[-+# 0]*\d*(?:\.\d+)?)[a-zA-Z]|\{[^{}]*\}|%%")
_WORD = re.compile(r"[A-Za-z0-9]+")


def slug(text: str) -> str:
    """An error text as a name for `Differs:`: its words without placeholders, with hyphens between."""
    return "-".join(_WORD.findall(_VERB.sub(" ", text))).lower()


def _errors(original: GoSymbol, ours: PythonObject, reach: Reach) -> Iterator[Row]:
    said = [slug(text) for text in reach.texts(ours)]
    for text in original.errors:
        name = slug(text)
        if not name:
            continue
        found = any(name in each for each in said)
        yield Row(
            kind="error",
            name=name,
            go=text,
            go_line=original.line,
            python=text if found else "",
            agreement=Agreement.SAME if found else Agreement.UNEXPLAINED,
            reason="" if found else f"{ours.name} never says {text!r}",
        )


# ── Calls ────────────────────────────────────────────────────────────────────────────────────────


def _calls(original: GoSymbol, reach: Reach) -> Iterator[Row]:
    made = reach.python_calls(original.notation)
    for called in reach.go_calls(original.notation):
        line = next((line for name, line in made.items() if reach.is_same(called, name)), None)
        yield Row(
            kind="call",
            name=called.partition("::")[2],
            go=called,
            python=called if line is not None else "",
            python_line=line or 0,
            agreement=Agreement.UNEXPLAINED if line is None else Agreement.SAME,
            reason="" if line is not None else f"{original.symbol} calls it, the counterpart does not",
        )


def _extra_calls(mirrored: tuple[GoSymbol, ...], ours: PythonObject, reach: Reach) -> Iterator[Row]:
    """Mapped symbols that the counterpart calls and none of its originals does."""
    if not any(original.kind in CALLABLE for original in mirrored):
        return
    wanted = {called for original in mirrored for called in reach.go_calls(original.notation)}
    own = {original.notation for original in mirrored}
    for called, line in reach.calls_of(reach.constructor(ours).name).items():
        if called in own or any(reach.is_same(each, called) for each in wanted):
            continue
        yield Row(
            kind="call",
            name=called.partition("::")[2],
            python=called,
            python_line=line,
            agreement=Agreement.UNEXPLAINED,
            reason=f"{', '.join(o.symbol for o in mirrored)} does not call it",
        )


# ── Reasons ──────────────────────────────────────────────────────────────────────────────────────


def _explained(row: Row, differences: Iterable[Difference]) -> Row:
    if row.agreement is Agreement.SAME:
        return row
    for item in differences:
        if _EXPLAINS.get(row.kind, _by_name)(item, row):
            return msgspec.structs.replace(row, agreement=Agreement.DIFFERS, reason=item.reason)
    return row


def _by_name(item: Difference, row: Row) -> bool:
    kinds = ("param", "extra") if row.kind == "param" else (row.kind,)
    return item.kind in kinds and _names(item.name, row.name)


def _names(written: str, name: str) -> bool:
    """Whether a reason's name means a row's: the last parts of a dotted name suffice."""
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


def _stale(
    counterpart: Counterpart, rows: tuple[Row, ...], mirrored: tuple[GoSymbol, ...]
) -> Iterator[Difference]:
    """Reasons for a difference that is none: the thing is there after all, or is nowhere."""
    for item in counterpart.differences:
        if item.kind in _ABOUT_RUNNING:
            continue
        matching = [row for row in rows if _EXPLAINS.get(row.kind, _by_name)(item, row)]
        if any(row.agreement is Agreement.DIFFERS for row in matching):
            continue
        if matching or not _stands_in_go(item, mirrored):
            yield item


def _stands_in_go(item: Difference, mirrored: tuple[GoSymbol, ...]) -> bool:
    """Whether the originals have something of that name that rows do not compare."""
    if item.kind in ("extra", "error", "result"):
        return True
    written = {
        part
        for original in mirrored
        for call in original.calls
        for part in re.split(r"[^\w]+", call.removeprefix("?"))
    }
    named = {plain(param.name) for o in mirrored for param in (*o.params, *o.members)}
    return item.name.rpartition(".")[2] in written or plain(item.name.rpartition(".")[2]) in named
