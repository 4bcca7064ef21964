"""Starts on tampered data roots, beside dockerd 20.10.24: as recorded, and live where it is installed."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import _engines as engines
from _engines import PEER, Ended, Running

from runtime import Config, Daemon
from runtime.pkg import mount

sys.path.insert(0, str(Path(__file__).parents[1] / "damage"))

import damage_root
from damage_cases import CASES, Case
from damage_peer import FAILS_OR_STALLS, OBSERVED, RECORDED

ALLOWED = 2.0
"""Seconds that a start on a tampered root may take beyond one on an undamaged root."""

PEER_BOUND = 20.0
"""Seconds that dockerd has to answer its first request."""

PANIC = 2
"""The exit code of a Go program that panics."""


class Row(NamedTuple):
    """One root: what was done to it, our start, dockerd's, their ratio, and what was to be reached."""

    what: str
    figure: str
    peer: str
    ratio: str
    goal: str


class Ours(NamedTuple):
    """What our engine did: seconds of its start, volumes and warnings that it showed, and entries lost."""

    seconds: float
    volumes: int
    warnings: int
    lost: int


def run() -> list[Row]:
    """What all roots come to, and then each one."""
    logging.disable(logging.CRITICAL)
    try:
        cases = [
            case for case in CASES if not case.unprivileged and (os.geteuid() == 0 or not case.needs_root)
        ]
        ours = {case.name: _ours(case) for case in cases}
    finally:
        logging.disable(logging.NOTSET)
    live = (
        {case.name: _dockerd(case) for case in cases if case.name in FAILS_OR_STALLS}
        if engines.peer_is_installed()
        else {}
    )
    bound = ours["baseline"].seconds + ALLOWED
    rows = [_row(name, measured, live.get(name), bound) for name, measured in ours.items()]
    return [*_summary(ours, live, bound), *rows]


def _row(name: str, measured: Ours, live: str | None, bound: float) -> Row:
    recorded = RECORDED.get(name)
    known = {"recorded": recorded, "seen before": None if live else OBSERVED.get(name), "live": live}
    peer = "; ".join(f"{how}: {outcome}" for how, outcome in known.items() if outcome)
    figure = f"{measured.seconds:.2f} s, {measured.volumes} volumes, {measured.warnings} warnings"
    seconds = _seconds(live) or _seconds(recorded)
    ratio = f"{measured.seconds / seconds:.2f}" if seconds else "-"
    return Row(f"start: {name}", figure, peer or "-", ratio, f"<= {bound:.2f} s")


def _seconds(text: str | None) -> float | None:
    """The seconds of a start in what is known of dockerd, if it started."""
    first = (text or "").removeprefix("starts ").split(" ")[0]
    with suppress(ValueError):
        return float(first)
    return None


def _summary(ours: dict[str, Ours], live: dict[str, str], bound: float) -> Iterator[Row]:
    late = sum(one.seconds > bound for one in ours.values())
    lost = sum(one.lost for one in ours.values())
    slowest = max(one.seconds for one in ours.values()) - ours["baseline"].seconds
    yield Row("roots that ours started on", f"{len(ours)} of {len(ours)}", "-", "-", "all")
    yield Row("slowest beyond the undamaged", f"{slowest:.2f} s", "-", "-", f"<= {ALLOWED:.0f} s")
    yield Row("roots that took longer than allowed", str(late), "-", "-", "0")
    yield Row("files and folders lost or changed", str(lost), "-", "-", "0")
    if live:
        failed = sum(not answer.startswith("starts") for answer in live.values())
        yield Row("roots that dockerd did not start on", "0", f"live {failed} of {len(live)}", "-", "-")


@contextmanager
def _tampered(case: Case) -> Iterator[Path]:
    """A folder with the root `r` in it."""
    base = Path(tempfile.mkdtemp(prefix="d"))
    try:
        damage_root.build(base / "r", enabled=case.plugin_runs)
        if case.used:
            Daemon(_config(base)).shutdown()
        for tamper in case.tamper:
            tamper(base / "r")
        yield base
    finally:
        mount.recursive_unmount(base)  # dockerd leaves its root mounted when it fails
        shutil.rmtree(base, ignore_errors=True)


def _config(base: Path) -> Config:
    return Config(root=base / "r", exec_root=base / "x", plugin_folders=())


def _ours(case: Case) -> Ours:
    with _tampered(case) as base:
        before = damage_root.snapshot(base)
        begin = time.perf_counter()
        daemon = Daemon(_config(base))
        seconds = time.perf_counter() - begin
        shown = damage_root.observe(daemon)
        daemon.shutdown()
        return Ours(
            seconds, len(shown.volumes), len(shown.warnings), _lost(case, before, damage_root.snapshot(base))
        )


def _lost(case: Case, before: dict[bytes, object], after: dict[bytes, object]) -> int:
    """How many entries are gone or other than before, those apart that the case documents."""
    documented = tuple(b"r/" + os.fsencode(path) for path in case.documented)
    return sum(
        after.get(path) != entry and not path.startswith(documented or (b"\0",))
        for path, entry in before.items()
    )


def _dockerd(case: Case) -> str:
    """What dockerd does on such a root; its plugin is disabled, since it is no container's."""
    quiet = case if case.name == "plug-rootfs-gone" else replace(case, without_plugin=True)
    with _tampered(replace(quiet, used=False)) as base:
        (base / "empty.json").write_text("{}")
        with engines.run(PEER, base, PEER_BOUND) as outcome:
            return _told(outcome)


def _told(outcome: Running | Ended) -> str:
    if isinstance(outcome, Running):
        return f"starts {outcome.seconds:.2f} s"
    if outcome.code is None:
        return f"no answer within {PEER_BOUND:.0f} s"
    return f"{'panics' if outcome.code == PANIC else 'refuses'} after {outcome.seconds:.2f} s"
