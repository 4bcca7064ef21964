"""What parity finds: rows of two sides, and how they stand to each other."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from annotator.model import Counterpart, Difference, GoSymbol, Parameter

# What a class has and does not hold.
NOT_HELD = frozenset({"method", "base"})


class Agreement(StrEnum):
    """How the two sides of a row stand to each other."""

    SAME = "same"
    DIFFERS = "differs"
    UNEXPLAINED = "unexplained"


class Row(msgspec.Struct, frozen=True):
    """One thing that one side has, and what the other side has for it.

    Attributes:
        kind: A kind of the `Differs:` grammar: field, method, param, result, error, call or extra.
        name: Its name, in Go's spelling where Go has it.
        go: Go's side, empty if it has none.
        go_line: Its line in the Go file, 0 if unknown.
        python: Python's side, empty if it has none.
        python_line: Its line in the Python file, 0 if unknown.
        agreement: How they stand to each other.
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


class Pair(msgspec.Struct, frozen=True):
    """A counterpart, the originals it names, and all rows between them; `stale` are reasons for nothing."""

    counterpart: Counterpart
    originals: tuple[GoSymbol, ...]
    rows: tuple[Row, ...]
    stale: tuple[Difference, ...] = ()


def written(member: Parameter) -> str:
    """An attribute or parameter as a person writes it, with its type where it has one."""
    is_typed = member.type and member.type not in NOT_HELD
    return f"{member.name}: {member.type}" if is_typed else member.name
