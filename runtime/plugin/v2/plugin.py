"""A managed plugin and its settings.

Go: plugin/v2/plugin.go, plugin/defs.go, plugin/v2/plugin_linux.go
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from runtime import oci
from runtime.api.types.plugin import (
    PluginConfig,
    PluginDevice,
    PluginEnv,
    PluginFile,
    PluginInterfaceType,
    PluginMount,
    PluginSettings,
)
from runtime.errdefs import EngineError
from runtime.golang.strconv import quote
from runtime.pkg.plugins.client import Client
from runtime.pkg.plugins.plugins import PROTOCOL_SCHEME_HTTP_V1
from runtime.plugin.v2.plugin_linux import init_spec
from runtime.plugin.v2.settable import (
    ALLOWED_SETTABLE_FIELDS_ARGS,
    ALLOWED_SETTABLE_FIELDS_DEVICES,
    ALLOWED_SETTABLE_FIELDS_ENV,
    ALLOWED_SETTABLE_FIELDS_MOUNTS,
    Settable,
    new_settables,
    update_settings_env,
)

_Item = TypeVar("_Item", PluginEnv, PluginMount, PluginDevice)
_Source = TypeVar("_Source", PluginMount, PluginDevice)
_Change = Callable[[PluginConfig, PluginSettings, Settable], PluginSettings | None]


def from_config(config: PluginConfig) -> PluginSettings:
    """Return the default settings of a config."""
    return PluginSettings(
        args=list(config.args.value or ()),
        devices=list(config.linux.devices or ()),
        env=[f"{env.name}={env.value}" for env in config.env or () if env.value is not None],
        mounts=list(config.mounts or ()),
    )


def with_sources(config: PluginConfig, settings: PluginSettings) -> PluginConfig:
    """Return the config with the sources of mounts and paths of devices from the settings, as in moby."""
    return _with_values(config, settings.mounts, settings.devices)


def as_written(config: PluginConfig, original: PluginConfig) -> PluginConfig:
    """Return the config with the sources of mounts and paths of devices from its author's config."""
    return _with_values(config, original.mounts, original.linux.devices)


def from_disk(config: PluginConfig, settings: PluginSettings) -> PluginSettings:
    """Return the settings with the sources of mounts and paths of devices from the config in config.json.

    After a restart, moby sets these in the config only, so the config wins.
    """
    return replace(
        settings,
        mounts=_combined(settings.mounts, config.mounts, _take_source),
        devices=_combined(settings.devices, config.linux.devices, _take_path),
    )


def apply(config: PluginConfig, settings: PluginSettings, args: Iterable[str]) -> PluginSettings:
    """Return the settings after a user's changes, `NAME[.FIELD][=VALUE]` each.

    A name is looked up among the variables, then the mounts, the devices and the arguments.

    Raises:
        EngineError: a change is malformed, unknown or not allowed.
    """
    for setting in new_settables(args):
        settings = _apply_one(config, settings, setting)
    return settings


def _apply_one(config: PluginConfig, settings: PluginSettings, setting: Settable) -> PluginSettings:
    for change in _CHANGES:
        changed = change(config, settings, setting)
        if changed is not None:
            return changed
    raise EngineError(f"setting {quote(setting.name)} not found in the plugin configuration")


def _change_env(config: PluginConfig, settings: PluginSettings, setting: Settable) -> PluginSettings | None:
    env = _named(config.env, setting)
    if env is None:
        return None
    _check(setting, ALLOWED_SETTABLE_FIELDS_ENV, env.settable)
    return replace(settings, env=update_settings_env(settings.env or (), setting))


def _change_mount(config: PluginConfig, settings: PluginSettings, setting: Settable) -> PluginSettings | None:
    mount = _named(config.mounts, setting)
    if mount is None:
        return None
    _check(setting, ALLOWED_SETTABLE_FIELDS_MOUNTS, mount.settable)
    if mount.source is None:
        raise EngineError("Plugin config has no mount source")
    return replace(settings, mounts=_replaced(settings.mounts, replace(mount, source=setting.value)))


def _change_device(
    config: PluginConfig, settings: PluginSettings, setting: Settable
) -> PluginSettings | None:
    device = _named(config.linux.devices, setting)
    if device is None:
        return None
    _check(setting, ALLOWED_SETTABLE_FIELDS_DEVICES, device.settable)
    if device.path is None:
        raise EngineError("Plugin config has no device path")
    return replace(settings, devices=_replaced(settings.devices, replace(device, path=setting.value)))


def _change_args(config: PluginConfig, settings: PluginSettings, setting: Settable) -> PluginSettings | None:
    if config.args.name != setting.name:
        return None
    _check(setting, ALLOWED_SETTABLE_FIELDS_ARGS, config.args.settable)
    return replace(settings, args=setting.value.split(" "))


_CHANGES: Sequence[_Change] = (_change_env, _change_mount, _change_device, _change_args)


def _check(setting: Settable, allowed: Sequence[str], settable: Sequence[str] | None) -> None:
    settable = settable or ()
    if not setting.is_settable(allowed, settable):
        raise EngineError(f"{quote(setting.with_default_field(settable).pretty_name)} is not settable")


def _with_values(
    config: PluginConfig, mounts: list[PluginMount] | None, devices: list[PluginDevice] | None
) -> PluginConfig:
    linux = replace(config.linux, devices=_combined(config.linux.devices, devices, _take_path))
    return replace(config, mounts=_combined(config.mounts, mounts, _take_source), linux=linux)


def _combined(
    items: list[_Source] | None,
    others: list[_Source] | None,
    take: Callable[[_Source, _Source], _Source],
) -> list[_Source] | None:
    """Combine the items of two lists that have the same names; else return the first list."""
    if items is None or others is None or [item.name for item in items] != [item.name for item in others]:
        return items
    return list(map(take, items, others))


def _take_source(mount: PluginMount, other: PluginMount) -> PluginMount:
    return replace(mount, source=other.source)


def _take_path(device: PluginDevice, other: PluginDevice) -> PluginDevice:
    return replace(device, path=other.path)


def _named(items: Sequence[_Item] | None, setting: Settable) -> _Item | None:
    return next((item for item in items or () if item.name == setting.name), None)


def _replaced(items: Sequence[_Source] | None, changed: _Source) -> list[_Source]:
    """Return the items with the one of that name replaced or added."""
    updated = list(items or ())
    for index, item in enumerate(updated):
        if item.name == changed.name:
            updated[index] = changed
            return updated
    updated.append(changed)
    return updated


log = logging.getLogger(__name__)

PROPAGATED_MOUNT = "propagated-mount"
"""The directory next to a plugin's root file system in which the plugin mounts volumes."""

SpecOpt = Callable[[oci.Spec], None]
"""Changes the spec of a plugin before it starts.

Go: plugin/defs.go::SpecOpt
"""


class InadequateCapability(EngineError):
    """The plugin does not have the capability.

    Go:
        plugin/v2/plugin.go::ErrInadequateCapability
        plugin/v2/plugin.go::ErrInadequateCapability.Error
    """

    def __init__(self, capability: str) -> None:
        super().__init__(f"plugin does not provide {quote(capability)} capability")
        self.cap = capability


class Plugin:
    """A managed plugin; safe to use from several threads.

    Differs:
        behaviour PluginObj: frozen, and replaced as a whole, so that readers need no lock.
    """

    def __init__(self, file: PluginFile, read: object = None) -> None:
        self.mu = threading.RLock()
        self.turn = threading.RLock()  # held while the plugin is started, stopped, set or removed
        self.plugin_obj = file.plugin_obj
        self.p_client: Client | None = None
        self.ref_count = 0
        self.rootfs = file.rootfs
        self.config = file.config
        self.blobsums = file.blobsums
        self.modify_runtime_spec: SpecOpt | None = None
        self.swarm_service_id = file.swarm_service_id
        self.read = read  # config.json as it was read, whose unknown keys are kept
        self.written: PluginFile | None = None  # config.json as it was written last
        self.timeout = 0.0
        self.addr = ""

    def to_file(self) -> PluginFile:
        """Return the record for config.json; its config has the settings' sources and paths, as in moby."""
        with self.mu:
            obj = self.plugin_obj
            obj = replace(obj, config=with_sources(obj.config, obj.settings))
            return PluginFile(obj, self.rootfs, self.config, self.blobsums, self.swarm_service_id)

    def restore_config(self, original: PluginConfig) -> None:
        """Restore the author's config, which users' settings have changed in config.json."""
        with self.mu:
            config = as_written(self.plugin_obj.config, original)
            self.plugin_obj = replace(self.plugin_obj, config=config)

    def scoped_path(self, path: str) -> str:
        """Map a path in the plugin's view to one on the host.

        Differs:
            behaviour own: a path below the plugin's directory stays: without a container it is the host's.
            behaviour prefix: `/mntx` is not below the propagated mount `/mnt`.
            behaviour escape: `..` does not lead out of the plugin's directories.
        """
        own = Path(self.rootfs).parent
        if self.rootfs and Path(path).is_relative_to(own) and ".." not in Path(path).parts:
            return path
        clean = os.path.normpath(f"/{path.lstrip('/')}")
        propagated = self.plugin_obj.config.propagated_mount
        if propagated and Path(clean).is_relative_to(propagated):
            return str(own / PROPAGATED_MOUNT / Path(clean).relative_to(propagated))
        return self.scoped_rootfs_path(clean)

    def scoped_rootfs_path(self, path: str) -> str:
        """Map a path in the plugin's root file system to one on the host."""
        return (self.rootfs + os.path.normpath("/" + path.lstrip("/"))).rstrip("/")

    @property
    def client(self) -> Client | None:
        return self.p_client

    def set_p_client(self, client: Client | None) -> None:
        """Set the client.

        Differs:
            behaviour close: closes the former client.
        """
        with self.mu:
            before, self.p_client = self.p_client, client
        if before is not None and before is not client:
            before.close()

    @property
    def is_v1(self) -> bool:
        return False

    @property
    def name(self) -> str:
        return self.plugin_obj.name

    @property
    def id(self) -> str:
        return self.plugin_obj.id

    @property
    def enabled(self) -> bool:
        return self.plugin_obj.enabled

    @property
    def socket(self) -> str:
        return self.plugin_obj.config.interface.socket

    @property
    def types(self) -> Sequence[PluginInterfaceType]:
        return self.plugin_obj.config.interface.types or ()

    @property
    def protocol(self) -> str:
        return self.plugin_obj.config.interface.protocol_scheme or PROTOCOL_SCHEME_HTTP_V1

    def filter_by_cap(self, capability: str) -> Plugin:
        """Return the plugin itself if it has a capability.

        Raises:
            InadequateCapability: it does not have it.
        """
        capability = capability.lower()
        for kind in self.types:
            if kind.capability == capability and kind.prefix == "docker":
                return self
        raise InadequateCapability(capability)

    def init_empty_settings(self) -> None:
        """Set the default settings of the config."""
        with self.mu:
            self.plugin_obj = replace(self.plugin_obj, settings=from_config(self.plugin_obj.config))

    def set(self, args: Iterable[str]) -> None:
        """Change settings, all of them or none.

        Raises:
            EngineError: the plugin is enabled, or a setting is malformed, unknown or not settable.

        Differs:
            behaviour several: if one change fails, none is made; moby keeps those before it, unsaved.
            behaviour mounts: the config stays; moby changes it through a shared pointer.
        """
        with self.mu:
            if self.plugin_obj.enabled:
                raise EngineError("cannot set on an active plugin, disable plugin before setting")
            changed = apply(self.plugin_obj.config, self.plugin_obj.settings, args)
            self.plugin_obj = replace(self.plugin_obj, settings=changed)

    def add_ref_count(self, count: int) -> None:
        """Add to the count of users.

        Differs:
            behaviour zero: the count never falls below it; one release too many is logged.
        """
        with self.mu:
            self.ref_count += count
            if self.ref_count < 0:
                self.ref_count = 0
                log.error("plugin released more often than acquired", extra={"id": self.plugin_obj.id})

    def acquire(self) -> None:
        """Take a reference."""
        self.add_ref_count(1)

    def release(self) -> None:
        """Release a reference."""
        self.add_ref_count(-1)

    def set_spec_opt_modifier(self, modify: SpecOpt) -> None:
        """Set the function that changes the spec before the plugin starts."""
        with self.mu:
            self.modify_runtime_spec = modify

    def init_spec(self, exec_root: Path) -> oci.Spec:
        """Return the spec of the plugin's container, spec options included; make EXEC/ID.

        Raises:
            EngineError: a mount has no source, or a device no path, or the path is not a device's.
            OSError: EXEC/ID cannot be created.

        Differs:
            behaviour mounts: from the settings; in moby the config shares them through pointers.
            error device: a device without a path is refused; moby crashes.
            behaviour dev: a user's mount below /dev/ replaces the default one; moby drops both.
        """
        with self.mu:
            spec = init_spec(self.plugin_obj, self.rootfs, exec_root)
            modify = self.modify_runtime_spec
        if modify is not None:
            modify(spec)
        return spec
