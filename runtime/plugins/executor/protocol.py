"""What the plugin manager needs of whoever runs plugins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

from runtime.plugins.executor.identity import ProcessIdentity
from runtime.plugins.logs import WriteCloser
from runtime.plugins.oci import Spec


class Executor(Protocol):
    """Runs plugins, each under its id.

    Go:
        plugin/manager.go::Executor
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


class Runtime(Protocol):
    """What starts a plugin's process, finds it again, and removes what is left of it.

    Go:
        plugin/executor/containerd/containerd.go::Client

    Differs:
        method Create: with Start one step, `start`.
        method Restore: `find`; the executor watches the process itself.
        method Status: the executor asks the process itself.
        method DeleteTask: with Delete one step, `delete`; there are no tasks without containerd.
        method SignalProcess: the executor signals the process itself.
    """

    def start(self, plugin_id: str, bundle: Path, spec: Spec, outputs: tuple[int, int], /) -> ProcessIdentity:
        """Start a plugin; `bundle` is a new directory for whatever is to be kept, `outputs` are descriptors.

        Raises:
            EngineError: it does not start; nothing is left behind then.
            OSError: likewise.
        """
        ...

    def find(self, plugin_id: str, bundle: Path, /) -> ProcessIdentity | None:
        """The process that was started under this id, dead or alive, if that is known."""
        ...

    def delete(self, plugin_id: str, bundle: Path, /) -> None:
        """Remove all that is left of a plugin, after killing what still runs."""
        ...


@runtime_checkable
class Closes(Protocol):
    """An executor with threads of its own: `close` ends them, and lets the plugins run on."""

    def close(self) -> None:
        """End the threads."""
        ...


class ExitHandler(Protocol):
    """Who is told that a plugin has ended.

    Go:
        plugin/executor/containerd/containerd.go::ExitHandler
    """

    def handle_exit_event(self, plugin_id: str, end: str = "") -> None:
        """Handle the end of a plugin; `end` says how it ended, as `exit code 1`."""
        ...


ExecutorCreator = Callable[[ExitHandler], Executor | None]
"""Makes the executor of a manager, which it tells of exits.

Go:
    plugin/manager.go::ExecutorCreator
"""
