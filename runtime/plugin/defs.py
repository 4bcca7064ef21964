"""The manager's settings and controllers, the output of plugins, and their privileges.

The class `Store` is in `store.py`, `SpecOpt` in `v2/plugin.py`.

Go: plugin/manager.go, plugin/defs.go, plugin/backend_linux.go, plugin/executor/containerd/containerd.go
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from runtime.api.types.plugin import PluginConfig, PluginPrivilege
from runtime.errdefs import EngineError
from runtime.golang.strconv import printable, quote
from runtime.golang.time import Clock
from runtime.oci import Spec
from runtime.plugin.store import Store
from runtime.plugin.v2.plugin import Plugin
from runtime.workers import Threads, Workers

CONFIG_FILE_NAME = "config.json"
"""The file with a plugin's record, in its directory.

Go: plugin/manager.go::configFileName
"""

ROOTFS_FILE_NAME = "rootfs"
"""The root file system of a plugin, in its directory.

Go: plugin/manager.go::rootFSFileName
"""

output_log = logging.getLogger("runtime.plugin.output")

LINE_LIMIT = 64 << 10
"""Bytes after which a line is cut, as in logrus."""

LAST_LINES = 5
LAST_LINE_LIMIT = 300
"""Number of a plugin's last lines in an error, and characters of each."""


class WriteCloser(Protocol):
    """The sink of a plugin's output."""

    def write(self, data: bytes, /) -> object:
        """Write some bytes, without blocking for long."""
        ...

    def close(self) -> None:
        """Close the sink; nothing more is written."""
        ...


class LastLines:
    """The last lines that a plugin printed, for the error that reports its end."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=LAST_LINES)

    def add(self, line: str) -> None:
        """Add a line, cut to a bounded length; empty ones are skipped."""
        if line.strip():
            self._lines.append(line if len(line) <= LAST_LINE_LIMIT else f"{line[:LAST_LINE_LIMIT]}...")

    def __str__(self) -> str:
        """Return the lines as one quoted text; empty if there are none."""
        lines = self._lines.copy()
        return quote("\n".join(lines)) if lines else ""


class LineLogger:
    """Logs a plugin's output line by line.

    Go: plugin/manager.go::logHook, plugin/manager.go::logHook.Fire, plugin/manager.go::logHook.Levels
    """

    def __init__(self, plugin_id: str, level: int, last: LastLines | None = None) -> None:
        self.id = plugin_id
        self.level = level
        self._last = last
        self._rest = b""

    def write(self, data: bytes, /) -> int:
        """Log the complete lines and keep the rest."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._log(line)
        while len(self._rest) >= LINE_LIMIT:
            self._log(self._rest[:LINE_LIMIT])
            self._rest = self._rest[LINE_LIMIT:]
        return len(data)

    def close(self) -> None:
        """Log the rest."""
        if self._rest:
            self._log(self._rest)
        self._rest = b""

    def _log(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip("\r")
        if self._last is not None:
            self._last.add(text)
        output_log.log(self.level, "%s", printable(text), extra={"plugin": self.id})


def make_logger_streams(plugin_id: str, last: LastLines | None = None) -> tuple[LineLogger, LineLogger]:
    """Return the sinks of a plugin's standard output and standard error: level info and level error."""
    return LineLogger(plugin_id, logging.INFO, last), LineLogger(plugin_id, logging.ERROR, last)


class Executor(Protocol):
    """Runs plugins, each under its id.

    Go: plugin/manager.go::Executor
    """

    def create(self, plugin_id: str, spec: Spec, stdout: WriteCloser, stderr: WriteCloser) -> None:
        """Start a plugin.

        Raises:
            EngineError: it is running already, or does not start; nothing is left behind then.
        """
        ...

    def is_running(self, plugin_id: str) -> bool:
        """Return whether a plugin runs."""
        ...

    def restore(self, plugin_id: str, stdout: WriteCloser, stderr: WriteCloser) -> bool:
        """Take over a plugin that an earlier engine started; return whether it is alive.

        The remains of a dead one are removed.
        """
        ...

    def signal(self, plugin_id: str, signal: int) -> None:
        """Send a signal to a plugin.

        Raises:
            EngineError: it does not run.
        """
        ...

    def close(self) -> None:
        """End the executor's own threads; plugins run on."""
        ...


class ExitHandler(Protocol):
    """Handles the ends of plugins; the manager does."""

    def handle_exit_event(self, plugin_id: str, end: str = "") -> None:
        """Handle the end of a plugin; `end` says how it ended, as `exit code 1`."""
        ...


ExecutorCreator = Callable[[ExitHandler], Executor | None]
"""Returns the executor of a manager, whose `handle_exit_event` the executor calls.

Go: plugin/manager.go::ExecutorCreator
"""


@dataclass(frozen=True, slots=True)
class Timings:
    """How long the manager waits, in seconds; as in moby unless marked ours."""

    first_dial: float = 0.5
    """After the start, before the first dial."""
    next_dial: float = 3.0
    """After each dial that fails."""
    max_retries: int = 3
    """Dials after the first."""
    probe: float = 0.05
    """Between two dials within that time; ours, moby dials four times in all."""
    terminate: float = 10.0
    """After SIGTERM, before SIGKILL."""
    kill: float = 10.0
    """After SIGKILL."""
    restart_first: float = 1.0
    """Before a plugin that crashed is started again; ours, moby restarts at once."""
    restart_max: float = 60.0
    """The wait doubles up to this; ours."""
    restart_steady: float = 10.0
    """A plugin that ran this long has not crashed on start: the wait is `restart_first` again; ours."""
    start: float = 1.0
    """How long plugins may delay the start of the engine; ours, moby waits for all of them."""

    @property
    def listening(self) -> float:
        """Seconds in which a plugin must listen on its socket, or it is disabled; 12.5 by default."""
        return self.first_dial + (self.max_retries + 1) * self.next_dial

    def restart_wait(self, crashes: int) -> float:
        """Return the wait after this many crashes in a row, counted from 1."""
        return min(self.restart_first * 2.0 ** min(crashes - 1, 30), self.restart_max)


class AuthzMiddleware(Protocol):
    """The chain of authorization plugins."""

    def remove_plugin(self, name: str, /) -> None:
        """Remove a plugin from the chain."""
        ...


EventLogger = Callable[[str, str, str], None]
"""Called with a plugin's id, its name as in the request, and the action.

Go: plugin/manager.go::eventLogger
"""


def _log_nothing(_id: str, _name: str, _action: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class ManagerConfig:
    """The settings of a plugin manager.

    Args:
        store: Holds the loaded plugins.
        root: The directory of plugins, `/var/lib/docker/plugins` in moby.
        exec_root: The directory of sockets.
        create_executor: Returns the executor, or None if no plugin is ever started.
        live_restore_enabled: Whether plugins run on while the engine is stopped.
        log_plugin_event: Called after each operation on a plugin.
        authz_middleware: The chain that disabled authorization plugins leave.
        timings: Time limits.
        clock: The clock of all waits.
        workers: Run tasks in the background.
    """

    store: Store
    root: Path
    exec_root: Path
    create_executor: ExecutorCreator
    live_restore_enabled: bool = False
    log_plugin_event: EventLogger = _log_nothing
    authz_middleware: AuthzMiddleware | None = None
    timings: Timings = field(default_factory=Timings)
    clock: Clock = field(default_factory=Clock)
    workers: Workers = field(default_factory=Threads)


class Controller:
    """The manager's state of a plugin that runs or ran.

    Differs:
        behaviour exitChan: an Event that is set when the plugin ends; moby closes a channel and drops it.
    """

    def __init__(self, timeout_in_secs: int = 0) -> None:
        self.restart = False
        self.running = False  # until the exit of a started plugin is handled
        self.exit_chan = threading.Event()
        self.timeout_in_secs = timeout_in_secs
        self.given_up = threading.Event()  # ends the wait before a restart
        self.crashes = 0  # in a row
        self.started = 0.0  # the time of the last start
        self.failing_since: float | None = None  # the first of the last starts that all failed
        self.end = ""  # how it ended last, as `exit code 1`
        self.last_lines = LastLines()

    def give_up(self) -> None:
        """End the wait for the plugin, and do not restart it."""
        self.given_up.set()

    def stopped(self) -> Stopped:
        """Return the state that is set once the plugin has ended or is given up."""
        return Stopped(self.exit_chan, self.given_up)

    def count_crash(self, now: float, timings: Timings) -> None:
        """Count a crash; start again at 1 if the plugin had run for a while."""
        if now - self.started >= timings.restart_steady:
            self.crashes = 0
        self.crashes += 1


@dataclass(frozen=True, slots=True)
class Stopped:
    """Whether a plugin has ended, or is given up."""

    exit_chan: threading.Event
    given_up: threading.Event

    def is_set(self) -> bool:
        """Return whether either is set."""
        return self.exit_chan.is_set() or self.given_up.is_set()


CreateOpt = Callable[[Plugin], None]
"""Changes a plugin while it is created.

Go: plugin/defs.go::CreateOpt
"""


_NO_PRIVILEGE = ("null", "bridge", "")


def compute_privileges(c: PluginConfig) -> list[PluginPrivilege]:
    """Return the privileges that a user has to accept."""
    return list(_privileges(c))


def _privileges(config: PluginConfig) -> Iterator[PluginPrivilege]:
    if config.network.type not in _NO_PRIVILEGE:
        yield PluginPrivilege("network", "permissions to access a network", [config.network.type])
    if config.ipc_host:
        yield PluginPrivilege("host ipc namespace", "allow access to host ipc namespace", ["true"])
    if config.pid_host:
        yield PluginPrivilege("host pid namespace", "allow access to host pid namespace", ["true"])
    for mount in config.mounts or ():
        if mount.source is not None:
            yield PluginPrivilege("mount", "host path to mount", [mount.source])
    for device in config.linux.devices or ():
        if device.path is not None:
            yield PluginPrivilege("device", "host device to access", [device.path])
    if config.linux.allow_all_devices:
        yield PluginPrivilege("allow-all-devices", "allow 'rwm' access to all devices", ["true"])
    if config.linux.capabilities:
        yield PluginPrivilege(
            "capabilities", "list of additional capabilities required", config.linux.capabilities
        )


def validate_privileges(
    required_privileges: Sequence[PluginPrivilege], privileges: Sequence[PluginPrivilege]
) -> None:
    """Check that the user accepted exactly the required privileges.

    Raises:
        EngineError: `incorrect privileges`.
    """
    if not is_equal(required_privileges, privileges):
        raise EngineError("incorrect privileges")


def is_equal(arr_one: Sequence[PluginPrivilege], arr_other: Sequence[PluginPrivilege]) -> bool:
    """Return whether both hold the same privileges, in any order.

    Differs:
        behaviour first: compares the first privilege too; moby does not, so a single one always passes.
        behaviour order: sorts names and values; moby sorts values only while swapping, so that equal lists
            can differ.
        behaviour sort: changes neither argument.
    """
    return sorted(map(_key, arr_one)) == sorted(map(_key, arr_other))


def _key(privilege: PluginPrivilege) -> tuple[str, list[str]]:
    """Return the key by which privileges are compared and sorted.

    Go: plugin/manager.go::isEqualPrivilege
    """
    return privilege.name, sorted(privilege.value or ())
