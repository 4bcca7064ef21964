"""The runs that the site plays back, and the snapshots of their state."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runtime.examples.recordings import RECORDINGS, OneAtATime, ServingDaemon, config, write_plugin
from runtime.examples.snapshot import snapshot

ROOT = Path(__file__).parents[3]


def test_tasks_run_when_they_are_submitted() -> None:
    ran: list[str] = []
    workers = OneAtATime()

    def outer() -> str:
        workers.submit(ran.append, "inner").result(0)
        ran.append("outer")
        return "done"

    assert workers.submit(outer).result(0) == "done"
    assert ran == ["inner", "outer"]
    with pytest.raises(ZeroDivisionError):
        workers.submit(lambda: 1 // 0).result(0)


def test_snapshot_shows_a_running_engine_as_plain_data() -> None:
    with config() as settings:
        write_plugin(settings.root, enabled=True)
        with ServingDaemon(settings) as daemon:
            daemon.volumes.create("data", "local", reference="web")
            found = snapshot(daemon)
    assert found["Plugins in the store"] == {"tiny:latest": "enabled, has a client, 0 users"}
    assert found["The manager's controllers"] == {"tiny:latest": "running: true, restart: true"}
    assert found["Drivers"] == {"local": "Root"}
    assert found["Volumes"] == {"data": "of driver local"}
    assert found["References"] == {"data": "web"}
    assert found["Files below the root"]["volumes/data/_data/"] == "directory"
    assert not [name for name in found["Files below the root"] if str(settings.root) in name]


def test_snapshot_shows_an_engine_that_has_only_begun() -> None:
    found = snapshot(ServingDaemon.__new__(ServingDaemon))
    del found["Requests on plugin sockets"]  # those of all plugins of this process
    assert not any(found.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", RECORDINGS)
def test_two_runs_are_recorded_alike(name: str, tmp_path: Path) -> None:
    recorder = [sys.executable, "-m", "annotator.parity.recorder"]
    runs = []
    for out in ("one", "other"):
        words = [str(tmp_path / out), "runtime/examples/snapshot.py::snapshot", "runtime"]
        script = ["runtime/examples/recordings.py", name]
        runs.append(subprocess.Popen([*recorder, *words, "--", *script], cwd=ROOT))
    assert [run.wait(300) for run in runs] == [0, 0]
    assert (tmp_path / "one").stat().st_size > 10_000
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
