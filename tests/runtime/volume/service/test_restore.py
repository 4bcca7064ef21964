"""A restart: what is known again, what a driver that is gone costs, and what damage is told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.errdefs import Conflict, EngineError
from runtime.pkg.plugins.client import TransportError
from runtime.volume.drivers import proxy
from runtime.volume.drivers.proxy import ProxyVolume
from runtime.volume.service.errors import OpErr
from runtime.volume.volume import Capability

CAPABLE = proxy.CapabilitiesResponse(capabilities=Capability("local"))


class PluginFake:
    """A volume plugin behind a client: in memory, and as slow, broken or gone as a test wants."""

    def __init__(self, fakes: Any, name: str) -> None:
        self.volumes: dict[str, ProxyVolume] = {}
        self.open = threading.Event()
        self.open.set()
        self.error: EngineError | None = None
        self.client = fakes.Client(
            {
                "VolumeDriver.Create": self.create,
                "VolumeDriver.Remove": self.remove,
                "VolumeDriver.List": lambda _: proxy.ListResponse(volumes=tuple(self.volumes.values())),
                "VolumeDriver.Get": self.get,
                "VolumeDriver.Capabilities": lambda _: CAPABLE,
            }
        )
        self.plugin = fakes.Plugin(name, self.client)
        call = self.client.call_with_options

        def guarded(method: str, *arguments: Any) -> Any:
            self.open.wait(30)
            if self.error is not None:
                raise self.error
            return call(method, *arguments)

        self.client.call_with_options = guarded

    def create(self, request: Any) -> proxy.Response:
        self.volumes[request.name] = ProxyVolume(request.name, f"/{request.name}")
        return proxy.Response()

    def remove(self, request: Any) -> proxy.Response:
        del self.volumes[request.name]
        return proxy.Response()

    def get(self, request: Any) -> proxy.GetResponse:
        found = self.volumes.get(request.name)
        return proxy.GetResponse(volume=found) if found else proxy.GetResponse(err="no such volume")


@pytest.fixture
def plugin(fakes: Any) -> Iterator[PluginFake]:
    made = PluginFake(fakes, "plug")
    yield made
    made.open.set()


@pytest.fixture
def getter(fakes: Any, plugin: PluginFake) -> Any:
    return fakes.Getter(plugin.plugin)


def restarted(stores: Any, service: Any, getter: Any) -> Any:
    stores.close(service.vs)
    return stores.service(getter)


def shown(service: Any) -> dict[str, str]:
    return {volume.name: volume.driver for volume in service.list().volumes}


@pytest.mark.usefixtures("inline")
def test_volumes_are_users_of_their_plugin_again_after_a_restart(
    stores: Any, getter: Any, plugin: PluginFake
) -> None:
    service = stores.service(getter)
    service.create("v1", "plug", labels={"a": "1"})
    service.create("v2", "plug")
    plugin.plugin.refs = 0
    again = restarted(stores, service, getter)
    assert plugin.plugin.refs == 2
    assert again.get("v1").labels == {"a": "1"}
    again.remove("v1")
    again.remove("v2")
    assert plugin.plugin.refs == 0


@pytest.mark.usefixtures("inline")
def test_volumes_of_a_driver_that_is_gone_are_listed_with_a_warning(stores: Any, getter: Any) -> None:
    service = stores.service(getter)
    service.create("mine", "plug", labels={"a": "1"})
    service.create("other", "local")
    del getter.plugins["plug"]
    again = restarted(stores, service, getter)
    volumes, warnings = again.list()
    assert {volume.name: (volume.driver, volume.labels) for volume in volumes} == {
        "mine": ("plug", {"a": "1"}),
        "other": ("local", None),
    }
    assert warnings == ("list plug: volume driver not found: plug",)


@pytest.mark.usefixtures("inline")
def test_volumes_come_back_when_their_driver_does(stores: Any, getter: Any, plugin: PluginFake) -> None:
    service = stores.service(getter)
    service.create("mine", "plug", labels={"a": "1"})
    del getter.plugins["plug"]
    again = restarted(stores, service, getter)
    plugin.plugin.refs = 0
    getter.plugins["plug"] = plugin.plugin
    volumes, warnings = again.list()
    assert ([volume.labels for volume in volumes], warnings) == ([{"a": "1"}], ())
    assert plugin.plugin.refs == 1
    assert again.get("mine").labels == {"a": "1"}


@pytest.mark.usefixtures("inline")
def test_a_call_that_needs_a_driver_that_is_gone_says_which(stores: Any, getter: Any) -> None:
    service = stores.service(getter)
    service.create("mine", "plug")
    del getter.plugins["plug"]
    again = restarted(stores, service, getter)
    for call in (again.get, again.remove):
        with pytest.raises(OpErr) as error:
            call("mine")
        assert str(error.value) == (
            'get mine: error while checking if volume "mine" exists in driver "plug": error looking up '
            'volume plugin plug: plugin "plug" not found'
        )
    assert "mine" in again.vs.db


@pytest.mark.usefixtures("inline")
@pytest.mark.parametrize("restart", [True, False], ids=["after a restart", "at once"])
def test_forced_removal_forgets_volume_of_missing_driver(
    stores: Any, getter: Any, events: Any, *, restart: bool
) -> None:
    service = stores.service(getter, events)
    service.create("mine", "plug", reference="user")
    del getter.plugins["plug"]
    if restart:
        stores.close(service.vs)
        service = stores.service(getter, events)
    else:
        with pytest.raises(Conflict, match="volume is in use"):
            service.remove("mine", purge_on_error=True)
        service.release("mine", "user")
    service.remove("mine", purge_on_error=True)
    assert ("mine", "destroy", {"driver": "plug"}) in events.seen
    assert (shown(service), "mine" in service.vs.db) == ({}, False)
    service.remove("mine", purge_on_error=True)
    assert shown(restarted(stores, service, getter)) == {}


@pytest.mark.usefixtures("inline")
@pytest.mark.parametrize("driver", ["local", ""])
def test_name_of_volume_of_missing_driver_is_free(stores: Any, getter: Any, driver: str) -> None:
    service = stores.service(getter)
    service.create("mine", "plug", labels={"a": "1"})
    del getter.plugins["plug"]
    again = restarted(stores, service, getter)
    assert again.create("mine", driver, labels={"b": "2"}).driver == "local"
    assert shown(restarted(stores, again, getter)) == {"mine": "local"}


@pytest.mark.usefixtures("inline")
def test_record_of_missing_driver_stays_if_nothing_replaces_it(stores: Any, getter: Any) -> None:
    service = stores.service(getter)
    service.create("mine", "plug", labels={"a": "1"})
    del getter.plugins["plug"]
    again = restarted(stores, service, getter)
    with pytest.raises(OpErr, match="invalid option key"):
        again.create("mine", "local", options={"wrong": "1"})
    with pytest.raises(OpErr, match='plugin "plug" not found'):
        again.create("mine", "plug")
    assert again.vs.db.get("mine").labels == {"a": "1"}


@pytest.mark.usefixtures("inline")
@pytest.mark.parametrize("driver", ["local", ""])
def test_name_of_volume_of_disabled_driver_is_taken(stores: Any, getter: Any, driver: str) -> None:
    service = stores.service(getter)
    service.create("mine", "plug", labels={"a": "1"})
    disabled = Conflict("plugin plug found but disabled")
    getter.problems["plug"] = disabled
    again = restarted(stores, service, getter)
    assert again.list().warnings == ("list plug: plugin plug found but disabled",)
    with pytest.raises(OpErr, match="plugin plug found but disabled"):
        again.create("mine", driver)
    with pytest.raises(OpErr, match="plugin plug found but disabled"):
        again.remove("mine", purge_on_error=True)
    assert again.vs.db.get("mine").labels == {"a": "1"}


def test_a_driver_that_hangs_delays_the_start_by_the_bound_only_once(
    stores: Any, getter: Any, plugin: PluginFake
) -> None:
    service = stores.service(getter)
    for number in range(20):
        service.create(f"v{number}", "plug")
    plugin.open.clear()
    started = threading.Event()

    def start() -> None:
        again = restarted(stores, service, getter)
        assert len(shown(again)) == 20
        started.set()

    threading.Thread(target=start, daemon=True).start()
    assert started.wait(20), "the start waits for the driver"


def test_a_driver_that_hangs_is_waited_for_once_and_then_left_out(
    stores: Any, getter: Any, plugin: PluginFake
) -> None:
    service = stores.service(getter)
    service.create("mine", "plug")
    plugin.open.clear()
    warning = ("list plug: no answer within 0.2 s",)
    assert service.list().warnings == warning
    assert eventually(lambda: service.vs.probes.hangs("plug"))
    calls = len(plugin.client.calls)
    assert (service.list().warnings, shown(service)) == (warning, {"mine": "plug"})
    assert len(plugin.client.calls) == calls


def test_list_waits_for_hanging_capabilities_as_long_as_for_volumes(
    stores: Any, getter: Any, plugin: PluginFake
) -> None:
    service = stores.service(getter)
    plugin.volumes["mine"] = ProxyVolume("mine", "/mine")
    ended = threading.Event()

    def hang(_: Any) -> proxy.CapabilitiesResponse:
        ended.wait(30)
        return CAPABLE

    plugin.client.methods["VolumeDriver.Capabilities"] = hang
    assert service.list().warnings == ("list plug: no answer within 0.2 s",)
    ended.set()
    assert eventually(lambda: shown(service) == {"mine": "plug"})


def test_failure_in_the_background_is_logged(
    stores: Any, getter: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = stores.service(getter)
    service.create("mine", "plug")

    def broken(capability: str, *, patient: bool = False) -> Any:
        raise RuntimeError(f"no {capability}, {patient}")

    monkeypatch.setattr(getter, "get_all_by_cap", broken)
    restarted(stores, service, getter)
    assert eventually(lambda: "RuntimeError: no VolumeDriver" in caplog.text)


def eventually(true: Any, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def test_a_driver_that_hangs_does_not_hold_up_what_is_asked_of_the_local_one(
    stores: Any, getter: Any, plugin: PluginFake
) -> None:
    service = stores.service(getter)
    service.create("slow", "plug")
    plugin.open.clear()
    thread = threading.Thread(target=lambda: service.get("slow"), daemon=True)
    thread.start()
    service.create("quick", "local")
    assert service.get("quick").driver == "local"
    service.remove("quick")
    assert thread.is_alive()
    plugin.open.set()
    thread.join(10)


@pytest.mark.usefixtures("inline")
def test_garbage_does_not_make_us_forget_a_volume(stores: Any, getter: Any, plugin: PluginFake) -> None:
    service = stores.service(getter)
    service.create("mine", "plug", labels={"a": "1"})
    plugin.error = EngineError("plugin plug: VolumeDriver.Get: invalid character")
    with pytest.raises(OpErr, match='error while checking if volume "mine" exists in driver "plug"'):
        service.get("mine")
    assert service.list().warnings == (f"list plug: {plugin.error}",)
    plugin.error = None
    assert service.get("mine").labels == {"a": "1"}


@pytest.mark.usefixtures("inline")
def test_a_plugin_that_has_lost_a_volume_at_start_does_not_cost_its_labels(
    stores: Any, getter: Any, plugin: PluginFake
) -> None:
    service = stores.service(getter)
    service.create("mine", "plug", labels={"a": "1"})
    lost = plugin.volumes.pop("mine")
    again = restarted(stores, service, getter)
    assert again.list().warnings == ("volume mine: its driver plug does not have it",)
    plugin.volumes["mine"] = lost
    assert again.get("mine").labels == {"a": "1"}
    assert again.list().warnings == ()


@pytest.mark.usefixtures("inline")
def test_a_broken_plugin_does_not_keep_others_from_coming_back(
    stores: Any, fakes: Any, getter: Any, plugin: PluginFake
) -> None:
    good = PluginFake(fakes, "good")
    getter.plugins["good"] = good.plugin
    service = stores.service(getter)
    service.create("v1", "plug")
    service.create("v2", "good")
    plugin.error = TransportError("connection refused")
    good.plugin.refs = 0
    again = restarted(stores, service, getter)
    assert good.plugin.refs == 1
    assert again.list().warnings == ("list plug: connection refused",)


def test_a_record_without_a_driver_is_completed(stores: Any) -> None:
    service = stores.service()
    service.create("mine", "local", labels={"a": "1"})
    service.vs.db.database.execute(
        "update volumes set value = ?", (b'{"Name":"mine","Driver":"","Labels":{"a":"1"},"Options":null}',)
    )
    again = restarted(stores, service, None)
    assert eventually(lambda: again.vs.db.get("mine").driver == "local")
    assert again.get("mine").labels == {"a": "1"}


@pytest.mark.parametrize("value", [b"{", b"[]", b'{"Name":3}', b"\xff\xfe"])
def test_a_broken_record_stops_nothing_and_is_kept_and_told(
    stores: Any, value: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    service = stores.service()
    service.create("mine", "local")
    service.create("sound", "local", labels={"a": "1"})
    service.vs.db.database.execute("update volumes set value = ? where name = 'mine'", (value,))
    again = restarted(stores, service, None)
    volumes, warnings = again.list()
    assert sorted((volume.name, volume.labels) for volume in volumes) == [
        ("mine", None),
        ("sound", {"a": "1"}),
    ]
    assert len(warnings) == 1
    assert warnings[0].startswith('Error while reading volume metadata for volume "mine": ')
    assert warnings[0] in caplog.messages
    with pytest.raises(OpErr, match="get mine: error unmarshaling volume metadata: "):
        again.get("mine")
    again = restarted(stores, again, None)
    assert again.list().warnings == warnings


def test_an_empty_record_is_skipped(stores: Any) -> None:
    service = stores.service()
    service.create("mine", "local")
    service.vs.db.database.execute("update volumes set value = ?", (b"",))
    again = restarted(stores, service, None)
    assert (shown(again), again.list().warnings) == ({"mine": "local"}, ())


def test_a_volume_whose_directory_is_gone_is_told_and_its_record_kept(stores: Any) -> None:
    service = stores.service()
    path = Path(service.create("mine", "local", labels={"a": "1"}).mountpoint)
    path.rmdir()
    path.parent.rmdir()
    again = restarted(stores, service, None)
    assert again.list() == ((), ("volume mine: its driver local does not have it",))
    with pytest.raises(OpErr, match="get mine: no such volume"):
        again.get("mine")
    assert again.list() == ((), ())


def test_a_directory_that_nobody_recorded_is_a_volume(stores: Any) -> None:
    (stores.root / "volumes" / "adopted" / "_data").mkdir(parents=True)
    service = stores.service()
    assert shown(service) == {"adopted": "local"}
    service.remove("adopted")
    assert shown(service) == {}


def test_a_damaged_database_is_put_aside_and_what_it_had_is_used(
    stores: Any, caplog: pytest.LogCaptureFixture
) -> None:
    service = stores.service()
    service.create("mine", "local", labels={"a": "1"})
    stores.close(service.vs)
    file = stores.root / "volumes" / "metadata.sqlite3"
    file.write_bytes(b"this is no database" * 1000)
    with caplog.at_level(logging.ERROR):
        again = stores.service()
    aside = file.with_name("metadata.sqlite3.damaged-1")
    assert shown(again) == {"mine": "local"}
    assert aside.read_bytes() == b"this is no database" * 1000
    assert again.list().warnings == (
        f"{aside} is a damaged database that was put aside; what could be read of it is in {file.name}",
    )
    assert any("is damaged" in message for message in caplog.messages)


def test_two_engines_cannot_use_one_root(stores: Any) -> None:
    stores.service()
    with pytest.raises(EngineError) as error:
        stores.service()
    assert str(error.value).startswith("another engine uses ")


def test_a_root_is_free_after_shutdown(stores: Any) -> None:
    stores.close(stores.service().vs)
    assert shown(stores.service()) == {}


def test_nothing_is_written_after_shutdown(stores: Any) -> None:
    service = stores.service()
    stores.close(service.vs)
    with pytest.raises(EngineError):
        service.create("late", "local")
