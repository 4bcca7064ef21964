"""What a plugin manager is given, and what it holds on each plugin it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from runtime.plugins.authz import AuthzMiddleware
from runtime.plugins.executor.protocol import ExecutorCreator
from runtime.plugins.logs import LastLines
from runtime.plugins.patience import Clock, RealClock, Timings
from runtime.plugins.store import Store
from runtime.workers import Threads, Workers

EventLogger = Callable[[str, str, str], None]
"""Told of a plugin's id, its name as the client wrote it, and what was done.

Go:
    plugin/manager.go::eventLogger
"""


def _nobody(_id: str, _name: str, _action: str) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class ManagerConfig:
    """What a plugin manager needs.

    Args:
        store: The plugins that are known.
        root: Where they live, `/var/lib/docker/plugins` with moby.
        exec_root: Where their sockets are.
        create_executor: Makes the executor, which may make None where nothing is ever started.
        live_restore_enabled: Whether plugins run on while the engine is stopped.
        log_plugin_event: Told of what is done to plugins.
        authz_middleware: The chain that disabled authorization plugins leave.
        timings: How long to wait for what.
        clock: The time.
        workers: Who runs what goes on in the background.

    Go:
        plugin/manager.go::ManagerConfig

    Differs:
        field RegistryService: nothing is pulled or pushed here.
        extra timings: moby's are constants.
        extra clock: the time, which tests replace; moby asks the system.
        extra workers: moby has goroutines.
    """

    store: Store
    root: Path
    exec_root: Path
    create_executor: ExecutorCreator
    live_restore_enabled: bool = False
    log_plugin_event: EventLogger = _nobody
    authz_middleware: AuthzMiddleware | None = None
    timings: Timings = field(default_factory=Timings)
    clock: Clock = field(default_factory=RealClock)
    workers: Workers = field(default_factory=Threads)


class Controller:
    """The manager's hold on a plugin that runs or ran.

    Go:
        plugin/manager.go::controller

    Differs:
        behaviour exitChan: an Event that is set once the plugin has ended; moby closes a channel and drops
            it.
        extra given_up: set when the plugin is not to be started again, which ends the wait for it.
        extra running: whether something was started whose end has not been dealt with.
        extra crashes: how often in a row it ended by itself.
        extra started: when it was started last.
        extra failing_since: when the first of the starts in a row was made that all failed; None if the last
            one succeeded.
        extra end: how it ended last.
        extra last_lines: what it printed last.
    """

    def __init__(self, timeout_in_secs: int = 0) -> None:
        self.restart = False
        self.running = False
        self.exit_chan = threading.Event()
        self.timeout_in_secs = timeout_in_secs
        self.given_up = threading.Event()
        self.crashes = 0
        self.started = 0.0
        self.failing_since: float | None = None
        self.end = ""
        self.last_lines = LastLines()

    def give_up(self) -> None:
        """Do not start the plugin again, and wait for it no longer."""
        self.given_up.set()

    def stopped(self) -> Stopped:
        """What is set as soon as the plugin has ended or is given up."""
        return Stopped(self.exit_chan, self.given_up)

    def count_crash(self, now: float, timings: Timings) -> None:
        """One more crash; the first again, if the plugin had run for a while."""
        if now - self.started >= timings.restart_steady:
            self.crashes = 0
        self.crashes += 1


@dataclass(frozen=True, slots=True)
class Stopped:
    """Whether a plugin has ended, or is given up."""

    exit_chan: threading.Event
    given_up: threading.Event

    def is_set(self) -> bool:
        """Whether it is so."""
        return self.exit_chan.is_set() or self.given_up.is_set()
