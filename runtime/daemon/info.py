"""The content of `docker info` and `docker version`.

Go: daemon/info.go
"""

from __future__ import annotations

import os
import platform
import socket
import threading
import uuid
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from runtime.api import DEFAULT_VERSION, ENGINE_VERSION, MIN_VERSION
from runtime.api.types.types import ComponentVersion, Info, PluginsInfo, Version
from runtime.daemon.config import Config
from runtime.daemon.events.events import Events
from runtime.volume.service.service import VolumesService

_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
"""Go's names of machines."""


class DaemonInfo(ABC):
    """The part of the daemon that describes itself and its machine; `Daemon` inherits it."""

    config: Config
    events_service: Events

    @property
    @abstractmethod
    def volumes(self) -> VolumesService:
        """Return the volume service."""

    def system_info(self) -> Info:
        """Return the content of `docker info`.

        Go:
            daemon/info.go::Daemon.SystemInfo
            daemon/info.go::Daemon.fillPluginsInfo
        """
        return Info(
            id=self._machine_id(),
            plugins=PluginsInfo(self.volumes.get_driver_list()),
            nfd=sum(1 for _ in Path("/proc/self/fd").iterdir()),
            ngoroutines=threading.active_count(),
            system_time=datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            nevents_listener=self.events_service.subscribers_count(),
            kernel_version=platform.release(),
            operating_system=operating_system(),
            architecture=platform.machine(),
            ncpu=len(os.sched_getaffinity(0)),
            mem_total=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            docker_root_dir=str(self.config.root),
            name=socket.gethostname(),
            live_restore_enabled=self.config.live_restore_enabled,
            warnings=self._api_warnings() or None,
        )

    def system_version(self) -> Version:
        """Return the versions of the engine, its API, Python and the kernel.

        Go: daemon/info.go::Daemon.SystemVersion
        """
        arch = _ARCHITECTURES.get(platform.machine(), platform.machine())
        python = f"Python {platform.python_version()}"
        details = {
            "ApiVersion": DEFAULT_VERSION,
            "Arch": arch,
            "BuildTime": "",
            "Experimental": "false",
            "GitCommit": "",
            "GoVersion": python,
            "KernelVersion": platform.release(),
            "MinAPIVersion": MIN_VERSION,
            "Os": "linux",
        }
        return Version(
            platform={"Name": "moby-annotated"},
            components=(ComponentVersion("Engine", ENGINE_VERSION, details),),
            go_version=python,
            arch=arch,
            kernel_version=platform.release(),
        )

    def _api_warnings(self) -> list[str]:
        """Return a warning for each TCP socket of the API, since none has TLS.

        Go: daemon/info.go::Daemon.fillAPIInfo
        """
        return [
            f"WARNING: API is accessible on http://{host.removeprefix('tcp://')} without encryption.\n"
            "         Access to the remote API is equivalent to root access on the host."
            for host in self.config.hosts
            if host.startswith("tcp://")
        ]

    def _machine_id(self) -> str:
        """Return an id that is the same for one root on one machine."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"engine://{socket.gethostname()}{self.config.root}"))


def operating_system() -> str:
    """Return the name of the operating system."""
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return "<unknown>"
