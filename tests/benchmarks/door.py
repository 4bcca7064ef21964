"""The API through its socket, beside dockerd 20.10.24; what is acknowledged is on the disk, for both."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import _engines as engines
from _engines import OURS, PEER, Engine, Running

sys.path.insert(0, str(Path(__file__).parents[1] / "damage"))

import damage_root
from damage_cases import CASES

REPEATS: Final = 5
MANY: Final = 10_000
CONNECTIONS: Final = 8
STALL: Final = 120.0
"""Seconds that an engine has to start whose volumes have a driver that is not there."""

CREATE = "/volumes/create"
VOLUME = "/volumes/volume-%1$d-%2$05d"
BODY = '{"Name": "volume-%1$d-%2$05d", "Driver": "local"}'
OTHER, OTHER_BODY = (text.replace("volume-", "other-") for text in (VOLUME, BODY))


class Figure(NamedTuple):
    """How a figure is shown: a format of a number, what it is multiplied with, and its goal."""

    shown: str
    factor: float
    goal: str


FIGURES: Final[Mapping[str, Figure]] = {
    "exec to first ping, empty root": Figure("{:,.0f} ms", 1e3, "≤ 500 ms"),
    "create, 1 connection": Figure("{:,.0f}/s", 1, "≥ 1.0×"),
    "create, 8 connections": Figure("{:,.0f}/s", 1, "≥ 1.0×"),
    "inspect, 8 connections": Figure("{:,.0f}/s", 1, "≥ 0.3×"),
    "remove, 1 connection": Figure("{:,.0f}/s", 1, "≥ 1.0×"),
    "remove, 8 connections": Figure("{:,.0f}/s", 1, "≥ 1.0×"),
    "list of 10,000 volumes": Figure("{:,.1f} ms", 1e3, "≤ 1.0×"),
    "exec to first ping, 10,000 volumes": Figure("{:,.0f} ms", 1e3, "≤ 2.0×"),
    "memory with 10,000 volumes": Figure("{:,.0f} MB", 1e-6, "≤ 0.7×"),
    "exec to first ping, four volumes of a missing driver": Figure("{:,.2f} s", 1, "≤ 0.05×"),
}

Row = tuple[str, str, str, str, str]


def run() -> Iterator[Row]:
    """The median of five runs each on fresh roots, ours and dockerd in turn."""
    if shutil.which("cc") is None:
        yield ("no C compiler is installed: nothing is measured through the socket", "", "", "", "")
        return
    known = [OURS, PEER] if engines.peer_is_installed() else [OURS]
    with engines.ground() as base:
        client = Client.compiled(base)
        measured: dict[str, list[Mapping[str, float]]] = {engine.name: [] for engine in known}
        for turn in range(REPEATS):
            for engine in known[:: 1 if turn % 2 else -1]:
                measured[engine.name].append(_measured(engine, client, base))
        # dockerd is run once: a minute each time.
        missing = {engine.name: {_MISSING: _missing_driver(engine, base)} for engine in known}
    ours, theirs = (
        _medians([*measured.get(one.name, ()), missing.get(one.name, {})]) for one in (OURS, PEER)
    )
    yield from (_row(what, figure, ours[what], theirs.get(what)) for what, figure in FIGURES.items())


class Client(NamedTuple):
    """The program that sends requests; it is in C, so that it is not what is measured."""

    program: Path

    @classmethod
    def compiled(cls, base: Path) -> Client:
        """The program, compiled into a folder."""
        source = Path(__file__).with_name("door_client.c")
        program = base / "client"
        command = ["cc", "-O2", "-D_GNU_SOURCE", "-pthread", "-o", str(program), str(source)]
        subprocess.run(command, check=True)
        return cls(program)

    def seconds(self, at: Path, connections: int, each: int, method: str, path: str, body: str = "") -> float:
        """How long it takes to have `each` requests answered on each connection."""
        command = [str(self.program), str(at), str(connections), str(each), method, path, body]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        assert told[1] == "0", f"{told[1]} answers to {method} {path} are no success"
        return float(told[0])

    def rate(self, at: Path, connections: int, each: int, method: str, path: str, body: str = "") -> float:
        """How many requests are answered in a second."""
        return connections * each / self.seconds(at, connections, each, method, path, body)


def _measured(engine: Engine, client: Client, base: Path) -> Mapping[str, float]:
    return {**_few(engine, client, engines.fresh(base)), **_many(engine, client, engines.fresh(base))}


def _few(engine: Engine, client: Client, root: Path) -> Mapping[str, float]:
    with engines.run(engine, root) as running:
        assert isinstance(running, Running), running
        at = running.socket
        return {
            "exec to first ping, empty root": running.seconds,
            "create, 1 connection": client.rate(at, 1, 1000, "POST", CREATE, BODY),
            "create, 8 connections": client.rate(at, CONNECTIONS, 250, "POST", CREATE, OTHER_BODY),
            "inspect, 8 connections": client.rate(
                at, CONNECTIONS, 1000, "GET", OTHER.replace("%2$05d", "00042")
            ),
            "remove, 1 connection": client.rate(at, 1, 1000, "DELETE", VOLUME),
            "remove, 8 connections": client.rate(at, CONNECTIONS, 250, "DELETE", OTHER),
        }


def _many(engine: Engine, client: Client, root: Path) -> Mapping[str, float]:
    with engines.run(engine, root) as running:
        assert isinstance(running, Running), running
        client.seconds(running.socket, CONNECTIONS, MANY // CONNECTIONS, "POST", CREATE, BODY)
    with engines.run(engine, root) as running:
        assert isinstance(running, Running), running
        return {
            "exec to first ping, 10,000 volumes": running.seconds,
            "list of 10,000 volumes": client.seconds(running.socket, 1, 20, "GET", "/volumes") / 20,
            "memory with 10,000 volumes": engines.resident(running.pid),
        }


_MISSING: Final = "exec to first ping, four volumes of a missing driver"


def _missing_driver(engine: Engine, base: Path) -> float:
    root = engines.fresh(base)
    case = next(case for case in CASES if case.name == "db-four-drivers-gone")
    damage_root.build(root / "r", enabled=False)
    for tamper in case.tamper:
        tamper(root / "r")
    with engines.run(engine, root, STALL) as running:
        return running.seconds


def _medians(measured: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    found = {what: [one[what] for one in measured if what in one] for what in FIGURES}
    return {what: median(values) for what, values in found.items() if values}


def _row(what: str, figure: Figure, ours: float, theirs: float | None) -> Row:
    shown = figure.shown.format(ours * figure.factor)
    if theirs is None:
        return f"door: {what}", shown, "", "", figure.goal
    peer = figure.shown.format(theirs * figure.factor)
    return f"door: {what}", shown, f"dockerd {peer}", f"{ours / theirs:.2f}×", figure.goal
