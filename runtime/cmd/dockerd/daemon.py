"""The engine as a service: joins it with the API, and runs both until it is told to stop."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import IO, Any, Final

from runtime.api import DEFAULT_VERSION, ENGINE_VERSION, MIN_VERSION
from runtime.api.server.http import serve
from runtime.api.server.middleware import ExperimentalMiddleware, VersionMiddleware
from runtime.api.server.router.absent import AbsentRouter
from runtime.api.server.router.plugin import PluginRouter
from runtime.api.server.router.system import EventStreams, SystemRouter
from runtime.api.server.router.volume import VolumeRouter
from runtime.api.server.server import Server, new_server
from runtime.api.types import types
from runtime.api.types.events import Message
from runtime.api.types.filters import Args
from runtime.api.types.plugin import (
    PluginCreateOptions,
    PluginDisableConfig,
    PluginEnableConfig,
    PluginRmConfig,
)
from runtime.api.types.volume import Volume
from runtime.daemon import info
from runtime.daemon.config import Config
from runtime.daemon.daemon import Daemon, lock_root
from runtime.daemon.listeners import Listener
from runtime.golang import encoding_json
from runtime.golang.context import Context
from runtime.pkg.pubsub import Subscriber
from runtime.pkg.signal import caught
from runtime.volume.local.local import LocalVolume
from runtime.volume.service import convert
from runtime.volume.service.service import VolumesService
from runtime.workers import Threads, Workers

log = logging.getLogger(__name__)

PATIENCE: Final = 0.5
"""Seconds that requests get to end when the engine stops; moby gives them none."""

UMASK: Final = 0o022
"""As moby's: what it makes is as readable as it means it to be, whoever starts it.

Go: cmd/dockerd/daemon_unix.go::setDefaultUmask
"""


class Volumes:
    """The volume service as the API needs it.

    Args:
        service: The service.
    """

    def __init__(self, service: VolumesService) -> None:
        self.list = service.list
        self.get = service.get
        self.create = service.create
        self.remove = service.remove
        self.prune = service.prune
        self._store = service.vs

    def get_now(self, name: str) -> Volume | None:
        """A volume of this process's own driver, if it is known; nobody is waited for."""
        known = self._store.names.get(name)
        if known is None or not isinstance(known.volume, LocalVolume):
            return None
        return known.api or convert.volume_to_api_type(known)


class Plugins:
    """The plugin manager as the API needs it: what it shows are JSON documents.

    Args:
        daemon: The engine.
    """

    def __init__(self, daemon: Daemon) -> None:
        self._manager = daemon.plugins
        self._spool = daemon.config.root / "plugins" / "tmp"

    def disable(self, name: str, *, force: bool) -> None:
        """Stop a plugin."""
        self._manager.disable(name, PluginDisableConfig(force_disable=force))

    def enable(self, name: str, *, timeout: int) -> None:
        """Start a plugin."""
        self._manager.enable(name, PluginEnableConfig(timeout=timeout))

    def list(self, filters: Args) -> Sequence[Any]:
        """The plugins that filters mean."""
        return [encoding_json.to_document(plugin) for plugin in self._manager.list(filters)]

    def inspect(self, name: str) -> Any:
        """A plugin."""
        return encoding_json.to_document(self._manager.inspect(name))

    def remove(self, name: str, *, force: bool) -> None:
        """Remove a plugin and its files."""
        self._manager.remove(name, PluginRmConfig(force_remove=force))

    def set(self, name: str, args: Iterable[str]) -> None:
        """Change settings of a plugin."""
        self._manager.set(name, args)

    def create_from_context(self, tar: IO[bytes], repo_name: str) -> None:
        """Make a plugin from a tar."""
        self._manager.create_from_context(tar, PluginCreateOptions(repo_name=repo_name))

    def spool(self) -> IO[bytes]:
        """An unnamed file on the disk where plugins are."""
        return tempfile.TemporaryFile(dir=self._spool)


@dataclass(slots=True)
class System:
    """The engine as a whole, as the API needs it.

    Args:
        daemon: The engine.
        hosts: Where it listens.
    """

    daemon: Daemon
    hosts: Sequence[str] = field(default_factory=tuple)

    def system_info(self) -> types.Info:
        """What the engine and its machine are."""
        return info.system_info(self.daemon, self.hosts)

    def system_version(self) -> types.Version:
        """Which version the engine is."""
        return info.system_version()

    def system_disk_usage(self, *, ctx: Context) -> Sequence[Volume]:
        """The local volumes with their sizes."""
        return self.daemon.system_disk_usage(ctx=ctx)

    def subscribe_to_events(
        self, since: int | None, until: int | None, filters: Args
    ) -> tuple[Sequence[Message], Subscriber[Message]]:
        """The events of a span of time, and a queue of those to come."""
        return self.daemon.subscribe_to_events(since, until, filters)

    def unsubscribe_from_events(self, listener: Subscriber[Message]) -> None:
        """End a queue of events."""
        self.daemon.unsubscribe_from_events(listener)


@dataclass(frozen=True, slots=True)
class Door:
    """The API of an engine.

    Args:
        app: What is served.
        streams: The streams of events, which must end before the engine does.
    """

    app: Server
    streams: EventStreams


def open_door(daemon: Daemon, hosts: Sequence[str] = (), workers: Workers | None = None) -> Door:
    """The API of an engine, ready to be served.

    Args:
        daemon: The engine.
        hosts: Where it will listen, for what it says of itself.
        workers: Where requests are worked on that may take a while.

    Go:
        cmd/dockerd/daemon.go::initRouter
        cmd/dockerd/daemon.go::DaemonCli.initMiddlewares
    Differs:
        params s, cfg, pluginStore: nothing of that is configurable here.
        param opts: the engine is all that is needed.
        call NewMiddleware: no plugins authorize requests.
    """
    system = System(daemon, hosts)
    streams = EventStreams(system)
    middlewares = (
        ExperimentalMiddleware(),
        VersionMiddleware(ENGINE_VERSION, DEFAULT_VERSION, MIN_VERSION),
    )
    routers = (
        SystemRouter(system, streams, Context),
        VolumeRouter(Volumes(daemon.volumes), Context),
        PluginRouter(Plugins(daemon)),
        AbsentRouter(),
    )
    return Door(new_server(middlewares, routers, workers or Threads()), streams)


def run(config: Config, hosts: Sequence[str], group: str = "", patience: float = PATIENCE) -> None:
    """Be an engine until a signal ends it: any that can be caught, except SIGHUP, SIGUSR1 and SIGUSR2.

    Args:
        config: The engine's settings.
        hosts: Where to listen.
        group: The group that may use unix sockets.
        patience: Seconds that requests get to end.

    Raises:
        InUse: Another engine uses the root; nothing has changed then.
        EngineError: The engine cannot start, or cannot listen.

    Go:
        cmd/dockerd/daemon.go::DaemonCli.start
        cmd/dockerd/daemon.go::DaemonCli.stop
    Differs:
        param opts: parts are joined here that moby's command makes one by one.
        errors failed-to-set-umask, error-starting-daemon, failed-to-create-api-server,
            failed-to-load-listeners, failed-to-generate-containerd-options, failed-to-start-containerd,
            error-validating-authorization-plugin,
            metrics-addr-is-only-supported-when-experimental-is-enabled, shutting-down-due-to-serveapi-error:
            the error is told as it is, or cannot occur here.
        behaviour rest: what is about containerd, swarm, metrics, registries and builds is not here.
    """
    os.umask(UMASK)
    with caught() as signals, ExitStack() as stack:
        lock = stack.enter_context(lock_root(config))
        listeners = [stack.enter_context(Listener(host, group)) for host in hosts]
        daemon = stack.enter_context(Daemon(config, lock=lock))
        door = open_door(daemon, [listener.host for listener in listeners])
        serve(
            door.app,
            listeners,
            patience=patience,
            ready=partial(_ready, listeners),
            stopping=door.streams.close,
            signals=signals,
        )


def _ready(listeners: Sequence[Listener]) -> None:
    log.info("Daemon has completed initialization")
    for listener in listeners:
        log.info("API listen on %s", listener.host)
