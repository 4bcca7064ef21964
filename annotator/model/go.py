"""Value types for Go source: declarations, spans, imports, uses, lock usage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from itertools import takewhile
from urllib.parse import quote

import msgspec


class Kind(StrEnum):
    """The kind of a Go declaration; `file` is a place outside declarations."""

    FUNC = "func"
    METHOD = "method"
    STRUCT = "struct"
    INTERFACE = "interface"
    TYPE = "type"
    FUNCTYPE = "functype"
    CONST = "const"
    VAR = "var"
    FIELD = "field"
    IMETHOD = "imethod"
    CLOSURE = "closure"
    FILE = "file"


CALLABLE_KINDS = frozenset({Kind.FUNC, Kind.METHOD, Kind.IMETHOD, Kind.CLOSURE})
FUNCTION_KINDS = frozenset({Kind.FUNC, Kind.METHOD})
TYPE_KINDS = frozenset({Kind.STRUCT, Kind.INTERFACE, Kind.TYPE, Kind.FUNCTYPE})
COMPOSITE_KINDS = frozenset({Kind.STRUCT, Kind.INTERFACE})
"""Types that have members."""

VENDOR_FOLDERS = frozenset({"vendor", "Godeps", "_vendor"})
"""Names of folders that hold copies of other projects."""


def folder_of(path: str) -> str:
    """Return the folder of a file, empty at the root."""
    return path.rpartition("/")[0]


@lru_cache(maxsize=1 << 15)  # the same paths are asked for at hundreds of tags
def is_vendored(path: str) -> bool:
    """Return whether a file lies in a folder of other projects' code."""
    return not VENDOR_FOLDERS.isdisjoint(path.split("/")[:-1])


def is_test_file(path: str) -> bool:
    """Return whether `go build` leaves a file out because it holds tests."""
    return path.endswith("_test.go")


# ── What Go source says ──────────────────────────────────────────────────────────────────────────
class Span(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A stretch of a file: byte offsets `[start, end)` and 1-based lines, both inclusive."""

    start: int
    end: int
    line: int
    end_line: int


class Declaration(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One declaration of a Go file.

    Attributes:
        owner: The receiver's type of a method, the type of a field or interface method, the
            function of a closure (dotted, if it is a method); empty at package level.
        line: 1-based line of the name.
        column: 1-based column of the name, in bytes, as Go's own tools count.
        span: The declaration without its doc comment.
        signature: The declaration's head on one line, without body.
        doc: The doc comment's text without comment marks.
        type: The type as written, of a field, variable, constant or plain type.
        embedded: Whether a field or interface element is embedded.
        members: Fields of a struct, methods of an interface, closures bound in a function.
        head_end: The byte offset at which a function's head ends and its body begins; 0 for what has none.
    """

    kind: Kind
    name: str
    owner: str
    line: int
    column: int
    span: Span
    doc_span: Span | None = None
    signature: str = ""
    doc: str = ""
    type: str = ""
    embedded: bool = False
    members: tuple[Declaration, ...] = ()
    head_end: int = 0

    @property
    def symbol(self) -> str:
        """The name in the project's notation: `VolumeStore.Create`."""
        return f"{self.owner}.{self.name}" if self.owner else self.name

    def body(self, data: bytes) -> bytes:
        """Return the declaration's bytes in those of its file, without its doc comment."""
        return data[self.span.start : self.span.end]


class Import(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One import of a Go file; `alias` is empty where none is written, `.` and `_` are kept."""

    path: str
    alias: str


class GoFile(msgspec.Struct, frozen=True, array_like=True):
    """The parsed content of a Go file; it depends on the bytes alone, not on the path.

    Attributes:
        declarations: Top-level declarations in source order, members inside.
        constraint: The build constraint's expression as written, empty if none.
        broken: 1-based lines at which the syntax is broken; the rest of the file still reads.
    """

    package: str
    imports: tuple[Import, ...]
    declarations: tuple[Declaration, ...]
    constraint: str
    lines: int
    broken: tuple[int, ...] = ()

    def walk(self) -> Iterator[Declaration]:
        """Iterate over every declaration, members right after their owner."""
        return with_members(self.declarations)


def with_members(declarations: Iterable[Declaration]) -> Iterator[Declaration]:
    """Iterate over every declaration, members right after their owner."""
    pending = [*declarations][::-1]
    while pending:
        declaration = pending.pop()
        yield declaration
        pending.extend(reversed(declaration.members))


class ResolvedUse(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An identifier or call in a Go file and the declaration that it is proven to name.

    `start` and `end` are byte offsets of the identifier, `line` is 1-based.
    """

    start: int
    end: int
    line: int
    call: bool
    path: str
    symbol: str


class SymbolId(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A declaration by its file and dotted name."""

    path: str
    symbol: str


class LockField(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A field that is a lock: its type as written, and its line."""

    at: SymbolId
    kind: str
    line: int


class WhileHeld(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A function called or, if `takes`, a lock taken while another lock is held."""

    what: SymbolId
    line: int
    takes: bool = False


class Acquisition(msgspec.Struct, frozen=True, array_like=True):
    """A line at which a lock is taken, for reading or not, and the calls proven to run while it is held."""

    lock: SymbolId
    line: int
    reads: bool
    while_held: tuple[WhileHeld, ...] = ()


class FunctionLockUsage(msgspec.Struct, frozen=True, array_like=True):
    """What a function does with locks.

    Attributes:
        acquisitions: Where it takes locks, closures in it included.
        acquires: The locks that a call of it takes before it returns.
        releases: The locks that it releases though its callers may have taken them.
        calls: What a call of it calls before it returns.
    """

    at: SymbolId
    acquisitions: tuple[Acquisition, ...] = ()
    acquires: tuple[SymbolId, ...] = ()
    releases: tuple[SymbolId, ...] = ()
    calls: tuple[SymbolId, ...] = ()


class FileLockUsage(msgspec.Struct, frozen=True, array_like=True):
    """The locks that a file declares, and the lock usage of its functions."""

    locks: tuple[LockField, ...] = ()
    functions: tuple[FunctionLockUsage, ...] = ()


def shared_tail(one: str, other: str) -> int:
    """How many parts, from the file name up, two paths have in common."""
    pairs = zip(reversed(one.split("/")), reversed(other.split("/")), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


_PACKAGE_SITE = "https://pkg.go.dev"
_VENDOR = "vendor/"


class GoModule(msgspec.Struct, frozen=True):
    """A module at a version, where pkg.go.dev has it; a fork has another path than its importers write."""

    path: str
    version: str


class ExternalPackages(msgspec.Struct, frozen=True):
    """The version of Go, and the modules by the import path at which they are used."""

    go: str = ""
    modules: Mapping[str, GoModule] = {}

    def url(self, package: str, symbol: str, system: str = "") -> str:
        """Return the address of a symbol's documentation; empty if the version in use is not known.

        Args:
            package: An import path, or the vendored file that declares the symbol.
            symbol: Its dotted name.
            system: The system that the code is built for, if that is not Linux.
        """
        path = package
        if package.startswith(_VENDOR):
            path = package.removeprefix(_VENDOR).rpartition("/")[0]
        parts = path.split("/")
        if "." not in parts[0]:
            if not self.go:
                return ""
            address = f"{quote(path)}@go{self.go}"
        else:
            candidates = ("/".join(parts[:count]) for count in range(len(parts), 0, -1))
            used = next((one for one in candidates if one in self.modules), None)
            if used is None:
                return ""
            module, below = self.modules[used], path.removeprefix(used)
            address = f"{quote(module.path)}@{quote(module.version, safe='+')}{quote(below)}"
        return f"{_PACKAGE_SITE}/{address}{f'?GOOS={system}' if system else ''}#{quote(symbol)}"
