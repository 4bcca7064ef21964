"""Benchmark figures shown on a page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from annotator.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE: Final = "figures.json"
"""Where a site keeps them; the benchmarks write it."""

_RATIO = re.compile(r"([0-9]+(?:\.[0-9]+)?)×")
_MORE, _LESS = "≥", "≤"


class BenchmarkRow(msgspec.Struct, frozen=True):
    """One figure.

    Attributes:
        what: What was measured.
        figure: Ours, with its unit.
        peer: The peer's, empty without one.
        ratio: Ours divided by the peer's, as in `1.20×`; empty where nothing is to be divided.
        goal: What was to be reached; it begins with ≥ or ≤ where one is better than the other.
    """

    what: str
    figure: str
    peer: str = ""
    ratio: str = ""
    goal: str = ""

    @property
    def ahead(self) -> str:
        """`ours` or `peer`, the better one of the two; empty if they cannot be compared."""
        ratio = _RATIO.fullmatch(self.ratio)
        if ratio is None or not self.goal.startswith((_MORE, _LESS)) or float(ratio[1]) == 1:
            return ""
        return "ours" if (float(ratio[1]) > 1) == self.goal.startswith(_MORE) else "peer"


class Machine(msgspec.Struct, frozen=True):
    """Where and when figures were measured; `load` is the number of busy processes when it began."""

    date: str = ""
    cores: int = 0
    python: str = ""
    system: str = ""
    load: float = 0.0


class BenchmarkTable(msgspec.Struct, frozen=True):
    """The figures of one benchmark."""

    about: str
    machine: Machine = Machine()
    rows: tuple[BenchmarkRow, ...] = ()


def decode(name: str, data: bytes) -> Mapping[str, BenchmarkTable]:
    """Return the tables of a file by the names of the benchmarks.

    Raises:
        InvalidInput: The file is not what the benchmarks write.
    """
    try:
        return msgspec.json.decode(data, type=dict[str, BenchmarkTable])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{name}: these are no figures: {error}; run the benchmarks again") from error
