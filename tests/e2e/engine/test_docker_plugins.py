"""`docker plugin`, as a person uses it, with a plugin that runs."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def now() -> str:
    """The time for `--until`; of "0s" the client sends whole seconds only."""
    return datetime.now(UTC).isoformat()


NAME = "our/plugin:1"


@pytest.fixture
def plugin(docker: Any, engine: Any, packed: Path) -> str:
    """The example plugin, created and not enabled."""
    assert docker.says(engine.host, "plugin", "create", NAME, str(packed)) == [NAME]
    return NAME


def test_a_plugin_that_is_created_is_listed_and_shown(docker: Any, engine: Any, plugin: str) -> None:
    listed = docker.says(engine.host, "plugin", "ls")
    [shown] = json.loads("".join(docker.says(engine.host, "plugin", "inspect", plugin)))
    assert re.split(" {2,}", listed[0]) == ["ID", "NAME", "DESCRIPTION", "ENABLED"]
    assert re.split(" {2,}", listed[1])[1:] == [
        NAME,
        "A small volume plugin: a directory for each …",
        "false",
    ]
    assert (shown["Name"], shown["Enabled"]) == (NAME, False)
    assert shown["Config"]["Interface"]["Types"] == ["docker.volumedriver/1.0"]


def test_a_setting_is_shown_and_reaches_the_plugin(docker: Any, engine: Any, plugin: str) -> None:
    docker.says(engine.host, "plugin", "set", plugin, "PYTHONDONTWRITEBYTECODE=2")
    shown = docker.says(engine.host, "plugin", "inspect", "-f", "{{json .Settings.Env}}", plugin)
    assert json.loads(shown[0]) == ["PYTHONDONTWRITEBYTECODE=2"]


def test_an_enabled_plugin_makes_volumes_and_a_disabled_one_does_not(
    docker: Any, engine: Any, plugin: str
) -> None:
    assert docker.says(engine.host, "plugin", "enable", plugin) == [plugin]
    assert docker.says(engine.host, "volume", "create", "-d", plugin, "data") == ["data"]
    assert docker.says(engine.host, "volume", "ls", "-f", f"driver={plugin}", "-q") == ["data"]
    assert docker.refuses(engine.host, "plugin", "disable", plugin).endswith(f"plugin {plugin} is in use")
    docker.says(engine.host, "volume", "rm", "data")
    assert docker.says(engine.host, "plugin", "disable", plugin) == [plugin]
    assert docker.refuses(engine.host, "volume", "create", "-d", plugin, "data").endswith(
        f"plugin {plugin} found but disabled"
    )


def test_a_plugin_is_removed_with_its_files(docker: Any, engine: Any, plugin: str) -> None:
    [plugin_id] = docker.says(engine.host, "plugin", "inspect", "-f", "{{.Id}}", plugin)
    assert docker.says(engine.host, "plugin", "rm", plugin) == [plugin]
    assert docker.says(engine.host, "plugin", "ls", "-q") == []
    assert not (engine.root / "plugins" / plugin_id).exists()


def test_the_state_says_what_cannot_be_done(docker: Any, engine: Any, plugin: str) -> None:
    already = docker.refuses(engine.host, "plugin", "disable", plugin)
    docker.says(engine.host, "plugin", "enable", plugin)
    again = docker.refuses(engine.host, "plugin", "enable", plugin)
    removed = docker.refuses(engine.host, "plugin", "rm", plugin)
    changed = docker.refuses(engine.host, "plugin", "set", plugin, "PYTHONDONTWRITEBYTECODE=3")
    assert already.endswith(f"plugin is already disabled: plugin {plugin} found but disabled")
    assert again.endswith(f"plugin already enabled: plugin {plugin} is enabled")
    assert removed.endswith(f"plugin {plugin} is enabled")
    assert changed.endswith("cannot set on an active plugin, disable plugin before setting")
    assert docker.says(engine.host, "plugin", "rm", "-f", plugin) == [plugin]


def test_errors_are_moby_s(docker: Any, engine: Any, plugin: str, packed: Path) -> None:
    assert docker.refuses(engine.host, "plugin", "create", plugin, str(packed)).endswith(
        f"plugin {plugin} already exists"
    )
    assert docker.refuses(engine.host, "plugin", "set", plugin, "NONE=1").endswith(
        'setting "NONE" not found in the plugin configuration'
    )
    assert "none" in docker.refuses(engine.host, "plugin", "inspect", "none")
    assert docker.refuses(engine.host, "plugin", "enable", "none").endswith('plugin "none" not found')


def test_what_needs_a_registry_is_refused_with_a_way_out(docker: Any, engine: Any, plugin: str) -> None:
    for words in (("install", "a/b"), ("push", plugin)):
        assert "`docker plugin create`" in docker.refuses(engine.host, "plugin", *words)


def test_events_tell_of_plugins(docker: Any, engine: Any, packed: Path) -> None:
    plugin, since = NAME, now()
    docker.says(engine.host, "plugin", "create", plugin, str(packed))
    docker.says(engine.host, "plugin", "enable", plugin)
    docker.says(engine.host, "plugin", "disable", plugin)
    docker.says(engine.host, "plugin", "rm", plugin)
    told = docker.says(engine.host, "events", "--since", since, "--until", now(), "-f", "type=plugin")
    assert [line.split()[2] for line in told] == ["create", "enable", "disable", "remove"]
    assert all(line.endswith(f"(name={NAME})") for line in told)


def test_a_plugin_is_there_after_a_restart_of_the_engine(docker: Any, new_engine: Any, packed: Path) -> None:
    engine, plugin = new_engine, NAME
    docker.says(engine.host, "plugin", "create", plugin, str(packed))
    docker.says(engine.host, "plugin", "enable", plugin)
    docker.says(engine.host, "volume", "create", "-d", plugin, "data")
    assert engine.stop() == 0
    engine.start()
    assert docker.says(engine.host, "volume", "inspect", "-f", "{{.Driver}}", "data") == [plugin]
    assert docker.says(engine.host, "plugin", "inspect", "-f", "{{.Enabled}}", plugin) == ["true"]
    refused = docker.refuses(engine.host, "plugin", "disable", plugin)
    docker.says(engine.host, "volume", "rm", "data")
    assert refused.endswith(f"plugin {plugin} is in use")
    assert docker.says(engine.host, "plugin", "disable", plugin) == [plugin]


def test_a_disabled_plugin_does_not_break_the_list_of_volumes(docker: Any, engine: Any, plugin: str) -> None:
    docker.says(engine.host, "volume", "create", "ours")
    assert docker.says(engine.host, "volume", "ls", "-q") == ["ours"]
