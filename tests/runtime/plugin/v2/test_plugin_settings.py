"""Changing the settings of a plugin, against a small model of what should come out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st
from msgspec.structs import replace

from runtime.api.types.plugin import (
    Plugin,
    PluginConfig,
    PluginConfigArgs,
    PluginConfigLinux,
    PluginDevice,
    PluginEnv,
    PluginFile,
    PluginMount,
)
from runtime.errdefs import EngineError
from runtime.plugin.v2 import plugin
from runtime.plugin.v2.plugin import Plugin as ManagedPlugin

CONFIG = PluginConfig(
    env=[
        PluginEnv(name="DEBUG", settable=["value"], value="0"),
        PluginEnv(name="FIXED", value="1"),
        PluginEnv(name="UNSET", settable=["value"]),
    ],
    mounts=[
        PluginMount(name="data", settable=["source"], source="/data", destination="/d"),
        PluginMount(name="nil", settable=["source"]),
        PluginMount(name="both", settable=["source", "type"], source="/both"),
    ],
    linux=PluginConfigLinux(
        devices=[
            PluginDevice(name="disk", settable=["path"], path="/dev/null"),
            PluginDevice(name="none", settable=["path"]),
        ]
    ),
    args=PluginConfigArgs(name="args", settable=["value"], value=["a"]),
)
START = plugin.from_config(CONFIG)


def test_settings_begin_as_the_config_says() -> None:
    assert START.env == ["DEBUG=0", "FIXED=1"]
    assert START.mounts == CONFIG.mounts
    assert START.devices == CONFIG.linux.devices
    assert START.args == ["a"]


@pytest.mark.parametrize(
    ("arg", "text"),
    [
        ("FIXED=2", '"FIXED" is not settable'),
        ("DEBUG.name=2", '"DEBUG.name" is not settable'),
        ("nothing=1", 'setting "nothing" not found in the plugin configuration'),
        ("nil=/x", "Plugin config has no mount source"),
        ("none=/dev/zero", "Plugin config has no device path"),
        ("both=/x", "multiple fields are settable, one must be specified"),
        ("both.type=/x", '"both.type" is not settable'),
        ("=x", "invalid format, must be <name>[.<field>][=<value>]"),
    ],
)
def test_what_cannot_be_set_is_refused_in_mobys_words(arg: str, text: str) -> None:
    with pytest.raises(EngineError) as error:
        plugin.apply(CONFIG, START, [arg])
    assert str(error.value) == text


def test_setting_a_mount_or_a_device_leaves_the_config_as_it_is() -> None:
    plugin = ManagedPlugin(PluginFile(Plugin(config=CONFIG, settings=START)))
    plugin.set(["data=/other", "disk=/dev/zero"])
    obj = plugin.plugin_obj
    assert obj.config == CONFIG
    assert (obj.settings.mounts or [])[0].source == "/other"
    assert (obj.settings.devices or [])[0].path == "/dev/zero"


def test_if_one_setting_is_refused_none_is_made() -> None:
    plugin = ManagedPlugin(PluginFile(Plugin(config=CONFIG, settings=START)))
    with pytest.raises(EngineError, match="not settable"):
        plugin.set(["DEBUG=1", "args=b c", "FIXED=2"])
    assert plugin.plugin_obj.settings == START


def test_an_enabled_plugin_is_not_changed() -> None:
    plugin = ManagedPlugin(PluginFile(Plugin(config=CONFIG, settings=START, enabled=True)))
    with pytest.raises(EngineError) as error:
        plugin.set(["DEBUG=1"])
    assert str(error.value) == "cannot set on an active plugin, disable plugin before setting"


VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
CHANGES = st.lists(
    st.tuples(st.sampled_from(["DEBUG", "UNSET", "data", "disk", "args", "FIXED", "nil", "other"]), VALUES),
    max_size=6,
)
SETTABLE = {"DEBUG", "UNSET", "data", "disk", "args"}


@given_settings(deadline=None)
@given(CHANGES)
def test_settings_come_out_as_in_a_model_of_names_and_values(changes: list[tuple[str, str]]) -> None:
    args = [f"{name}={value}" for name, value in changes]
    if not all(name in SETTABLE for name, _ in changes):
        with pytest.raises(EngineError):
            plugin.apply(CONFIG, START, args)
        return
    model = dict(changes)
    env = {"DEBUG": "0", "FIXED": "1"} | {name: model[name] for name in ("DEBUG", "UNSET") if name in model}
    after = plugin.apply(CONFIG, START, args)
    assert dict(line.split("=", 1) for line in after.env or ()) == env
    assert [mount.source for mount in after.mounts or ()] == [model.get("data", "/data"), None, "/both"]
    assert [device.path for device in after.devices or ()] == [model.get("disk", "/dev/null"), None]
    assert after.args == (model["args"].split(" ") if "args" in model else ["a"])


@given_settings(deadline=None)
@given(CHANGES)
def test_what_is_not_the_value_never_changes(changes: list[tuple[str, str]]) -> None:
    args = [f"{name}={value}" for name, value in changes if name in SETTABLE]
    after = plugin.apply(CONFIG, START, args)
    assert [replace(mount, source=None) for mount in after.mounts or ()] == [
        replace(mount, source=None) for mount in CONFIG.mounts or ()
    ]
