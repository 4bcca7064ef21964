"""Runs the engine as a program: serves its API until a signal.

Go: cmd/dockerd/daemon.go, cmd/dockerd/daemon_unix.go
"""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from runtime.api import DEFAULT_VERSION, ENGINE_VERSION, MIN_VERSION
from runtime.api.server.http import serve
from runtime.api.server.middleware import ExperimentalMiddleware, VersionMiddleware
from runtime.api.server.router.absent import AbsentRouter
from runtime.api.server.router.plugin import PluginRouter
from runtime.api.server.router.system import SystemRouter
from runtime.api.server.router.volume import VolumeRouter
from runtime.api.server.server import Server
from runtime.daemon.config import Config
from runtime.daemon.daemon import Daemon, lock_root
from runtime.daemon.listeners import Listener
from runtime.pkg.signal import caught

log = logging.getLogger(__name__)

PATIENCE: Final = 0.5
"""Seconds that requests have to end when the engine stops; none in moby."""

UMASK: Final = 0o022
"""The umask that moby sets, whatever the caller's."""


class DaemonCli:
    """The engine as a program.

    Args:
        config: The settings, with the hosts to listen on.
        socket_group: The group that may use unix sockets; the process's own by default.
        patience: Seconds that requests have to end when the engine stops.

    """

    def __init__(self, config: Config, socket_group: str = "", patience: float = PATIENCE) -> None:
        self.config = config.absolute()
        self.socket_group = socket_group
        self.patience = patience
        self.api = Server(config.workers)

    def start(self) -> None:
        """Listen, start the daemon and serve its API until a signal; then stop in reverse order.

        Raises:
            InUse: Another engine uses the root; nothing has changed then.
            EngineError: The engine cannot start, or cannot listen.

        Go:
            cmd/dockerd/daemon.go::DaemonCli.start
            cmd/dockerd/daemon.go::DaemonCli.stop
        Differs:
            behaviour rest: no steps for containerd, swarm, metrics, registries and builds.
        """
        set_default_umask()
        with caught() as signals, ExitStack() as stack:
            lock = stack.enter_context(lock_root(self.config))
            listeners = [stack.enter_context(Listener(host, self.socket_group)) for host in self.config.hosts]
            self.config = replace(self.config, hosts=[listener.host for listener in listeners])
            self.init_middlewares(self.api)
            daemon = stack.enter_context(Daemon(self.config, lock=lock))
            log.info("Daemon has completed initialization")
            init_router(self.api, daemon)
            serve(
                self.api,
                listeners,
                patience=self.patience,
                stopping=daemon.events_service.close,  # ends the streams of events
                signals=signals,
            )

    def init_middlewares(self, s: Server) -> None:
        """Add the functions that wrap every handler.

        Go: cmd/dockerd/daemon.go::DaemonCli.initMiddlewares
        """
        s.use_middleware(ExperimentalMiddleware())
        s.use_middleware(VersionMiddleware(ENGINE_VERSION, DEFAULT_VERSION, MIN_VERSION))


def init_router(api: Server, daemon: Daemon) -> None:
    """Add the routes of the daemon's services to the server."""
    api.init_router(
        SystemRouter(daemon),
        VolumeRouter(daemon.volumes),
        PluginRouter(daemon.plugins, daemon.config.root / "plugins" / "tmp"),
        AbsentRouter(),
    )


def set_default_umask() -> None:
    """Set the umask of the engine."""
    os.umask(UMASK)
