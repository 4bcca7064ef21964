"""Go packages and symbols that are to be ported."""

from __future__ import annotations

from collections.abc import Container

import msgspec

from annotator.config import Project, name_of
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
