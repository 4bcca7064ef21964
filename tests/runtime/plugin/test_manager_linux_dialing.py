"""How long is waited for what: moby's numbers, on a clock that takes no time."""

from __future__ import annotations

import threading
from pathlib import Path

from runtime.golang.time import Clock
from runtime.pkg import system
from runtime.plugin.defs import Controller, Timings
from runtime.plugin.manager_linux import wait_until_listening


class SimulatedClock(Clock):
    """A clock that only goes on while somebody waits."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.time += seconds
        return event.is_set()


def test_moby_s_numbers_are_the_defaults() -> None:
    timings = Timings()
    assert (timings.first_dial, timings.next_dial, timings.max_retries) == (0.5, 3, 3)
    assert (timings.terminate, timings.kill) == (10, 10)
    assert (system.REMOVE_RETRIES, system.REMOVE_WAIT) == (50, 0.1)
    assert timings.start == 1


def test_restarts_wait_from_a_second_to_a_minute() -> None:
    timings = Timings()
    assert [timings.restart_wait(crashes) for crashes in (1, 2, 3, 6, 7, 10_000)] == [1, 2, 4, 32, 60, 60]


def test_a_plugin_that_never_listens_is_given_up_after_12_and_a_half_seconds(tmp_path: Path) -> None:
    clock = SimulatedClock()
    error = wait_until_listening(tmp_path / "x.sock", Controller().stopped(), Timings(), clock)
    assert str(error) == f"dial unix {tmp_path / 'x.sock'}: connect: no such file or directory"
    assert 12.5 <= clock.time - 100 < 12.6


def test_a_plugin_that_is_gone_is_not_waited_for(tmp_path: Path) -> None:
    clock, controller = SimulatedClock(), Controller()
    controller.exit_chan.set()
    assert wait_until_listening(tmp_path / "x.sock", controller.stopped(), Timings(), clock) is not None
    assert clock.time == 100


def test_a_socket_that_nobody_listens_on_refuses(tmp_path: Path) -> None:
    (tmp_path / "x.sock").touch()
    error = wait_until_listening(tmp_path / "x.sock", Controller().stopped(), Timings(), SimulatedClock())
    assert str(error).endswith("x.sock: connect: connection refused")
