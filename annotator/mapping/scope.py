"""What is to be ported: packages and symbols in scope, and those left out for a reason."""

from __future__ import annotations

import msgspec

from annotator.toml import Toml


class LeftOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Symbols of the scope that have no counterpart, and why; `path::*` means all of a file."""

    symbols: tuple[str, ...]
    reason: str


class Convention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A difference that has one reason wherever it occurs.

    Attributes:
        kind: A kind of the `Differs:` grammar.
        pattern: A regular expression for Go's side as the rows show it, `ctx context.Context` or
            `errdefs/is.go::IsNotFound`; where Go has nothing, for the row's name.
        reason: Why it differs.
    """

    kind: str
    pattern: str
    reason: str


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The scope of a port.

    Attributes:
        packages: Folders of Go packages that are in scope whole, tests and other platforms apart.
        symbols: Further symbols in scope, in the project's notation.
        left_out: Symbols of the scope without a counterpart.
        conventions: Differences that have one reason wherever they occur.
    """

    packages: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    conventions: tuple[Convention, ...] = ()

    def reason(self, notation: str) -> str | None:
        """Why a symbol has no counterpart, or None where no reason is given."""
        path, _, _ = notation.partition("::")
        for entry in self.left_out:
            if notation in entry.symbols or f"{path}::*" in entry.symbols:
                return entry.reason
        return None


def parse(name: str, data: bytes) -> Scope:
    """The scope that a TOML file says.

    Raises:
        InvalidInput: It cannot be read; the sentence names file, line and key.
    """
    return Toml(name, data).convert(Scope)
