"""The engine: starts plugins, then volumes, and stops them in reverse.

Go: daemon/daemon.go, daemon/events.go, daemon/daemon_linux.go, daemon/disk_usage.go, daemon/volumes.go
"""

from __future__ import annotations

import logging
import os
import stat
import threading
import time
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Self

from runtime.api.types.events import PLUGIN_EVENT_TYPE, VOLUME_EVENT_TYPE, Actor, Message
from runtime.api.types.filters import Args
from runtime.api.types.volume import Volume
from runtime.daemon.config import Config
from runtime.daemon.events.events import Events
from runtime.daemon.events.filter import Filter
from runtime.daemon.info import DaemonInfo
from runtime.daemon.root_lock import ROOT_MODE, RootLock, locked_directory
from runtime.errdefs import EngineError
from runtime.golang.context import Context
from runtime.pkg.ioutils import make_private
from runtime.pkg.plugins.discovery import LocalRegistry
from runtime.pkg.plugins.plugins import Plugins
from runtime.pkg.pubsub import Subscriber
from runtime.plugin.defs import Executor, ExitHandler, ManagerConfig
from runtime.plugin.manager import Manager
from runtime.plugin.store import Store
from runtime.volume.service import service
from runtime.volume.service.service import VolumesService

log = logging.getLogger(__name__)


class Daemon(DaemonInfo):
    """A Docker engine that keeps volumes and runs plugins.

    ```python
    from runtime import Config, Daemon

    with Daemon(Config(root="/tmp/engine")) as daemon:
        daemon.volumes.create("data", "local")
    ```

    Safe to use from several threads.

    Args:
        config: Its settings.
        plugin_store: The store of plugins; a new one by default.
        lock: The lock on the root, if the caller holds it; else the engine takes it before anything else.

    """

    def __init__(
        self, config: Config, plugin_store: Store | None = None, lock: RootLock | None = None
    ) -> None:
        """Start in moby's order: the root, hooks for plugins, events, plugins, volumes.

        Raises:
            InUse: Another engine uses the root or the exec root; nothing has changed then.
            EngineError: A directory cannot be written.

        Go: daemon/daemon.go::NewDaemon
        Differs:
            order New: events before the plugin manager, so that none is lost.
            order getPluginExecRoot: the exec root is locked first, so that no two engines share it.
            behaviour rest: no steps for containers, images and networks.
            call New: processes or runc, by the settings.
            calls Store.RegisterRuntimeOpt, Store.Handle: for all hooks of the settings; in moby for metrics.
        """
        self.config = config = config.absolute()
        self.shutdown_begun = False
        self.disk_usage_running = threading.Lock()
        self.plugin_manager: Manager | None = None
        self._volumes: VolumesService | None = None
        with ExitStack() as stack:
            self._root_lock = stack.enter_context(lock.hold() if lock else lock_root(config))
            self._lock_exec_root(stack)
            self.legacy = self._new_legacy_plugins()
            stack.callback(self.legacy.close)
            self.events_service = Events()
            stack.callback(self.events_service.close)
            self._resources = stack.pop_all()
        try:
            self.plugin_store = plugin_store or Store(self.legacy)
            self._register_plugin_hooks()
            started = time.monotonic()
            self.plugin_manager = self._new_manager()
            self._volumes = self._new_volume_service(time.monotonic() - started)
        except BaseException:
            self.shutdown()
            raise

    @property
    def volumes(self) -> VolumesService:
        """The volume service.

        Go: daemon/volumes.go::Daemon.VolumesService
        """
        if self._volumes is None:
            raise EngineError("the engine has not started")
        return self._volumes

    @property
    def plugins(self) -> Manager:
        """The plugin manager.

        Go: daemon/daemon.go::Daemon.PluginManager
        """
        if self.plugin_manager is None:
            raise EngineError("the engine has not started")
        return self.plugin_manager

    def create_plugin_exec(self, m: ExitHandler) -> Executor:
        """Return the executor that runs managed plugins.

        Go: daemon/daemon.go::NewDaemon.createPluginExec
        """
        from runtime.plugin.executor import process, runc  # noqa: PLC0415 - the executors start processes

        exec_root = get_plugin_exec_root(self.config)
        if self.config.executor == "runc":
            return runc.new(exec_root, m, others=[process.runtime(exec_root)])
        containers = runc.runtime(exec_root)
        return process.new(exec_root, m, others=[] if containers is None else [containers])

    def log_plugin_event(self, plugin_id: str, ref_name: str, action: str) -> None:
        """Log an event of a plugin."""
        self.log_plugin_event_with_attributes(plugin_id, ref_name, action, {})

    def log_plugin_event_with_attributes(
        self, plugin_id: str, ref_name: str, action: str, attributes: Mapping[str, str]
    ) -> None:
        """Log an event of a plugin with attributes."""
        actor = Actor(plugin_id, {**attributes, "name": ref_name})
        self.events_service.log(action, PLUGIN_EVENT_TYPE, actor)

    def log_volume_event(self, volume_id: str, action: str, attributes: Mapping[str, str]) -> None:
        """Log an event of a volume."""
        self.events_service.log(action, VOLUME_EVENT_TYPE, Actor(volume_id, attributes))

    def subscribe_to_events(
        self, since: int | None = None, until: int | None = None, filters: Args | None = None
    ) -> tuple[Sequence[Message], Subscriber[Message]]:
        """Return past events of a span of time, and a queue of new ones.

        Args:
            since: Nanoseconds since 1970, or None.
            until: Likewise; if both are None, no past events are returned.
            filters: Select events; None for all.

        """
        return self.events_service.subscribe_topic(since, until, Filter(filters or Args()).include)

    def unsubscribe_from_events(self, listener: Subscriber[Message]) -> None:
        """End a queue of events."""
        self.events_service.evict(listener)

    def system_disk_usage(self, *, ctx: Context | None = None) -> Sequence[Volume]:
        """Return the local volumes with their sizes.

        Raises:
            EngineError: Another call is in progress.
        """
        if not self.disk_usage_running.acquire(blocking=False):
            raise EngineError("a disk usage operation is already running")
        try:
            return self.volumes.local_volumes_size(ctx=ctx)
        finally:
            self.disk_usage_running.release()

    def shutdown(self) -> None:
        """Stop in the reverse order of the start: volumes, plugins, events; then release the locks."""
        if self.shutdown_begun:
            return
        self.shutdown_begun = True
        if self._volumes is not None:
            self._volumes.shutdown()
        self._plugin_shutdown()
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def _lock_exec_root(self, stack: ExitStack) -> None:
        """Lock the exec root, so that no engine with another root uses the same sockets and processes."""
        timings = self.config.timings.volumes
        directory = get_plugin_exec_root(self.config)
        trusted = {0, os.geteuid(), self.config.root.stat().st_uid}
        try:
            for path in (self.config.get_exec_root(), directory):
                make_private(path)
                _refuse_foreign(path, trusted)
        except EngineError as error:
            raise error.with_text("couldn't create plugin manager") from error
        stack.enter_context(locked_directory(directory, timings.database_lock, timings.database_retry))

    def _new_legacy_plugins(self) -> Plugins:
        timings = self.config.timings.legacy
        folders = self.config.plugin_folders
        if folders is None:
            registry = LocalRegistry(timings=timings)
        else:
            registry = LocalRegistry.of_folders(folders, timings)
        return Plugins(registry, timings, self.config.workers)

    def _register_plugin_hooks(self) -> None:
        """Register the spec options and handlers of the settings, before the first plugin is loaded."""
        for capability, opts in self.config.spec_options.items():
            self.plugin_store.register_runtime_opt(capability, *opts)
        for capability, callbacks in self.config.handlers.items():
            for callback in callbacks:
                self.plugin_store.handle(capability, callback)

    def _new_manager(self) -> Manager:
        config = ManagerConfig(
            store=self.plugin_store,
            root=self.config.root / "plugins",
            exec_root=get_plugin_exec_root(self.config),
            create_executor=self.create_plugin_exec,
            live_restore_enabled=self.config.live_restore_enabled,
            log_plugin_event=self.log_plugin_event,
            timings=replace(self.config.timings.plugins, start=self.config.timings.start),
            workers=self.config.workers,
        )
        try:
            return Manager(config)
        except EngineError as error:
            raise error.with_text("couldn't create plugin manager") from error

    def _new_volume_service(self, waited: float) -> VolumesService:
        """Return the volume service; it looks up plugins in the store that the manager has filled."""
        left = max(self.config.timings.start - waited, 0.0)
        return service.new_volume_service(
            self.config.root,
            self.plugin_store,
            self,
            self.config.workers,
            replace(self.config.timings.volumes, start=left),
            self._root_lock,
        )

    def _plugin_shutdown(self) -> None:
        """Stop the plugins, if they were started.

        Go: daemon/daemon.go::Daemon.pluginShutdown
        """
        if self.plugin_manager is not None:
            self.plugin_manager.shutdown()


def _refuse_foreign(directory: Path, trusted: AbstractSet[int]) -> None:
    """Refuse a directory that another user planted, as in /tmp, or can change.

    Raises:
        EngineError: Another user owns it, or everybody can write to it.
    """
    # A planted link may lead to a directory of ours, so its own owner counts too.
    for status in (directory.lstat(), directory.stat()):
        if status.st_uid not in trusted:
            raise EngineError(f"{directory} belongs to user {status.st_uid}; give another --exec-root")
    if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
        raise EngineError(f"everybody can write to {directory}; give another --exec-root")


def lock_root(config: Config) -> RootLock:
    """Lock an engine's root; create it if needed.

    Raises:
        InUse: Another engine uses it.
        EngineError: It cannot be created or opened.
    """
    create_daemon_root(config)
    timings = config.timings.volumes
    return RootLock(config.root, timings.database_lock, timings.database_retry)


def create_daemon_root(config: Config) -> None:
    """Create the engine's root.

    Raises:
        EngineError: It cannot be created.
    """
    try:
        config.root.mkdir(ROOT_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(f"failed to mkdir {config.root}: {error.strerror}", error) from error


def get_plugin_exec_root(config: Config) -> Path:
    """Return the directory of the sockets of managed plugins.

    Differs:
        params root, config: the exec root of the settings; moby's is always /run/docker/plugins.
    """
    return config.get_exec_root() / "plugins"
