"""The plugin manager: loads the plugins on disk, and does to them what the API asks for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import wait
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from runtime.disk import make_private
from runtime.errors import EngineError
from runtime.plugins import background, records, restoring
from runtime.plugins.api_types import Plugin as ApiPlugin
from runtime.plugins.api_types import (
    PluginCreateOptions,
    PluginDisableConfig,
    PluginEnableConfig,
    PluginRmConfig,
)
from runtime.plugins.authz import leave
from runtime.plugins.blobs import BasicBlobStore
from runtime.plugins.controller import Controller, ManagerConfig
from runtime.plugins.creation import Creation
from runtime.plugins.lifecycle import Lifecycle
from runtime.plugins.listing import Filters, fits
from runtime.plugins.logs import failure
from runtime.plugins.plugin import Plugin, api_plugin
from runtime.plugins.plugin_errors import Enabled, InUse, PluginNotFound
from runtime.plugins.plugin_events import Event, EventCreate, EventDisable, EventEnable, EventRemove, topic
from runtime.plugins.removal import remove_files
from runtime.pubsub import Publisher, Subscriber

log = logging.getLogger("runtime.plugins.manager")

PUBLISH_TIMEOUT = 0.0
"""Seconds that an event waits for readers that do not keep up; then they miss it."""

PUBLISH_BUFFER = 0
"""Events that wait for each reader, unless it asks for more."""

ENABLE = PluginEnableConfig()
DISABLE = PluginDisableConfig()
REMOVE = PluginRmConfig()
"""What is done if nobody says otherwise: no time-out for calls, and no force."""


class Manager:
    """The plugins below a root, and all that is done to them; safe to use from several threads.

    Go:
        plugin/manager.go::Manager

    Differs:
        field mu: in `lifecycle`, with `cMap`.
        field cMap: in `lifecycle`, which starts and stops plugins.
        field muGC: one lock; only the last moment of a creation holds it.
        method enable: `lifecycle.enable`, likewise pluginPostStart, restore, disable, HandleExitEvent and
            Shutdown.
        method createPlugin: `creation.create_plugin`, likewise setupNewPlugin and CreateFromContext, which is
            handed on to there.
        method Pull: nothing is pulled here, likewise Push, Upgrade and Privileges.
        extra lifecycle: starts and stops plugins.
        extra creation: makes plugins.
    """

    def __init__(self, config: ManagerConfig) -> None:
        """Make the directories and the executor, then load and start the plugins.

        Returns at the latest when `config.timings.start` seconds are over; plugins that take longer go on
        starting
        in the background.

        Go:
            plugin/manager.go::NewManager

        Differs:
            error MkdirAll: where the directory of plugins cannot be used the engine starts without plugins.
            error reload: likewise.

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
        except OSError as error:
            failure(log, f"failed to restore plugins: failed to read {config.root}", error)
        self.publisher: Publisher[Event] = Publisher(PUBLISH_TIMEOUT, PUBLISH_BUFFER)

    def _tmp_dir(self) -> Path:
        """Where plugins are unpacked.

        Go:
            plugin/manager.go::Manager.tmpDir
        """
        return self.config.root / "tmp"

    def handle_exit_event(self, plugin_id: str) -> None:
        """A plugin has ended; the executor calls this.

        Raises:
            PluginNotFound: there is no such plugin.
            EngineError: `error cleaning up plugin mounts`.
        """
        self.lifecycle.handle_exit_event(plugin_id)

    def reload(self) -> None:
        """Load all plugins, take over or start those that are enabled, side by side.

        Go:
            plugin/manager.go::Manager.reload

        Differs:
            behaviour wait: for `timings.start` seconds in all; the rest goes on in the background.
            behaviour removing: leftovers are looked for in the plugins' root, and removed, in the background;
                moby
                looks in its working directory.
            behaviour client: every enabled plugin has its client before anything is started, so that calls to
                one
                that is still starting wait for it.

        Raises:
            OSError: the root cannot be read.
        """
        config, lifecycle = self.config, self.lifecycle
        plugins = {
            plugin.get_id(): plugin
            for plugin in restoring.load_all(config.root, self.blob_store, config.workers)
        }
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

    def get(self, id_or_name: str) -> Plugin:
        """The plugin with this name, id or prefix of an id.

        Go:
            plugin/manager.go::Manager.Get

        Raises:
            PluginNotFound: there is none.
            Ambiguous: the prefix is that of several.
        """
        return self.config.store.get_v2_plugin(id_or_name)

    def disable(self, ref_or_id: str, config: PluginDisableConfig = DISABLE) -> None:
        """Stop a plugin; nobody can use it then.

        Go:
            plugin/backend_linux.go::Manager.Disable

        Differs:
            behaviour count: checked again in the step that marks the plugin, so that no user comes in
                between.

        Raises:
            PluginNotFound: there is no such plugin.
            InUse: someone uses it, and it is not forced.
            Disabled: it is disabled already.
        """
        with self._operation(ref_or_id) as p:
            if not config.force_disable and p.get_ref_count() > 0:
                raise InUse(p.name)
            leave(self.config.authz_middleware, p)
            self.lifecycle.disable(p, self.lifecycle.controller(p), force=config.force_disable)
            self._tell(EventDisable(api_plugin(p)), p, ref_or_id, "disable")

    def enable(self, ref_or_id: str, config: PluginEnableConfig = ENABLE) -> None:
        """Start a plugin and wait until it listens.

        Go:
            plugin/backend_linux.go::Manager.Enable

        Raises:
            PluginNotFound: there is no such plugin.
            Enabled: it is enabled already.
            EngineError: it cannot be started, or does not listen.
        """
        with self._operation(ref_or_id) as p:
            self.lifecycle.enable(p, Controller(config.timeout), force=False)
            self._tell(EventEnable(api_plugin(p)), p, ref_or_id, "enable")

    def inspect(self, ref_or_id: str) -> ApiPlugin:
        """A plugin as the API shows it.

        Go:
            plugin/backend_linux.go::Manager.Inspect

        Raises:
            PluginNotFound: there is no such plugin.
        """
        return api_plugin(self.get(ref_or_id))

    def remove(self, name: str, config: PluginRmConfig = REMOVE) -> None:
        """Remove a plugin and all its files.

        Go:
            plugin/backend_linux.go::Manager.Remove

        Differs:
            behaviour client: closed.
            behaviour authz: it leaves the chain, as when it is disabled.

        Raises:
            PluginNotFound: there is no such plugin.
            InUse: someone uses it, and it is not forced.
            Enabled: it is enabled, and it is not forced.
            EngineError: its files cannot be removed.
        """
        with self._operation(name) as p:
            if not config.force_remove:
                _check_removable(p)
            leave(self.config.authz_middleware, p)
            if p.is_enabled():
                self._disable_for_removal(p)
            self.lifecycle.stop(p, self.lifecycle.controller(p))
            try:
                remove_files(self.config.root, self.config.exec_root, p.get_id())
                self.config.store.remove(p)
            finally:
                self._gc_later()
            self.lifecycle.take(p, None)
            p.set_p_client(None)
            self.config.log_plugin_event(p.get_id(), name, "remove")
            self.publisher.publish(EventRemove(api_plugin(p)))

    def set(self, name: str, args: Iterable[str]) -> None:
        """Change settings of a plugin, all of them or none.

        Go:
            plugin/backend_linux.go::Manager.Set

        Differs:
            error save: the settings are as before when they cannot be written.

        Raises:
            PluginNotFound: there is no such plugin.
            EngineError: it is enabled, or a setting is no good, or the disk refuses.
        """
        with self._operation(name) as p:
            before = p.plugin_obj
            p.set(args)
            try:
                records.save(self.config.root, p)
            except EngineError:
                with p.mu:
                    p.plugin_obj = before
                raise

    def create_from_context(self, tar: IO[bytes], options: PluginCreateOptions) -> Plugin:
        """Make a plugin from an uncompressed tar with config.json and rootfs.

        Raises:
            NameTaken: another plugin has the name.
            EngineError: the name, the tar or its config.json is no good.
        """
        return self._create(lambda: self.creation.create_from_context(tar, options))

    def create_from_directory(self, directory: Path, options: PluginCreateOptions) -> Plugin:
        """Make a plugin from a directory with config.json and rootfs.

        Raises:
            NameTaken: another plugin has the name.
            EngineError: the name, the directory or its config.json is no good.
        """
        return self._create(lambda: self.creation.create_from_directory(directory, options))

    def gc(self) -> None:
        """Remove blobs that no plugin refers to.

        Go:
            plugin/manager.go::Manager.GC

        Differs:
            behaviour unread: while a plugin cannot be read no blob is removed, since it may be that plugin's;
                moby removes it.
        """
        with self.mu_gc:
            if unread := restoring.unread(self.config.root, self.config.store.get_all()):
                log.warning("no blobs are removed while there are plugins that cannot be read: %s", unread)
                return
            whitelist: set[str] = set()
            for p in self.config.store.get_all().values():
                whitelist.add(p.config)
                whitelist.update(p.blobsums or ())
            self.blob_store.gc(whitelist)

    def subscribe_events(
        self, buffer: int, *watch_events: Event
    ) -> tuple[Subscriber[Event], Callable[[], None]]:
        """A queue of what happens to plugins, or of what fits one of some patterns, and how to end it.

        Go:
            plugin/events.go::Manager.SubscribeEvents

        Differs:
            error type: the type checker sees to that.
        """
        subscriber = self.publisher.subscribe_topic_with_buffer(topic(watch_events), buffer)
        return subscriber, lambda: self.publisher.evict(subscriber)

    def shutdown(self) -> None:
        """Stop all plugins; with live restore let those that are enabled run on.

        Subscriptions to events end, and clients are closed.
        """
        self.lifecycle.shutdown()
        for p in self.config.store.get_all().values():
            p.set_p_client(None)
        self.publisher.close()

    def list(self, plugin_filters: Filters | None = None) -> Sequence[ApiPlugin]:
        """The plugins that fit the filters `enabled` and `capability`.

        Go:
            plugin/backend_linux.go::Manager.List

        Differs:
            behaviour capability: one that fits is enough; moby asks all of them to, so that a plugin with
                none
                always fits and one with two never.
            order plugins: by name; moby's is random.

        Raises:
            InvalidFilter: `enabled` is neither `true` nor `false`.
            EngineError: a filter is not known.
        """
        found = sorted(map(api_plugin, self.config.store.get_all().values()), key=lambda plugin: plugin.name)
        if plugin_filters is None:
            return found
        return list(filter(fits(plugin_filters), found))

    @contextmanager
    def _operation(self, ref_or_id: str) -> Iterator[Plugin]:
        """The plugin that is meant, while no other operation on it goes on.

        Raises:
            PluginNotFound: there is no such plugin.
            EngineError: also for what the system refuses meanwhile.
        """
        p = self.config.store.get_v2_plugin(ref_or_id)
        with p.turn:
            if self.config.store.get_all().get(p.get_id()) is not p:
                raise PluginNotFound(ref_or_id)
            try:
                yield p
            except OSError as error:
                raise EngineError(error) from error

    def _tell(self, event: Event, p: Plugin, name: str, action: str) -> None:
        self.publisher.publish(event)
        self.config.log_plugin_event(p.get_id(), name, action)

    def _disable_for_removal(self, p: Plugin) -> None:
        try:
            self.lifecycle.disable(p, self.lifecycle.controller(p), force=True)
        except EngineError as error:
            failure(log, f"failed to disable plugin '{p.name}': {error}", error, id=p.get_id())

    def _create(self, create: Callable[[], Plugin]) -> Plugin:
        try:
            p = create()
        except BaseException:
            self._gc_later()
            raise
        self.publisher.publish(EventCreate(api_plugin(p)))
        self.config.log_plugin_event(p.get_id(), p.name, "create")
        return p

    def _gc_later(self) -> None:
        background.run(self.config.workers, self.gc)


def _make_or_tell(directory: Path) -> None:
    try:
        make_private(directory)
    except EngineError as error:
        log.error("%s", error)  # noqa: TRY400 - the disk is at fault, not the code


def _check_removable(p: Plugin) -> None:
    if p.get_ref_count() > 0:
        raise InUse(p.name)
    if p.is_enabled():
        raise Enabled(p.name)
