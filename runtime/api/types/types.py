"""What the engine says of itself and of its machine.

Go: api/types/types.go
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from runtime.api import DEFAULT_VERSION, ENGINE_VERSION, MIN_VERSION


class ComponentVersion(msgspec.Struct, frozen=True, rename="pascal"):
    """The version of a part of the engine."""

    name: str
    version: str
    details: Mapping[str, str]


class Version(msgspec.Struct, frozen=True, rename="pascal", kw_only=True):
    """Which version the engine is.

    Differs:
        field BuildTime: left out.
        field Experimental: never.
    """

    platform: Mapping[str, str]
    components: Sequence[ComponentVersion]
    version: str = ENGINE_VERSION
    api_version: str = DEFAULT_VERSION
    min_api_version: str = msgspec.field(default=MIN_VERSION, name="MinAPIVersion")
    git_commit: str = ""
    go_version: str
    os: str = "linux"
    arch: str
    kernel_version: str


class PluginsInfo(msgspec.Struct, frozen=True, rename="pascal"):
    """The drivers of each kind that are known."""

    volume: Sequence[str]
    network: Sequence[str] | None = None
    authorization: Sequence[str] | None = None
    log: Sequence[str] | None = None


class Commit(msgspec.Struct, frozen=True):
    """Which build of a program is used, and which is expected."""

    id: str = msgspec.field(default="", name="ID")
    expected: str = msgspec.field(default="", name="Expected")


class SwarmInfo(msgspec.Struct, frozen=True, rename="pascal"):
    """The engine's part in a swarm: none."""

    node_id: str = msgspec.field(default="", name="NodeID")
    node_addr: str = ""
    local_node_state: str = "inactive"
    control_available: bool = False
    error: str = ""
    remote_managers: Sequence[Any] | None = None


class Info(msgspec.Struct, frozen=True, rename="pascal", kw_only=True):
    """The description of the engine and its machine; all about containers, images and networks is empty.

    Differs:
        field ProductLicense: there is no licence.
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
    bridge_nf_ip6tables: bool = msgspec.field(default=False, name="BridgeNfIp6tables")
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
    server_version: str = ENGINE_VERSION
    cluster_store: str = ""
    cluster_advertise: str = ""
    runtimes: Mapping[str, Any] | None = None
    default_runtime: str = ""
    swarm: SwarmInfo = SwarmInfo()
    live_restore_enabled: bool
    isolation: str = ""
    init_binary: str = ""
    containerd_commit: Commit = Commit()
    runc_commit: Commit = Commit()
    init_commit: Commit = Commit()
    security_options: Sequence[str] | None = None
    warnings: Sequence[str] | None = None
