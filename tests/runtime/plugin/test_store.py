"""The store: found by name, id or prefix, filtered, counted, with legacy plugins behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest

from runtime import errdefs, oci
from runtime.api.types.plugin import PluginConfig, PluginConfigInterface, PluginInterfaceType
from runtime.pkg.plugingetter import (
    ACQUIRE,
    LOOKUP,
    RELEASE,
    CompatPlugin,
)
from runtime.pkg.plugins import errors as legacy_errors
from runtime.pkg.plugins.client import Client, new_client
from runtime.pkg.plugins.plugins import Handler
from runtime.plugin.errors import Disabled, InUse
from runtime.plugin.store import Store
from runtime.plugin.v2.plugin import InadequateCapability, Plugin

NewPlugin = Callable[..., Plugin]


def test_a_plugin_without_the_capability_is_refused(new_plugin: NewPlugin) -> None:
    with pytest.raises(InadequateCapability) as error:
        new_plugin().filter_by_cap("foobar")
    assert str(error.value) == 'plugin does not provide "foobar" capability'


def test_a_plugin_with_the_capability_is_found_whatever_the_case(new_plugin: NewPlugin) -> None:
    plugin = new_plugin()
    assert plugin.filter_by_cap("VolumeDriver") is plugin


@pytest.mark.parametrize("enabled", [False, True])
def test_a_failed_look_up_leaves_the_count_of_users_at_zero(new_plugin: NewPlugin, *, enabled: bool) -> None:
    store, plugin = Store(), new_plugin(capability="whatever", enabled=enabled)
    store.add(plugin)
    with pytest.raises(errdefs.EngineError):
        store.get("test", "volumedriver", ACQUIRE)
    assert plugin.ref_count == 0


@pytest.mark.parametrize("how", ["id", "prefix", "name", "name:latest"])
def test_a_plugin_is_found_by_id_prefix_and_name(new_plugin: NewPlugin, how: str) -> None:
    store, plugin = Store(), new_plugin("name")
    store.add(plugin)
    asked = {"id": plugin.id, "prefix": plugin.id[:6]}.get(how, how)
    assert store.get_v2_plugin(asked) is plugin


@pytest.mark.parametrize(
    "asked", ["other", "x" * 64, "0" * 64, "Not A Name", "name@sha256:" + "a" * 64, "zz"]
)
def test_what_nobody_has_is_not_found_under_the_name_that_was_asked(
    new_plugin: NewPlugin, asked: str
) -> None:
    store = Store()
    store.add(new_plugin("name"))
    with pytest.raises(errdefs.NotFound) as error:
        store.get_v2_plugin(asked)
    assert str(error.value) == f'plugin "{asked}" not found'


def test_a_prefix_of_several_ids_is_ambiguous(new_plugin: NewPlugin) -> None:
    store = Store()
    for number in range(17):  # one digit more than there are
        store.add(new_plugin(f"name{number}"))
    first = [plugin_id[0] for plugin_id in store.get_all()]
    twice = next(digit for digit in first if first.count(digit) > 1)
    with pytest.raises(errdefs.InvalidParameter) as error:
        store.get_v2_plugin(twice)
    assert str(error.value) == f'multiple plugins found for "{twice}"'


def test_an_id_can_be_taken_once(new_plugin: NewPlugin) -> None:
    store, one = Store(), new_plugin("one")
    other = Plugin(one.to_file())
    store.add(one)
    with pytest.raises(errdefs.EngineError) as error:
        store.add(other)
    assert str(error.value) == f'plugin "one:latest" has the same ID {one.id} as "one:latest"'


def test_users_are_counted_and_a_release_too_many_does_not_go_below_zero(new_plugin: NewPlugin) -> None:
    store, plugin = Store(), new_plugin(enabled=True)
    store.add(plugin)
    store.get("test", "volumedriver", ACQUIRE)
    store.get("test", "volumedriver", LOOKUP)
    assert plugin.ref_count == 1
    store.get("test", "volumedriver", RELEASE)
    plugin.release()
    assert plugin.ref_count == 0
    plugin.acquire()
    assert plugin.ref_count == 1


def test_a_user_of_a_plugin_that_was_disabled_by_force_can_still_release_it(new_plugin: NewPlugin) -> None:
    store, plugin = Store(), new_plugin(enabled=True)
    store.add(plugin)
    store.get("test", "volumedriver", ACQUIRE)
    store.retire(plugin, force=True)
    store.get("test", "volumedriver", RELEASE)
    assert plugin.ref_count == 0


def test_a_plugin_in_use_is_not_retired_unless_forced(new_plugin: NewPlugin) -> None:
    store, plugin = Store(), new_plugin(enabled=True)
    store.add(plugin)
    store.get("test", "volumedriver", ACQUIRE)
    with pytest.raises(InUse):
        store.retire(plugin, force=False)
    assert plugin.enabled
    store.retire(plugin, force=True)
    assert not plugin.enabled


class Legacy:
    """Legacy plugins that are known by name."""

    def __init__(self, *plugins: Plugin, error: Exception | None = None) -> None:
        self.plugins = plugins
        self.error = error
        self.handled: list[str] = []

    def get(self, name: str, _: str, /) -> CompatPlugin:
        if self.error:
            raise self.error
        for plugin in self.plugins:
            if plugin.name == name:
                return plugin
        raise legacy_errors.PluginNotFound(name)

    def problem(self, name: str, /) -> errdefs.EngineError | None:
        return (
            None
            if any(plugin.name == name for plugin in self.plugins)
            else legacy_errors.PluginNotFound(name)
        )

    def get_all(self, _: str, /, *, patient: bool = False) -> Sequence[CompatPlugin]:
        del patient
        if self.error:
            raise self.error
        return self.plugins

    def handle(self, implementation: str, _: Handler, /) -> None:
        self.handled.append(implementation)


def test_a_name_that_no_managed_plugin_has_is_looked_for_among_legacy_ones(new_plugin: NewPlugin) -> None:
    legacy = new_plugin("old")
    store = Store(Legacy(legacy))
    assert store.get("old:latest", "volumedriver", ACQUIRE) is legacy


def test_a_disabled_plugin_is_not_replaced_by_a_legacy_one(new_plugin: NewPlugin) -> None:
    store = Store(Legacy(new_plugin("test")))
    store.add(new_plugin("test"))
    with pytest.raises(Disabled, match=r"^plugin test:latest found but disabled$"):
        store.get("test:latest", "volumedriver", LOOKUP)


def test_a_name_that_nobody_has_is_not_found() -> None:
    with pytest.raises(errdefs.NotFound, match=r'^plugin "nobody" not found$'):
        Store(Legacy()).get("nobody", "volumedriver", LOOKUP)


def test_what_goes_wrong_with_a_legacy_plugin_is_the_systems_fault() -> None:
    store = Store(Legacy(error=legacy_errors.NotImplements("x", "y")))
    with pytest.raises(errdefs.EngineError) as error:
        store.get("x", "y", LOOKUP)
    assert str(error.value) == "legacy plugin: Plugin does not implement the requested driver"
    assert errdefs.kind(error.value) is errdefs.System
    with pytest.raises(errdefs.EngineError, match=r"^legacy plugin: "):
        store.get_all_by_cap("y")


def test_enabled_plugins_with_a_capability_are_listed_before_legacy_ones(new_plugin: NewPlugin) -> None:
    old = new_plugin("old")
    store = Store(Legacy(old))
    on, off, other = new_plugin("on", enabled=True), new_plugin("off"), new_plugin("x", "authz", enabled=True)
    for plugin in (on, off, other):
        store.add(plugin)
    assert store.get_all_by_cap("VolumeDriver") == [on, old]


@pytest.fixture
def client() -> Client:
    return new_client("unix:///run/nobody.sock", None)


def test_handlers_are_called_for_each_capability_they_wait_for(new_plugin: NewPlugin, client: Client) -> None:
    legacy = Legacy()
    store, called = Store(legacy), []
    store.handle("VolumeDriver", lambda name, given: called.append((name, given)))
    store.handle("authz", lambda name, _: called.append((name, None)))
    plugin = new_plugin()
    store.call_handler(plugin)
    assert called == []
    plugin.set_p_client(client)
    store.call_handler(plugin)
    assert called == [("test:latest", client)]
    assert legacy.handled == ["VolumeDriver", "authz"]
    plugin.set_p_client(None)


def test_spec_options_reach_the_plugins_that_have_the_capability(new_plugin: NewPlugin) -> None:
    store, mount = Store(), oci.Mount("/metrics", "bind", "/run/metrics.sock")
    store.register_runtime_opt("MetricsCollector", lambda spec: spec.mounts.append(mount))
    plugin, other = new_plugin("m", "metricscollector"), new_plugin("o")
    store.set_all({plugin.id: plugin, other.id: other})
    spec = oci.default_spec()
    before = len(spec.mounts)
    for each in (plugin, other):
        modify = each.modify_runtime_spec
        assert modify is not None
        modify(spec)
    assert spec.mounts[before:] == [mount]


def test_a_managed_plugin_is_what_the_rest_of_the_engine_asks_for(new_plugin: NewPlugin) -> None:
    plugin = new_plugin()
    assert isinstance(plugin, CompatPlugin)
    assert not plugin.is_v1
    assert plugin.protocol == "moby.plugins.http/v1"


def test_a_plugin_with_several_types_is_found_by_each(new_plugin: NewPlugin) -> None:
    kinds = [
        PluginInterfaceType("authz", "docker", "1.0"),
        PluginInterfaceType("volumedriver", "docker", "1.0"),
    ]
    plugin = new_plugin(enabled=True, config=PluginConfig(interface=PluginConfigInterface(types=kinds)))
    store = Store()
    store.add(plugin)
    assert store.get("test", "authz", LOOKUP) is store.get("test", "volumedriver", LOOKUP)


def test_readers_and_writers_of_the_store_never_wait_for_each_other_for_ever(new_plugin: NewPlugin) -> None:
    store = Store()
    plugins = [new_plugin(f"name{number}", enabled=True) for number in range(8)]

    def work(plugin: Plugin) -> None:
        for _ in range(50):
            store.add(plugin)
            store.get(plugin.name, "volumedriver", ACQUIRE)
            store.get_all_by_cap("volumedriver")
            store.remove(plugin)
            plugin.release()

    threads = [threading.Thread(target=work, args=(plugin,)) for plugin in plugins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert store.get_all() == {}
    assert all(plugin.ref_count == 0 for plugin in plugins)


def test_nobody_gets_a_plugin_while_it_is_retired(new_plugin: NewPlugin) -> None:
    store, plugin = Store(), new_plugin(enabled=True)
    store.add(plugin)
    done = threading.Event()

    def use() -> None:
        while not done.is_set():
            try:
                store.get("test", "volumedriver", ACQUIRE)
            except Disabled:
                continue
            store.get("test", "volumedriver", RELEASE)

    users = [threading.Thread(target=use) for _ in range(4)]
    for user in users:
        user.start()
    wrong = 0
    for _ in range(500):
        try:
            store.retire(plugin, force=False)
        except InUse:
            continue
        wrong += plugin.ref_count
        store.set_state(plugin, state=True)
    done.set()
    for user in users:
        user.join(30)
    assert wrong == 0
    assert plugin.ref_count == 0
