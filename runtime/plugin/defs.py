"""What a plugin manager is given, and what it holds on each plugin it runs.

Go: plugin/manager.go, plugin/defs.go, plugin/backend_linux.go, plugin/executor/containerd/containerd.go
"""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from msgspec.structs import replace

from runtime import oci
from runtime.api.types.plugin import PluginConfig, PluginFile, PluginPrivilege
from runtime.errdefs import EngineError
from runtime.golang import encoding_json
from runtime.golang.strconv import printable, quote
from runtime.oci import Spec
from runtime.pkg import mount
from runtime.pkg.ioutils import atomic_write_file, open_regular, sync_directory
from runtime.pkg.stringid import VALID_FULL_ID, below
from runtime.pkg.system import ensure_remove_all
from runtime.plugin.store import Store
from runtime.plugin.v2.plugin import Plugin, SpecOpt, from_disk
from runtime.workers import Threads, Workers

output_log = logging.getLogger("runtime.plugin.output")

LINE_LIMIT = 64 << 10
"""Bytes after which a line is cut, as in logrus."""

LAST_LINES = 5
LAST_LINE_LIMIT = 300
"""How many of a plugin's last lines an error shows, and how many characters of each."""


class WriteCloser(Protocol):
    """Where an executor puts what a plugin prints."""

    def write(self, data: bytes, /) -> object:
        """Take some bytes; never blocks for long."""
        ...

    def close(self) -> None:
        """Nothing more comes."""
        ...


class LastLines:
    """The last lines that a plugin printed on either stream, for the error that tells of its end."""

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
    """Logs what is written to it, line by line, as from a plugin.

    Go:
        plugin/manager.go::logHook
        plugin/manager.go::logHook.Fire
        plugin/manager.go::logHook.Levels
    Differs:
        param entry: a line at a time is written, and logged with the plugin's id as an `extra` field; logrus
            shows its hook the finished entry.
        extra level: moby's hook is for all levels, and the stream's level is the logger's.
    """

    def __init__(self, plugin_id: str, level: int, last: LastLines | None = None) -> None:
        self.id = plugin_id
        self.level = level
        self._last = last
        self._rest = b""

    def write(self, data: bytes, /) -> int:
        """Log the lines that are whole by now, and keep the rest."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._log(line)
        while len(self._rest) >= LINE_LIMIT:
            self._log(self._rest[:LINE_LIMIT])
            self._rest = self._rest[LINE_LIMIT:]
        return len(data)

    def close(self) -> None:
        """Log what is left."""
        if self._rest:
            self._log(self._rest)
        self._rest = b""

    def _log(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip("\r")
        if self._last is not None:
            self._last.add(text)
        output_log.log(self.level, "%s", printable(text), extra={"plugin": self.id})


def make_logger_streams(plugin_id: str, last: LastLines | None = None) -> tuple[LineLogger, LineLogger]:
    """Return the sinks of a plugin's standard output and standard error: level info and level error.

    Differs:
        extra last: keeps the last lines for error messages; moby's have none.
    """
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
        """Whether a plugin runs."""
        ...

    def restore(self, plugin_id: str, stdout: WriteCloser, stderr: WriteCloser) -> bool:
        """Take over a plugin that an earlier engine started; whether it is alive.

        What is left of one that is not goes.
        """
        ...

    def signal(self, plugin_id: str, signal: int) -> None:
        """Send a signal to a plugin.

        Raises:
            EngineError: it does not run.
        """
        ...


@runtime_checkable
class Closes(Protocol):
    """An executor with threads of its own: `close` ends them, and lets the plugins run on."""

    def close(self) -> None:
        """End the threads."""
        ...


class ExitHandler(Protocol):
    """Who is told that a plugin has ended."""

    def handle_exit_event(self, plugin_id: str, end: str = "") -> None:
        """Handle the end of a plugin; `end` says how it ended, as `exit code 1`.

        Differs:
            extra end: for the log; moby does not log how a plugin ended.
        """
        ...


ExecutorCreator = Callable[[ExitHandler], Executor | None]
"""Makes the executor of a manager, which it tells of exits.

Go: plugin/manager.go::ExecutorCreator
"""


@dataclass(frozen=True, slots=True)
class Timings:
    """Every wait of the plugin manager, in seconds, with moby's numbers unless said otherwise."""

    first_dial: float = 0.5
    """Given to a plugin that has just started, to listen on its socket."""
    next_dial: float = 3.0
    """After each dial that fails."""
    max_retries: int = 3
    """Dials after the first."""
    probe: float = 0.05
    """Between two dials within that time; ours, moby dials four times in all."""
    terminate: float = 10.0
    """Given to a plugin after SIGTERM, before SIGKILL."""
    kill: float = 10.0
    """Given to it after SIGKILL."""
    restart_first: float = 1.0
    """Before a plugin that crashed is started again; ours, moby restarts at once."""
    restart_max: float = 60.0
    """The wait doubles up to this; ours."""
    restart_steady: float = 10.0
    """A plugin that ran this long has not crashed on start, so the wait begins anew; ours."""
    start: float = 1.0
    """What plugins together may delay the start of the engine; ours, moby waits for all of them."""

    @property
    def listening(self) -> float:
        """Seconds in which a plugin must listen on its socket, or it is disabled; 12.5 by default."""
        return self.first_dial + (self.max_retries + 1) * self.next_dial

    def restart_wait(self, crashes: int) -> float:
        """The wait after this many crashes in a row, counted from 1."""
        return min(self.restart_first * 2.0 ** min(crashes - 1, 30), self.restart_max)


class Clock(Protocol):
    """The time, and waiting for something until a time."""

    def now(self) -> float:
        """Seconds on a clock that only goes forward."""
        ...

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until the event is set, or so many seconds; whether it is set."""
        ...


class RealClock:
    """The machine's clock."""

    def now(self) -> float:
        """Seconds on a clock that only goes forward."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until the event is set, or so many seconds; whether it is set."""
        return event.wait(seconds)


EventLogger = Callable[[str, str, str], None]
"""Told of a plugin's id, its name as the client wrote it, and what was done.

Go: plugin/manager.go::eventLogger
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


CreateOpt = Callable[[Plugin], None]
"""Changes a plugin while it is created.

Go: plugin/defs.go::CreateOpt
"""


def with_swarm_service(service_id: str) -> CreateOpt:
    """Mark a plugin as managed by a swarm service."""

    def mark(plugin: Plugin) -> None:
        plugin.swarm_service_id = service_id

    return mark


def with_spec_mounts(mounts: Sequence[oci.Mount]) -> SpecOpt:
    """Add mounts to a spec."""

    def add(spec: oci.Spec) -> None:
        spec.mounts.extend(mounts)

    return add


_NO_PRIVILEGE = ("null", "bridge", "")


def compute_privileges(c: PluginConfig) -> list[PluginPrivilege]:
    """The privileges that a user has to accept."""
    return list(_privileges(c))


def _privileges(config: PluginConfig) -> Iterator[PluginPrivilege]:
    if config.network.type not in _NO_PRIVILEGE:
        yield PluginPrivilege("network", "permissions to access a network", [config.network.type])
    if config.ipc_host:
        yield PluginPrivilege("host ipc namespace", "allow access to host ipc namespace", ["true"])
    if config.pid_host:
        yield PluginPrivilege("host pid namespace", "allow access to host pid namespace", ["true"])
    for wanted in config.mounts or ():
        if wanted.source is not None:
            yield PluginPrivilege("mount", "host path to mount", [wanted.source])
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
    """Check that the user accepted what is required, no less and no more.

    Raises:
        EngineError: `incorrect privileges`.
    """
    if not is_equal(required_privileges, privileges):
        raise EngineError("incorrect privileges")


def is_equal(arr_one: Sequence[PluginPrivilege], arr_other: Sequence[PluginPrivilege]) -> bool:
    """Whether both hold the same privileges, in any order.

    Differs:
        param compare: always by name and value.
        call isEqualPrivilege: the one way to compare that moby hands to it.
        behaviour first: the first privilege is compared too; moby begins with the second, so a single one
            always passes.
        behaviour order: sorted by name and values; moby sorts values only while swapping, so equal lists can
            differ.
        behaviour sort: neither argument is changed.
    """
    return sorted(map(_key, arr_one)) == sorted(map(_key, arr_other))


def _key(privilege: PluginPrivilege) -> tuple[str, list[str]]:
    """By what privileges are the same: equal keys.

    Go: plugin/manager.go::isEqualPrivilege
    Differs:
        param a: called `privilege`: only one is taken, since two are compared by their keys.
        param b: the other one has a key of its own.
    """
    return privilege.name, sorted(privilege.value or ())


REMOVING = "-removing"
"""What the name of a directory ends with while it is removed."""

_EXISTS = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)


def atomic_remove_all(directory: Path) -> None:
    """Rename a directory out of the way, then remove it; a leftover of an earlier removal goes too.

    Links are removed, never followed.

    Raises:
        EngineError: the directory cannot be renamed, or a leftover cannot be removed.
        OSError: something in it cannot be removed; it has its name again then.
    """
    renamed = directory.with_name(directory.name + REMOVING)
    try:
        directory.rename(renamed)
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno not in _EXISTS:
            raise EngineError(f"failed to rename dir for atomic removal: {error}", error) from error
        _remove_leftover(renamed)
        if not _present(directory):
            return
        _rename_again(directory, renamed)
    try:
        sync_directory(directory.parent)
        ensure_remove_all(renamed)
    except OSError:
        with suppress(OSError):
            renamed.rename(directory)
        raise


def remove_files(root: Path, exec_root: Path, plugin_id: str) -> None:
    """Remove all of a plugin's files, after detaching what is mounted among them.

    Raises:
        EngineError: `error unmounting plugin data`, or the directory cannot be renamed.
        OSError: something in it cannot be removed.
    """
    directory = below(root, plugin_id)
    try:
        mount.recursive_unmount(directory)
    except OSError as error:
        raise EngineError(f"error unmounting plugin data: {error}", error) from error
    atomic_remove_all(directory)
    ensure_remove_all(below(exec_root, plugin_id))


def _remove_leftover(renamed: Path) -> None:
    try:
        ensure_remove_all(renamed)
    except OSError as error:
        text = f"rename target already exists and could not be removed: {error}"
        raise EngineError(text, error) from error


def _rename_again(directory: Path, renamed: Path) -> None:
    try:
        directory.rename(renamed)
    except OSError as error:
        raise EngineError(f"failed to rename dir for atomic removal: {error}", error) from error


def _present(path: Path) -> bool:
    return path.exists() or path.is_symlink()


CONFIG_FILE_NAME = "config.json"
"""What is written down of a plugin, in its directory.

Go: plugin/manager.go::configFileName
"""

ROOTFS_FILE_NAME = "rootfs"
"""The root file system of a plugin, in its directory.

Go: plugin/manager.go::rootFSFileName
"""

CONFIG_MODE = 0o600
"""Only the engine may read what is written down."""


def load_plugin(root: Path, plugin_id: str) -> Plugin:
    """The plugin whose directory is ROOT/ID.

    Raises:
        EngineError: `error reading PATH` or `error decoding PATH`.

    Go: plugin/manager.go::Manager.loadPlugin
    Differs:
        extra root: where the plugins live; moby's function is a method of the manager, which knows it.
        error id: a config.json of another id is refused; moby loads it and can never save it.
        error link: links and files that are none are not followed; moby follows them, and waits for a pipe.
        error size: a config.json of more than 4 MiB is refused.
        call InvalidParameter: raised by the API's reader of JSON, of which `golang_json` keeps the words and
            not the kind.
        behaviour settings: a mount or device that was set after a restart of moby is only in the config; it
            counts here as there.
    """
    path = below(root, plugin_id) / CONFIG_FILE_NAME
    try:
        data = _read(path)
    except OSError as error:
        raise EngineError(f"error reading {path}: {error}", error) from error
    try:
        document = encoding_json.parse(data)
        file = encoding_json.decode(document, PluginFile)
    except EngineError as error:
        raise EngineError(f"error decoding {path}: {error}", error) from error
    if file.plugin_obj.id != plugin_id:
        raise EngineError(
            f"error decoding {path}: it belongs to the plugin with the id {file.plugin_obj.id!r}"
        )
    in_force = from_disk(file.plugin_obj.config, file.plugin_obj.settings)
    return Plugin(replace(file, plugin_obj=replace(file.plugin_obj, settings=in_force)), document)


def save(root: Path, p: Plugin) -> None:
    """Write a plugin's config.json.

    Raises:
        EngineError: `failed to write atomically plugin json`; the file is as before.

    Go: plugin/manager.go::Manager.save
    Differs:
        extra root: where the plugins live; moby's function is a method of the manager, which knows it.
        behaviour same: a file that says the same already stays as it is; moby writes it at each start.
        behaviour unknown: keys that another version wrote stay; moby drops them.
        error failed-to-marshal: there is always JSON of a plugin's record, whose fields are all texts,
            numbers and lists of them.
        behaviour lock: one save of a plugin at a time, so that an older state never replaces a newer.
    """
    path = below(root, p.get_id()) / CONFIG_FILE_NAME
    with p.turn:
        file = p.to_file()
        if file == p.written:
            return
        try:
            data = encoding_json.encode(file, p.read)
            if not _is_written(path, data):
                atomic_write_file(path, data, CONFIG_MODE)
        except OSError as error:
            raise EngineError(f"failed to write atomically plugin json: {error}", error) from error
        p.written = file


def handle_load_error(error: EngineError, plugin_id: str) -> None:
    """Log that a plugin cannot be loaded.

    Differs:
        behaviour nil: there always is an error; moby's function returns where there is none, which no caller
            needs.
    """
    fields = {"id": plugin_id, "error": str(error)}
    if isinstance(error.cause, FileNotFoundError):
        log.warning(
            "missing plugin config, skipping: this may be caused due to a failed remove "
            "and requires manual cleanup.",
            extra=fields,
        )
        return
    log.error("error loading plugin, skipping", extra=fields)


def _is_written(path: Path, data: bytes) -> bool:
    try:
        return _read(path) == data
    except OSError:
        return False


def _read(path: Path) -> bytes:
    if path.parent.is_symlink():
        raise OSError(errno.ELOOP, "the directory is a link", str(path.parent))
    with open_regular(path) as file:
        return file.read(encoding_json.SIZE_LIMIT + 1)


log = logging.getLogger(__name__)


class AuthzMiddleware(Protocol):
    """The chain of plugins that authorize requests."""

    def remove_plugin(self, name: str, /) -> None:
        """Take a plugin out of the chain."""
        ...


def unread(root: Path, known: Container[str]) -> Sequence[str]:
    """The ids of plugins on disk that could not be loaded, and whose blobs nobody knows therefore."""
    found = (path.parent.name for path in root.glob(f"*/{CONFIG_FILE_NAME}"))
    return sorted(name for name in found if VALID_FULL_ID.fullmatch(name) and name not in known)
