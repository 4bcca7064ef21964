"""Sites of several tags, built by real Dask workers of which one is killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import processes
import pytest

from annotator import cli

pytest.importorskip("distributed", reason="needs the extra `cluster`")

ROOT = Path(__file__).parents[2]
BOTH = ("--tag", "v1.0.0", "--tag", "v2.0.0")
EXAMPLE = '''\
"""Waits for a file."""

import os
import time
from pathlib import Path


def main() -> None:
    """Say that this runs, and wait until the test opens the gate."""
    gate = Path(os.environ["GATE"])
    (gate / os.environ["WORKER"]).touch()
    while not (gate / "open").exists():
        time.sleep(0.02)


if __name__ == "__main__":
    main()
'''

pytestmark = pytest.mark.slow


class Cluster:
    """A scheduler and two workers, each a process with a cache of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
        port = self.address.rpartition(":")[2]
        self._start("scheduler", "dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
        self.workers = {
            name: self._start(
                name, "dask_worker", self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard"
            )
            for name in ("one", "two")
        }

    def _start(self, name: str, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        home = self.folder / name
        home.mkdir(parents=True)
        environment = os.environ | {
            "ANNOTATOR_CACHE": str(home / "cache"), "GATE": str(self.folder), "WORKER": f"{name}.runs",
            "PYTHONPATH": str(ROOT), "TMPDIR": str(home),
        }  # fmt: skip
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
                cwd=home, env=environment, stdout=log, stderr=log,
            )  # fmt: skip
        self._processes = [*getattr(self, "_processes", ()), process]
        return process

    def runs(self) -> str | None:
        """The name of a worker that runs the example."""
        return next((name for name in self.workers if (self.folder / f"{name}.runs").exists()), None)

    def close(self) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path / "cluster")
    yield cluster
    cluster.close()


@pytest.fixture
def mapped(project: Path, shop: Path) -> Path:
    """The project with recorded facts and the smallest settings for mkdocs."""
    site = project / "site"
    (site / "mkdocs.yml").write_text("site_name: t\nsite_dir: html\nuse_directory_urls: false\nplugins: []\n")
    (site / "versions.yml").write_text(
        "INHERIT: mkdocs.yml\ntheme: {name: mkdocs, custom_dir: theme}\nmarkdown_extensions: [attr_list]\n"
    )
    (site / "theme").mkdir()
    (site / "theme" / "main.html").write_text('{% extends "base.html" %}\n')
    assert cli.run(["record", "--source", str(shop)]) == 0
    return project


def test_task_of_a_killed_worker_runs_on_the_other_one(mapped: Path, cluster: Cluster) -> None:
    (mapped / "port/examples").mkdir()
    (mapped / "port/examples/__init__.py").write_text("")
    (mapped / "port/examples/wait.py").write_text(EXAMPLE)
    with (mapped / "annotator.toml").open("a") as settings:
        settings.write(
            'examples = { folder = "port/examples", command = "python -m port.examples.{name}" }\n'
        )

    def kill_one() -> None:
        processes.wait_until(lambda: cluster.runs() is not None)
        cluster.workers[cluster.runs() or ""].send_signal(signal.SIGKILL)
        (cluster.folder / "open").touch()

    killer = threading.Thread(target=kill_one)
    killer.start()
    arguments = ("build", "--source", "../shop", "--scheduler", cluster.address, *BOTH)
    done = subprocess.run(
        [sys.executable, "-m", "annotator", *arguments],
        cwd=mapped, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    killer.join()

    assert (done.returncode, done.stdout.split(" in ")[0]) == (0, "v2.0.0, v1.0.0"), done.stderr
    assert all((mapped / "site" / "html" / tag / "index.html").is_file() for tag in ("v1.0.0", "v2.0.0"))
    assert [process.poll() is None for process in cluster.workers.values()].count(True) == 1
