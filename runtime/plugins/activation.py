"""One legacy plugin, from its address to the handshake in which it says what it implements."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from runtime.errors import EngineError
from runtime.plugins import tls
from runtime.plugins.errors import DeadlineExceeded
from runtime.plugins.getter import Handler
from runtime.plugins.timings import DEFAULT, Timings

if TYPE_CHECKING:
    from runtime.plugins.client import Client

PROTOCOL_SCHEME_HTTP_V1: Final = "moby.plugins.http/v1"
"""The protocol's name and version.

Go:
    pkg/plugins/plugins.go::ProtocolSchemeHTTPV1
"""


class Manifest(msgspec.Struct, frozen=True):
    """What a plugin implements, such as `VolumeDriver`.

    Go:
        pkg/plugins/plugins.go::Manifest
    """

    implements: tuple[str, ...] = msgspec.field(default=(), name="Implements")


class Handlers(Protocol):
    """Who wants to hear of plugins that become active."""

    def of(self, iface: str) -> Sequence[Handler]:
        """The handlers for an interface, oldest first."""
        ...


class Plugin:
    """A plugin that runs on its own, beside the engine.

    Args:
        name: The name by which it is asked for.
        addr: Where it listens.
        tls_config: How it is verified; None for the system's authorities.
        manifest: What it implements, if that is known already.
        timings: The numbers and the clock.

    Go:
        pkg/plugins/plugins.go::Plugin

    Differs:
        behaviour activateWait: besides the condition it is kept who is activating the plugin at present;
            nobody holds a lock while the plugin is asked, so a slow plugin delays those alone who need it.
        behaviour handlersRun: how many handlers of each interface have run; each runs once, while moby runs
            all of them again after a new one came.
        extra timings: time-outs, waits and the clock, which tests replace; moby has constants.
        extra close: the client's connections are closed by their owner.
    """

    def __init__(
        self,
        name: str,
        addr: str = "",
        tls_config: tls.Options | None = None,
        *,
        manifest: Manifest | None = None,
        timings: Timings = DEFAULT,
    ) -> None:
        self._name = name
        self.addr = addr
        self.tls_config = tls_config
        self._client: Client | None = None
        self.manifest = manifest
        self.activate_wait = threading.Condition()
        self.activate_err: EngineError | None = None
        self.handlers_run: dict[str, int] = {}
        self.timings = timings
        self._activating: int | None = None

    @property
    def name(self) -> str:
        """The name by which it is asked for.

        Go:
            pkg/plugins/plugins.go::Plugin.Name
        """
        return self._name

    @property
    def client(self) -> Client | None:
        """The client, or None as long as nobody asked the plugin anything.

        Go:
            pkg/plugins/plugins.go::Plugin.Client
        """
        return self._client

    def protocol(self) -> str:
        """The protocol's name and version.

        Go:
            pkg/plugins/plugins.go::Plugin.Protocol
        """
        return PROTOCOL_SCHEME_HTTP_V1

    def is_v1(self) -> bool:
        """Always: this is a legacy plugin.

        Go:
            pkg/plugins/plugins.go::Plugin.IsV1
        """
        return True

    def scoped_path(self, path: str) -> str:
        """The path itself: a legacy plugin sees the host's files.

        Go:
            pkg/plugins/plugins_unix.go::Plugin.ScopedPath

        Differs:
            param s: called `path`, which says what it is.
        """
        return path

    def activate(self, handlers: Handlers, *, retry: bool = True) -> None:
        """Ask the plugin what it implements unless that is known, then run the handlers that have not run.

        Whoever comes while another thread does so waits for it and shares its outcome.

        Args:
            handlers: Who wants to hear of it.
            retry: Whether to try for half a minute; otherwise once.

        Raises:
            EngineError: The plugin cannot be reached, is too slow or answers garbage.

        Go:
            pkg/plugins/plugins.go::Plugin.activate

        Differs:
            extra handlers: who is to hear of it; moby's are global.
            extra retry: whether to try for half a minute; listing asks once.
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

    def run_handlers(self, handlers: Handlers) -> None:
        """Run the handlers of what the plugin implements that have not run for it.

        Go:
            pkg/plugins/plugins.go::Plugin.runHandlers

        Differs:
            call activated: the manifest itself is asked for.
            extra handlers: who is to hear of it; moby's are global.
        """
        if self.manifest is None or self.client is None:
            return
        for iface in self.manifest.implements:
            known = handlers.of(iface)
            begun = self.handlers_run.get(iface, 0)
            self.handlers_run[iface] = len(known)
            for handler in known[begun:]:
                handler(self.name, self.client)

    def activated(self) -> bool:
        """Whether it is known what the plugin implements.

        Go:
            pkg/plugins/plugins.go::Plugin.activated
        """
        return self.manifest is not None

    def activate_with_lock(self, *, retry: bool = True) -> None:
        """Make a client and shake hands.

        Raises:
            EngineError: The plugin cannot be reached, is too slow or answers garbage.

        Go:
            pkg/plugins/plugins.go::Plugin.activateWithLock

        Differs:
            extra retry: whether to try for half a minute; listing asks once.
            call Call,CallWithOptions: with options, since the handshake is bounded by `timings.activate`;
                moby's may wait for ever.
            behaviour lock: none is held meanwhile.
        """
        # Only here, since not every Python that reads specs has sockets.
        from runtime.plugins.client import RequestOpts, new_client  # noqa: PLC0415

        self.close()
        client = new_client(self.addr, self.tls_config, name=self.name, timings=self.timings)
        self._client = client
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

        Go:
            pkg/plugins/plugins.go::Plugin.waitActive

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
        """Whether the plugin implements an interface; upper and lower case differ.

        Go:
            pkg/plugins/plugins.go::Plugin.implements
        """
        return self.manifest is not None and kind in self.manifest.implements

    def close(self) -> None:
        """Close the client's connections, if it has any."""
        if self.client is not None:
            self.client.close()

    def _begin(self) -> bool:
        """Whether this thread is to activate the plugin; otherwise another has, or this very thread does."""
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
    """A plugin that is known by its address alone; if it speaks TLS, it is not verified.

    Go:
        pkg/plugins/plugins.go::NewLocalPlugin

    Differs:
        extra timings: handed to the plugin; moby has constants.
    """
    return Plugin(name, addr, tls.Options(insecure_skip_verify=True), timings=timings)
