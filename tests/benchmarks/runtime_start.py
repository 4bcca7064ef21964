"""The engine's start, and lists, with 0, 1,000 and 10,000 local volumes; and its memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

from runtime.volumes.local import new as new_local
from runtime.volumes.metadata import FILE, Metadata, VolumeMetadata, connect, encode

SIZES = (0, 1_000, 10_000)
REPEATS = 5

CHILD = """
import json, sys, time
from pathlib import Path
from runtime import Config, Daemon
config = Config(root=Path(sys.argv[1]), plugin_folders=())
begin = time.perf_counter()
daemon = Daemon(config)
started = time.perf_counter()
first = daemon.volumes.list().volumes
listed = time.perf_counter()
again = daemon.volumes.list().volumes
ended = time.perf_counter()
resident = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))
daemon.shutdown()
print(json.dumps([len(first), started - begin, listed - started, ended - listed, resident]))
"""


class Row(NamedTuple):
    """One figure: what was measured, how much, of what."""

    name: str
    value: float
    unit: str


def run() -> list[Row]:
    """Start, first and later list in milliseconds, memory in megabytes; the median of five processes each."""
    rows: list[Row] = []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as made:
            root = Path(made)
            fill(root, size)
            measured = [_measure(root, size) for _ in range(REPEATS)]
        start, first, again, resident = (median(values) for values in zip(*measured, strict=True))
        rows += [
            Row(f"engine: start with {size:,} volumes", start * 1000, "ms"),
            Row(f"engine: first list of {size:,} volumes", first * 1000, "ms"),
            Row(f"engine: list of {size:,} volumes", again * 1000, "ms"),
            Row(f"engine: memory with {size:,} volumes", resident / 1024, "MB"),
        ]
    return rows


def fill(root: Path, size: int) -> None:
    """Make so many volumes, faster than through the service: their syncs are not what is measured here."""
    driver = new_local(root)
    database = connect(root / "volumes" / FILE)
    database.execute("begin")
    for number in range(size):
        name = f"volume-{number:05}"
        driver.create(name)
        meta = VolumeMetadata(name, "local", {"number": str(number)} if number % 3 == 0 else None, None)
        database.execute("insert into volumes values (?, ?)", (name, encode(meta)))
    database.execute("commit")
    assert len(Metadata(database).rows) == size
    database.close()
    driver.close()


def _measure(root: Path, size: int) -> tuple[float, float, float, float]:
    command = [sys.executable, "-c", CHILD, str(root)]
    found, *figures = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert found == size
    start, first, again, resident = figures
    return start, first, again, resident
