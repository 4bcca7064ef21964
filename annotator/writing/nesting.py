"""Which lock is taken while another is held, through any number of proven calls."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from annotator.locks import Function, Symbol, Taking, Under

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


class Proof(msgspec.Struct, frozen=True):
    """Where a function takes one lock, and what it does under it that takes the other."""

    function: Symbol
    taking: Taking
    under: Under


class Nesting:
    """The functions of some files, and what follows from all of them together."""

    def __init__(self, functions: Iterable[Function]) -> None:
        self._functions = {function.at: function for function in functions}

    @cached_property
    def nested(self) -> Mapping[tuple[Symbol, Symbol], tuple[Proof, ...]]:
        """By the outer and the inner lock, all places that prove it, in the order of the files."""
        found: dict[tuple[Symbol, Symbol], list[Proof]] = {}
        for function in self._functions.values():
            for taking in function.takings:
                for under, lock in self._under(taking):
                    found.setdefault((taking.lock, lock), []).append(Proof(function.at, taking, under))
        return {pair: tuple(proofs) for pair, proofs in found.items()}

    def _under(self, taking: Taking) -> Iterator[tuple[Under, Symbol]]:
        """What is done under a lock, in order, until something may let go of it."""
        for under in sorted(taking.under, key=lambda one: one.line):
            if not under.takes and taking.lock in self._lets_go[under.what]:
                return
            taken = {under.what} if under.takes else self._takes[under.what]
            yield from ((under, lock) for lock in sorted(taken, key=_order) if lock != taking.lock)

    @cached_property
    def _takes(self) -> _All:
        """By function, all locks that a call of it takes."""
        return _All(self._functions, lambda function: function.itself)

    @cached_property
    def _lets_go(self) -> _All:
        """By function, all locks that a call of it lets go of though it has not taken them."""
        return _All(self._functions, lambda function: function.lets_go)


class _All(dict[Symbol, frozenset[Symbol]]):
    """By function, the locks that it names and those that its calls name; found when first asked for."""

    def __init__(
        self, functions: Mapping[Symbol, Function], named: Callable[[Function], tuple[Symbol, ...]]
    ) -> None:
        super().__init__()
        self._functions = functions
        self._named = named

    def __missing__(self, start: Symbol) -> frozenset[Symbol]:
        locks: set[Symbol] = set()
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


def _order(symbol: Symbol) -> tuple[str, str]:
    return symbol.path, symbol.symbol
