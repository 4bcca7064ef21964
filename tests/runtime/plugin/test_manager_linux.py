"""Starting, stopping, crashing, and what is there after a restart of the engine."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from runtime import errdefs
from runtime.api.types.plugin import PluginRmConfig
from runtime.golang.time import Clock
from runtime.oci import Spec
from runtime.pkg import mount
from runtime.pkg.plugingetter import LOOKUP
from runtime.plugin.defs import Controller, Executor, Timings, WriteCloser
from runtime.plugin.manager import Manager
from runtime.plugin.store import Store

if TYPE_CHECKING:
    from conftest import Home

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")


class RecordingClock(Clock):
    """Lets no restart wait, writes the waits down, and ends them after so many."""

    def __init__(self, restarts: int) -> None:
        self.restarts = restarts
        self.waits: list[float] = []
        self.done = threading.Event()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        if seconds < 1:
            return super().wait(event, seconds)
        self.waits.append(seconds)
        if len(self.waits) == self.restarts:
            event.set()
            self.done.set()
        return event.is_set()


# moby's schedule for restarts, with quick dials.
SCHEDULE = Timings(first_dial=0.05, next_dial=0.05, max_retries=0, probe=0.01, start=60.0)
ENDLESS = replace(SCHEDULE, first_dial=1e6)
"""Starts that fail are never given up."""
WAITS = [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_plugin_that_runs_already_is_adopted_with_live_restore(home: Home) -> None:
    plugin = home.write(enabled=True)
    home.executor.start(plugin.id)
    manager = home.start(live_restore_enabled=True)
    assert manager.get("test").client is not None
    assert home.executor.specs == []
    assert home.executor.signals == []


def test_a_plugin_that_runs_already_is_started_anew_without_live_restore(home: Home) -> None:
    plugin = home.write(enabled=True)
    home.executor.start(plugin.id)
    manager = home.start()
    assert manager.get("test").client is not None
    assert len(home.executor.specs) == 1
    assert home.executor.signals == [signal.SIGTERM]


@pytest.mark.parametrize("live_restore", [False, True])
def test_an_enabled_plugin_that_does_not_run_is_started(home: Home, *, live_restore: bool) -> None:
    plugin = home.write(enabled=True)
    home.start(live_restore_enabled=live_restore)
    assert home.executor.is_running(plugin.id)


@pytest.mark.parametrize("enabled", [False, True])
def test_a_plugin_is_after_a_restart_what_it_was_before(home: Home, *, enabled: bool) -> None:
    home.write(enabled=enabled)
    home.start().shutdown()
    assert home.executor.running == {}
    assert home.start().inspect("test").enabled is enabled
    assert bool(home.executor.running) is enabled


def test_with_live_restore_a_plugin_outlives_a_stopped_engine(home: Home) -> None:
    home.write(enabled=True)
    home.start(live_restore_enabled=True).shutdown()
    assert len(home.executor.running) == 1
    home.start(live_restore_enabled=True)
    assert len(home.executor.specs) == 1


def test_a_plugin_that_ends_at_once_is_restarted_after_waits_that_grow_and_never_spins(home: Home) -> None:
    plugin = home.write(enabled=True)
    home.executor.dies = True
    clock = RecordingClock(len(WAITS))
    home.start(clock=clock, timings=ENDLESS)
    assert clock.done.wait(30)
    assert clock.waits == WAITS
    assert len(home.executor.specs) == len(WAITS)
    assert Manager.load_plugin(home.root, plugin.id).enabled


def test_a_plugin_whose_start_fails_is_tried_again_as_slowly(home: Home) -> None:
    home.write(enabled=True)
    clock = RecordingClock(5)
    home.start(clock=clock, timings=ENDLESS)
    home.executor.fails = True
    home.executor.end(next(iter(home.executor.running)))
    assert clock.done.wait(30)
    assert clock.waits == WAITS[:5]


class JumpingClock(Clock):
    """Lets no restart wait, but moves the time on."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def wait(self, event: threading.Event, seconds: float) -> bool:
        if seconds >= 1:
            self.time += seconds
        return super().wait(event, min(seconds, 0.01))


def until(holds: Callable[[], object]) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


@pytest.mark.parametrize("fault", ["dies", "fails"])
def test_plugin_that_never_listens_is_disabled_after_12_5_s(home: Home, fault: str) -> None:
    plugin = home.write(enabled=True)
    clock = JumpingClock()
    manager = home.start(clock=clock, timings=Timings(probe=0.01, start=60.0))
    setattr(home.executor, fault, True)
    home.executor.end(plugin.id)
    until(lambda: not manager.inspect("test").enabled)
    assert clock.time == 1 + 12.5
    # The record keeps what the user asked for: the next engine tries again, as moby's does.
    assert Manager.load_plugin(home.root, plugin.id).enabled


def test_plugin_that_cannot_be_created_is_disabled_at_start(home: Home) -> None:
    home.write(enabled=True)
    home.executor.fails = True
    manager = home.start()
    assert not manager.inspect("test").enabled


def test_a_plugin_that_ran_for_a_while_is_restarted_after_the_first_wait_again() -> None:
    timings, controller = Timings(), Controller()
    for now in (1, 2, 3):
        controller.count_crash(now, timings)
    assert timings.restart_wait(controller.crashes) == 4
    controller.started = 100
    controller.count_crash(100 + timings.restart_steady, timings)
    assert timings.restart_wait(controller.crashes) == 1


def test_a_plugin_that_crashed_is_running_again(home: Home) -> None:
    plugin = home.write(enabled=True)
    manager = home.start()
    subscriber = Restarted(manager)
    home.executor.end(plugin.id)
    assert subscriber.seen.wait(30)
    assert home.executor.is_running(plugin.id)
    assert home.events == []


class Restarted:
    """Sees the next time that a plugin is enabled."""

    def __init__(self, manager: Manager) -> None:
        self.seen = threading.Event()
        manager.config.store.handle("volumedriver", lambda _name, _client: self.seen.set())


def test_disabling_ends_the_wait_for_a_restart(home: Home) -> None:
    plugin = home.write(enabled=True)
    manager = home.start(timings=replace(SCHEDULE, restart_first=60.0))
    home.executor.end(plugin.id)
    manager.disable("test")
    assert len(home.executor.specs) == 1
    assert not manager.inspect("test").enabled
    manager.remove("test")


def test_shutting_down_ends_the_wait_for_a_restart(home: Home) -> None:
    plugin = home.write(enabled=True)
    manager = home.start(timings=replace(SCHEDULE, restart_first=60.0))
    home.executor.end(plugin.id)
    controller = manager.controller(manager.get("test"))
    assert controller is not None
    manager.shutdown()
    assert controller.given_up.is_set()
    assert home.executor.running == {}


def test_a_second_event_for_the_same_exit_does_nothing(home: Home) -> None:
    plugin = home.write(enabled=True)
    manager = home.start(timings=replace(SCHEDULE, restart_first=60.0))
    home.executor.end(plugin.id)
    manager.handle_exit_event(plugin.id)
    controller = manager.controller(manager.get("test"))
    assert controller is not None
    assert controller.crashes == 1


def test_a_plugin_that_does_not_end_when_asked_is_killed(home: Home) -> None:
    home.write(enabled=True)
    home.executor.stubborn = True
    manager = home.start(timings=replace(SCHEDULE, terminate=0.05))
    manager.disable("test")
    assert home.executor.signals == [signal.SIGTERM, signal.SIGKILL]
    assert home.executor.running == {}


class Hanging:
    """An executor with one plugin that neither starts nor says no until it is released."""

    def __init__(self, inner: Executor, plugin_id: str) -> None:
        self.inner = inner
        self.plugin_id = plugin_id
        self.release = threading.Event()

    def create(self, plugin_id: str, spec: Spec, stdout: WriteCloser, stderr: WriteCloser) -> None:
        if plugin_id == self.plugin_id:
            assert self.release.wait(60)
            raise errdefs.EngineError("released")
        self.inner.create(plugin_id, spec, stdout, stderr)

    def is_running(self, plugin_id: str) -> bool:
        return self.inner.is_running(plugin_id)

    def restore(self, plugin_id: str, stdout: WriteCloser, stderr: WriteCloser) -> bool:
        return self.inner.restore(plugin_id, stdout, stderr)

    def signal(self, plugin_id: str, number: int, /) -> None:
        self.inner.signal(plugin_id, number)

    def close(self) -> None:
        self.inner.close()


def test_a_plugin_that_hangs_holds_up_neither_the_start_nor_another(home: Home) -> None:
    hanging, good = home.write("hanging", enabled=True), home.write("good", enabled=True)
    executor = Hanging(home.executor, hanging.id)

    def create_executor(handler: Manager) -> Executor:
        home.executor.exit_handler = handler
        return executor

    enabled = threading.Event()
    store = Store()
    store.handle("volumedriver", lambda _name, _client: enabled.set())
    manager = home.start(store=store, create_executor=create_executor, timings=replace(SCHEDULE, start=0.2))
    assert not executor.release.is_set()
    assert enabled.wait(30)
    assert home.executor.is_running(good.id)
    assert manager.config.store.get("good", "volumedriver", LOOKUP).client is not None
    assert manager.config.store.get("hanging", "volumedriver", LOOKUP).client is not None
    executor.release.set()


def test_a_plugin_that_is_mute_is_given_up_at_the_start_and_stays_enabled_on_disk(home: Home) -> None:
    home.write(enabled=True)
    home.executor.mute = True
    manager = home.start(timings=SCHEDULE)
    assert not manager.inspect("test").enabled
    assert home.executor.running == {}
    home.executor.mute = False
    manager.shutdown()
    assert home.start().inspect("test").enabled


def test_a_plugin_that_cannot_be_restored_is_logged_and_stops_no_other(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = home.write("bad", enabled=True), home.write("good", enabled=True)
    (home.root / bad.id / "rootfs").rmdir()
    (home.root / bad.id / "rootfs").touch()
    with caplog.at_level(logging.ERROR, "runtime.plugin"):
        home.start()
    assert [record.__dict__["id"] for record in caplog.records] == [bad.id]
    assert home.executor.is_running(good.id)


def test_a_dead_socket_of_an_earlier_run_is_not_in_the_way(home: Home) -> None:
    plugin = home.write(enabled=True)
    dead = home.exec_root / plugin.id / "plugin.sock"
    dead.parent.mkdir(parents=True)
    dead.touch()
    manager = home.start()
    assert manager.inspect("test").enabled
    assert home.executor.is_running(plugin.id)


@ROOT
def test_removing_one_plugin_leaves_what_another_has_mounted(home: Home) -> None:
    home.write("one")
    two = home.write("two", enabled=True)
    manager = home.start()
    place = home.root / two.id / "rootfs" / "testmount"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(place)], check=True)
    try:
        manager.remove("one", PluginRmConfig(force_remove=True))
        assert mount.mounted(place)
    finally:
        manager.shutdown()
    assert not mount.mounted(place)


@ROOT
def test_what_a_plugin_has_mounted_goes_with_it(home: Home) -> None:
    plugin = home.write()
    manager = home.start()
    place = home.root / plugin.id / "rootfs" / "mounted"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(place)], check=True)
    manager.remove("test")
    assert not mount.mounted(place)
    assert not (home.root / plugin.id).exists()
