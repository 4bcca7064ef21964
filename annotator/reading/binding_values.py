"""What binding knows of a Go expression: its type, as far as it is proven."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

    from annotator.reading.binding_packages import File, Package


@dataclass(frozen=True, slots=True)
class Named:
    """A type declared at package level in the repository."""

    package: Package
    name: str


@dataclass(frozen=True, slots=True)
class Basic:
    """A predeclared type; it has no members that we could name."""

    name: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """`*T`."""

    element: Type | None


@dataclass(frozen=True, slots=True)
class Sequence:
    """A slice, an array or a variadic parameter."""

    element: Type | None


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel."""

    element: Type | None


@dataclass(frozen=True, slots=True)
class Table:
    """A map."""

    key: Type | None
    value: Type | None


@dataclass(frozen=True, slots=True)
class Function:
    """A function by what it returns."""

    results: tuple[Type | None, ...]


@dataclass(frozen=True, slots=True)
class Several:
    """The values of a call that returns more than one, or none."""

    items: tuple[Type | None, ...]


@dataclass(frozen=True, slots=True)
class Spelled:
    """A struct or interface as spelled out in a file, with what its names mean there."""

    node: Node
    context: Context


@dataclass(frozen=True, slots=True)
class TypeName:
    """An expression that names a type, as in a conversion or a method expression."""

    type: Type | None


@dataclass(frozen=True, slots=True)
class PackageName:
    """An identifier that names an imported package; None for one outside the repository."""

    package: Package | None


Type = (
    Named
    | Basic
    | Pointer
    | Sequence
    | Channel
    | Table
    | Function
    | Several
    | Spelled
    | TypeName
    | PackageName
)


@dataclass(frozen=True, slots=True)
class Local:
    """A name declared in a function: its type, and its symbol if it is a closure of the document."""

    type: Type | None = None
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """Where names are looked up: a file, and the scopes around a place in it, innermost last."""

    file: File
    scopes: tuple[Mapping[str, Local], ...] = ()

    def local(self, name: str) -> Local | None:
        """The innermost local declaration of a name."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return None
