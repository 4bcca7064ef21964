"""The executor of plugins: starts them through a runtime, watches them, and finds them again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from weakref import WeakValueDictionary

from runtime.disk import ensure_remove_all, make_directories
from runtime.errors import Conflict, EngineError, NotFound
from runtime.plugins.executor.identity import ProcessIdentity
from runtime.plugins.executor.output import OutputFile
from runtime.plugins.executor.protocol import ExitHandler, Runtime
from runtime.plugins.executor.watch import Watched
from runtime.plugins.logs import WriteCloser, failure
from runtime.plugins.oci import Spec

log = logging.getLogger(__name__)

PLUGIN_NAMESPACE = "plugins.moby"
"""The directory below the exec root that holds what is known of running plugins.

Go:
    plugin/executor/containerd/containerd.go::PluginNamespace
"""


class Executor:
    """Runs plugins; EXEC/plugins.moby/ID holds what is known of one while it runs.

    Args:
        root_dir: The exec root.
        client: What starts processes.
        exit_handler: Told of every end of a plugin.
        others: What an earlier engine may have started plugins with; none of theirs runs on beside ours.

    Go:
        plugin/executor/containerd/containerd.go::Executor
        plugin/executor/containerd/containerd.go::New

    Differs:
        error creating-containerd-exec-client: the client is made by the caller, and none of containerd.
        extra close: ends the watching; the plugins run on.
        extra others: containerd alone runs plugins in moby.
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
        """Start a plugin; what is left of one that ended is removed first.

        Go:
            plugin/executor/containerd/containerd.go::Executor.Create

        Differs:
            error containerd: the text is `error creating plugin process: CAUSE`; there is no containerd.
            call IsNotFound: what an earlier run left is removed before the start; moby starts, and if
                that fails asks whether something was left, removes it and starts again.
            order deleteTaskAndContainer: for the same reason; moby calls it only when the start failed.
            call IsRunning,Conflict: a plugin that runs is never started twice; in moby containerd refuses.
            call ProcessEvent: handed to the watch of the new process; moby's client has it from the
                beginning.

        Raises:
            Conflict: it runs already.
            EngineError: it does not start; nothing is left behind then.
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
                raise EngineError(f"error creating plugin process: {error}", error) from error

    def restore(self, plugin_id: str, stdout: WriteCloser, stderr: WriteCloser) -> bool:
        """Take over a plugin that an earlier engine started, if it is that very process; whether it is alive.

        Go:
            plugin/executor/containerd/containerd.go::Executor.Restore

        Differs:
            call IsNotFound: a process that is not found is no error but None.
            call IsRunning: a plugin that this engine watches already needs not be taken over.
            call Client.Delete: ends what another executor has started; in moby there is one.
            call ProcessEvent: handed to the watch of the process; moby's client has it from the beginning.
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
        """Whether a plugin runs.

        Go:
            plugin/executor/containerd/containerd.go::Executor.IsRunning
        """
        watched = self._watched.get(plugin_id)
        return watched is not None and watched.is_running()

    def signal(self, plugin_id: str, signal: int) -> None:
        """Send a signal to a plugin.

        Go:
            plugin/executor/containerd/containerd.go::Executor.Signal

        Differs:
            call NotFound: raised here, where no process is there; moby's client answers so.

        Raises:
            NotFound: it does not run.
        """
        watched = self._watched.get(plugin_id)
        if watched is None or not watched.send(signal):
            raise NotFound(f"plugin {plugin_id} is not running")

    def process_event(self, plugin_id: str, watched: Watched) -> None:
        """A plugin has ended: remove what is left of it, then tell.

        Go:
            plugin/executor/containerd/containerd.go::Executor.ProcessEvent

        Differs:
            param et: of the events of a process only its exit is told here.
            param ei: called `watched`: the process itself, so that an exit of an earlier one is not taken
                for its.
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
        """Watch no longer; the plugins run on, and a later executor can take them over."""
        with self._mu:
            watched, self._watched = list(self._watched.values()), {}
        for one in watched:
            one.detach()

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
        """Remove what is left of a plugin, whatever has started it."""
        for other in self.others:
            try:
                other.delete(plugin_id, bundle)
            except (EngineError, OSError) as error:
                failure(log, "failed to end a plugin of another executor", error, id=plugin_id)
        delete_task_and_container(self.client, plugin_id, bundle)

    def _lock_of(self, plugin_id: str) -> threading.RLock:
        """One operation on a plugin at a time, and never one on all of them."""
        with self._mu:
            lock = self._busy.get(plugin_id)
            if lock is None:
                lock = self._busy[plugin_id] = threading.RLock()
            return lock

    def _bundle(self, plugin_id: str) -> Path:
        return self.root_dir / PLUGIN_NAMESPACE / plugin_id


def delete_task_and_container(client: Runtime, plugin_id: str, bundle: Path) -> None:
    """Remove all that is left of a plugin that ended; what cannot be removed is logged.

    Go:
        plugin/executor/containerd/containerd.go::deleteTaskAndContainer

    Differs:
        extra bundle: its directory below the exec root, which containerd has elsewhere.
        call IsNotFound: `delete` does nothing where nothing is left.
        call EnsureRemoveAll: the bundle is ours to remove; containerd removes its own.
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
    """Where a plugin's standard output and standard error go, beside its bundle.

    Go:
        plugin/executor/containerd/containerd.go::attachStreamsFunc

    Differs:
        extra bundle: the outputs are files in it, which the next engine reads on; containerd has named pipes.
        result StdioCallback: the files themselves; what moby returns is called once the pipes are open.
    """
    return OutputFile(bundle / "stdout", stdout), OutputFile(bundle / "stderr", stderr)
