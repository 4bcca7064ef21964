"""Tampered data roots, and engines on them."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from runtime import Config, Daemon, Timings
from runtime.cmd.dockerd.logs import Text
from runtime.plugin.defs import Timings as PluginTimings
from runtime.volume.drivers.proxy import Timings as VolumeTimings

sys.path.insert(0, str(Path(__file__).parent))

import damage_root
from damage_cases import Case
from damage_root import Observed

import runtime.volume.service.bolt  # noqa: F401 - before the user changes: some cannot read Python's own files

NOBODY = 65534
PATIENT, BRIEF = 20.0, 0.3
"""What a start waits for: with BRIEF, something never answers."""


@dataclass(frozen=True, slots=True)
class Start:
    """One start of an engine: what it showed, and what it said in the log."""

    shown: Observed
    log: str


class Tampered:
    """A root that was tampered with, and engines that start on it."""

    def __init__(self, base: Path, case: Case) -> None:
        self.base = base
        self.case = case
        self.root = base / "r"
        damage_root.build(self.root, enabled=case.plugin_runs)
        if case.used:
            self.start()
        if case.unprivileged and os.geteuid() == 0:
            for path in (base, self.root, *self.root.rglob("*")):
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        for tamper in case.tamper:
            tamper(self.root)
        self.before = damage_root.snapshot(base)

    def config(self) -> Config:
        wait = BRIEF if self.case.stalls else PATIENT
        timings = Timings(
            start=wait,
            volumes=VolumeTimings(probe=wait, database_lock=0.5, database_retry=0.01),
            plugins=PluginTimings(terminate=0.5, kill=5.0),
        )
        return Config(root=self.root, exec_root=self.base / "x", plugin_folders=(), timings=timings)

    def start(self) -> Start:
        """Start an engine, ask it for all it has, and stop it."""
        with heard() as said, self._as_user(), Daemon(self.config()) as daemon:
            shown = damage_root.observe(daemon)
        return Start(shown, "\n".join(said))

    @contextmanager
    def _as_user(self) -> Iterator[None]:
        user, group = os.geteuid(), os.getegid()
        if self.case.unprivileged and user == 0:
            os.setegid(NOBODY)
            os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(user)
            os.setegid(group)


@contextmanager
def heard() -> Iterator[list[str]]:
    """Yield the lines that the engine writes to its log meanwhile, as it prints them."""
    said: list[str] = []

    class Ears(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(Text().format(record))

    ears, logger = Ears(logging.INFO), logging.getLogger("runtime")
    level = logger.level
    logger.addHandler(ears)
    logger.setLevel(logging.INFO)
    try:
        yield said
    finally:
        logger.removeHandler(ears)
        logger.setLevel(level)


@pytest.fixture
def tampered(case: Case) -> Iterator[Tampered]:
    if case.needs_root and os.geteuid() != 0:
        pytest.skip("only root can tamper so")
    base = Path(tempfile.mkdtemp(prefix="d"))
    try:
        yield Tampered(base, case)
    finally:
        shutil.rmtree(base)


@pytest.fixture
def snapshot() -> object:
    """All that is below a folder."""
    return damage_root.snapshot


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder with one for plugins in it, both of short names: a socket's path has little room."""
    with tempfile.TemporaryDirectory(prefix="d") as made:
        (Path(made) / "p").mkdir()
        yield Path(made)
