"""The engine's start, and lists, with 0, 1,000 and 10,000 local volumes; and its memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from runtime.volume.local.local import new as new_local
from runtime.volume.service.db import FILE, Metadata, VolumeMetadata, connect, encode

SIZES = (0, 1_000, 10_000)
REPEATS = 5
GOALS = {
    "start with 10,000 volumes": "≤ 200 ms",
    "list of 10,000 volumes": "≤ 34 ms",
    "memory with 10,000 volumes": "≤ 70 MB",
}

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


Row = tuple[str, str, str, str, str]


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
            _row(f"start with {size:,} volumes", f"{start * 1000:.0f} ms"),
            _row(f"first list of {size:,} volumes", f"{first * 1000:.1f} ms"),
            _row(f"list of {size:,} volumes", f"{again * 1000:.1f} ms"),
            _row(f"memory with {size:,} volumes", f"{resident / 1024:.0f} MB"),
        ]
    return rows


def _row(what: str, figure: str) -> Row:
    return f"engine: {what}", figure, "", "", GOALS.get(what, "")


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
