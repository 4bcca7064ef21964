"""Plugins as plain processes: no root and no container, each in a session of its own.

A plugin that runs this way sees the host's files, so paths are translated before it starts: arguments and
variables that name something below a mount of its config, below `/run/docker/plugins` or in its root file
system get the path on the host. Its environment also has `PLUGIN_SOCKETS` (the directory for its socket) and
`PLUGIN_ROOTFS`. The variable `executor.MARK` marks the plugin's processes, which end with it. Paths in its
answers may be those of the host; `plugin.Plugin.scoped_path` accepts both.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

from runtime.errdefs import EngineError
from runtime.oci import Spec
from runtime.pkg.ioutils import atomic_write_file
from runtime.plugin.defs import ExitHandler
from runtime.plugin.executor import executor, programs
from runtime.plugin.executor.executor import Executor, ProcessIdentity, Runtime
from runtime.plugin.executor.paths import HostPaths, ShortPaths
from runtime.plugin.v2.plugin_linux import DEFAULT_PLUGIN_RUNTIME_DESTINATION

_STATE = "state.json"
_MODE = 0o600


def runtime(root_dir: Path) -> Processes:
    """Return the runtime that starts plain processes below an exec root."""
    return Processes(ShortPaths(root_dir))


def new(root_dir: Path, exit_handler: ExitHandler, others: Sequence[Runtime] = ()) -> Executor:
    """Return an executor that runs plugins as plain processes; `others` may have left some in the root."""
    return Executor(root_dir, runtime(root_dir), exit_handler, others)


class Processes:
    """Starts plain processes, each with a state file.

    Args:
        short_paths: Makes paths at which plugins can bind their sockets.
    """

    def __init__(self, short_paths: ShortPaths) -> None:
        self._short_paths = short_paths

    def start(self, plugin_id: str, bundle: Path, spec: Spec, outputs: tuple[int, int], /) -> ProcessIdentity:
        """Start a plugin.

        Raises:
            EngineError: its program is not there.
            OSError: it cannot be started.
        """
        child = _spawn(spec, bundle, outputs, self._short_paths.make(plugin_id))
        process = executor.of(child.pid)  # there until it is waited for, even if it has ended
        try:
            atomic_write_file(bundle / _STATE, msgspec.json.encode(process), _MODE)
        except BaseException:
            child.kill()
            child.wait()
            raise
        return process

    def find(self, _plugin_id: str, bundle: Path, /) -> ProcessIdentity | None:
        """Return the process that was started, if its state file is complete."""
        try:
            return msgspec.json.decode((bundle / _STATE).read_bytes(), type=ProcessIdentity)
        except (OSError, msgspec.MsgspecError, UnicodeError):
            return None

    def delete(self, plugin_id: str, bundle: Path, /) -> None:
        """Kill the plugin and every process that it has left behind, and remove the link to its socket."""
        process = self.find(plugin_id, bundle)
        if process is not None:
            executor.kill_all(process, str(bundle))
        self._short_paths.remove(plugin_id)


class _Child(subprocess.Popen[bytes]):
    """A child that may outlive us: dropping the handle is no leak, so it does not warn."""

    def __del__(self) -> None:
        """Do nothing: the thread that watches the process reaps it."""


def _spawn(spec: Spec, bundle: Path, outputs: tuple[int, int], sockets: Path) -> _Child:
    paths = HostPaths(spec, sockets)
    process = spec.process
    if not process.args:
        raise EngineError("the plugin has no entrypoint")
    given = dict(variable.partition("=")[::2] for variable in process.env)
    program = paths.executable(process.args[0], given.get("PATH", "").split(":"))
    if program is None:
        raise EngineError(programs.explain_missing(process.args[0], Path(paths.resolve(process.args[0]))))
    try:
        return _Child(
            [program, *map(paths.argument, process.args[1:])],
            env=_environment(paths, given) | {executor.MARK: str(bundle)},
            cwd=_working_directory(paths, process.cwd),
            stdin=subprocess.DEVNULL,
            stdout=outputs[0],
            stderr=outputs[1],
            start_new_session=True,
        )
    except OSError as error:
        raise EngineError(programs.explain_failure(process.args[0], Path(program), error), error) from error


def _environment(paths: HostPaths, given: dict[str, str]) -> dict[str, str]:
    return {name: paths.argument(value) for name, value in given.items()} | {
        "PLUGIN_ROOTFS": str(paths.rootfs),
        "PLUGIN_SOCKETS": paths.resolve(DEFAULT_PLUGIN_RUNTIME_DESTINATION),
    }


def _working_directory(paths: HostPaths, cwd: str) -> str:
    found = paths.resolve(cwd)
    return found if Path(found).is_dir() else str(paths.rootfs)
