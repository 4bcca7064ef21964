"""Call graph of mapped functions, in which calls through helpers count as direct ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from annotator.model.go import CALLABLE_KINDS, Kind
from annotator.model.port import Counterpart, GoSymbol, Parameter, PythonObject

# The type of a call in `PythonObject.calls` that only tests whether something is of a class.
_CAUGHT = "caught"

# Helpers of helpers are followed up to this depth; a deeper call no longer belongs to the function.
_DEPTH = 6


def members_by_name(
    counterparts: Iterable[Counterpart],
    originals: Mapping[str, GoSymbol],
    python: Mapping[str, PythonObject],
) -> Iterator[tuple[str, str, str]]:
    """Yield methods of mapped types that a class has by the same name: class, Go notation, member."""
    methods: dict[str, list[GoSymbol]] = defaultdict(list)
    for symbol in originals.values():
        if symbol.kind in (Kind.METHOD, Kind.IMETHOD):
            folder, owner = symbol.path.rpartition("/")[0], symbol.symbol.rpartition(".")[0]
            methods[f"{folder}::{owner}"].append(symbol)
    for counterpart in counterparts:
        ours = python.get(counterpart.name)
        if ours is None or ours.kind != "class":
            continue
        named = {normalized_name(member.name): member.name for member in ours.members}
        for mirror in counterpart.mirrors:
            for method in methods.get(f"{mirror.path.rpartition('/')[0]}::{mirror.symbol}", ()):
                member = named.get(normalized_name(method.symbol.rpartition(".")[2]))
                if member is not None:
                    yield counterpart.name, method.notation, member


def normalized_name(name: str) -> str:
    """Return a name without case and underscores, so that camelCase and snake_case are equal."""
    return name.replace("_", "").lower()


class CallSite(msgspec.Struct, frozen=True):
    """A use of a counterpart: the Go functions that it mirrors, the line, and whether it is a call.

    A use that is not a call reads an attribute or property, or catches a class.
    """

    mirrored: tuple[str, ...]
    line: int
    is_call: bool


class CallGraph:
    """The call relations of both sides, in Go's notation."""

    def __init__(
        self,
        counterparts: Sequence[Counterpart],
        originals: Mapping[str, GoSymbol],
        python: Mapping[str, PythonObject],
    ) -> None:
        self._originals = originals
        self._python = python
        self._mirrors: dict[str, tuple[str, ...]] = {}
        self._counterparts: dict[str, list[str]] = defaultdict(list)
        for counterpart in counterparts:
            names = tuple(f"{mirror.path}::{mirror.symbol}" for mirror in counterpart.mirrors)
            self._add(counterpart.name, names)
        for owner, method, member in members_by_name(counterparts, originals, python):
            if method not in self._counterparts:
                self._add(f"{owner}.{member}", (method,))

    def _add(self, name: str, notations: tuple[str, ...]) -> None:
        self._mirrors[name] = (*self._mirrors.get(name, ()), *notations)
        for notation in notations:
            self._counterparts[notation].append(name)

    def constructor(self, ours: PythonObject) -> PythonObject:
        """Return the function that a call of a counterpart runs: `__init__` for a class that has it."""
        return self._python.get(f"{ours.name}.__init__", ours) if ours.kind == "class" else ours

    def go_calls(self, notation: str) -> list[str]:
        """Return the mapped functions that a Go function calls, in the order of its text."""
        calls: dict[str, None] = {}
        seen = {notation}

        def follow(caller: str, depth: int) -> None:
            original = self._originals.get(caller)
            for called in original.calls if original is not None and depth else ():
                if called in self._counterparts and self._kind(called) in CALLABLE_KINDS:
                    calls.setdefault(called)
                elif not called.startswith("?") and called not in seen:
                    seen.add(called)
                    follow(called, depth - 1)

        follow(notation, _DEPTH)
        calls.pop(notation, None)
        return list(calls)

    def python_calls(self, notation: str) -> dict[str, int]:
        """Return the Go functions whose counterparts are called by counterparts of this one, with lines."""
        calls: dict[str, int] = {}
        for name in self._counterparts.get(notation, ()):
            ours = self._python.get(name)
            if ours is not None:
                for site in self.calls_of(self.constructor(ours).name):
                    for original in site.mirrored:
                        calls.setdefault(original, site.line)
        return calls

    def calls_of(self, name: str) -> list[CallSite]:
        """Return the calls of counterparts that a Python function makes."""
        sites: list[CallSite] = []
        seen = {name}

        def follow(caller: str, line: int, depth: int) -> None:
            ours = self._python.get(caller)
            for call in ours.calls if ours is not None and depth else ():
                first_line = line or call.line
                mirrored = self._called(call)
                if mirrored:
                    sites.append(CallSite(mirrored, first_line, is_call=not call.type))
                elif call.name not in seen:
                    seen.add(call.name)
                    follow(call.name, first_line, depth - (not call.type))

        follow(name, 0, _DEPTH)
        return sites

    def _called(self, call: Parameter) -> tuple[str, ...]:
        """Return the Go functions that a used counterpart mirrors.

        Calling a class stands for its constructors; catching it, or asking whether something is one,
        for the predicates that it mirrors.
        """
        ours = self._python.get(call.name)
        mirrored = self._mirrors.get(call.name, ())
        if ours is None or ours.kind != "class":
            return tuple(notation for notation in mirrored if self._kind(notation) in CALLABLE_KINDS)
        functions = [notation for notation in mirrored if self._kind(notation) is Kind.FUNC]
        results = {name: [result.type for result in self._originals[name].results] for name in functions}
        return tuple(name for name in functions if (results[name] == ["bool"]) is bool(call.type))

    def texts(self, ours: PythonObject) -> list[str]:
        """Return the error texts of a Python function and of functions without original that it calls."""
        texts: list[str] = []
        seen: set[str] = set()

        def follow(name: str, depth: int) -> None:
            caller = self._python.get(name)
            if caller is None or not depth or name in seen:
                return
            seen.add(name)
            texts.extend(caller.texts)
            for call in (use for use in caller.calls if use.type != _CAUGHT):
                called = self._python.get(call.name)
                is_type = called is not None and called.kind == "class"
                if is_type or not self._called(call):
                    follow(call.name, depth - (not call.type))

        follow(ours.name, _DEPTH)
        return texts

    def is_same(self, one: str, other: str) -> bool:
        """Return whether two calls are equal: through an interface, the method's name decides."""
        if one == other:
            return True
        names = {name.rpartition(".")[2] for name in (one, other)}
        return len(names) == 1 and any(self._kind(name) is Kind.IMETHOD for name in (one, other))

    def _kind(self, notation: str) -> Kind | None:
        original = self._originals.get(notation)
        return original.kind if original is not None else None
