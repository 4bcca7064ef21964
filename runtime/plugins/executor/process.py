"""Plugins as plain processes: no root and no container, each in a session of its own.

A plugin that runs this way sees the host's files, so paths are translated before it starts: arguments and
variables
that name something below a mount of its config, below `/run/docker/plugins` or in its root file system get
the path
on the host. It is also told `PLUGIN_SOCKETS` (the directory for its socket) and `PLUGIN_ROOTFS`. Paths that
it
answers may be the host's; `plugin.Plugin.scoped_path` knows both.
"""

from __future__ import annotations

import logging
import os
import subprocess
import threading
from functools import partial
from pathlib import Path

import msgspec

from runtime.disk import atomic_write_file, ensure_remove_all
from runtime.errors import Conflict, EngineError, NotFound
from runtime.plugins.executor import identity
from runtime.plugins.executor.identity import ProcessIdentity
from runtime.plugins.executor.output import OutputFile
from runtime.plugins.executor.paths import HostPaths
from runtime.plugins.executor.protocol import ExitHandler
from runtime.plugins.executor.watch import Watched
from runtime.plugins.logs import WriteCloser
from runtime.plugins.oci import Spec
from runtime.plugins.spec import DEFAULT_PLUGIN_RUNTIME_DESTINATION

log = logging.getLogger("runtime.plugins.executor.process")

PLUGIN_NAMESPACE = "plugins.moby"
"""The directory below the exec root that holds what is known of running plugins.

Go: plugin/executor/containerd/containerd.go::PluginNamespace
"""

_STATE = "state.json"


class _Child(subprocess.Popen[bytes]):
    """A child that may outlive us: dropping the handle is no leak, so it does not warn."""

    def __del__(self) -> None:
        """Nothing; whoever watches the process reaps it."""


class Executor:
    """Runs plugins as processes.

    Args:
        root_dir: The exec root; EXEC/plugins.moby/ID holds a plugin's state and output while it runs.
        exit_handler: Told of every end of a plugin.

    Go:
        plugin/executor/containerd/containerd.go::Executor
        plugin/executor/containerd/containerd.go::New

    Differs:
        field client: processes are started and watched here; there is no containerd.
        behaviour isolation: none.
    """

    def __init__(self, root_dir: Path, exit_handler: ExitHandler) -> None:
        self.root_dir = root_dir
        self.exit_handler = exit_handler
        self._mu = threading.RLock()
        self._watched: dict[str, Watched] = {}

    def create(self, plugin_id: str, spec: Spec, stdout: WriteCloser, stderr: WriteCloser) -> None:
        """Start a plugin.

        Go:
            plugin/executor/containerd/containerd.go::Executor.Create

        Differs:
            param id: called `plugin_id`; `id` is a builtin.
            error containerd: the text is `error creating plugin process: CAUSE`.

        Raises:
            EngineError: it runs already, or does not start; nothing is left behind then.
        """
        with self._mu:
            if self.is_running(plugin_id):
                raise Conflict(f"error creating plugin process: plugin {plugin_id} is running")
            bundle = self._bundle(plugin_id)
            try:
                ensure_remove_all(bundle)
                bundle.mkdir(mode=0o700, parents=True)
                self._start(plugin_id, spec, stdout, stderr)
            except (OSError, EngineError, ValueError) as error:
                ensure_remove_all(bundle)
                raise EngineError(f"error creating plugin process: {error}", error) from error

    def is_running(self, plugin_id: str) -> bool:
        """Whether a plugin runs.

        Go:
            plugin/executor/containerd/containerd.go::Executor.IsRunning

        Differs:
            param id: called `plugin_id`; `id` is a builtin.
        """
        with self._mu:
            watched = self._watched.get(plugin_id)
        return watched is not None and watched.is_running()

    def restore(self, plugin_id: str, stdout: WriteCloser, stderr: WriteCloser) -> bool:
        """Take over a plugin that an earlier engine started, if it is that very process; whether it is alive.

        Go:
            plugin/executor/containerd/containerd.go::Executor.Restore

        Differs:
            param id: called `plugin_id`; `id` is a builtin.
        """
        with self._mu:
            if plugin_id in self._watched:
                return self.is_running(plugin_id)
            process = self._read_state(plugin_id)
            pidfd = None if process is None else process.open()
            if process is None or pidfd is None:
                ensure_remove_all(self._bundle(plugin_id))
                return False
            self._watch(plugin_id, process, pidfd, self._outputs(plugin_id, stdout, stderr))
            return True

    def signal(self, plugin_id: str, signal: int) -> None:
        """Send a signal to a plugin.

        Go:
            plugin/executor/containerd/containerd.go::Executor.Signal

        Differs:
            param id: called `plugin_id`; `id` is a builtin.

        Raises:
            NotFound: it does not run.
        """
        with self._mu:
            watched = self._watched.get(plugin_id)
        if watched is None or not watched.send(signal):
            raise NotFound(f"plugin {plugin_id} is not running")

    def close(self) -> None:
        """Watch no longer; the plugins run on, and a later executor can take them over."""
        with self._mu:
            watched, self._watched = list(self._watched.values()), {}
        for one in watched:
            one.detach()

    def process_event(self, plugin_id: str, watched: Watched) -> None:
        """A plugin has ended: forget it, then tell.

        Go:
            plugin/executor/containerd/containerd.go::Executor.ProcessEvent
            plugin/executor/containerd/containerd.go::deleteTaskAndContainer

        Differs:
            param et: only exits come here.
            param ei: the process that ended.
        """
        with self._mu:
            if self._watched.get(plugin_id) is not watched:
                return
            del self._watched[plugin_id]
            try:
                ensure_remove_all(self._bundle(plugin_id))
            except OSError as error:
                log.error("failed to delete plugin bundle", extra={"id": plugin_id, "error": str(error)})  # noqa: TRY400
        try:
            self.exit_handler.handle_exit_event(plugin_id)
        except (EngineError, OSError) as error:
            log.warning("exit of a plugin not handled", extra={"id": plugin_id, "error": str(error)})

    def _start(self, plugin_id: str, spec: Spec, stdout: WriteCloser, stderr: WriteCloser) -> None:
        outputs = self._outputs(plugin_id, stdout, stderr)
        try:
            child = _spawn(spec, outputs)
            process = identity.of(child.pid)
            pidfd = None if process is None else _open(child)
        except BaseException:
            _close(outputs)
            raise
        if process is None or pidfd is None:
            _close(outputs)
            child.wait()
            raise EngineError("the process ended at once")
        try:
            atomic_write_file(self._bundle(plugin_id) / _STATE, msgspec.json.encode(process), 0o600)
        except OSError:
            child.kill()
            child.wait()
            raise
        self._watch(plugin_id, process, pidfd, outputs)

    def _watch(
        self, plugin_id: str, process: ProcessIdentity, pidfd: int, outputs: tuple[OutputFile, OutputFile]
    ) -> None:
        watched = Watched(process, pidfd, outputs, partial(self.process_event, plugin_id))
        self._watched[plugin_id] = watched
        watched.start()

    def _outputs(
        self, plugin_id: str, stdout: WriteCloser, stderr: WriteCloser
    ) -> tuple[OutputFile, OutputFile]:
        bundle = self._bundle(plugin_id)
        return OutputFile(bundle / "stdout", stdout), OutputFile(bundle / "stderr", stderr)

    def _bundle(self, plugin_id: str) -> Path:
        return self.root_dir / PLUGIN_NAMESPACE / plugin_id

    def _read_state(self, plugin_id: str) -> ProcessIdentity | None:
        try:
            return msgspec.json.decode((self._bundle(plugin_id) / _STATE).read_bytes(), type=ProcessIdentity)
        except (OSError, msgspec.MsgspecError, UnicodeError):
            return None


def _spawn(spec: Spec, outputs: tuple[OutputFile, OutputFile]) -> _Child:
    paths = HostPaths(spec)
    process = spec.process
    if not process.args:
        raise EngineError("the plugin has no entrypoint")
    environment = dict(variable.partition("=")[::2] for variable in process.env)
    program = paths.executable(process.args[0], environment.get("PATH", "").split(":"))
    if program is None:
        raise EngineError(f"exec: {process.args[0]!r}: no such file in the plugin's root file system")
    environment = {name: paths.argument(value) for name, value in environment.items()}
    environment["PLUGIN_ROOTFS"] = str(paths.rootfs)
    environment["PLUGIN_SOCKETS"] = paths.resolve(DEFAULT_PLUGIN_RUNTIME_DESTINATION)
    return _Child(
        [program, *map(paths.argument, process.args[1:])],
        env=environment,
        cwd=_working_directory(paths, process.cwd),
        stdin=subprocess.DEVNULL,
        stdout=outputs[0].fileno(),
        stderr=outputs[1].fileno(),
        start_new_session=True,
    )


def _working_directory(paths: HostPaths, cwd: str) -> str:
    found = paths.resolve(cwd)
    return found if Path(found).is_dir() else str(paths.rootfs)


def _open(child: _Child) -> int:
    return os.pidfd_open(child.pid)


def _close(outputs: tuple[OutputFile, OutputFile]) -> None:
    for output in outputs:
        output.close()
