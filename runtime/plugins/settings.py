"""The settings of a plugin: from its config, and changed by a user under the config's rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from runtime.errors import EngineError
from runtime.plugins.api_types import PluginConfig, PluginDevice, PluginEnv, PluginMount, PluginSettings
from runtime.plugins.settable import (
    ALLOWED_SETTABLE_FIELDS_ARGS,
    ALLOWED_SETTABLE_FIELDS_DEVICES,
    ALLOWED_SETTABLE_FIELDS_ENV,
    ALLOWED_SETTABLE_FIELDS_MOUNTS,
    Settable,
    new_settables,
    update_settings_env,
)
from runtime.quoting import quote

_Item = TypeVar("_Item", PluginEnv, PluginMount, PluginDevice)
_Source = TypeVar("_Source", PluginMount, PluginDevice)
_Change = Callable[[PluginConfig, PluginSettings, Settable], PluginSettings | None]


def from_config(config: PluginConfig) -> PluginSettings:
    """The settings that a config asks for: mounts, devices, variables with a value, arguments."""
    return PluginSettings(
        args=list(config.args.value or ()),
        devices=list(config.linux.devices or ()),
        env=[f"{env.name}={env.value}" for env in config.env or () if env.value is not None],
        mounts=list(config.mounts or ()),
    )


def with_sources(config: PluginConfig, settings: PluginSettings) -> PluginConfig:
    """The config with the mounts' sources and devices' paths that are set, as moby writes it."""
    return _with_values(config, settings.mounts, settings.devices)


def as_written(config: PluginConfig, original: PluginConfig) -> PluginConfig:
    """The config with the mounts' sources and devices' paths of its author."""
    return _with_values(config, original.mounts, original.linux.devices)


def from_disk(config: PluginConfig, settings: PluginSettings) -> PluginSettings:
    """The settings in force, where config.json has another source or path in the config.

    moby sets mounts and devices there, and after a restart no longer in the settings; so the config's count.
    """
    return replace(
        settings,
        mounts=_taken(settings.mounts, config.mounts, _take_source),
        devices=_taken(settings.devices, config.linux.devices, _take_path),
    )


def apply(config: PluginConfig, settings: PluginSettings, args: Iterable[str]) -> PluginSettings:
    """The settings after a user's changes, `NAME[.FIELD][=VALUE]` each.

    A name is looked for among the variables, then the mounts, the devices and the arguments; the first
    counts.

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
    linux = replace(config.linux, devices=_taken(config.linux.devices, devices, _take_path))
    return replace(config, mounts=_taken(config.mounts, mounts, _take_source), linux=linux)


def _taken(
    items: list[_Source] | None,
    others: list[_Source] | None,
    take: Callable[[_Source, _Source], _Source],
) -> list[_Source] | None:
    """The items with what is taken from the others, if both are the same by name and place."""
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
    """The items with the first of that name replaced, or added if the settings have none."""
    updated = list(items or ())
    for index, item in enumerate(updated):
        if item.name == changed.name:
            updated[index] = changed
            return updated
    updated.append(changed)
    return updated
