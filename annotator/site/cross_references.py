"""Callers, callees and implementers of the shown declarations."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from annotator.model.go import Kind, folder_of
from annotator.model.port import GoSymbol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from annotator.site.inputs import GoSourceFile
    from annotator.site.page_locations import PageLocation, PageLocations, SymbolPagePlan

_QUALIFIER = re.compile(r"\b[A-Za-z_]\w*\.(?=[A-Za-z_])")


class ShownCall(msgspec.Struct, frozen=True):
    """A declaration that calls another, and the lines of these calls."""

    caller: PageLocation
    callee: PageLocation
    lines: tuple[int, ...]


class CrossReferences:
    """The relations among what the pages show."""

    def __init__(
        self,
        sheets: Iterable[SymbolPagePlan],
        places: PageLocations,
        sources: Mapping[str, GoSourceFile],
        symbols: Iterable[GoSymbol],
    ) -> None:
        self._sheets = tuple(sheets)
        self._places = places
        self._sources = sources
        self._symbols = tuple(symbols)

    @cached_property
    def calls(self) -> tuple[ShownCall, ...]:
        """Every call from one shown declaration to another, each pair once."""
        return tuple(call for plan in self._sheets for call in self._of(plan))

    @cached_property
    def out(self) -> Mapping[str, tuple[ShownCall, ...]]:
        """By page, the calls that leave it."""
        return _grouped(self.calls, leaving=True)

    @cached_property
    def by_callee(self) -> Mapping[tuple[str, str], tuple[ShownCall, ...]]:
        """By page and anchor of a declaration, the calls of it, also from its own page."""
        found: dict[tuple[str, str], list[ShownCall]] = defaultdict(list)
        for call in self.calls:
            found[call.callee.page, call.callee.anchor].append(call)
        return {key: tuple(calls) for key, calls in found.items()}

    @cached_property
    def into(self) -> Mapping[str, tuple[ShownCall, ...]]:
        """By page, the calls that come to it from others."""
        return _grouped(self.calls, leaving=False)

    def _of(self, plan: SymbolPagePlan) -> Iterator[ShownCall]:
        for item in plan.items:
            span, caller = item.declaration.span, self._places[item.path, item.declaration.symbol]
            if caller.path != item.path:
                continue
            lines: dict[tuple[str, str], list[int]] = defaultdict(list)
            for use in self._sources[item.path].uses:
                if use.call and span.start <= use.start < span.end:
                    lines[use.path, use.symbol].append(use.line)
            for key, found in lines.items():
                if callee := self._places.get(key):
                    yield ShownCall(caller, callee, tuple(dict.fromkeys(found)))

    @cached_property
    def implementers(self) -> Mapping[str, tuple[str, ...]]:
        """By an interface's notation, the types that have all its methods, by their recorded signatures."""
        types = _methods(self._symbols)
        found: dict[str, tuple[str, ...]] = {}
        for interface in (one for one in self._symbols if one.kind is Kind.INTERFACE):
            asked = self._asked(interface)
            if asked:
                found[interface.notation] = tuple(
                    notation for notation, has in types.items() if asked <= has and notation in self._declared
                )
        return found

    @cached_property
    def interfaces(self) -> Mapping[str, tuple[str, ...]]:
        """By a type's notation, the interfaces whose methods it has."""
        found: dict[str, list[str]] = defaultdict(list)
        for interface, types in self.implementers.items():
            for notation in types:
                found[notation].append(interface)
        return {notation: tuple(interfaces) for notation, interfaces in found.items()}

    @cached_property
    def _declared(self) -> frozenset[str]:
        return frozenset(one.notation for one in self._symbols)

    def _asked(self, interface: GoSymbol) -> frozenset[str]:
        """Return the methods that an interface asks for; none if one of them is not recorded."""
        folder = folder_of(interface.path)
        own = {
            one.symbol.rpartition(".")[2]: _signature(one)
            for one in self._symbols
            if one.kind is Kind.IMETHOD
            and folder_of(one.path) == folder
            and one.symbol.rpartition(".")[0] == interface.symbol
        }
        lacking = [member.name for member in interface.members if member.name not in own]
        embedded = [self._interface(folder, name) for name in lacking]
        inner = [self._asked(one) if one else frozenset() for one in embedded]
        return frozenset(own.values()).union(*inner) if all(inner) else frozenset()

    def _interface(self, folder: str, name: str) -> GoSymbol | None:
        """Return an interface that another one of its package embeds."""
        found = (one for one in self._symbols if one.kind is Kind.INTERFACE and one.symbol == name)
        return next((one for one in found if folder_of(one.path) == folder), None)


def _grouped(calls: Iterable[ShownCall], *, leaving: bool) -> Mapping[str, tuple[ShownCall, ...]]:
    found: dict[str, list[ShownCall]] = defaultdict(list)
    for call in calls:
        if call.caller.page != call.callee.page:
            found[call.caller.page if leaving else call.callee.page].append(call)
    return {page: tuple(those) for page, those in found.items()}


def _methods(symbols: Iterable[GoSymbol]) -> Mapping[str, frozenset[str]]:
    """Return the signatures of the methods of each type by its notation, from all files of its package."""
    every = tuple(symbols)
    types = {(folder_of(one.path), one.symbol): one.notation for one in every if "." not in one.symbol}
    found: dict[str, set[str]] = defaultdict(set)
    for one in every:
        if one.kind is Kind.METHOD:
            owner = types.get((folder_of(one.path), one.symbol.rpartition(".")[0]))
            if owner:
                found[owner].add(_signature(one))
    return {notation: frozenset(signatures) for notation, signatures in found.items()}


def _signature(one: GoSymbol) -> str:
    """Return a method's name and types, without the names of parameters and packages."""
    params, results = (
        ",".join(_QUALIFIER.sub("", param.type) for param in params) for params in (one.params, one.results)
    )
    return f"{one.symbol.rpartition('.')[2]}({params})({results})"
