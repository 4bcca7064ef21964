"""What the engine says of itself and of its machine."""

from __future__ import annotations

import os
import platform
import socket
import threading
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from runtime import processors

if TYPE_CHECKING:
    from runtime.daemon import Daemon

VERSION: Final = "18.09.6"
API_VERSION: Final = "1.39"
MIN_API_VERSION: Final = "1.12"

_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
"""Go's names of machines."""


class ComponentVersion(msgspec.Struct, frozen=True, rename="pascal"):
    """The version of a part of the engine.

    Go:
        api/types/types.go::ComponentVersion
    """

    name: str
    version: str
    details: Mapping[str, str]


class Version(msgspec.Struct, frozen=True, rename="pascal", kw_only=True):
    """Which version the engine is.

    Go:
        api/types/types.go::Version

    Differs:
        field BuildTime: left out.
        field Experimental: never.
    """

    platform: Mapping[str, str]
    components: Sequence[ComponentVersion]
    version: str = VERSION
    api_version: str = API_VERSION
    min_api_version: str = msgspec.field(default=MIN_API_VERSION, name="MinAPIVersion")
    git_commit: str = ""
    go_version: str
    os: str = "linux"
    arch: str
    kernel_version: str


class PluginsInfo(msgspec.Struct, frozen=True, rename="pascal"):
    """The drivers of each kind that are known.

    Go:
        api/types/types.go::PluginsInfo
    """

    volume: Sequence[str]
    network: Sequence[str] | None = None
    authorization: Sequence[str] | None = None
    log: Sequence[str] | None = None


class Commit(msgspec.Struct, frozen=True):
    """Which build of a program is used, and which is expected.

    Go:
        api/types/types.go::Commit
    """

    id: str = msgspec.field(default="", name="ID")
    expected: str = msgspec.field(default="", name="Expected")


class Info(msgspec.Struct, frozen=True, rename="pascal", kw_only=True):
    """What the engine and its machine are; what is about containers, images and networks is empty.

    Go:
        api/types/types.go::Info

    Differs:
        field ProductLicense: there is no licence to tell of.
        behaviour RegistryConfig: null, as there are no registries here.
    """

    id: str = msgspec.field(name="ID")
    containers: int = 0
    containers_running: int = 0
    containers_paused: int = 0
    containers_stopped: int = 0
    images: int = 0
    driver: str = ""
    driver_status: Sequence[Sequence[str]] | None = None
    system_status: Sequence[Sequence[str]] | None = None
    plugins: PluginsInfo
    memory_limit: bool = False
    swap_limit: bool = False
    kernel_memory: bool = False
    cpu_cfs_period: bool = False
    cpu_cfs_quota: bool = False
    cpu_shares: bool = msgspec.field(default=False, name="CPUShares")
    cpu_set: bool = msgspec.field(default=False, name="CPUSet")
    ipv4_forwarding: bool = msgspec.field(default=False, name="IPv4Forwarding")
    bridge_nf_iptables: bool = False
    bridge_nf_ip6tables: bool = False
    debug: bool = False
    nfd: int = msgspec.field(name="NFd")
    oom_kill_disable: bool = False
    ngoroutines: int = msgspec.field(name="NGoroutines")
    system_time: str
    logging_driver: str = ""
    cgroup_driver: str = ""
    nevents_listener: int = msgspec.field(name="NEventsListener")
    kernel_version: str
    operating_system: str
    os_type: str = msgspec.field(default="linux", name="OSType")
    architecture: str
    index_server_address: str = ""
    registry_config: Mapping[str, Any] | None = None
    ncpu: int = msgspec.field(name="NCPU")
    mem_total: int
    generic_resources: Sequence[Any] | None = None
    docker_root_dir: str
    http_proxy: str = ""
    https_proxy: str = ""
    no_proxy: str = ""
    name: str
    labels: Sequence[str] = ()
    experimental_build: bool = False
    server_version: str = VERSION
    cluster_store: str = ""
    cluster_advertise: str = ""
    runtimes: Mapping[str, Any] | None = None
    default_runtime: str = ""
    swarm: Mapping[str, Any]
    live_restore_enabled: bool
    isolation: str = ""
    init_binary: str = ""
    containerd_commit: Commit = Commit()
    runc_commit: Commit = Commit()
    init_commit: Commit = Commit()
    security_options: Sequence[str] | None = None
    warnings: Sequence[str] | None = None


SWARM: Final = {
    "NodeID": "",
    "NodeAddr": "",
    "LocalNodeState": "inactive",
    "ControlAvailable": False,
    "Error": "",
    "RemoteManagers": None,
}
"""That there is no swarm."""


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
        ncpu=len(processors.ALLOWED),
        mem_total=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        docker_root_dir=str(daemon.config.root),
        name=socket.gethostname(),
        swarm=SWARM,
        live_restore_enabled=daemon.config.live_restore_enabled,
        warnings=api_warnings(hosts) or None,
    )


def system_version() -> Version:
    """Which version the engine is.

    Go:
        daemon/info.go::Daemon.SystemVersion
    """
    arch = _ARCHITECTURES.get(platform.machine(), platform.machine())
    python = f"Python {platform.python_version()}"
    details = {
        "ApiVersion": API_VERSION,
        "Arch": arch,
        "BuildTime": "",
        "Experimental": "false",
        "GitCommit": "",
        "GoVersion": python,
        "KernelVersion": platform.release(),
        "MinAPIVersion": MIN_API_VERSION,
        "Os": "linux",
    }
    return Version(
        platform={"Name": "moby-annotated"},
        components=(ComponentVersion("Engine", VERSION, details),),
        go_version=python,
        arch=arch,
        kernel_version=platform.release(),
    )


def api_warnings(hosts: Sequence[str]) -> list[str]:
    """What to say of doors that have no lock.

    Go:
        daemon/info.go::Daemon.fillAPIInfo

    Differs:
        param v: what is found is returned, and where the engine listens is given.
        param hosts: what is found is returned, and where the engine listens is given.
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
    """The name of the system.

    Go:
        daemon/info.go::operatingSystem
    """
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return "<unknown>"


def machine_id(daemon: Daemon) -> str:
    """What tells this engine from others: the same for one root on one machine."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"engine://{socket.gethostname()}{daemon.config.root}"))
