"""The driver store, and plugins as drivers, with a client that is a fake."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from runtime.errdefs import EngineError, NotFound, kind
from runtime.pkg.plugins.client import TransportError
from runtime.volume.drivers import proxy
from runtime.volume.drivers.adapter import NoSuchVolume, VolumeDriverAdapter
from runtime.volume.drivers.extpoint import DriverNotFound, Store, new_store
from runtime.volume.drivers.proxy import (
    GetResponse,
    ListResponse,
    MountpointResponse,
    ProxyVolume,
    Response,
    Timings,
    VolumeDriverProxy,
)
from runtime.volume.volume import Capability, Unreachable

VOLUME = ProxyVolume("v1", "/data/v1", "2019-05-09T00:00:00Z", {"k": "v"})


def capable(scope: str) -> dict[str, Any]:
    return {"VolumeDriver.Capabilities": lambda _: proxy.CapabilitiesResponse(capabilities=Capability(scope))}


@pytest.fixture
def driver(fakes: Any) -> Any:
    """Makes a driver of a plugin that answers so; methods that are not given fail."""

    def make(**answers: Any) -> tuple[VolumeDriverAdapter, Any]:
        client = fakes.Client({f"VolumeDriver.{name}": lambda _, a=a: a for name, a in answers.items()})
        plugin = fakes.Plugin("plug", client)
        return VolumeDriverAdapter("plug", plugin.scoped_path, VolumeDriverProxy(client)), client

    return make


def test_a_missing_driver_is_an_error_and_a_registered_one_is_found(fakes: Any) -> None:
    store = new_store(None)
    with pytest.raises(DriverNotFound) as error:
        store.get_driver("missing")
    assert str(error.value) == "volume driver not found: missing"
    assert kind(error.value) is NotFound
    fake = fakes.Driver("fake")
    assert store.register(fake, "fake")
    assert store.get_driver("fake") is fake


@pytest.mark.parametrize(("name", "scope"), [("", "local"), ("taken", "local"), ("new", "universe")])
def test_a_driver_needs_a_free_name_and_a_scope_that_exists(fakes: Any, name: str, scope: str) -> None:
    store = new_store(None)
    assert store.register(fakes.Driver("taken"), "taken")
    other = fakes.Driver(name)
    other.scope = scope
    assert not store.register(other, name)


@pytest.mark.parametrize(
    ("call", "arguments", "text"),
    [
        ("create", ("volume", None), "Cannot create volume"),
        ("remove", ("volume",), "Cannot remove volume"),
        ("mount", ("volume", "123"), "Cannot mount volume"),
        ("unmount", ("volume", "123"), "Cannot unmount volume"),
        ("path", ("volume",), "Unknown volume"),
        ("list", (), "Cannot list volumes"),
        ("get", ("volume",), "Cannot get volume"),
        ("capabilities", (), "Cannot tell"),
    ],
)
def test_an_error_in_a_reply_is_the_error(
    fakes: Any, call: str, arguments: tuple[Any, ...], text: str
) -> None:
    answer = proxy.GetResponse(err=text)
    client = fakes.Client({f"VolumeDriver.{call.title()}": lambda _: answer})
    with pytest.raises(EngineError) as error:
        getattr(VolumeDriverProxy(client), call)(*arguments)
    assert str(error.value) == text
    assert not isinstance(error.value, Unreachable)


def test_creating_and_mounting_may_take_longer_than_the_rest(fakes: Any) -> None:
    methods = ("Create", "Mount", "Remove", "Path", "Unmount", "Get", "List", "Capabilities")
    client = fakes.Client(
        {f"VolumeDriver.{name}": lambda _: Response() for name in ("Create", "Remove", "Unmount")}
        | {f"VolumeDriver.{name}": lambda _: MountpointResponse() for name in ("Mount", "Path")}
        | {
            "VolumeDriver.Get": lambda _: GetResponse(),
            "VolumeDriver.List": lambda _: ListResponse(),
        }
        | capable("local")
    )
    proxy = VolumeDriverProxy(client, Timings(long_timeout=7.0, short_timeout=3.0))
    (
        proxy.create("v", None),
        proxy.mount("v", "1"),
        proxy.remove("v"),
        proxy.path("v"),
        proxy.unmount("v", "1"),
    )
    proxy.get("v"), proxy.list(), proxy.capabilities()
    assert client.calls == [
        (f"VolumeDriver.{name}", 7.0 if name in ("Create", "Mount") else 3.0) for name in methods
    ]


def test_a_plugin_that_cannot_be_reached_says_nothing_of_its_volumes(fakes: Any) -> None:
    def broken(_: Any) -> None:
        raise TransportError("connection refused")

    with pytest.raises(Unreachable, match="connection refused"):
        VolumeDriverProxy(fakes.Client({"VolumeDriver.Get": broken})).get("v1")


def test_a_plugin_without_a_client_cannot_be_reached() -> None:
    with pytest.raises(Unreachable):
        VolumeDriverProxy(None).get("v1")


@pytest.mark.parametrize(
    ("declared", "scope"),
    [("local", "local"), ("global", "global"), ("GLOBAL", "global"), ("", "local"), ("universe", "local")],
)
def test_a_scope_is_mended_if_need_be(driver: Any, declared: str, scope: str) -> None:
    adapter, client = driver(Capabilities=proxy.CapabilitiesResponse(capabilities=Capability(declared)))
    assert (adapter.scope, adapter.scope) == (scope, scope)
    assert len(client.calls) == 1


def test_a_driver_that_does_not_tell_its_scope_is_local_and_asked_again(driver: Any) -> None:
    adapter, client = driver(Capabilities=proxy.CapabilitiesResponse(err="what?"))
    assert (adapter.scope, adapter.scope) == ("local", "local")
    assert len(client.calls) == 2


def test_a_volume_shows_its_path_on_the_host_in_lists_and_alone(driver: Any) -> None:
    adapter, _ = driver(Get=proxy.GetResponse(volume=VOLUME), List=proxy.ListResponse(volumes=(VOLUME,)))
    assert adapter.get("v1").cached_path() == "/scoped/data/v1"
    assert adapter.list()[0].cached_path() == "/scoped/data/v1"


def test_a_volume_has_the_time_and_the_status_that_its_plugin_tells(driver: Any) -> None:
    volume = driver(Get=proxy.GetResponse(volume=VOLUME))[0].get("v1")
    assert (volume.created_at(), volume.status()) == (datetime(2019, 5, 9, tzinfo=UTC), {"k": "v"})


def test_an_empty_answer_means_that_there_is_no_such_volume(driver: Any) -> None:
    with pytest.raises(NoSuchVolume):
        driver(Get=proxy.GetResponse())[0].get("v1")


def test_creating_and_listing_do_not_ask_for_paths(driver: Any) -> None:
    adapter, client = driver(Create=proxy.Response(), List=proxy.ListResponse(volumes=(VOLUME, None)))
    adapter.create("v1", None)
    assert len(adapter.list()) == 1
    assert [method for method, _ in client.calls] == ["VolumeDriver.Create", "VolumeDriver.List"]


def test_a_path_is_asked_for_once(driver: Any) -> None:
    adapter, client = driver(Create=proxy.Response(), Path=proxy.MountpointResponse(mountpoint="/p"))
    volume = adapter.create("v1", None)
    assert (volume.path(), volume.path()) == ("/scoped/p", "/scoped/p")
    assert [method for method, _ in client.calls].count("VolumeDriver.Path") == 1


def test_a_mounted_volume_knows_where_it_is_until_it_is_unmounted(driver: Any) -> None:
    adapter, _ = driver(
        Create=proxy.Response(), Mount=proxy.MountpointResponse(mountpoint="/m"), Unmount=proxy.Response()
    )
    volume = adapter.create("v1", None)
    assert volume.mount("1") == volume.cached_path() == "/scoped/m"
    volume.unmount("1")
    assert volume.cached_path() == ""


def looked_up(fakes: Any, *, v1: bool) -> tuple[Store, Any]:
    plugin = fakes.Plugin("plug", fakes.Client(capable("global")), v1=v1)
    return new_store(fakes.Getter(plugin)), plugin


@pytest.mark.parametrize("v1", [True, False], ids=["legacy", "managed"])
def test_a_plugin_is_asked_for_its_capabilities_once(fakes: Any, v1: bool) -> None:
    store, plugin = looked_up(fakes, v1=v1)
    assert {store.get_driver("plug").scope, store.create_driver("plug").scope} == {"global"}
    assert len(store.get_all_drivers()) == 1
    assert plugin.client.calls == [("VolumeDriver.Capabilities", 60.0)]


def test_only_legacy_plugins_are_remembered(fakes: Any) -> None:
    for v1, expected in ((True, ("plug",)), (False, ())):
        store, _ = looked_up(fakes, v1=v1)
        store.get_driver("plug")
        assert store.get_driver_list() == expected


def test_a_managed_plugin_with_a_new_client_is_asked_anew(fakes: Any) -> None:
    store, plugin = looked_up(fakes, v1=False)
    first = store.get_driver("plug")
    plugin.client = fakes.Client(capable("local"))
    second = store.get_driver("plug")
    assert (first.scope, second.scope) == ("global", "local")


def test_users_of_a_plugin_are_counted(fakes: Any) -> None:
    store, plugin = looked_up(fakes, v1=False)
    (
        store.create_driver("plug"),
        store.create_driver("plug"),
        store.release_driver("plug"),
        store.get_driver("plug"),
    )
    assert plugin.refs == 1


def test_a_plugin_that_is_not_found_is_told_with_its_name(fakes: Any) -> None:
    with pytest.raises(EngineError) as error:
        new_store(fakes.Getter()).get_driver("x")
    assert str(error.value) == 'error looking up volume plugin x: plugin "x" not found'
