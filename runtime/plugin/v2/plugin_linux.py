"""The OCI spec of a plugin's container, from its config and settings.

`Plugin.init_spec` in `plugin.py` calls `init_spec`, and then the spec options.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from runtime import oci
from runtime.api.types.plugin import Plugin as ApiPlugin
from runtime.api.types.plugin import PluginConfig, PluginMount
from runtime.errdefs import EngineError
from runtime.pkg.ioutils import make_directories

DEFAULT_PLUGIN_RUNTIME_DESTINATION = "/run/docker/plugins"
"""The directory of a plugin's socket in its container.

Go: plugin/v2/plugin.go::defaultPluginRuntimeDestination
"""


def init_spec(plugin: ApiPlugin, rootfs: str, exec_root: Path) -> oci.Spec:
    """Return the spec of a plugin's container, without spec options; create EXEC/ID for the socket.

    Raises:
        EngineError: a mount has no source, or a device no path, or the path is not a device's.
        OSError: EXEC/ID cannot be created.
    """
    config, settings = plugin.config, plugin.settings
    spec = oci.default_spec()
    spec.root = oci.Root(rootfs)
    exec_root = exec_root / plugin.id
    make_directories(exec_root)

    user_mounts = {mount.destination for mount in settings.mounts or ()}
    spec.mounts = [
        m for m in spec.mounts if not (m.destination.startswith("/dev/") and m.destination in user_mounts)
    ]
    if config.propagated_mount:
        source = str(Path(rootfs).parent / "propagated-mount")
        spec.mounts.append(oci.Mount(config.propagated_mount, "bind", source, ["rbind", "rw", "rshared"]))
        spec.linux.rootfs_propagation = "rshared"
    spec.mounts += [_mount(mount) for mount in [*(settings.mounts or ()), *_engine_mounts(config, exec_root)]]
    _share_namespaces(spec, config)
    _allow_devices(spec, plugin)
    _set_process(spec, plugin)
    return spec


def _engine_mounts(config: PluginConfig, exec_root: Path) -> Iterator[PluginMount]:
    """Yield the engine's mounts: the socket's directory and, with a network, the host's name resolution."""
    yield _bind(str(exec_root), DEFAULT_PLUGIN_RUNTIME_DESTINATION, "rshared")
    if config.network.type:
        yield _bind("/etc/hosts", "/etc/hosts", "ro")
        yield _bind("/etc/resolv.conf", "/etc/resolv.conf", "ro")


def _bind(source: str, destination: str, option: str) -> PluginMount:
    return PluginMount(source=source, destination=destination, type="bind", options=["rbind", option])


def _mount(mount: PluginMount) -> oci.Mount:
    if mount.source is None:
        raise EngineError("mount source is not specified")
    return oci.Mount(mount.destination, mount.type, mount.source, list(mount.options or ()))


def _share_namespaces(spec: oci.Spec, config: PluginConfig) -> None:
    if config.network.type == "host":
        oci.remove_namespace(spec, "network")
    if config.pid_host:
        oci.remove_namespace(spec, "pid")
    if config.ipc_host:
        oci.remove_namespace(spec, "ipc")


def _allow_devices(spec: oci.Spec, plugin: ApiPlugin) -> None:
    resources = spec.linux.resources
    if plugin.config.linux.allow_all_devices:
        resources.devices = [oci.LinuxDeviceCgroup(allow=True, access="rwm")]
    for device in plugin.settings.devices or ():
        if device.path is None:
            raise EngineError("device path is not specified")
        for node, rule in oci.devices_from_path(device.path, device.path, "rwm"):
            spec.linux.devices.append(node)
            resources.devices.append(rule)


def _set_process(spec: oci.Spec, plugin: ApiPlugin) -> None:
    config, settings = plugin.config, plugin.settings
    process = spec.process
    process.args = [*(config.entrypoint or ()), *(settings.args or ())]
    process.cwd = config.work_dir or "/"
    process.env = [f"PATH={oci.DEFAULT_PATH_ENV}", *(settings.env or ())]
    added = config.linux.capabilities or ()
    capabilities = process.capabilities
    for names in (
        capabilities.bounding,
        capabilities.permitted,
        capabilities.inheritable,
        capabilities.effective,
    ):
        names.extend(added)
