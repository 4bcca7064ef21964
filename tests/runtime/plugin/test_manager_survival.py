"""An engine that is killed: its plugins run on, and the next engine finds them or starts them anew."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.plugin.defs import ManagerConfig, Timings
from runtime.plugin.executor import executor, process
from runtime.plugin.manager import Manager
from runtime.plugin.store import Store

ENGINE = """
import sys, time
from pathlib import Path
from runtime.api.types.plugin import PluginCreateOptions
from runtime.plugin.defs import ManagerConfig
from runtime.plugin.executor import process
from runtime.plugin.manager import Manager
from runtime.plugin.store import Store

path, source = Path(sys.argv[1]), Path(sys.argv[2])
manager = Manager(ManagerConfig(
    store=Store(), root=path / "plugins", exec_root=path / "exec", live_restore_enabled=True,
    create_executor=lambda handler: process.new(path / "exec", handler),
))
plugin = manager.create_from_directory(source, PluginCreateOptions("test"))
manager.enable("test")
print(manager.executor._watched[plugin.id].process.pid, flush=True)
time.sleep(1000)
"""


class Survivor:
    """The plugin of an engine that was killed."""

    def __init__(self, path: Path, pid: int) -> None:
        self.path = path
        self.process = executor.of(pid)
        self._managers: list[Manager] = []

    def runs(self) -> bool:
        pidfd = self.process.open()
        if pidfd is not None:
            os.close(pidfd)
        return pidfd is not None

    def kill(self) -> None:
        """Kill it and wait until it is gone."""
        pidfd = self.process.open()
        assert pidfd is not None
        executor.send(pidfd, signal.SIGKILL)
        select.select([pidfd], [], [])
        os.close(pidfd)

    def next_engine(self, *, live_restore: bool) -> Manager:
        exec_root = self.path / "exec"
        manager = Manager(
            ManagerConfig(
                store=Store(),
                root=self.path / "plugins",
                exec_root=exec_root,
                create_executor=lambda handler: process.new(exec_root, handler),
                live_restore_enabled=live_restore,
                timings=Timings(start=60),
            )
        )
        self._managers.append(manager)
        return manager

    def close(self) -> None:
        for manager in self._managers:
            if manager.inspect("test").enabled:
                manager.disable("test")
            manager.shutdown()


@pytest.fixture
def survivor(short_path: Path, source: Path) -> Iterator[Survivor]:
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", ENGINE, str(short_path), str(source)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
    ) as engine:
        assert engine.stdout is not None
        found = Survivor(short_path, int(engine.stdout.readline()))
        engine.kill()
    yield found
    found.close()


def watched_pid(manager: Manager) -> int:
    executor: Any = manager.executor
    return int(executor._watched[manager.get("test").id].process.pid)


def test_a_plugin_outlives_a_killed_engine_and_the_next_one_finds_it(survivor: Survivor) -> None:
    assert survivor.runs()
    manager = survivor.next_engine(live_restore=True)
    assert watched_pid(manager) == survivor.process.pid
    assert manager.inspect("test").enabled


def test_without_live_restore_the_next_engine_starts_it_anew(survivor: Survivor) -> None:
    manager = survivor.next_engine(live_restore=False)
    assert not survivor.runs()
    assert watched_pid(manager) != survivor.process.pid
    assert manager.inspect("test").enabled


def test_one_that_died_meanwhile_is_started_again(survivor: Survivor) -> None:
    survivor.kill()
    manager = survivor.next_engine(live_restore=True)
    assert not survivor.runs()
    assert watched_pid(manager) != survivor.process.pid
