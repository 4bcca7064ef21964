"""A managed plugin: paths on the host, and the spec of its container."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from runtime.api.types.plugin import (
    PluginConfig,
    PluginConfigInterface,
    PluginConfigLinux,
    PluginConfigNetwork,
    PluginDevice,
    PluginMount,
    PluginSettings,
)
from runtime.errdefs import EngineError
from runtime.oci import DEFAULT_PATH_ENV, Mount, Spec
from runtime.plugin.v2.plugin import Plugin

NewPlugin = Callable[..., Plugin]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/mnt/v", "/p/id/propagated-mount/v"),
        ("/mnt", "/p/id/propagated-mount"),
        ("/mntx", "/p/id/rootfs/mntx"),
        ("/else/v", "/p/id/rootfs/else/v"),
        ("relative", "/p/id/rootfs/relative"),
        ("", "/p/id/rootfs"),
        ("/", "/p/id/rootfs"),
        ("/mnt/../../../etc/passwd", "/p/id/rootfs/etc/passwd"),
        ("../../../etc", "/p/id/rootfs/etc"),
        ("/p/id/propagated-mount/v", "/p/id/propagated-mount/v"),
        ("/p/id/../other/rootfs", "/p/id/rootfs/p/other/rootfs"),
    ],
)
def test_a_path_that_a_plugin_names_is_found_below_its_own_directory(
    new_plugin: NewPlugin, path: str, found: str
) -> None:
    plugin = new_plugin(config=PluginConfig(propagated_mount="/mnt"))
    plugin.rootfs = "/p/id/rootfs"
    assert plugin.scoped_path(path) == found


def spec_of(plugin: Plugin, tmp_path: Path) -> Spec:
    plugin.rootfs = str(tmp_path / "plugins" / plugin.id / "rootfs")
    return plugin.init_spec(tmp_path / "exec")


def mount_at(spec: Spec, destination: str) -> list[Mount]:
    return [mount for mount in spec.mounts if mount.destination == destination]


def test_the_spec_mounts_the_directory_of_the_socket(new_plugin: NewPlugin, tmp_path: Path) -> None:
    plugin = new_plugin()
    spec = spec_of(plugin, tmp_path)
    socket_directory = tmp_path / "exec" / plugin.id
    assert mount_at(spec, "/run/docker/plugins") == [
        Mount("/run/docker/plugins", "bind", str(socket_directory), ["rbind", "rshared"])
    ]
    assert socket_directory.is_dir()
    assert spec.root.path == plugin.rootfs
    assert [namespace.type for namespace in spec.linux.namespaces] == [
        "mount",
        "network",
        "uts",
        "pid",
        "ipc",
    ]


def test_the_process_is_the_entrypoint_with_the_arguments_and_variables_that_are_set(
    new_plugin: NewPlugin, tmp_path: Path
) -> None:
    plugin = new_plugin(
        config=PluginConfig(
            entrypoint=["/bin/x", "-v"], work_dir="/w", linux=PluginConfigLinux(capabilities=["CAP_X"])
        ),
        settings=PluginSettings(args=["a", "b"], env=["DEBUG=1"]),
    )
    process = spec_of(plugin, tmp_path).process
    assert process.args == ["/bin/x", "-v", "a", "b"]
    assert process.env == [f"PATH={DEFAULT_PATH_ENV}", "DEBUG=1"]
    assert process.cwd == "/w"
    assert not process.terminal
    for kept in msgspec.structs.astuple(process.capabilities):
        assert kept[-1] == "CAP_X"
        assert "CAP_CHOWN" in kept


def test_a_plugin_may_share_the_hosts_namespaces(new_plugin: NewPlugin, tmp_path: Path) -> None:
    config = PluginConfig(network=PluginConfigNetwork("host"), pid_host=True, ipc_host=True)
    spec = spec_of(new_plugin(config=config), tmp_path)
    assert [namespace.type for namespace in spec.linux.namespaces] == ["mount", "uts"]
    assert mount_at(spec, "/etc/hosts") == [Mount("/etc/hosts", "bind", "/etc/hosts", ["rbind", "ro"])]
    assert mount_at(spec, "/etc/resolv.conf") != []


def test_a_propagated_mount_is_shared(new_plugin: NewPlugin, tmp_path: Path) -> None:
    spec = spec_of(plugin := new_plugin(config=PluginConfig(propagated_mount="/mnt")), tmp_path)
    source = str(Path(plugin.rootfs).parent / "propagated-mount")
    assert mount_at(spec, "/mnt") == [Mount("/mnt", "bind", source, ["rbind", "rw", "rshared"])]
    assert spec.linux.rootfs_propagation == "rshared"


def test_the_mounts_that_were_set_are_the_ones_in_the_spec(new_plugin: NewPlugin, tmp_path: Path) -> None:
    config = PluginConfig(mounts=[PluginMount(name="m", destination="/m", source="/default")])
    settings = PluginSettings(mounts=[PluginMount(name="m", destination="/m", source="/set", type="bind")])
    spec = spec_of(new_plugin(config=config, settings=settings), tmp_path)
    assert [mount.source for mount in mount_at(spec, "/m")] == ["/set"]


def test_a_users_mount_below_dev_replaces_the_default_and_stays(
    new_plugin: NewPlugin, tmp_path: Path
) -> None:
    mounts = [PluginMount(destination=f"/dev/{name}", source=f"/my/{name}") for name in ("pts", "mqueue")]
    spec = spec_of(new_plugin(settings=PluginSettings(mounts=mounts)), tmp_path)
    assert [mount.source for mount in mount_at(spec, "/dev/pts")] == ["/my/pts"]
    assert [mount.source for mount in mount_at(spec, "/dev/mqueue")] == ["/my/mqueue"]


def test_a_mount_without_a_source_is_refused(new_plugin: NewPlugin, tmp_path: Path) -> None:
    plugin = new_plugin(settings=PluginSettings(mounts=[PluginMount(destination="/m")]))
    with pytest.raises(EngineError, match=r"^mount source is not specified$"):
        spec_of(plugin, tmp_path)


def test_a_device_is_made_and_allowed(new_plugin: NewPlugin, tmp_path: Path) -> None:
    spec = spec_of(new_plugin(settings=PluginSettings(devices=[PluginDevice(path="/dev/null")])), tmp_path)
    assert [(d.path, d.type, d.major, d.minor) for d in spec.linux.devices] == [("/dev/null", "c", 1, 3)]
    rule = spec.linux.resources.devices[-1]
    assert (rule.allow, rule.type, rule.major, rule.minor, rule.access) == (True, "c", 1, 3, "rwm")


@pytest.mark.parametrize(
    ("device", "text"),
    [
        (PluginDevice(), "device path is not specified"),
        (
            PluginDevice(path="/nothing/there"),
            "error gathering device information while adding custom device",
        ),
        (PluginDevice(path="/etc/hostname"), "not a device node"),
    ],
)
def test_a_device_that_is_none_is_refused(
    new_plugin: NewPlugin, tmp_path: Path, device: PluginDevice, text: str
) -> None:
    with pytest.raises(EngineError, match=text):
        spec_of(new_plugin(settings=PluginSettings(devices=[device])), tmp_path)


def test_all_devices_are_one_rule(new_plugin: NewPlugin, tmp_path: Path) -> None:
    spec = spec_of(new_plugin(config=PluginConfig(linux=PluginConfigLinux(allow_all_devices=True))), tmp_path)
    assert [(rule.allow, rule.access) for rule in spec.linux.resources.devices] == [(True, "rwm")]


def test_another_protocol_is_named(new_plugin: NewPlugin) -> None:
    interface = PluginConfigInterface(protocol_scheme="other/v2")
    assert new_plugin(config=PluginConfig(interface=interface)).protocol == "other/v2"
