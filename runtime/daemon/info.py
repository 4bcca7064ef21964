"""What the engine says of itself and of its machine.

Go: daemon/info.go
"""

from __future__ import annotations

import os
import platform
import socket
import threading
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runtime.api import DEFAULT_VERSION, ENGINE_VERSION, MIN_VERSION
from runtime.api.types.types import ComponentVersion, Info, PluginsInfo, Version

if TYPE_CHECKING:
    from runtime.daemon.daemon import Daemon

_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
"""Go's names of machines."""


def system_info(daemon: Daemon, hosts: Sequence[str]) -> Info:
    """What the engine and its machine are.

    Args:
        daemon: The engine.
        hosts: Where it listens.

    Go:
        daemon/info.go::Daemon.SystemInfo
        daemon/info.go::Daemon.fillPluginsInfo
    Differs:
        param v: what is found is returned, and where the engine listens is given.
        call Daemon.VolumesService: inlined; the engine gives its service as an attribute.
        call fillDriverInfo: there are no images here, nor security options or a licence.
        call New: nothing here uses what the kernel could limit.
    """
    return Info(
        id=machine_id(daemon),
        plugins=PluginsInfo(daemon.volumes.get_driver_list()),
        nfd=sum(1 for _ in Path("/proc/self/fd").iterdir()),
        ngoroutines=threading.active_count(),
        system_time=datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        nevents_listener=daemon.events_service.subscribers_count(),
        kernel_version=platform.release(),
        operating_system=operating_system(),
        architecture=platform.machine(),
        ncpu=len(os.sched_getaffinity(0)),
        mem_total=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        docker_root_dir=str(daemon.config.root),
        name=socket.gethostname(),
        live_restore_enabled=daemon.config.live_restore_enabled,
        warnings=api_warnings(hosts) or None,
    )


def system_version() -> Version:
    """Which version the engine is.

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


def api_warnings(hosts: Sequence[str]) -> list[str]:
    """What to say of doors that have no lock.

    Go: daemon/info.go::Daemon.fillAPIInfo
    Differs:
        params v, hosts: what is found is returned, and where the engine listens is given.
        result list[str]: what is found is returned, and where the engine listens is given.
        error warning-api-is-accessible-on-https-without-tls-client-verification: there is no TLS here.
    """
    return [
        f"WARNING: API is accessible on http://{host.removeprefix('tcp://')} without encryption.\n"
        "         Whoever can reach it is the master of what the engine may do."
        for host in hosts
        if host.startswith("tcp://")
    ]


def operating_system() -> str:
    """The name of the system."""
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return "<unknown>"


def machine_id(daemon: Daemon) -> str:
    """What tells this engine from others: the same for one root on one machine."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"engine://{socket.gethostname()}{daemon.config.root}"))
