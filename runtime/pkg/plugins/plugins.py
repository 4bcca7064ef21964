"""Legacy plugins: found by a registry, activated by a handshake, and kept.

Go: pkg/plugins/plugins.go, pkg/plugins/discovery.go, pkg/plugins/plugins_unix.go
"""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from typing import Final, Protocol, TypeAlias

import msgspec

from runtime.errdefs import EngineError
from runtime.pkg.plugins import transport
from runtime.pkg.plugins.client import Client, RequestOpts, new_client
from runtime.pkg.plugins.errors import DeadlineExceeded, NotImplements
from runtime.pkg.plugins.transport import DEFAULT, Timings, abort, backoff
from runtime.workers import Threads, Workers

log = logging.getLogger(__name__)

PROTOCOL_SCHEME_HTTP_V1: Final = "moby.plugins.http/v1"
"""The protocol's name and version.

Go: pkg/plugins/plugins.go::ProtocolSchemeHTTPV1
"""


Handler: TypeAlias = Callable[[str, Client], None]
"""Called with a plugin's name and client once the plugin is active."""


class Manifest(msgspec.Struct, frozen=True):
    """What a plugin implements, such as `VolumeDriver`."""

    implements: tuple[str, ...] = msgspec.field(default=(), name="Implements")


class ExtpointHandlers:
    """The handlers by interface.

    Differs:
        extra add: adds a handler under the lock; moby does it in `Handle`.
        extra of: the present handlers; moby reads the map in `runHandlers`.
    """

    def __init__(self) -> None:
        self.extpoint_handlers: dict[str, tuple[Handler, ...]] = {}
        self._lock = threading.Lock()

    def add(self, iface: str, handler: Handler) -> None:
        """Add a handler for an interface."""
        with self._lock:
            self.extpoint_handlers[iface] = (*self.extpoint_handlers.get(iface, ()), handler)

    def of(self, iface: str) -> Sequence[Handler]:
        """Return the handlers for an interface, oldest first."""
        return self.extpoint_handlers.get(iface, ())


class Plugin:
    """A plugin that the engine does not start.

    Args:
        name: The name by which it is looked up.
        addr: Where it listens.
        tls_config: How it is verified; None for the system's authorities.
        manifest: What it implements, if that is known already.
        timings: The numbers and the clock.

    Differs:
        behaviour activateWait: besides the condition it is kept who is activating the plugin at present;
            nobody holds a lock while the plugin is asked, so a slow plugin delays those alone who need it.
        behaviour handlersRun: how many handlers of each interface have run; each runs once, while moby runs
            all of them again after a new one came.
    """

    def __init__(
        self,
        name: str,
        addr: str = "",
        tls_config: transport.Options | None = None,
        *,
        manifest: Manifest | None = None,
        timings: Timings = DEFAULT,
    ) -> None:
        self.name = name
        self.addr = addr
        self.tls_config = tls_config
        self.client: Client | None = None
        self.manifest = manifest
        self.activate_wait = threading.Condition()
        self.activate_err: EngineError | None = None
        self.handlers_run: dict[str, int] = {}
        self.timings = timings
        self._activating: int | None = None

    @property
    def protocol(self) -> str:
        return PROTOCOL_SCHEME_HTTP_V1

    @property
    def is_v1(self) -> bool:
        return True

    def scoped_path(self, path: str) -> str:
        """Return the path itself: a legacy plugin sees the host's files."""
        return path

    def activate(self, handlers: ExtpointHandlers, *, retry: bool = True) -> None:
        """Ask the plugin what it implements unless that is known, then run the handlers that have not run.

        A thread that comes while another does so waits for it and shares its outcome.

        Args:
            handlers: The handlers to run.
            retry: Whether to try for half a minute; otherwise once.

        Raises:
            EngineError: The plugin cannot be reached, is too slow or answers garbage.

        Differs:
            order activateWithLock: the handlers run after it in both; Go's text has the case first in which
                the plugin is active already and only handlers are to run.
            behaviour waiting: those who wait share the outcome; in moby each of them tries again, one after
                the other, for half a minute each.
        """
        if not self._begin():
            return
        error: EngineError | None = None
        try:
            if not self.activated():
                self.activate_with_lock(retry=retry)
            self.run_handlers(handlers)
        except EngineError as caught:
            error = caught
            raise
        finally:
            self._end(error)

    def run_handlers(self, handlers: ExtpointHandlers) -> None:
        """Run the handlers of what the plugin implements that have not run for it."""
        if self.manifest is None or self.client is None:
            return
        for iface in self.manifest.implements:
            known = handlers.of(iface)
            begun = self.handlers_run.get(iface, 0)
            self.handlers_run[iface] = len(known)
            for handler in known[begun:]:
                handler(self.name, self.client)

    def activated(self) -> bool:
        """Return whether it is known what the plugin implements."""
        return self.manifest is not None

    def activate_with_lock(self, *, retry: bool = True) -> None:
        """Make a client and shake hands.

        Raises:
            EngineError: The plugin cannot be reached, is too slow or answers garbage.

        Differs:
            calls Call, CallWithOptions: with options, since the handshake is bounded by `timings.activate`;
                moby's may wait for ever.
            behaviour lock: none is held meanwhile.
        """
        self.close()
        client = new_client(self.addr, self.tls_config, name=self.name, timings=self.timings)
        self.client = client
        opts = RequestOpts(timeout=self.timings.activate, retry=retry)
        try:
            self.manifest = client.call_with_options("Plugin.Activate", None, Manifest, opts)
        except EngineError:
            client.close()
            raise

    def wait_active(self, timeout: float | None = None) -> None:
        """Wait until the plugin's activation has ended.

        Args:
            timeout: For how many seconds at most; None for as long as it takes.

        Raises:
            EngineError: The activation failed, or did not end in time.

        Differs:
            extra timeout: listing waits for a bound time.
        """
        with self.activate_wait:
            ended = self.activate_wait.wait_for(self._is_settled, timeout)
            error = self.activate_err
        if not ended:
            raise DeadlineExceeded(f"plugin {self.name}: not active within {timeout:g}s")
        if not self.activated() and error is not None:
            raise _copy(error)

    def implements(self, kind: str) -> bool:
        """Return whether the plugin implements an interface; upper and lower case differ."""
        return self.manifest is not None and kind in self.manifest.implements

    def close(self) -> None:
        """Close the client's connections, if it has any."""
        if self.client is not None:
            self.client.close()

    def _begin(self) -> bool:
        """Return whether this thread is to activate the plugin, as no other has and it does not yet."""
        me = threading.get_ident()
        with self.activate_wait:
            if self._activating == me:
                return False
            waited = self._activating is not None
            self.activate_wait.wait_for(lambda: self._activating is None)
            if waited and self.activate_err is not None:
                raise _copy(self.activate_err)
            self._activating = me
            return True

    def _end(self, error: EngineError | None) -> None:
        with self.activate_wait:
            self._activating = None
            self.activate_err = error
            self.activate_wait.notify_all()

    def _is_settled(self) -> bool:
        me = threading.get_ident()
        over = self.activated() or self.activate_err is not None
        return self._activating == me or (self._activating is None and over)


def _copy(error: EngineError) -> EngineError:
    """Return an error of one's own to raise: a traceback grows with every thread that raises the same one."""
    copied = copy.copy(error)
    copied.__cause__ = error.__cause__
    return copied


def new_local_plugin(name: str, addr: str, timings: Timings = DEFAULT) -> Plugin:
    """Return a plugin that is known by its address alone; if it speaks TLS, it is not verified."""
    return Plugin(name, addr, transport.Options(insecure_skip_verify=True), timings=timings)


class Registry(Protocol):
    """Finds the plugins of a machine.

    Go: pkg/plugins/discovery.go::localRegistry
    """

    def scan(self) -> list[str]:
        """Return the names of all plugins.

        Go: pkg/plugins/discovery.go::Scan
        """
        ...

    def plugin(self, name: str) -> Plugin:
        """Return the plugin of a name.

        Go: pkg/plugins/discovery.go::localRegistry.Plugin
        """
        ...


class Plugins:
    """Finds, activates and keeps legacy plugins.

    Args:
        registry: Where they are looked for; moby's folders by default.
        timings: The numbers and the clock.
        workers: Activate plugins side by side; a thread for each by default.

    Go:
        pkg/plugins/plugins.go::plugins
        pkg/plugins/plugins.go::storage
        pkg/plugins/plugins.go::handlers
    Differs:
        extra failures: why `get_all` left plugins out.
    """

    def __init__(
        self,
        registry: Registry,
        timings: Timings = DEFAULT,
        workers: Workers | None = None,
    ) -> None:
        self.registry = registry
        self.timings = timings
        self.plugins: dict[str, Plugin] = {}
        self.failures: dict[str, EngineError] = {}
        self.handlers = ExtpointHandlers()
        self._workers = workers or Threads()
        self._lock = threading.Lock()

    def get(self, name: str, imp: str, *, patient: bool = True) -> Plugin:
        """Return the plugin of a name, active, which must implement an interface such as `VolumeDriver`.

        Args:
            name: The plugin's name.
            imp: The interface.
            patient: Whether to look for it and to ask it for half a minute; otherwise once, for no longer
                than `timings.scan`.

        Raises:
            PluginNotFound: No folder has it.
            NotImplements: It does something else.
            EngineError: Its spec is broken; or it cannot be reached, is too slow or answers garbage.

        Go: pkg/plugins/plugins.go::Get
        Differs:
            calls loadWithRetry, activate: for those who are not patient: begun by a worker, waited for a
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

        Go: pkg/plugins/plugins.go::GetAll
        Differs:
            behaviour slow: without `patient` a plugin that does not answer in time is left out and logged; it
                may be there the next time. moby waits for the slowest, for half a minute or for ever.
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
        """Call a function for each plugin that implements an interface, the next time that it is looked up.

        Go: pkg/plugins/plugins.go::Handle
        Differs:
            calls activated, implements: no plugin is asked; each counts which handlers have run for it.
            behaviour waiting: it never waits for a plugin that is being activated.
        """
        self.handlers.add(iface, fn)

    def get_active(self, name: str) -> Plugin:
        """Return the plugin of a name, active, whatever it implements.

        Raises:
            PluginNotFound: No folder has it.
            EngineError: Its spec is broken; or it cannot be reached, is too slow or answers garbage.

        Go: pkg/plugins/plugins.go::get
        """
        with self._lock:
            plugin = self.plugins.get(name)
        if plugin is None:
            return self.load(name)
        plugin.activate(self.handlers)
        return plugin

    def load(self, name: str) -> Plugin:
        """Find a plugin and activate it; retry for half a minute.

        Raises:
            PluginNotFound: No folder has it.
            EngineError: Its spec is broken; or it cannot be reached, is too slow or answers garbage.

        Go: pkg/plugins/plugins.go::load
        """
        return self.load_with_retry(name, retry=True)

    def load_with_retry(self, name: str, *, retry: bool) -> Plugin:
        """Find a plugin and activate it; one that fails is forgotten, so that the next call begins anew.

        Raises:
            PluginNotFound: No folder has it.
            EngineError: Its spec is broken; or it cannot be reached, is too slow or answers garbage.

        Go: pkg/plugins/plugins.go::loadWithRetry
        Differs:
            call activated: a plugin that failed is forgotten only if no other thread has activated it since.
            behaviour retry: without it, activation is tried once too; moby tries for half a minute.
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
        """Return the plugin if it is known, active or not yet; else the future that finds it."""
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
