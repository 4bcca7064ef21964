"""Go packages and symbols that are to be ported: mapped, left out or open."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

import msgspec

from annotator.config import Project, name_of
from annotator.model.go import Kind
from annotator.model.port import Counterpart, Coverage, CoverageState, GoSymbol, PythonObject, SymbolCoverage
from annotator.model.reference import Problem
from annotator.parity.call_graph import members_by_name
from annotator.toml_file import Toml


class Absent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A topic that is not part of the port.

    Attributes:
        reason: Why it is not.
        symbols: Symbols of the scope that have no counterpart; `path::*` means all of a file.
        of: Symbols that have a counterpart without the things that `names` lists.
        names: Their fields, methods, parameters, results, errors and calls that have nothing in Python, each
            as Go spells it.
    """

    reason: str
    symbols: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Convention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A difference that has one reason wherever it occurs.

    Attributes:
        kind: A kind of the `Differs:` grammar.
        reason: Why it differs.
        pattern: A regular expression for Go's side as the rows show it, `ctx context.Context` or
            `errdefs/is.go::IsNotFound`; where Go has nothing, for the row's name. Empty: every row.
        names: The names of the rows it is for; none: every name.
        of: The Go symbols it is for; `path::*` means all of a file, none: every symbol.
    """

    kind: str
    reason: str
    pattern: str = ""
    names: tuple[str, ...] = ()
    of: tuple[str, ...] = ()


class Rename(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A parameter or field that has another name in Python.

    Attributes:
        go: Its name in Go.
        python: Its name in Python.
        of: The Go symbols it is for; `path::*` means all of a file.
    """

    go: str
    python: str
    of: tuple[str, ...]


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The scope of a port.

    Attributes:
        packages: Folders of Go packages that are in scope whole, tests and other platforms apart.
        symbols: Further symbols in scope, in the project's notation.
        absent: What is not part of the port.
        conventions: Differences that have one reason wherever they occur.
        renames: Parameters and fields with another name.
    """

    packages: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    absent: tuple[Absent, ...] = ()
    conventions: tuple[Convention, ...] = ()
    renames: tuple[Rename, ...] = ()

    def reason(self, notation: str) -> str | None:
        """Return why a symbol has no counterpart, or None where no reason is given."""
        return next((entry.reason for entry in self.absent if is_among(notation, entry.symbols)), None)


def is_among(notation: str, symbols: Container[str]) -> bool:
    """Return whether a symbol is in a list in which `path::*` means all of a file."""
    return notation in symbols or f"{notation.partition('::')[0]}::*" in symbols


def parse(name: str, data: bytes) -> Scope:
    """Parse the scope in a TOML file.

    Raises:
        InvalidInput: It cannot be read; the sentence names file, line and key.
    """
    return Toml(name, data).convert(Scope)


SCOPE = "scope.toml"


def scope_of(project: Project) -> Scope:
    """Read the project's scope; without a scope file it is empty."""
    file = project.site / SCOPE
    return parse(name_of(project, file), file.read_bytes()) if file.is_file() else Scope()


def measure_coverage(
    symbols: Sequence[GoSymbol],
    counterparts: Sequence[Counterpart],
    scope: Scope,
    python: Mapping[str, PythonObject],
) -> Coverage:
    """Return the state of every recorded symbol.

    A method of an interface is covered with its interface where that is mapped: the rows of the
    pair show each of its methods. A method of a type is covered by its counterpart's member of the
    same name.
    """
    mirrors = (mirror for counterpart in counterparts for mirror in counterpart.mirrors)
    mapped = {f"{mirror.path}::{mirror.symbol}" for mirror in mirrors}
    by_notation = {symbol.notation: symbol for symbol in symbols}
    mapped |= {method for _, method, _ in members_by_name(counterparts, by_notation, python)}
    found = tuple(_covered(symbol, mapped, scope) for symbol in symbols)
    known = {symbol.notation for symbol in symbols} | {f"{symbol.path}::*" for symbol in symbols}
    named = [name for entry in scope.absent for name in entry.symbols]
    return Coverage(found, tuple(name for name in named if name not in known))


def _covered(symbol: GoSymbol, mapped: Container[str], scope: Scope) -> SymbolCoverage:
    names = [symbol.notation]
    if symbol.kind is Kind.IMETHOD:
        names.append(f"{symbol.path}::{symbol.symbol.rpartition('.')[0]}")
    if any(name in mapped for name in names):
        return SymbolCoverage(symbol, CoverageState.MAPPED)
    for name in names:
        if (reason := scope.reason(name)) is not None:
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
