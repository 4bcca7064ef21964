"""Each counterpart beside its Go original, row by row: the same, different for a reason, or unexplained."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum

import msgspec

from annotator.mapping.reach import CALLABLE, Reach, plain
from annotator.mapping.scope import Convention
from annotator.model import Counterpart, Difference, GoSymbol, Kind, Parameter, PythonObject, Remark

_TYPES = frozenset({Kind.STRUCT, Kind.INTERFACE})
# What a class has and does not hold.
_NOT_HELD = frozenset({"method", "base"})


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
    conventions: tuple[Convention, ...] = (),
) -> tuple[Pair, ...]:
    """Every counterpart beside the originals that are known.

    Args:
        counterparts: What the docstrings say.
        originals: What is known of Go symbols, by notation.
        python: What is known of Python objects, by dotted name.
        conventions: Differences that have one reason wherever they occur.
    """
    every = tuple(counterparts)
    reach = Reach(every, originals, python)
    known = _Known(originals, python, reach, conventions)
    return tuple(_pair(each, known) for each in every)


class _Known(msgspec.Struct, frozen=True):
    originals: Mapping[str, GoSymbol]
    python: Mapping[str, PythonObject]
    reach: Reach
    conventions: tuple[Convention, ...]


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


def _pair(counterpart: Counterpart, known: _Known) -> Pair:
    ours = known.python.get(counterpart.name)
    names = [f"{mirror.path}::{mirror.symbol}" for mirror in counterpart.mirrors]
    mirrored = tuple(known.originals[name] for name in names if name in known.originals)
    if ours is None:
        return Pair(counterpart, mirrored, ())
    bare = [row for original in mirrored for row in _rows(original, ours, mirrored, known.reach)]
    bare += _extra_members(mirrored, ours) + list(_extra_calls(mirrored, ours, known.reach))
    rows = tuple(_explained(row, counterpart.differences, known.conventions) for row in _unique(bare))
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
    is_typed = member.type and member.type not in _NOT_HELD
    return f"{member.name}: {member.type}" if is_typed else member.name


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
        if _is_public_attribute(member) and plain(member.name) not in known
    ]


def _is_public_attribute(member: Parameter) -> bool:
    is_constant = member.name.isupper() or member.type.startswith("ClassVar")
    return member.type not in _NOT_HELD and not member.name.startswith("_") and not is_constant


# ── Parameters and results ───────────────────────────────────────────────────────────────────────


def _params(original: GoSymbol, ours: PythonObject, mirrored: tuple[GoSymbol, ...]) -> Iterator[Row]:
    go = [param for param in original.params if param.name not in ("", "_")]
    matched = _matched(go, ours.params)
    for param in go:
        found = matched.get(param.name)
        fault = "" if found else f"{ours.name} does not take it"
        if found is not None and not _keeps_order(param, go, ours.params, matched):
            fault = "it stands in another place"
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
    if _only_types_name(original) or len(mirrored) > 1:
        return
    taken = {found.name for found in matched.values()}
    for extra in ours.params:
        if extra.name not in taken:
            yield Row(
                kind="param",
                name=extra.name,
                python=_written(extra),
                python_line=extra.line,
                agreement=Agreement.UNEXPLAINED,
                reason=f"{original.symbol} does not take it",
            )


def _matched(go: list[Parameter], ours: tuple[Parameter, ...]) -> dict[str, Parameter]:
    """Parameters of the same name; then those in the same place of which one name abbreviates the other."""
    by_name = {plain(param.name): param for param in ours}
    found = {param.name: by_name[plain(param.name)] for param in go if plain(param.name) in by_name}
    taken = {param.name for param in found.values()}
    left = [param for param in ours if param.name not in taken]
    for param in (each for each in go if each.name not in found):
        candidate = next((each for each in left if _abbreviates(param.name, each.name)), None)
        if candidate is not None:
            found[param.name] = candidate
            left.remove(candidate)
    return found


def _abbreviates(one: str, other: str) -> bool:
    """Whether the shorter name is made of the longer one's letters, from its start, or is its last word."""
    short, long = sorted((plain(one), plain(other)), key=len)
    letters = iter(long)
    in_order = all(letter in letters for letter in short)
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", f"{one} {other}")]
    return in_order and (short[0] == long[0] or short in words[-1:]) if short else False


def _keeps_order(
    param: Parameter, go: list[Parameter], ours: tuple[Parameter, ...], matched: Mapping[str, Parameter]
) -> bool:
    """Whether the parameter stands behind those that are before it, as far as they are taken."""
    places = {each.name: place for place, each in enumerate(ours)}
    here = places[matched[param.name].name]
    before = [each for each in go[: go.index(param)] if each.name in matched]
    return all(places[matched[each.name].name] < here for each in before)


def _only_types_name(original: GoSymbol) -> bool:
    """Whether Go writes only the types of the parameters, as interfaces may: then names prove nothing."""
    return bool(original.params) and all(not param.name for param in original.params)


def _results(original: GoSymbol, ours: PythonObject, mirrored: tuple[GoSymbol, ...]) -> Iterator[Row]:
    if ours.kind == "class" or ours.name.endswith(".__init__"):
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


def _explained(row: Row, differences: Iterable[Difference], conventions: Iterable[Convention]) -> Row:
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
