"""Legacy plugins: looked up in a registry, activated by a handshake, and cached.

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
    """The interfaces that a plugin implements, such as `VolumeDriver`."""

    implements: tuple[str, ...] = msgspec.field(default=(), name="Implements")


class ExtpointHandlers:
    """The handlers by interface."""

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
        addr: Its address.
        tls_config: TLS options; None for the system's authorities.
        manifest: The interfaces that it implements, if they are known.
        timings: Time limits and the clock.

    Differs:
        behaviour activateWait: no lock is held while the plugin is asked; the activating thread is noted.
        behaviour handlersRun: the number of handlers that have run for each interface, so that each runs
            once; moby runs all of them again after a new one.
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
        """Shake hands with the plugin unless it is active, then run the handlers that have not run.

        While one thread does so, others wait for it and share its outcome.

        Args:
            handlers: The handlers to run.
            retry: Whether to retry for half a minute.

        Raises:
            EngineError: The plugin cannot be reached, is too slow or sends an invalid answer.

        Differs:
            order activateWithLock: before the handlers, as in moby, whose first lines run the handlers of an
                active plugin.
            behaviour waiting: waiting threads share the outcome; in moby each tries again for half a minute.
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
        """Run the handlers of the plugin's interfaces that have not run for it."""
        if self.manifest is None or self.client is None:
            return
        for iface in self.manifest.implements:
            registered = handlers.of(iface)
            count = self.handlers_run.get(iface, 0)
            self.handlers_run[iface] = len(registered)
            for handler in registered[count:]:
                handler(self.name, self.client)

    def activated(self) -> bool:
        """Return whether the plugin has shaken hands."""
        return self.manifest is not None

    def activate_with_lock(self, *, retry: bool = True) -> None:
        """Create a client and shake hands.

        Raises:
            EngineError: The plugin cannot be reached, is too slow or sends an invalid answer.

        Differs:
            calls Call, CallWithOptions: with a time-out, `timings.activate`; moby may wait for ever.
            behaviour lock: none is held, despite the name.
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
            timeout: The time limit in seconds; None for no limit.

        Raises:
            EngineError: The activation failed, or did not end in time.

        """
        with self.activate_wait:
            ended = self.activate_wait.wait_for(self._is_settled, timeout)
            error = self.activate_err
        if not ended:
            raise DeadlineExceeded(f"plugin {self.name}: not active within {timeout:g}s")
        if not self.activated() and error is not None:
            raise _copy(error)

    def implements(self, kind: str) -> bool:
        """Return whether the plugin implements an interface, whose name is case-sensitive."""
        return self.manifest is not None and kind in self.manifest.implements

    def close(self) -> None:
        """Close the client's connections."""
        if self.client is not None:
            self.client.close()

    def _begin(self) -> bool:
        """Wait for other threads; return whether this thread has to activate the plugin."""
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
    """Copy an error to raise: the traceback of a shared one grows with every thread that raises it."""
    copied = copy.copy(error)
    copied.__cause__ = error.__cause__
    return copied


def new_local_plugin(name: str, addr: str, timings: Timings = DEFAULT) -> Plugin:
    """Return a plugin of an address, whose TLS certificate is not verified."""
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
    """Looks up, activates and caches legacy plugins.

    A look-up raises PluginNotFound if no folder has the plugin, and EngineError if its spec is broken, or it
    cannot be reached, is too slow or sends an invalid answer.

    Args:
        registry: The registry of the plugins.
        timings: Time limits and the clock.
        workers: Activate plugins side by side; a thread for each by default.

    Go: pkg/plugins/plugins.go::plugins, pkg/plugins/plugins.go::storage, pkg/plugins/plugins.go::handlers
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
        self.failures: dict[str, EngineError] = {}  # why `get_all` left plugins out
        self.handlers = ExtpointHandlers()
        self._workers = workers or Threads()
        self._lock = threading.Lock()

    def get(self, name: str, imp: str, *, patient: bool = True) -> Plugin:
        """Return the plugin of a name, activated; it must implement an interface such as `VolumeDriver`.

        Args:
            name: The plugin's name.
            imp: The interface.
            patient: Whether to retry for half a minute; otherwise wait for `timings.scan` at most.

        Raises:
            NotImplements: It does not implement the interface.

        Go: pkg/plugins/plugins.go::Get
        Differs:
            calls loadWithRetry, activate: for callers that are not patient, in a worker.
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
            patient: Whether to wait until each plugin is active or has failed; otherwise wait for
                `timings.scan`, for all together.

        Raises:
            DeadlineExceeded: A plugin did not answer, and `patient` is set.

        Go: pkg/plugins/plugins.go::GetAll
        Differs:
            behaviour slow: without `patient` slow plugins are left out and logged; moby waits for all.
            order out: in the order of `scan`; moby's is random.
        """
        names = self.registry.scan()
        deadline = None if patient else self._end_of_scan()
        begun = [(name, self._begin(name, retry=patient)) for name in names]
        plugins = [self._waited(name, future, deadline) for name, future in begun]
        self.failures = {name: error for name, error in self.failures.items() if name in names}
        return [plugin for plugin in plugins if plugin is not None and plugin.implements(imp)]

    def problem(self, name: str) -> EngineError | None:
        """Return why a plugin cannot be used, without asking it.

        Returns:
            PluginNotFound if no folder has it, the error in its spec, or the error of its last activation in
            `get_all`; None if no reason is known.
        """
        with self._lock:
            cached = self.plugins.get(name)
        try:
            self.registry.plugin(name)
        except EngineError as error:
            return error
        return None if cached is not None and cached.activated() else self.failures.get(name)

    def handle(self, iface: str, fn: Handler) -> None:
        """Call a function for each plugin that implements an interface, when it is next looked up.

        Go: pkg/plugins/plugins.go::Handle
        Differs:
            behaviour waiting: never waits for a plugin that is being activated.
        """
        self.handlers.add(iface, fn)

    def get_active(self, name: str) -> Plugin:
        """Return the plugin of a name, activated, with any interface.

        Go: pkg/plugins/plugins.go::get
        """
        with self._lock:
            plugin = self.plugins.get(name)
        if plugin is None:
            return self.load(name)
        plugin.activate(self.handlers)
        return plugin

    def load(self, name: str) -> Plugin:
        """Look up a plugin and activate it; retry for half a minute.

        Go: pkg/plugins/plugins.go::load
        """
        return self.load_with_retry(name, retry=True)

    def load_with_retry(self, name: str, *, retry: bool) -> Plugin:
        """Look up a plugin and activate it; one that fails is not cached.

        Go: pkg/plugins/plugins.go::loadWithRetry
        Differs:
            call activated: a failed plugin stays cached if another thread has activated it since.
            behaviour retry: without it, activation is tried once too; moby retries for half a minute.
        """
        candidate = self._find(name, retry=retry)
        with self._lock:
            plugin = self.plugins.setdefault(name, candidate)
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
        """Close all connections, and clear the cache."""
        with self._lock:
            plugins, self.plugins = self.plugins, {}
        for plugin in plugins.values():
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
        """Return the cached plugin, active or not; else a future that looks it up."""
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
