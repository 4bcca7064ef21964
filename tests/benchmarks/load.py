"""A minute under load through the API's socket, beside plugins that hang, answer garbage and are killed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import _engines as engines
from _engines import OURS, Running

sys.path.insert(0, str(Path(__file__).parents[1] / "damage"))

import door_load
from door_load import Engine, Load

MINUTE: Final = 60.0
ALONE: Final = 15.0
SHARES: Final = (0.5, 0.99, 0.999)

Row = tuple[str, str, str, str, str]


def run() -> Iterator[Row]:
    """How long requests to the local driver take, beside what they take alone; and what is left behind."""
    with engines.ground() as base:
        place = engines.fresh(base)
        (place / "p").mkdir()
        with engines.run(OURS, place) as running:
            assert isinstance(running, Running), running
            engine = Engine(running.pid, running.socket)
            alone = door_load.alone(engine, ALONE)
            outcome = door_load.beside_hostile_plugins(engine, place / "p", MINUTE)
        findings = door_load.checked(place / "r")
    beside = outcome.load
    yield _row(
        "local requests in a minute", f"{len(beside.seconds):,}", f"alone {_in_a_minute(alone):,.0f}", ""
    )
    for share in SHARES:
        yield _row(f"{share:.1%} took at most", _at(beside, share), f"alone {_at(alone, share)}", "")
    yield _row("the slowest took", _at(beside, 1), f"alone {_at(alone, 1)}", "≤ 250 ms")
    yield _row("local requests that failed", str(len(beside.failures)), "", "0")
    yield _row("calls of hostile plugins", f"{outcome.calls:,}, one killed {outcome.kills:,} times", "", "")
    yield _row("threads left behind", str(outcome.after.threads - outcome.before.threads), "", "≤ 0")
    descriptors = outcome.after.descriptors - outcome.before.descriptors
    yield _row("descriptors left behind", str(descriptors), "", f"≤ {door_load.KEPT}, one for each plugin")
    yield _row("findings of the check afterwards", str(len(findings)), "", "0")


def _row(what: str, figure: str, peer: str, goal: str) -> Row:
    return f"load: {what}", figure, peer, "", goal


def _in_a_minute(load: Load) -> float:
    return len(load.seconds) * MINUTE / ALONE


def _at(load: Load, share: float) -> str:
    return f"{1000 * sorted(load.seconds)[int(share * len(load.seconds)) - 1]:.0f} ms"
