"""Order in which functions take locks, derived from the lock usage of all files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from annotator.model.go import Acquisition, FunctionLockUsage, SymbolId, WhileHeld

if TYPE_CHECKING:
    from collections.abc import Callable


class LockOrderProof(msgspec.Struct, frozen=True):
    """Where a function takes one lock and, while it holds it, the other."""

    function: SymbolId
    acquisition: Acquisition
    while_held: WhileHeld


class LockOrder:
    """The functions of some files, and what follows from all of them together."""

    def __init__(self, functions: Iterable[FunctionLockUsage]) -> None:
        self._functions = {function.at: function for function in functions}

    @cached_property
    def nested(self) -> Mapping[tuple[SymbolId, SymbolId], tuple[LockOrderProof, ...]]:
        """By the outer and the inner lock, all places that prove it, in the order of the files."""
        found: dict[tuple[SymbolId, SymbolId], list[LockOrderProof]] = {}
        for function in self._functions.values():
            for acquisition in function.acquisitions:
                for under, lock in self._under(acquisition):
                    found.setdefault((acquisition.lock, lock), []).append(
                        LockOrderProof(function.at, acquisition, under)
                    )
        return {pair: tuple(proofs) for pair, proofs in found.items()}

    def _under(self, acquisition: Acquisition) -> Iterator[tuple[WhileHeld, SymbolId]]:
        """Return the calls and acquisitions while a lock is held, in order, up to a possible release."""
        for under in sorted(acquisition.while_held, key=lambda one: one.line):
            if not under.takes and acquisition.lock in self._releases[under.what]:
                return
            taken = {under.what} if under.takes else self._acquires[under.what]
            yield from ((under, lock) for lock in sorted(taken, key=_order) if lock != acquisition.lock)

    @cached_property
    def _acquires(self) -> _TransitiveLocks:
        """By function, all locks that a call of it takes."""
        return _TransitiveLocks(self._functions, lambda function: function.acquires)

    @cached_property
    def _releases(self) -> _TransitiveLocks:
        """By function, all locks that a call of it lets go of though it has not taken them."""
        return _TransitiveLocks(self._functions, lambda function: function.releases)


class _TransitiveLocks(dict[SymbolId, frozenset[SymbolId]]):
    """By function, the locks that it names and those that its calls name; found when first asked for."""

    def __init__(
        self,
        functions: Mapping[SymbolId, FunctionLockUsage],
        named: Callable[[FunctionLockUsage], tuple[SymbolId, ...]],
    ) -> None:
        super().__init__()
        self._functions = functions
        self._named = named

    def __missing__(self, start: SymbolId) -> frozenset[SymbolId]:
        locks: set[SymbolId] = set()
        seen = {start}
        pending = [start]
        while pending:
            function = self._functions.get(pending.pop())
            if function is not None:
                locks.update(self._named(function))
                fresh = [one for one in function.calls if one not in seen]
                seen.update(fresh)
                pending += fresh
        self[start] = frozenset(locks)
        return self[start]


def _order(symbol: SymbolId) -> tuple[str, str]:
    return symbol.path, symbol.symbol
