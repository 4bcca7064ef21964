"""What the site's recordings show: `python -m runtime.examples.recordings NAME` runs one of them.

Tasks in the background run one at a time in the order in which they are submitted, and plugins are served by
this process, so that every run takes the same steps.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from runtime import Config, Daemon
from runtime.api.types.plugin import (
    Plugin,
    PluginConfig,
    PluginConfigInterface,
    PluginFile,
    PluginInterfaceType,
)
from runtime.examples._story import show_log
from runtime.examples.legacy import plugin_on
from runtime.golang import encoding_json
from runtime.oci import Spec
from runtime.plugin.defs import Executor, ExitHandler, WriteCloser

P = ParamSpec("P")
T = TypeVar("T")

TINY: Final = "7" * 64
SOCKET: Final = "tiny.sock"


class OneAtATime:
    """Workers that run each task at once in a new thread, and wait for its end."""

    def __init__(self) -> None:
        self._tasks = 0

    def submit(self, task: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> Future[T]:
        """Run a task and return its future, which is done."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()

        def run() -> None:
            try:
                future.set_result(task(*args, **options))
            except BaseException as error:  # noqa: BLE001 - the future has it
                future.set_exception(error)

        self._tasks += 1
        thread = threading.Thread(target=run, name=f"worker {self._tasks}", daemon=True)
        thread.start()
        thread.join()
        return future


class Served:
    """An executor whose plugin is a server in this process instead of a process of its own."""

    def __init__(self, exec_root: Path, manager: ExitHandler) -> None:
        self._exec_root = exec_root
        self._manager = manager
        self._running: dict[str, ExitStack] = {}

    def create(self, plugin_id: str, _spec: Spec, _stdout: WriteCloser, _stderr: WriteCloser) -> None:
        """Serve the example plugin on the socket on which the manager expects it."""
        with ExitStack() as stack:
            stack.enter_context(plugin_on(self._exec_root / plugin_id / SOCKET))
            self._running[plugin_id] = stack.pop_all()

    def is_running(self, plugin_id: str) -> bool:
        """Return whether the plugin is served."""
        return plugin_id in self._running

    def restore(self, plugin_id: str, _stdout: WriteCloser, _stderr: WriteCloser) -> bool:
        """Return whether the plugin is still served; it ends with this process."""
        return self.is_running(plugin_id)

    def signal(self, plugin_id: str, _signal: int) -> None:
        """Stop serving the plugin; every signal does the same."""
        if stack := self._running.pop(plugin_id, None):
            stack.close()
            self._manager.handle_exit_event(plugin_id)

    def close(self) -> None:
        """Do nothing: the manager has stopped the plugins."""


class ServingDaemon(Daemon):
    """An engine whose managed plugins are served by this process."""

    def __init__(self, config: Config) -> None:
        self.config = config  # so that the first snapshot has what is in the root before the start
        super().__init__(config)

    def create_plugin_exec(self, m: ExitHandler) -> Executor:
        """Return the executor that serves plugins."""
        return Served(self.config.get_exec_root() / "plugins", m)


def write_plugin(root: Path, *, enabled: bool) -> None:
    """Write the directory of a plugin as an engine leaves it."""
    directory = root / "plugins" / TINY
    (directory / "rootfs").mkdir(parents=True)
    kinds = [PluginInterfaceType("volumedriver", "docker", "1.0")]
    config = PluginConfig(interface=PluginConfigInterface(socket=SOCKET, types=kinds))
    plugin = Plugin(id=TINY, name="tiny:latest", enabled=enabled, config=config)
    (directory / "config.json").write_bytes(encoding_json.encode(PluginFile(plugin)))


@contextmanager
def config() -> Iterator[Config]:
    """Yield the settings of an engine on a new root, with a handler for volume plugins."""
    with tempfile.TemporaryDirectory(prefix="r") as folder, show_log():
        sockets = Path(folder) / "sockets"
        sockets.mkdir()
        yield Config(
            root=Path(folder) / "root",
            plugin_folders=(sockets,),
            handlers={"VolumeDriver": [lambda _name, _client: None]},
            workers=OneAtATime(),
        )


def start_up() -> None:
    """Start an engine whose root has a plugin that is disabled."""
    with config() as settings:
        write_plugin(settings.root, enabled=False)
        with ServingDaemon(settings):
            pass


def load_plugin() -> None:
    """Start an engine whose root has an enabled plugin."""
    with config() as settings:
        write_plugin(settings.root, enabled=True)
        with ServingDaemon(settings):
            pass


def create_volume() -> None:
    """Create a volume of a plugin that listens in a folder of sockets, and mount it."""
    with (
        config() as settings,
        plugin_on(Path((settings.plugin_folders or [])[0]) / SOCKET),
        ServingDaemon(settings) as daemon,
    ):
        daemon.volumes.create("photos", "tiny", labels={"owner": "me"}, reference="container-1")


RECORDINGS: Final = {
    "start-up": start_up,
    "how-a-plugin-gets-loaded": load_plugin,
    "how-a-volume-reaches-our-plugin": create_volume,
}

if __name__ == "__main__":
    RECORDINGS[sys.argv[1]]()
