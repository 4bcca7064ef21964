"""The legacy plugins that are in use, and who wants to hear of new ones."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime

from runtime.errors import EngineError
from runtime.plugins.activation import Plugin
from runtime.plugins.discovery import LocalRegistry
from runtime.plugins.errors import DeadlineExceeded, NotImplements
from runtime.plugins.getter import Handler
from runtime.plugins.timings import DEFAULT, Timings, abort, backoff
from runtime.workers import Threads, Workers

log = logging.getLogger(__name__)


class ExtpointHandlers:
    """Who wants to hear of plugins that implement an interface.

    Go:
        pkg/plugins/plugins.go::extpointHandlers

    Differs:
        field RWMutex: one `threading.Lock` for writing; readers take the present tuple.
        extra add: adds a handler under the lock; moby does it in `Handle`.
        extra of: the present handlers; moby reads the map in `runHandlers`.
    """

    def __init__(self) -> None:
        self.extpoint_handlers: dict[str, tuple[Handler, ...]] = {}
        self._lock = threading.Lock()

    def add(self, iface: str, handler: Handler) -> None:
        """One more handler for an interface."""
        with self._lock:
            self.extpoint_handlers[iface] = (*self.extpoint_handlers.get(iface, ()), handler)

    def of(self, iface: str) -> Sequence[Handler]:
        """The handlers for an interface, oldest first."""
        return self.extpoint_handlers.get(iface, ())


class Plugins:
    """Finds, activates and keeps legacy plugins.

    Args:
        registry: Where they are looked for; moby's folders by default.
        timings: The numbers and the clock.
        workers: Where plugins are activated side by side; by default a thread for each.

    Go:
        pkg/plugins/plugins.go::plugins
        pkg/plugins/plugins.go::storage
        pkg/plugins/plugins.go::handlers

    Differs:
        extra registry: the folders belong to this object.
        extra timings: time-outs, waits and the clock, which tests replace; moby has constants.
        extra workers: who activates plugins side by side; a browser's Python has no threads.
        extra handlers: moby's storage and handlers are globals of the package.
        extra close: the connections that are kept open are closed by their owner.
        extra problem: a list names the cause when volumes of a plugin are missing from it.
        extra failures: why `get_all` left plugins out.
    """

    def __init__(
        self,
        registry: LocalRegistry | None = None,
        timings: Timings = DEFAULT,
        workers: Workers | None = None,
    ) -> None:
        self.registry = registry or LocalRegistry(timings=timings)
        self.timings = timings
        self.plugins: dict[str, Plugin] = {}
        self.failures: dict[str, EngineError] = {}
        self.handlers = ExtpointHandlers()
        self._workers = workers or Threads()
        self._lock = threading.Lock()

    def get(self, name: str, imp: str, *, patient: bool = True) -> Plugin:
        """The plugin of that name, active, which must implement an interface such as `VolumeDriver`.

        Args:
            name: The plugin's name.
            imp: What it is wanted for.
            patient: Whether to look for it and to ask it for half a minute; otherwise once, for no longer
                than `timings.scan`.

        Raises:
            PluginNotFound: No folder has it.
            NotImplements: It does something else.
            EngineError: Its spec is broken; or it cannot be reached, is too slow or answers garbage.

        Go:
            pkg/plugins/plugins.go::Get

        Differs:
            extra patient: start-up and lists must not wait for the long schedule.
            call loadWithRetry,activate: for those who are not patient: begun by a worker, waited for a
                bounded time, and once more with the handlers that came meanwhile.
        """
        plugin = self.get_active(name) if patient else self._get_soon(name)
        if not plugin.implements(imp):
            raise NotImplements(name, imp)
        log.debug("%s implements: %s", name, imp)
        return plugin

    def get_all(self, imp: str, *, patient: bool = False) -> list[Plugin]:
        """Return all plugins that implement an interface, in the order of `scan`.

        Args:
            imp: The interface.
            patient: Whether to wait until each plugin is active or has failed, as moby does; otherwise for
                `timings.scan`, for all together.

        Raises:
            EngineError: A folder is there and cannot be read.
            DeadlineExceeded: A plugin did not answer, and `patient` is set.

        Go:
            pkg/plugins/plugins.go::GetAll

        Differs:
            behaviour slow: without `patient` a plugin that does not answer in time is left out and logged; it
                may be there the next time. moby waits for the slowest, for half a minute or for ever.
            extra patient: a list must not wait for the slowest; a search for one volume must.
            order out: as found; moby's is random.
        """
        names = self.registry.scan()
        deadline = None if patient else self._end_of_scan()
        begun = [(name, self._begin(name, retry=patient)) for name in names]
        found = [self._waited(name, future, deadline) for name, future in begun]
        self.failures = {name: error for name, error in self.failures.items() if name in names}
        return [plugin for plugin in found if plugin is not None and plugin.implements(imp)]

    def problem(self, name: str) -> EngineError | None:
        """Return why a plugin cannot be used, as far as that is known without asking it.

        Returns:
            PluginNotFound if no folder has it, what is wrong with its spec, or why the last attempt to
            activate it in `get_all` failed; None if nothing is known against it.
        """
        with self._lock:
            known = self.plugins.get(name)
        try:
            self.registry.plugin(name)
        except EngineError as error:
            return error
        return None if known is not None and known.activated() else self.failures.get(name)

    def handle(self, iface: str, fn: Handler) -> None:
        """Call back for each plugin that implements an interface, the next time that it is asked for.

        Go:
            pkg/plugins/plugins.go::Handle

        Differs:
            call activated,implements: no plugin is asked; each counts which handlers have run for it.
            behaviour waiting: it never waits for a plugin that is being activated.
        """
        self.handlers.add(iface, fn)

    def get_active(self, name: str) -> Plugin:
        """The plugin of that name, active, whatever it implements.

        Raises:
            PluginNotFound: No folder has it.
            EngineError: Its spec is broken; or it cannot be reached, is too slow or answers garbage.

        Go:
            pkg/plugins/plugins.go::get
        """
        with self._lock:
            plugin = self.plugins.get(name)
        if plugin is None:
            return self.load(name)
        plugin.activate(self.handlers)
        return plugin

    def load(self, name: str) -> Plugin:
        """Find a plugin and activate it, and try again for a while.

        Raises:
            PluginNotFound: No folder has it.
            EngineError: Its spec is broken; or it cannot be reached, is too slow or answers garbage.

        Go:
            pkg/plugins/plugins.go::load
        """
        return self.load_with_retry(name, retry=True)

    def load_with_retry(self, name: str, *, retry: bool) -> Plugin:
        """Find a plugin and activate it; one that fails is forgotten, so that the next call begins anew.

        Raises:
            PluginNotFound: No folder has it.
            EngineError: Its spec is broken; or it cannot be reached, is too slow or answers garbage.

        Go:
            pkg/plugins/plugins.go::loadWithRetry

        Differs:
            call newLocalRegistry: the registry is given.
            call activated: a plugin that failed is forgotten only if no other thread has activated it since.
            behaviour retry: without it, activation is tried once too; moby tries for half a minute.
            result Plugin: none with an error; nobody looks at moby's.
        """
        found = self._find(name, retry=retry)
        with self._lock:
            plugin = self.plugins.setdefault(name, found)
        try:
            plugin.activate(self.handlers, retry=retry)
        except EngineError:
            self._forget(plugin)
            raise
        with self._lock:
            closed = self.plugins.get(name) is not plugin
        if closed:
            plugin.close()
        return plugin

    def close(self) -> None:
        """Close all connections and forget all plugins."""
        with self._lock:
            known, self.plugins = self.plugins, {}
        for plugin in known.values():
            plugin.close()

    def _get_soon(self, name: str) -> Plugin:
        plugin = self._wait_for(name, self._begin(name), self._end_of_scan())
        plugin.activate(self.handlers, retry=False)  # it is active; handlers may have come since
        return plugin

    def _find(self, name: str, *, retry: bool) -> Plugin:
        start = self.timings.clock.now()
        retries = 0
        while True:
            try:
                return self.registry.plugin(name)
            except EngineError:
                time_off = backoff(retries, self.timings)
                if not retry or abort(start, time_off, self.timings):
                    raise
            retries += 1
            log.warning(
                "Unable to locate plugin: %s, retrying in %gs", name, time_off, extra={"plugin": name}
            )
            self.timings.clock.sleep(time_off)

    def _forget(self, plugin: Plugin) -> None:
        with self._lock:
            if self.plugins.get(plugin.name) is plugin and not plugin.activated():
                del self.plugins[plugin.name]

    def _begin(self, name: str, *, retry: bool = False) -> Future[Plugin] | Plugin:
        """The plugin if it is known, active or not yet; otherwise what will find it."""
        with self._lock:
            plugin = self.plugins.get(name)
        return plugin or self._workers.submit(self.load_with_retry, name, retry=retry)

    def _waited(self, name: str, begun: Future[Plugin] | Plugin, deadline: float | None) -> Plugin | None:
        try:
            plugin = self._wait_for(name, begun, deadline)
        except EngineError as error:
            if deadline is None and isinstance(error, DeadlineExceeded):
                raise
            self.failures[name] = error
            log.error("plugin %s left out: %s", name, error, extra={"plugin": name})  # noqa: TRY400 - not ours
            return None
        self.failures.pop(name, None)
        return plugin

    def _wait_for(self, name: str, begun: Future[Plugin] | Plugin, deadline: float | None) -> Plugin:
        left = None if deadline is None else max(0.0, deadline - self.timings.clock.now())
        if isinstance(begun, Plugin):
            begun.wait_active(left)
            return begun
        try:
            return begun.result(left)
        except NotInTime as error:
            raise DeadlineExceeded(f"plugin {name}: not active within {self.timings.scan:g}s") from error

    def _end_of_scan(self) -> float:
        return self.timings.clock.now() + self.timings.scan
