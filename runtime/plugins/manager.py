"""The plugin manager: loads the plugins on disk, starts those that are to run, and stops them at the end."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import wait
from functools import partial
from pathlib import Path

from runtime import background
from runtime.disk import make_private
from runtime.errors import EngineError
from runtime.plugins import restoring
from runtime.plugins.backend import Backend
from runtime.plugins.blobs import BasicBlobStore
from runtime.plugins.controller import Controller, ManagerConfig
from runtime.plugins.creation import Creation
from runtime.plugins.lifecycle import Lifecycle
from runtime.plugins.logs import failure
from runtime.plugins.plugin_events import Event
from runtime.pubsub import Publisher

log = logging.getLogger(__name__)

PUBLISH_TIMEOUT = 0.0
"""Seconds that an event waits for readers that do not keep up; then they miss it."""

PUBLISH_BUFFER = 0
"""Events that wait for each reader, unless it asks for more."""


class Manager(Backend):
    """The plugins below a root, and all that is done to them; safe to use from several threads.

    Go:
        plugin/manager.go::Manager

    Differs:
        field mu,cMap: held by `lifecycle`, which starts and stops plugins and alone looks at them.
        extra lifecycle: starts and stops plugins.
        extra creation: makes plugins.
    """

    def __init__(self, config: ManagerConfig) -> None:
        """Make the directories and the executor, then load and start the plugins.

        Returns at the latest when `config.timings.start` seconds are over; plugins that take longer go on
        starting in the background.

        Go:
            plugin/manager.go::NewManager

        Differs:
            behaviour damage: where the directory of plugins cannot be made or read the engine starts without
                plugins, and says so in the log; moby does not start.
            call Manager.Shutdown: a start that is broken off stops what it has started.

        Raises:
            EngineError: `failed to mkdir PATH` of the directory for sockets.
            Exception: whatever `config.create_executor` raises.
        """
        self.config = config
        make_private(config.exec_root)
        for directory in (config.root, self._tmp_dir()):
            _make_or_tell(directory)
        self.lifecycle = Lifecycle(config)
        self.executor = config.create_executor(self)
        self.lifecycle.executor = self.executor
        self.blob_store = BasicBlobStore(config.root / "storage" / "blobs")
        self.mu_gc = threading.RLock()
        self.creation = Creation(config.store, config.root, self.blob_store, self.mu_gc)
        try:
            self.reload()
        except EngineError as error:
            failure(log, f"failed to restore plugins: {error}", error)
        except BaseException:
            self.lifecycle.shutdown()
            raise
        self.publisher: Publisher[Event] = Publisher(PUBLISH_TIMEOUT, PUBLISH_BUFFER)

    def _tmp_dir(self) -> Path:
        """Where plugins are unpacked.

        Go:
            plugin/manager.go::Manager.tmpDir
        """
        return self.config.root / "tmp"

    def handle_exit_event(self, plugin_id: str, end: str = "") -> None:
        """A plugin has ended; the executor calls this.

        Raises:
            PluginNotFound: there is no such plugin.
            EngineError: `error cleaning up plugin mounts`.
        """
        self.lifecycle.handle_exit_event(plugin_id, end)

    def reload(self) -> None:
        """Load all plugins, take over or start those that are enabled, side by side.

        Go:
            plugin/manager.go::Manager.reload

        Differs:
            behaviour wait: for `timings.start` seconds in all; the rest goes on in the background.
            behaviour removing: leftovers are looked for in the plugins' root, and removed, in the background;
                moby looks in its working directory.
            behaviour client: every enabled plugin has its client before anything is started, so that calls to
                one that is still starting wait for it.
            call GetSocket,SetTimeout,SetAddr,Protocol,SetPClient,NewClientWithTimeout: make that client; moby
                makes it in `pluginPostStart`.
            call InvalidParameter: raised by the API's reader of JSON; `golang_json` keeps its words and
                not the kind.
            call Store.SetState,shutdownPlugin,RecursiveUnmount: a plugin that cannot be started is disabled;
                moby leaves it enabled without a process.
            call Get: the config as its author wrote it is read from its blob; in config.json moby overwrites
                it with what a user set.

        Raises:
            EngineError: `failed to read PATH`.
        """
        config, lifecycle = self.config, self.lifecycle
        try:
            found = list(restoring.load_all(config.root, self.blob_store, config.workers))
        except OSError as error:
            raise EngineError(f"failed to read {config.root}: {error}", error) from error
        plugins = {plugin.get_id(): plugin for plugin in found}
        config.store.set_all(plugins)
        restored = []
        for plugin in plugins.values():
            c = Controller()
            lifecycle.take(plugin, c)
            restoring.connect(lifecycle, plugin, c)
            restored.append(
                background.run(config.workers, partial(restoring.reload_one, lifecycle, plugin, c))
            )
        wait(restored, config.timings.start)

    def shutdown(self) -> None:
        """Stop all plugins; with live restore let those that are enabled run on.

        Subscriptions to events end, and clients are closed.
        """
        self.lifecycle.shutdown()
        for p in self.config.store.get_all().values():
            p.set_p_client(None)
        self.publisher.close()


def _make_or_tell(directory: Path) -> None:
    try:
        make_private(directory)
    except EngineError as error:
        log.error("%s", error)  # noqa: TRY400 - the disk is at fault, not the code
