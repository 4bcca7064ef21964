"""Runs plugins: starts, watches, signals and restores their processes.

Go: plugin/executor/containerd/containerd.go
"""

from __future__ import annotations

import errno
import logging
import os
import select
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol
from weakref import WeakValueDictionary

import msgspec

from runtime.errdefs import Conflict, EngineError, NotFound
from runtime.oci import Spec
from runtime.pkg.ioutils import make_directories
from runtime.pkg.system import ensure_remove_all
from runtime.plugin.defs import ExitHandler, WriteCloser
from runtime.plugin.errors import describe, failure

_PROC = Path("/proc")
_BOOT_ID = _PROC / "sys/kernel/random/boot_id"
_PARENT, _SESSION, _START_TIME = 1, 3, 19
"""Fields of /proc/PID/stat after the command's name."""

MARK = "MOBY_ANNOTATED_PLUGIN"
"""The variable that a plugin's processes have in their environment, also those that leave its session."""

ROUNDS = 20
"""Searches for processes of a plugin; each finds those that were started during the one before."""

KILL_WAIT = 2.0
"""Seconds that a process gets to end after SIGKILL; one that hangs in the kernel takes longer."""


class ProcessIdentity(msgspec.Struct, frozen=True):
    """A process of this machine since it was booted; `start_time` is in clock ticks."""

    pid: int
    start_time: int
    boot_id: str

    def open(self, *, even_ended: bool = False) -> int | None:
        """Return a pidfd of the process, or None if it has ended.

        Args:
            even_ended: Return that of an ended process too, if its parent has not reaped it.
        """
        if self.boot_id != _boot_id():
            return None
        try:
            pidfd = os.pidfd_open(self.pid)
        except (OSError, ValueError, OverflowError):
            return None
        # Only what is read after opening is known to be about the process that was opened.
        if _start_time(self.pid) != self.start_time or (has_ended(pidfd) and not even_ended):
            os.close(pidfd)
            return None
        return pidfd


def of(pid: int) -> ProcessIdentity:
    """Return the identity of a process; the identity of one that does not exist can never be opened."""
    start_time = _start_time(pid)
    return ProcessIdentity(pid, -1 if start_time is None else start_time, _boot_id())


def has_ended(pidfd: int) -> bool:
    """Return whether a process has ended, even if it was not reaped."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))


def send(pidfd: int, number: int) -> bool:
    """Send a signal to a process; return whether it existed."""
    try:
        signal.pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        return False
    return True


def reap(pidfd: int) -> str:
    """Reap a process that has ended and say how, as `exit code 1` or `signal SIGSEGV`.

    How a process ended that is not our child, such as one that an earlier engine started, is unknown.
    """
    with suppress(ChildProcessError):
        end = os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG)
        if end is not None and end.si_code == os.CLD_EXITED:
            return f"exit code {end.si_status}"
        if end is not None:
            return f"signal {_signal_name(end.si_status)}"
    return "exit code unknown"


def kill_all(leader: ProcessIdentity, mark: str) -> None:
    """Kill a process and all its descendants, also in other sessions; return when they have ended.

    A process belongs to the leader if it is in its session, if it has the mark in its environment, or if a
    process that belongs to it is its parent. One that has left the session, dropped the environment and lost
    its parent is not found; only containers end such ones.

    Args:
        leader: The process that led the session; it may have ended.
        mark: The value of `MARK` in the environment of the leader.
    """
    wanted = os.fsencode(f"{MARK}={mark}")
    for _ in range(ROUNDS):  # again, for what was started meanwhile
        opened = [pidfd for each in _belonging(leader, wanted) if (pidfd := each.open()) is not None]
        if not opened:
            return
        for pidfd in opened:
            with suppress(PermissionError):  # a program that has become another user's
                send(pidfd, signal.SIGKILL)
        for pidfd in opened:
            _wait(pidfd)
            os.close(pidfd)


def _belonging(leader: ProcessIdentity, wanted: bytes) -> list[ProcessIdentity]:
    if leader.boot_id != _boot_id():
        return []
    stats = {
        int(entry.name): stat for entry in _PROC.iterdir() if entry.name.isdigit() and (stat := _stat(entry))
    }
    younger = {pid: stat for pid, stat in stats.items() if int(stat[_START_TIME]) >= leader.start_time}
    leader_stat = stats.get(leader.pid)
    reused = leader_stat is not None and int(leader_stat[_START_TIME]) != leader.start_time
    found = {
        pid
        for pid, stat in younger.items()
        if (not reused and leader.pid in (pid, int(stat[_SESSION]))) or wanted in _environment(pid)
    }
    found.discard(os.getpid())
    while more := {pid for pid, stat in younger.items() if int(stat[_PARENT]) in found} - found:
        found |= more
    return [ProcessIdentity(pid, int(stats[pid][_START_TIME]), leader.boot_id) for pid in found]


def _environment(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:  # it has ended, or is another user's
        return []


def _wait(pidfd: int) -> None:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    poll.poll(KILL_WAIT * 1000)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # most real-time signals have no name
        return str(number)


def _start_time(pid: int) -> int | None:
    stat = _stat(_PROC / str(pid))
    return None if stat is None else int(stat[_START_TIME])


def _stat(process: Path) -> list[str] | None:
    """Read the fields of /proc/PID/stat after the command's name; None if there is no such process."""
    try:
        text = (process / "stat").read_text("utf-8", "replace")
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ESRCH):
            return None
        raise
    return text.rpartition(")")[2].split()


def _boot_id() -> str:
    return _BOOT_ID.read_text().strip()


class Runtime(Protocol):
    """Starts and finds processes of plugins, and removes their remains.

    Go: plugin/executor/containerd/containerd.go::Client
    Differs:
        methods Create, DeleteTask: part of `start` and `delete`; there are no tasks without containerd.
        methods Restore, Status, SignalProcess: the executor uses the process that `find` returns.
    """

    def start(self, plugin_id: str, bundle: Path, spec: Spec, outputs: tuple[int, int], /) -> ProcessIdentity:
        """Start a plugin.

        Args:
            plugin_id: The id of the plugin.
            bundle: A new directory for the files of this run.
            spec: The OCI spec.
            outputs: The descriptors for standard output and standard error.

        Raises:
            EngineError: it does not start; nothing is left behind then.
            OSError: likewise.

        Differs:
            params containerID, checkpointDir, withStdin, attachStdio: a plugin has an id, no checkpoints and
                its output in files.
            extras plugin_id, bundle, spec, outputs: Create is part of it.
        """
        ...

    def find(self, plugin_id: str, bundle: Path, /) -> ProcessIdentity | None:
        """Return the process that was started under this id, dead or alive, or None."""
        ...

    def delete(self, plugin_id: str, bundle: Path, /) -> None:
        """Kill the processes of a plugin, and remove its remains.

        Differs:
            param containerID: a plugin has an id.
            extras plugin_id, bundle: the plugin to remove.
        """
        ...


CHUNK = 64 << 10
BACKLOG_LIMIT = 8 << 20
"""Bytes of unread output beyond which it is dropped; a plugin must not fill the disk."""


class OutputFile:
    """A file that a plugin writes its output to, and that the engine reads and truncates.

    A pipe would block the plugin when nobody reads, and break it when the engine is gone; a file does
    neither. The engine that starts next finds the output that was not read yet.

    Go: plugin/executor/containerd/containerd.go::rio
    Differs:
        field IO: a file; containerd has named pipes.
        field wg: the thread that waits for the plugin's end also reads its output.
    """

    def __init__(self, path: Path, sink: WriteCloser) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        self._sink = sink

    def fileno(self) -> int:
        """Return the descriptor that the plugin writes to."""
        return self._fd

    def drain(self) -> None:
        """Read the output, then truncate the file."""
        size = os.fstat(self._fd).st_size
        if size > BACKLOG_LIMIT:
            os.ftruncate(self._fd, 0)
            self._sink.write(f"[{size} bytes of output dropped]\n".encode())
            return
        read = 0
        while read < size and (data := os.pread(self._fd, CHUNK, read)):
            self._sink.write(data)
            read += len(data)
        if read and os.fstat(self._fd).st_size == read:
            os.ftruncate(self._fd, 0)
        elif read:
            self._keep_from(read)

    def close(self) -> None:
        """Close the file and the sink."""
        os.close(self._fd)
        self._sink.close()

    def _keep_from(self, read: int) -> None:
        """Read the output that was added since, then truncate the file."""
        while data := os.pread(self._fd, CHUNK, read):
            self._sink.write(data)
            read += len(data)
            if read > BACKLOG_LIMIT:
                break
        os.ftruncate(self._fd, 0)


DRAIN_EVERY = 0.2
"""Seconds between two looks at the output."""


class Watched:
    """A plugin's process and the thread that watches it.

    Args:
        process: The process.
        pidfd: Its pidfd, which is closed at the end.
        outputs: Its output files, which are closed at the end.
        on_exit: Called in the thread when it has ended.
    """

    def __init__(
        self,
        process: ProcessIdentity,
        pidfd: int,
        outputs: Sequence[OutputFile],
        on_exit: Callable[[Watched], None],
    ) -> None:
        self.process = process
        self._pidfd = pidfd
        self._outputs = outputs
        self._on_exit = on_exit
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC)
        self._mu = threading.Lock()
        self._open = True
        self.end = ""
        """How the process ended; empty while it runs."""
        self._thread = threading.Thread(target=self._watch, name=f"plugin-{process.pid}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def is_running(self) -> bool:
        """Return whether the process has not ended."""
        with self._mu:
            return self._open and not has_ended(self._pidfd)

    def send(self, number: int) -> bool:
        """Send a signal to the process; return whether it runs."""
        with self._mu:
            return self._open and not has_ended(self._pidfd) and send(self._pidfd, number)

    def detach(self) -> None:
        """End the thread; the process runs on, and `on_exit` is not called."""
        with self._mu:
            if self._wake_write >= 0:
                os.write(self._wake_write, b"x")
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _watch(self) -> None:
        ended = self._wait()
        self._drain()
        for output in self._outputs:
            output.close()
        if ended:
            self.end = reap(self._pidfd)
        with self._mu:
            self._open = False
            os.close(self._pidfd)
        if ended:
            try:
                self._on_exit(self)
            except Exception:
                log.exception("cannot handle the end of a plugin", extra={"pid": self.process.pid})
        with self._mu:
            os.close(self._wake_read)
            os.close(self._wake_write)
            self._wake_read = self._wake_write = -1

    def _wait(self) -> bool:
        """Log the output until the process ends or watching stops; return whether it ended."""
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        while not (ready := poll.poll(DRAIN_EVERY * 1000)):
            self._drain()
        return any(descriptor == self._pidfd for descriptor, _ in ready)

    def _drain(self) -> None:
        for output in self._outputs:
            try:
                output.drain()
            except OSError:
                log.exception("cannot read the output of a plugin", extra={"pid": self.process.pid})


log = logging.getLogger(__name__)

PLUGIN_NAMESPACE = "plugins.moby"
"""The directory below the exec root with the state of running plugins.

Go: plugin/executor/containerd/containerd.go::PluginNamespace
"""


class Executor:
    """Runs plugins; EXEC/plugins.moby/ID holds the state of a running one.

    Args:
        root_dir: The exec root.
        client: Starts processes.
        exit_handler: Called at each end of a plugin.
        others: The runtimes of earlier engines, whose plugins are ended.

    Go:
        plugin/executor/containerd/containerd.go::Executor
        plugin/executor/containerd/containerd.go::New
    Differs:
        error creating-containerd-exec-client: the caller makes the client; there is no containerd.
        extra close: ends the threads.
        extra others: in moby containerd alone runs plugins.
    """

    def __init__(
        self, root_dir: Path, client: Runtime, exit_handler: ExitHandler, others: Sequence[Runtime] = ()
    ) -> None:
        self.root_dir = root_dir
        self.exit_handler = exit_handler
        self.client = client
        self.others = others
        self._mu = threading.Lock()
        # An entry lives as long as somebody holds or waits for the lock.
        self._busy: WeakValueDictionary[str, threading.RLock] = WeakValueDictionary()
        self._watched: dict[str, Watched] = {}

    def create(self, plugin_id: str, spec: Spec, stdout: WriteCloser, stderr: WriteCloser) -> None:
        """Start a plugin, after removing the remains of its last run.

        Raises:
            Conflict: it runs already.
            EngineError: it does not start; nothing is left behind then.

        Differs:
            error containerd: the text is `error creating plugin process: CAUSE`; there is no containerd.
            call IsNotFound: the remains of an earlier run are removed before the start; moby starts, and if
                that fails removes them and starts again.
            order deleteTaskAndContainer: see IsNotFound.
            calls IsRunning, Conflict: a running plugin is not started twice; in moby containerd refuses.
            call ProcessEvent: called by the thread that watches the process, in moby by the client.
        """
        with self._lock_of(plugin_id):
            if self.is_running(plugin_id):
                raise Conflict(f"error creating plugin process: plugin {plugin_id} is running")
            bundle = self._bundle(plugin_id)
            try:
                self._delete(plugin_id, bundle)
                make_directories(bundle)
                self._start(plugin_id, bundle, spec, (stdout, stderr))
            except (EngineError, OSError, ValueError) as error:
                self._delete(plugin_id, bundle)
                raise EngineError(f"error creating plugin process: {describe(error)}", error) from error

    def restore(self, plugin_id: str, stdout: WriteCloser, stderr: WriteCloser) -> bool:
        """Watch a plugin that an earlier engine started; return whether it still runs.

        Differs:
            call IsNotFound: `find` returns None.
            call IsRunning: a plugin that this engine watches already is left alone.
            call Client.Delete: ends a plugin of another executor; moby has one executor.
            call ProcessEvent: called by the thread that watches the process, in moby by the client.
        """
        with self._lock_of(plugin_id):
            if self.is_running(plugin_id):
                return True
            bundle = self._bundle(plugin_id)
            process = self.client.find(plugin_id, bundle)
            pidfd = None if process is None else process.open()
            if process is None or pidfd is None:
                self._delete(plugin_id, bundle)
                return False
            self._watch(plugin_id, process, pidfd, _outputs(bundle, stdout, stderr))
            return True

    def is_running(self, plugin_id: str) -> bool:
        """Return whether a plugin runs."""
        watched = self._watched.get(plugin_id)
        return watched is not None and watched.is_running()

    def signal(self, plugin_id: str, signal: int) -> None:
        """Send a signal to a plugin.

        Raises:
            NotFound: it does not run.

        Differs:
            call NotFound: raised here; in moby by the client.
        """
        watched = self._watched.get(plugin_id)
        if watched is None or not watched.send(signal):
            raise NotFound(f"plugin {plugin_id} is not running")

    def process_event(self, plugin_id: str, watched: Watched) -> None:
        """Remove the remains of a plugin that has ended, then call the exit handler.

        Differs:
            param et: the exit is the only event here.
            param ei: called `watched`, the process itself, so that the exit of an earlier process is ignored.
        """
        with self._lock_of(plugin_id):
            if self._watched.get(plugin_id) is not watched:
                return
            delete_task_and_container(self.client, plugin_id, self._bundle(plugin_id))
            # Still under the lock, so that a new start of the plugin never meets the end of the old one.
            try:
                self.exit_handler.handle_exit_event(plugin_id, watched.end)
            except (EngineError, OSError) as error:
                failure(log, "exit of a plugin not handled", error, id=plugin_id)
            except Exception:
                log.exception("exit of a plugin not handled", extra={"id": plugin_id})
            with self._mu:
                if self._watched.get(plugin_id) is watched:
                    del self._watched[plugin_id]

    def close(self) -> None:
        """Stop watching; the plugins run on, and a later executor can restore them."""
        with self._mu:
            watched, self._watched = list(self._watched.values()), {}
        for process in watched:
            process.detach()

    def _start(
        self, plugin_id: str, bundle: Path, spec: Spec, sinks: tuple[WriteCloser, WriteCloser]
    ) -> None:
        outputs = _outputs(bundle, *sinks)
        try:
            process = self.client.start(plugin_id, bundle, spec, (outputs[0].fileno(), outputs[1].fileno()))
            pidfd = _open(process)
        except BaseException:
            for output in outputs:
                output.drain()
                output.close()
            raise
        self._watch(plugin_id, process, pidfd, outputs)

    def _watch(
        self, plugin_id: str, process: ProcessIdentity, pidfd: int, outputs: tuple[OutputFile, OutputFile]
    ) -> None:
        watched = Watched(process, pidfd, outputs, partial(self.process_event, plugin_id))
        with self._mu:
            self._watched[plugin_id] = watched
        watched.start()

    def _delete(self, plugin_id: str, bundle: Path) -> None:
        """Remove the remains of a plugin, also of one that another runtime started."""
        for other in self.others:
            try:
                other.delete(plugin_id, bundle)
            except (EngineError, OSError) as error:
                failure(log, "failed to end a plugin of another executor", error, id=plugin_id)
        delete_task_and_container(self.client, plugin_id, bundle)

    def _lock_of(self, plugin_id: str) -> threading.RLock:
        """Return the lock that allows one operation on a plugin at a time."""
        with self._mu:
            lock = self._busy.get(plugin_id)
            if lock is None:
                lock = self._busy[plugin_id] = threading.RLock()
            return lock

    def _bundle(self, plugin_id: str) -> Path:
        return self.root_dir / PLUGIN_NAMESPACE / plugin_id


def delete_task_and_container(client: Runtime, plugin_id: str, bundle: Path) -> None:
    """Remove the remains of a plugin that ended; a failure is logged.

    Differs:
        extra bundle: its directory below the exec root, which containerd has elsewhere.
        call IsNotFound: `delete` does nothing where nothing is left.
        call EnsureRemoveAll: removes the bundle; containerd removes its own.
    """
    try:
        client.delete(plugin_id, bundle)
        ensure_remove_all(bundle)
    except (EngineError, OSError) as error:
        failure(log, "failed to delete plugin container", error, id=plugin_id)


def _open(process: ProcessIdentity) -> int:
    # One that has ended already is watched too: its end is handled as every other.
    pidfd = process.open(even_ended=True)
    if pidfd is None:
        raise EngineError("the plugin ended at once")
    return pidfd


def _outputs(bundle: Path, stdout: WriteCloser, stderr: WriteCloser) -> tuple[OutputFile, OutputFile]:
    """Open the files of a plugin's standard output and standard error, in its bundle.

    Go: plugin/executor/containerd/containerd.go::attachStreamsFunc
    Differs:
        extra bundle: the outputs are files in it, which the next engine reads on; containerd has named pipes.
        result StdioCallback: the files; moby's callback waits for the pipes to open.
    """
    return OutputFile(bundle / "stdout", stdout), OutputFile(bundle / "stderr", stderr)
