"""The keys of /info, /version and /system/df are those of moby's structs at v18.09.6, in their order."""

from __future__ import annotations

from typing import Any

INFO = """
ID Containers ContainersRunning ContainersPaused ContainersStopped Images Driver DriverStatus SystemStatus
Plugins MemoryLimit SwapLimit KernelMemory CpuCfsPeriod CpuCfsQuota CPUShares CPUSet IPv4Forwarding
BridgeNfIptables BridgeNfIp6tables Debug NFd OomKillDisable NGoroutines SystemTime LoggingDriver
CgroupDriver NEventsListener KernelVersion OperatingSystem OSType Architecture IndexServerAddress
RegistryConfig NCPU MemTotal
GenericResources DockerRootDir HttpProxy HttpsProxy NoProxy Name Labels ExperimentalBuild ServerVersion
ClusterStore ClusterAdvertise Runtimes DefaultRuntime Swarm LiveRestoreEnabled Isolation InitBinary
ContainerdCommit RuncCommit InitCommit SecurityOptions Warnings"""
VERSION = """
Platform Components Version ApiVersion MinAPIVersion GitCommit GoVersion Os Arch
KernelVersion"""


def test_info_has_the_keys_of_moby(api: Any) -> None:
    info = api.get("/info").json()
    assert [*info] == INFO.split()
    assert [*info["Plugins"]] == ["Volume", "Network", "Authorization", "Log"]
    assert [*info["RuncCommit"]] == ["ID", "Expected"]
    assert [*info["Swarm"]] == [
        *("NodeID", "NodeAddr", "LocalNodeState", "ControlAvailable", "Error", "RemoteManagers"),
    ]


def test_version_has_the_keys_of_moby(api: Any) -> None:
    version = api.get("/version").json()
    assert [*version] == VERSION.split()
    assert [*version["Components"][0]] == ["Name", "Version", "Details"]


def test_disk_usage_has_the_keys_of_moby(api: Any) -> None:
    api.post("/volumes/create", {"Name": "data"})
    usage = api.get("/system/df").json()
    assert [*usage] == ["LayersSize", "Images", "Containers", "Volumes", "BuildCache", "BuilderSize"]
    assert [*usage["Volumes"][0]] == [
        *("CreatedAt", "Driver", "Labels", "Mountpoint", "Name", "Options", "Scope", "UsageData"),
    ]
    assert [*usage["Volumes"][0]["UsageData"]] == ["RefCount", "Size"]
