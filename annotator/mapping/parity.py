"""Each counterpart beside its Go original, row by row: the same, different for a reason, or unexplained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from annotator.mapping.parameters import params, renamed_parameters, results
from annotator.mapping.reach import CALLABLE, Reach, plain
from annotator.mapping.reasons import explained, slug, stale
from annotator.mapping.rows import NOT_HELD, Agreement, Pair, Row, written
from annotator.mapping.scope import Convention
from annotator.model import Counterpart, GoSymbol, Kind, Parameter, PythonObject, Remark

_TYPES = frozenset({Kind.STRUCT, Kind.INTERFACE})


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


def unused(found: Iterable[Pair], conventions: Iterable[Convention], file: str) -> Iterator[Remark]:
    """A remark for each convention that explains no row."""
    reasons = {row.reason for pair in found for row in pair.rows if row.agreement is Agreement.DIFFERS}
    for convention in conventions:
        if convention.reason not in reasons:
            message = (
                f"the convention `{convention.kind} {convention.pattern}` explains no difference; remove it"
            )
            yield Remark(file, 1, message, "parity-stale")


def _pair(counterpart: Counterpart, known: _Known) -> Pair:
    ours = known.python.get(counterpart.name)
    names = [f"{mirror.path}::{mirror.symbol}" for mirror in counterpart.mirrors]
    mirrored = tuple(known.originals[name] for name in names if name in known.originals)
    if ours is None:
        return Pair(counterpart, mirrored, ())
    renamed = renamed_parameters(counterpart.differences)
    bare = [row for original in mirrored for row in _rows(original, ours, mirrored, renamed, known.reach)]
    bare += _extra_members(mirrored, ours) + list(_extra_calls(mirrored, ours, known.reach))
    rows = tuple(explained(row, counterpart.differences, known.conventions) for row in _unique(bare))
    return Pair(counterpart, mirrored, rows, tuple(stale(counterpart, ours, rows, mirrored)))


def _unique(rows: Iterable[Row]) -> Iterator[Row]:
    seen: set[tuple[str, str, str]] = set()
    for row in rows:
        key = (row.kind, row.name, row.go)
        if key not in seen:
            seen.add(key)
            yield row


def _rows(
    original: GoSymbol,
    ours: PythonObject,
    mirrored: tuple[GoSymbol, ...],
    renamed: Mapping[str, str],
    reach: Reach,
) -> Iterator[Row]:
    if original.kind in _TYPES and ours.kind == "class":
        yield from _members(original, ours)
    callable_ours = reach.constructor(ours)
    if original.kind in CALLABLE and ours.kind in ("class", "function", "signature"):
        yield from params(original, callable_ours, mirrored, renamed)
        yield from results(original, ours, mirrored)
    if original.kind in CALLABLE and ours.kind in ("class", "function"):
        yield from _errors(original, callable_ours, reach)
        yield from _calls(original, mirrored, reach)


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
            python=written(found) if found else "",
            python_line=found.line if found else 0,
            agreement=Agreement.SAME if found else Agreement.UNEXPLAINED,
            reason="" if found else f"{ours.name} has no such attribute or method",
        )


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
            python=written(member),
            python_line=member.line,
            agreement=Agreement.UNEXPLAINED,
            reason=f"{', '.join(o.symbol for o in types)} has no such field",
        )
        for member in ours.members
        if _is_public_attribute(member) and plain(member.name) not in known
    ]


def _is_public_attribute(member: Parameter) -> bool:
    is_constant = member.name.isupper() or member.type.startswith("ClassVar")
    return member.type not in NOT_HELD and not member.name.startswith("_") and not is_constant


# ── Errors ───────────────────────────────────────────────────────────────────────────────────────


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


def _calls(original: GoSymbol, mirrored: tuple[GoSymbol, ...], reach: Reach) -> Iterator[Row]:
    made = reach.python_calls(original.notation)
    folded = {other.notation for other in mirrored}
    for called in reach.go_calls(original.notation):
        line = next((line for name, line in made.items() if reach.is_same(called, name)), None)
        is_made = line is not None or called in folded
        yield Row(
            kind="call",
            name=called.partition("::")[2],
            go=called,
            python=called if is_made else "",
            python_line=line or 0,
            agreement=Agreement.SAME if is_made else Agreement.UNEXPLAINED,
            reason="" if is_made else f"{original.symbol} calls it, the counterpart does not",
        )


def _extra_calls(mirrored: tuple[GoSymbol, ...], ours: PythonObject, reach: Reach) -> Iterator[Row]:
    """Mapped symbols that the counterpart calls and none of its originals does."""
    if not any(original.kind in CALLABLE for original in mirrored):
        return
    wanted = {called for original in mirrored for called in reach.go_calls(original.notation)}
    wanted |= {original.notation for original in mirrored}
    for made in reach.calls_of(reach.constructor(ours).name):
        if not made.is_call or any(reach.is_same(each, name) for each in wanted for name in made.mirrored):
            continue
        called = made.mirrored[0]
        yield Row(
            kind="call",
            name=called.partition("::")[2],
            python=called,
            python_line=made.line,
            agreement=Agreement.UNEXPLAINED,
            reason=f"{', '.join(o.symbol for o in mirrored)} does not call it",
        )
