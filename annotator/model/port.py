"""Value types for the Python port: counterparts, comparison rows, coverage, traces, imports."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from annotator.model.go import Kind
from annotator.model.reference import Reference


class Parameter(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A parameter, result, field or method: its name (empty if none is written), type and line."""

    name: str
    type: str = ""
    line: int = 0


class GoSymbol(msgspec.Struct, frozen=True, omit_defaults=True):
    """The facts of a Go symbol that the comparison needs, without its code.

    Attributes:
        line: The line of its name.
        members: Fields of a struct, methods of an interface.
        calls: Callees in order: in the project's notation where binding proves what is called, else as
            written behind a `?`.
        errors: Error texts in order, as Go's format strings.
        blob: The blob id of its file.
        likeness: A fingerprint of its body, to find it again.
    """

    path: str
    symbol: str
    kind: Kind
    line: int
    end_line: int
    params: tuple[Parameter, ...] = ()
    results: tuple[Parameter, ...] = ()
    members: tuple[Parameter, ...] = ()
    calls: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    blob: str = ""
    likeness: str = ""

    @property
    def notation(self) -> str:
        """`path::Symbol`."""
        return f"{self.path}::{self.symbol}"


class Baseline(msgspec.Struct, frozen=True):
    """The recorded facts of the symbols in scope at the baseline tag, sorted by path and line."""

    tag: str
    commit: str | None
    symbols: tuple[GoSymbol, ...]


# ── What Python source says ──────────────────────────────────────────────────────────────────────
class Difference(msgspec.Struct, frozen=True):
    """One item of a `Differs:` section."""

    kind: str
    name: str
    reason: str
    line: int


class Counterpart(msgspec.Struct, frozen=True):
    """A Python object and the Go symbols that it mirrors.

    Attributes:
        kind: What griffe calls it: module, class, function or attribute.
        path: Its file, from the project's root.
        mirrors: The Go symbols; `file` and `at_line` of each are the line that says so: a `Go:` line, or the
            definition itself where its name and its module's Go files say so.
        files: The Go files that its module lists, if nothing but its name can say what it mirrors.
    """

    name: str
    kind: str
    path: str
    line: int
    mirrors: tuple[Reference, ...]
    differences: tuple[Difference, ...] = ()
    files: tuple[str, ...] = ()


class PythonObject(msgspec.Struct, frozen=True):
    """The parameters, attributes, calls and error texts of a Python function or class.

    Attributes:
        kind: `function`, `signature` (a function without a body, as a Protocol has), `class`, `attribute`
            or `module`.
        path: The file, from the project's root.
        params: Parameters without `self`; a class's are those of `__init__`.
        returns: The annotated result, empty where there is none.
        members: A class's attributes by type, its methods as `method`, its bases as `base`.
        calls: Dotted names of the project's own functions and methods that it is proven to use, with the
            line of each, in the order of the text: called or handed on; by type `read` for attributes
            and properties, `caught` for classes of which something is tested to be one.
        texts: Texts that it raises or builds errors from, placeholders as `{}`.
    """

    name: str
    kind: str
    path: str
    line: int
    end_line: int
    params: tuple[Parameter, ...] = ()
    returns: str = ""
    members: tuple[Parameter, ...] = ()
    calls: tuple[Parameter, ...] = ()
    texts: tuple[str, ...] = ()


class CoverageState(StrEnum):
    """The state of a symbol in scope."""

    MAPPED = "mapped"
    LEFT_OUT = "left out"
    OPEN = "open"


class SymbolCoverage(msgspec.Struct, frozen=True):
    """A symbol in scope, its state, and the reason why a symbol that is left out has no counterpart."""

    symbol: GoSymbol
    state: CoverageState
    reason: str = ""


class Coverage(msgspec.Struct, frozen=True):
    """All symbols in scope; `unknown` are names that the scope leaves out but that are not there."""

    symbols: tuple[SymbolCoverage, ...]
    unknown: tuple[str, ...] = ()

    def figures(self) -> Mapping[str, Mapping[str, int]]:
        """How many symbols of each package are in each state."""
        counted: dict[str, Counter[str]] = defaultdict(Counter)
        for covered in self.symbols:
            counted[covered.symbol.path.rpartition("/")[0]][covered.state.value] += 1
        return counted


class TracedCall(msgspec.Struct, frozen=True):
    """A call as it was recorded: times in microseconds since the start, `end` -1 if it never ended."""

    thread: str
    parent: int
    file: str
    line: int
    start: int
    end: int


class TracedStep(msgspec.Struct, frozen=True):
    """A call of a counterpart: its originals, its time, and the steps within it.

    Attributes:
        path: Its file, from the project's root.
        go: The originals, in the project's notation.
        micros: How long it took, -1 if it never ended.
        steps: The counterparts that ran within it, in order.
        order: What is out of Go's order within it, with the stated reason or without.
        calls: What its originals call, of what is mapped, in the order of Go's text.
    """

    python: str
    path: str
    line: int
    go: tuple[str, ...]
    micros: int
    steps: tuple[TracedStep, ...] = ()
    order: tuple[OutOfOrder, ...] = ()
    calls: tuple[str, ...] = ()


class OutOfOrder(msgspec.Struct, frozen=True):
    """Two calls that Go makes in the other order; `reason` is empty where none is stated."""

    first: str
    then: str
    reason: str = ""


class TracedThread(msgspec.Struct, frozen=True):
    """What ran in one thread."""

    name: str
    steps: tuple[TracedStep, ...]


class TracedRun(msgspec.Struct, frozen=True):
    """A traced run, thread by thread in the order in which the threads began."""

    threads: tuple[TracedThread, ...]


Changes = Mapping[str, Mapping[str, str | None]]
"""What is new or different in the project's state, by heading and name; None for what is gone."""


class RecordedCall(msgspec.Struct, frozen=True, array_like=True):
    """A call of a counterpart: its caller's number in the same thread, or -1; the thread; its name."""

    parent: int
    thread: str
    python: str


class RecordedEvent(msgspec.Struct, frozen=True, array_like=True):
    """A call reaches a line, or its line changes the state of the project."""

    call: int
    line: int
    changes: Changes | None = None


class Recording(msgspec.Struct, frozen=True):
    """A run of the port: its calls of counterparts and their effects, in order."""

    name: str
    title: str
    calls: tuple[RecordedCall, ...]
    start: Changes
    events: tuple[RecordedEvent, ...]
    about: str = ""


class ModuleImports(msgspec.Struct, frozen=True):
    """A module of a package.

    Attributes:
        path: Its file, from the project's root.
        says: The first sentence of its docstring, empty if it has none.
        imports: The modules of the drawn packages that it imports, by dotted name, in order.
    """

    name: str
    path: str
    says: str
    imports: tuple[str, ...]


class PackageImports(msgspec.Struct, frozen=True):
    """A package with all its modules, in the order of their names."""

    name: str
    modules: tuple[ModuleImports, ...]


# What a class has and does not hold.
NOT_HELD = frozenset({"method", "base"})


class Agreement(StrEnum):
    """How the two sides of a row stand to each other."""

    SAME = "same"
    DIFFERS = "differs"
    UNEXPLAINED = "unexplained"


class ComparisonRow(msgspec.Struct, frozen=True):
    """One thing that one side has, and what the other side has for it.

    Attributes:
        kind: A kind of the `Differs:` grammar: field, method, param, result, error, call or extra.
        name: Its name, in Go's spelling where Go has it.
        go: Go's side, empty if it has none.
        go_line: Its line in the Go file, 0 if unknown.
        python_line: Its line in the Python file, 0 if unknown.
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


class Comparison(msgspec.Struct, frozen=True):
    """A counterpart, the originals it names, and all rows between them; `stale` are reasons for nothing."""

    counterpart: Counterpart
    originals: tuple[GoSymbol, ...]
    rows: tuple[ComparisonRow, ...]
    stale: tuple[Difference, ...] = ()


def written(member: Parameter) -> str:
    """Format an attribute or parameter, with its type if it has one."""
    is_typed = member.type and member.type not in NOT_HELD
    return f"{member.name}: {member.type}" if is_typed else member.name
