"""State of each symbol in scope: mapped, left out or open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from annotator.model.go import Kind
from annotator.model.port import Counterpart, Coverage, CoverageState, GoSymbol, PythonObject, SymbolCoverage
from annotator.model.reference import Problem
from annotator.parity.call_graph import members_by_name
from annotator.parity.scope import Scope


def measure_coverage(
    symbols: Iterable[GoSymbol],
    counterparts: Iterable[Counterpart],
    scope: Scope,
    python: Mapping[str, PythonObject],
) -> Coverage:
    """Return the state of every recorded symbol.

    A method of an interface is covered with its interface where that is mapped: the rows of the
    pair show each of its methods. A method of a type is covered by its counterpart's member of the
    same name.
    """
    mapped: dict[str, list[str]] = defaultdict(list)
    counterparts = tuple(counterparts)
    for counterpart in counterparts:
        for mirror in counterpart.mirrors:
            mapped[f"{mirror.path}::{mirror.symbol}"].append(counterpart.name)
    every = tuple(symbols)
    by_notation = {symbol.notation: symbol for symbol in every}
    for name, method, member in members_by_name(counterparts, by_notation, python):
        mapped[method].append(f"{name}.{member}")
    found = tuple(_covered(symbol, mapped, scope) for symbol in every)
    known = {symbol.notation for symbol in every} | {f"{symbol.path}::*" for symbol in every}
    named = [name for entry in scope.absent for name in entry.symbols]
    return Coverage(found, tuple(name for name in named if name not in known))


def _covered(symbol: GoSymbol, mapped: Mapping[str, list[str]], scope: Scope) -> SymbolCoverage:
    ours = mapped.get(symbol.notation)
    if ours is None and symbol.kind is Kind.IMETHOD:
        ours = mapped.get(f"{symbol.path}::{symbol.symbol.rpartition('.')[0]}")
    if ours:
        return SymbolCoverage(symbol, CoverageState.MAPPED, tuple(ours))
    reason = scope.reason(symbol.notation)
    if reason is None and symbol.kind is Kind.IMETHOD:
        reason = scope.reason(f"{symbol.path}::{symbol.symbol.rpartition('.')[0]}")
    if reason is not None:
        return SymbolCoverage(symbol, CoverageState.LEFT_OUT, reason=reason)
    return SymbolCoverage(symbol, CoverageState.OPEN)


def problems(found: Coverage, file: str) -> Iterator[Problem]:
    """Return a problem for each open symbol, and for each left-out one that is mapped or unknown."""
    for covered in found.symbols:
        if covered.state is CoverageState.OPEN:
            message = f"{covered.symbol.notation} has no counterpart; map it, or leave it out with a reason"
            yield Problem(file, 1, message, "coverage-open")
    for name in found.unknown:
        yield Problem(
            file, 1, f"{name} is left out, but nothing of that name is recorded", "coverage-unknown"
        )
