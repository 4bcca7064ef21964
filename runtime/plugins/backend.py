"""What the API asks of a plugin manager: each call on a plugin, one at a time for each of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from runtime import background
from runtime.errors import EngineError
from runtime.plugins import records, restoring
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

log = logging.getLogger(__name__)

ENABLE = PluginEnableConfig()
DISABLE = PluginDisableConfig()
REMOVE = PluginRmConfig()
"""What is done if nobody says otherwise: no time-out for calls, and no force."""


class Backend:
    """The half of a plugin manager that the API talks to; `manager.Manager` makes its parts.

    Args:
        config: What the manager was given.
        lifecycle: Starts and stops plugins.
        creation: Makes plugins.
        blob_store: Where configs and layers are kept.
        mu_gc: Held while blobs are kept that no plugin refers to yet, and while blobs are removed.
        publisher: Tells of what happens to plugins.
    """

    config: ManagerConfig
    lifecycle: Lifecycle
    creation: Creation
    blob_store: BasicBlobStore
    mu_gc: threading.RLock
    publisher: Publisher[Event]

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

        Differs:
            order GetID: it is looked first whether the plugin is still known once its turn has come; moby
                lets two operations on one plugin mix.

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
        return api_plugin(self.config.store.get_v2_plugin(ref_or_id))

    def remove(self, name: str, config: PluginRmConfig = REMOVE) -> None:
        """Remove a plugin and all its files.

        Go:
            plugin/backend_linux.go::Manager.Remove

        Differs:
            behaviour authz: it leaves the chain, as when it is disabled.
            call shutdownPlugin: also if it is disabled, since it may wait to be restarted after a crash.
            call EnsureRemoveAll: removes EXEC/ID too, which moby leaves.
            call SetPClient: closes the client's connections.

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
            behaviour save: the settings are as before when they cannot be written.

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
            error unexpected-type-passed: the queue's type says what is in it; moby's channel takes anything.
        """
        subscriber = self.publisher.subscribe_topic_with_buffer(topic(watch_events), buffer)
        return subscriber, lambda: self.publisher.evict(subscriber)

    def list(self, plugin_filters: Filters | None = None) -> Sequence[ApiPlugin]:
        """The plugins that fit the filters `enabled` and `capability`.

        Go:
            plugin/backend_linux.go::Manager.List

        Differs:
            behaviour capability: one that fits is enough; moby asks all of them to, so that a plugin with
                none always fits and one with two never.
            order plugins: by name; moby's is random.
            call GetTypes: the capabilities are read from the frozen value.

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
            if not self.config.store.has(p):
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


def _check_removable(p: Plugin) -> None:
    if p.get_ref_count() > 0:
        raise InUse(p.name)
    if p.is_enabled():
        raise Enabled(p.name)
