"""The directory through which a plugin shares mounts with the engine.

Go: plugin/manager.go
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import wait
from functools import partial
from pathlib import Path

from runtime import workers
from runtime.api.types.plugin import PluginConfig
from runtime.errdefs import EngineError
from runtime.golang import encoding_json
from runtime.pkg.ioutils import make_private
from runtime.pkg.pubsub import Publisher
from runtime.pkg.stringid import VALID_FULL_ID
from runtime.pkg.system import ensure_remove_all
from runtime.plugin import manager_linux
from runtime.plugin.backend import Backend, Creation
from runtime.plugin.blobstore import BasicBlobStore
from runtime.plugin.defs import (
    REMOVING,
    ROOTFS_FILE_NAME,
    Controller,
    ManagerConfig,
    handle_load_error,
    load_plugin,
    log,
    save,
)
from runtime.plugin.errors import failure
from runtime.plugin.events import Event
from runtime.plugin.manager_linux import GoneBeforeListening, Lifecycle
from runtime.plugin.v2.plugin import Plugin
from runtime.workers import Workers, run


def load_all(root: Path, blobs: BasicBlobStore, workers: Workers) -> Iterator[Plugin]:
    """The plugins below a root that can be loaded; what is left of removed ones goes, in the background.

    Raises:
        OSError: the root cannot be read.
    """
    for entry in sorted(root.iterdir()):
        if VALID_FULL_ID.fullmatch(entry.name):
            try:
                plugin = load_plugin(root, entry.name)
            except EngineError as error:
                handle_load_error(error, entry.name)
                continue
            _restore_config(plugin, blobs)
            plugin.written = plugin.to_file()
            yield plugin
        elif VALID_FULL_ID.fullmatch(entry.name.removesuffix(REMOVING)):
            run(workers, partial(_remove_leftover, entry))


def reload_one(lifecycle: Lifecycle, p: Plugin, c: Controller) -> None:
    """Take over a plugin or start it, if it is to run; what fails is logged and hurts no other."""
    try:
        lifecycle.restore_plugin(p, c)
    except (EngineError, OSError) as error:
        failure(log, "Failed to restore plugin", error, id=p.get_id())
        if not isinstance(error, GoneBeforeListening) and not lifecycle.closing.is_set():
            lifecycle.give_up(p, c)
        return
    root = lifecycle.config.root
    with p.turn:
        if p.rootfs:
            p.rootfs = str(root / p.get_id() / ROOTFS_FILE_NAME)
        manager_linux.prepare(p)
        _save_quietly(root, p)
        if not lifecycle.config.live_restore_enabled and p.is_enabled():
            _start_again(lifecycle, p, c)


def connect(lifecycle: Lifecycle, p: Plugin, c: Controller) -> None:
    """Give a plugin that is to run its client, so that calls wait for it while it starts."""
    if not p.is_enabled():
        return
    try:
        lifecycle.connect(p, c)
    except EngineError as error:
        failure(log, "Failed to restore plugin", error, id=p.get_id())


def _start_again(lifecycle: Lifecycle, p: Plugin, c: Controller) -> None:
    """Without live restore the plugin is stopped now; nobody waits for one that cannot be started."""
    try:
        lifecycle.enable(p, c, force=True)
    except GoneBeforeListening as error:
        failure(log, "failed to enable plugin", error, id=p.get_id())
    except (EngineError, OSError) as error:
        failure(log, "failed to enable plugin", error, id=p.get_id())
        lifecycle.give_up(p, c)
        p.set_p_client(None)


def _restore_config(plugin: Plugin, blobs: BasicBlobStore) -> None:
    """A blob holds the config as its author wrote it; without the blob it stays as it is."""
    try:
        with blobs.get(plugin.config) as blob:
            document = encoding_json.parse(blob.read(encoding_json.SIZE_LIMIT + 1))
        plugin.restore_config(encoding_json.decode(document, PluginConfig))
    except (EngineError, OSError) as error:
        log.debug("no config blob: %s", error, extra={"id": plugin.get_id()})


def _save_quietly(root: Path, p: Plugin) -> None:
    try:
        save(root, p)
    except EngineError as error:
        failure(log, "cannot save plugin", error, id=p.get_id())


def _remove_leftover(path: Path) -> None:
    try:
        ensure_remove_all(path)
    except OSError as error:
        log.warning(
            "error while attempting to clean up previously removed plugin",
            extra={"id": path.name, "error": str(error)},
        )


PUBLISH_TIMEOUT = 0.0
"""Seconds that an event waits for readers that do not keep up; then they miss it."""

PUBLISH_BUFFER = 0
"""Events that wait for each reader, unless it asks for more."""


class Manager(Backend):
    """The plugins below a root, and all that is done to them; safe to use from several threads.

    Differs:
        fields mu, cMap: held by `lifecycle`, which starts and stops plugins and alone looks at them.
        extra lifecycle: starts and stops plugins.
        extra creation: makes plugins.
    """

    def __init__(self, config: ManagerConfig) -> None:
        """Make the directories and the executor, then load and start the plugins.

        Returns at the latest when `config.timings.start` seconds are over; plugins that take longer go on
        starting in the background.

        Raises:
            EngineError: `failed to mkdir PATH` of the directory for sockets.
            Exception: whatever `config.create_executor` raises.

        Go: plugin/manager.go::NewManager
        Differs:
            behaviour damage: where the directory of plugins cannot be made or read the engine starts without
                plugins, and says so in the log; moby does not start.
            call Manager.Shutdown: a start that is broken off stops what it has started.
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

        Go: plugin/manager.go::Manager.tmpDir
        """
        return self.config.root / "tmp"

    def handle_exit_event(self, plugin_id: str, end: str = "") -> None:
        """A plugin has ended; the executor calls this.

        Raises:
            PluginNotFound: there is no such plugin.
            EngineError: `error cleaning up plugin mounts`.

        Differs:
            extra end: for the log; moby does not log how a plugin ended.
            error error-cleaning-up-plugin-mounts: raised by the lifecycle, which does the work.
        """
        self.lifecycle.handle_exit_event(plugin_id, end)

    def reload(self) -> None:
        """Load all plugins, take over or start those that are enabled, side by side.

        Raises:
            EngineError: `failed to read PATH`.

        Differs:
            behaviour wait: for `timings.start` seconds in all; the rest goes on in the background.
            behaviour removing: leftovers are looked for in the plugins' root, and removed, in the background;
                moby looks in its working directory.
            behaviour client: every enabled plugin has its client before anything is started, so that calls to
                one that is still starting wait for it.
            calls GetSocket, SetTimeout, SetAddr, Protocol, SetPClient, NewClientWithTimeout: make that
                client; moby makes it in `pluginPostStart`.
            call InvalidParameter: raised by the API's reader of JSON; `golang_json` keeps its words and not
                the kind.
            calls Store.SetState, shutdownPlugin, RecursiveUnmount: a plugin that cannot be started is
                disabled; moby leaves it enabled without a process.
            call Get: the config as its author wrote it is read from its blob; in config.json moby overwrites
                it with what a user set.
        """
        config, lifecycle = self.config, self.lifecycle
        try:
            found = list(load_all(config.root, self.blob_store, config.workers))
        except OSError as error:
            raise EngineError(f"failed to read {config.root}: {error}", error) from error
        plugins = {plugin.get_id(): plugin for plugin in found}
        config.store.set_all(plugins)
        restored = []
        for plugin in plugins.values():
            c = Controller()
            lifecycle.take(plugin, c)
            connect(lifecycle, plugin, c)
            restored.append(workers.run(config.workers, partial(reload_one, lifecycle, plugin, c)))
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
        log.error("%s", error)
