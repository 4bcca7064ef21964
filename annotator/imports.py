"""The values of a Python package's structure: its modules, and what each of them imports of the project."""

from __future__ import annotations

import msgspec


class Module(msgspec.Struct, frozen=True):
    """A module of a package.

    Attributes:
        name: Its dotted name.
        path: Its file, from the project's root.
        says: The first sentence of its docstring, empty if it has none.
        imports: The modules of the drawn packages that it imports, by dotted name, in order.
    """

    name: str
    path: str
    says: str
    imports: tuple[str, ...]


class Package(msgspec.Struct, frozen=True):
    """A package with all its modules, in the order of their names."""

    name: str
    modules: tuple[Module, ...]
