"""The volume store with fake drivers and a real database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runtime.errdefs import Conflict, EngineError, NotFound, kind
from runtime.golang.context import Context, ContextCanceled
from runtime.volume.drivers.adapter import NoSuchVolume
from runtime.volume.drivers.extpoint import new_store as new_driver_store
from runtime.volume.service import store
from runtime.volume.service.by import And, ByDriver, ByReferenced, CustomFilter, FromList, Or
from runtime.volume.service.db import Metadata, VolumeMetadata, connect
from runtime.volume.service.errors import OpErr, VolumeInUse, is_in_use
from runtime.volume.service.wrapper import VolumeWrapper

Names = list[str]


def names(found: Any) -> Names:
    return sorted(volume.name for volume in found.volumes)


def test_a_created_volume_has_its_name_and_is_listed(stores: Any) -> None:
    vs = stores.store(None, "fake")
    assert vs.create("fake1", "fake").volume.name == "fake1"
    assert names(vs.find()) == ["fake1"]


def test_creating_with_an_unknown_driver_is_an_error_of_kind_not_found(stores: Any) -> None:
    with pytest.raises(OpErr) as error:
        stores.store(None, "fake").create("none", "none")
    assert str(error.value) == "create none: volume driver not found: none"
    assert kind(error.value) is NotFound


def test_a_driver_s_error_is_told_with_the_operation(stores: Any) -> None:
    with pytest.raises(OpErr) as error:
        stores.store(None, "fake").create("fakeerror", "fake", options={"error": "create error"})
    assert str(error.value) == "create fakeerror: create error"
    assert kind(error.value) is None


def test_an_empty_driver_name_is_an_invalid_parameter(stores: Any) -> None:
    with pytest.raises(EngineError, match="driver name cannot be empty"):
        stores.drivers("fake").get_driver("")


def test_removing_a_volume_that_its_driver_does_not_know_is_an_error(stores: Any, fakes: Any) -> None:
    with pytest.raises(EngineError, match="no such volume"):
        stores.store(None, "noop").remove(fakes.Volume("noop", "noop"))


def test_a_volume_in_use_is_not_removed_until_it_is_released(stores: Any) -> None:
    vs = stores.store(None, "fake")
    volume = vs.create("fake1", "fake", reference="fake").volume
    with pytest.raises(OpErr) as error:
        vs.remove(volume)
    assert str(error.value) == "remove fake1: volume is in use - [fake]"
    assert is_in_use(error.value)
    assert kind(error.value) is Conflict
    vs.release("fake1", "fake")
    vs.remove(volume)
    assert names(vs.find()) == []


def test_the_cause_of_the_error_of_a_volume_in_use_is_exactly_that(stores: Any) -> None:
    vs = stores.store(None, "fake")
    volume = vs.create("test", "fake", reference="test-ref").volume
    with pytest.raises(OpErr) as error:
        vs.remove(volume)
    assert type(error.value.err) is VolumeInUse
    vs.release("test", "test-ref")
    vs.remove(volume)


def test_all_volumes_are_listed_and_are_there_after_a_restart(stores: Any) -> None:
    ds = stores.drivers("fake", "fake2")
    vs = stores.store(ds)
    vs.create("test", "fake")
    vs.create("test2", "fake2")
    assert names(vs.find()) == ["test", "test2"]
    stores.close(vs)
    assert names(stores.store(ds).find()) == ["test", "test2"]


@pytest.mark.parametrize(
    ("driver", "expected"), [("fake", ["fake1", "fake2"]), ("noop", ["fake3"]), ("nosuchdriver", [])]
)
def test_a_driver_s_volumes_are_found_by_its_name(stores: Any, driver: str, expected: Names) -> None:
    vs = stores.store(None, "fake", "noop")
    for name, of in (("fake1", "fake"), ("fake2", "fake"), ("fake3", "noop")):
        vs.create(name, of)
    assert names(vs.find(ByDriver((driver,)))) == expected


def test_volumes_are_found_by_whether_they_are_used(stores: Any) -> None:
    vs = stores.store(None, "fake")
    vs.create("fake1", "fake", reference="volReference")
    vs.create("fake2", "fake")
    assert names(vs.find(ByReferenced(referenced=False))) == ["fake2"]
    assert names(vs.find(ByReferenced(referenced=True))) == ["fake1"]


def test_one_release_is_enough_for_a_reference_that_was_taken_twice(stores: Any) -> None:
    vs = stores.store(None, "fake")
    volume = vs.create("fake1", "fake", reference="volReference").volume
    vs.get("fake1", driver="fake", reference="volReference")
    vs.release("fake1", "volReference")
    vs.remove(volume)


def test_a_volume_that_the_driver_has_already_is_adopted_with_the_given_labels(stores: Any) -> None:
    ds = stores.drivers("fake")
    ds.get_driver("fake").create("foo", None)
    volume = stores.store(ds).create("foo", "fake", labels={"hello": "world"}).volume
    assert volume.labels == {"hello": "world"}


def test_a_failed_creation_gives_its_plugin_back(stores: Any, fakes: Any) -> None:
    def create(request: Any) -> None:
        if request.opts:
            raise EngineError(request.opts["error"])

    def get(_: Any) -> None:
        raise EngineError("no such volume")

    def capabilities(_: Any) -> None:
        raise EngineError("not supported")

    class Answered(fakes.Client):
        def call_with_options(self, *args: Any) -> Any:
            from runtime.volume.drivers import proxy as wire  # noqa: PLC0415 - one use

            try:
                super().call_with_options(*args)
            except EngineError as error:
                return args[2](err=str(error))
            return wire.Response()

    client = Answered(
        {
            "VolumeDriver.Create": create,
            "VolumeDriver.Get": get,
            "VolumeDriver.Capabilities": capabilities,
        }
    )
    plugin = fakes.Plugin("plug", client)
    vs = stores.store(new_driver_store(fakes.Getter(plugin)))
    vs.create("fake1", "plug")
    with pytest.raises(OpErr, match="create fake2: some error"):
        vs.create("fake2", "plug", options={"error": "some error"})
    assert plugin.refs == 1


def test_a_missing_volume_is_an_error_whose_cause_is_exactly_that(stores: Any) -> None:
    with pytest.raises(OpErr) as error:
        stores.store(None, "fake").get("not-exist")
    assert str(error.value) == "get not-exist: no such volume"
    assert type(error.value.err) is NoSuchVolume
    assert kind(error.value) is NotFound


def test_get_returns_what_create_returned(stores: Any) -> None:
    vs = stores.store(None, "fake")
    created = vs.create("test", "fake", labels={"a": "1"}).volume
    got = vs.get("test")
    assert (got.name, got.volume, got.scope, got.labels) == ("test", created.volume, "local", {"a": "1"})


def test_a_volume_that_is_got_with_a_reference_is_in_use(stores: Any) -> None:
    vs = stores.store(None, "fake")
    with pytest.raises(OpErr):
        vs.get("not-exist", driver="fake", reference="test-ref")
    vs.create("test", "fake")
    volume = vs.get("test", driver="fake", reference="test-ref")
    with pytest.raises(OpErr) as error:
        vs.remove(volume)
    assert type(error.value.err) is VolumeInUse
    vs.release("test", "test-ref")
    vs.remove(volume)


@pytest.mark.parametrize(
    ("before", "kept"),
    [([], []), ([1], []), ([1], [1]), ([1, 2], [1]), ([1, 2, 3], [1, 3]), ([1, 2, 3], [1]), ([1, 2, 3], [2])],
)
def test_a_filter_keeps_order_and_those_that_are_meant(
    fakes: Any, before: list[int], kept: list[int]
) -> None:
    volumes = [VolumeWrapper(fakes.Volume(f"test{number}", "fake"), None, "local", None) for number in before]
    store.filter_in_place(volumes, lambda volume: volume.name in {f"test{number}" for number in kept})
    assert [volume.name for volume in volumes] == [f"test{number}" for number in kept]


def test_volumes_of_one_driver_or_another_are_found(stores: Any) -> None:
    vs = stores.store(None, "fake", "noop", "third")
    for name, of in (("v1", "fake"), ("v2", "noop"), ("v3", "third")):
        vs.create(name, of)
    assert names(vs.find(Or((ByDriver(("fake",)), ByDriver(("noop",)))))) == ["v1", "v2"]


def test_one_condition_or_another_among_given_volumes_adds_none(stores: Any) -> None:
    vs = stores.store(None, "fake", "noop")
    vs.create("v1", "fake", reference="me")
    vs.create("v2", "noop")
    by = And((ByReferenced(referenced=True), Or((ByDriver(("fake",)), CustomFilter(lambda _: True)))))
    assert names(vs.find(by)) == ["v1"]


def test_a_condition_picks_from_a_list(stores: Any) -> None:
    vs = stores.store(None, "fake")
    vs.create("v1", "fake", reference="me")
    vs.create("v2", "fake")
    given = list(vs.find().volumes)
    assert names(vs.find(FromList(given, ByReferenced(referenced=True)))) == ["v1"]
    assert [volume.name for volume in given] == ["v1"]


def test_a_list_within_a_condition_is_an_invalid_parameter(stores: Any) -> None:
    with pytest.raises(OpErr, match="list: unsupported filter: FromList"):
        stores.store(None, "fake").find(And((FromList([], None),)))


def test_a_name_that_another_driver_has_is_a_conflict(stores: Any) -> None:
    vs = stores.store(None, "d1", "d2")
    vs.create("v1", "d1")
    with pytest.raises(OpErr) as error:
        vs.create("v1", "d2")
    assert str(error.value) == "create v1: driver 'd1' already has volume 'v1': volume name must be unique"
    assert kind(error.value) is Conflict


def test_a_volume_that_vanished_from_its_driver_is_made_anew_by_any_driver(stores: Any) -> None:
    ds = stores.drivers("d1", "d2")
    vs = stores.store(ds)
    vs.create("v1", "d1", options={"a": "1"}, labels={"b": "2"})
    ds.get_driver("d1").vols.clear()
    outcome = vs.create("v1", "d2")
    assert (outcome.created, outcome.volume.driver_name, outcome.volume.options) == (True, "d2", None)


def test_a_used_volume_that_vanished_from_its_driver_is_a_conflict(stores: Any) -> None:
    ds = stores.drivers("d1")
    vs = stores.store(ds)
    vs.create("v1", "d1", reference="me")
    ds.get_driver("d1").vols.clear()
    with pytest.raises(OpErr) as error:
        vs.create("v1", "d1")
    assert str(error.value) == (
        "create v1: found references to volume 'v1' in driver 'd1' but the volume was not found in the "
        "driver -- you may need to remove containers referencing this volume or force remove the volume to "
        "re-create it: volume name must be unique"
    )


def test_getting_a_volume_that_vanished_from_its_driver_forgets_it(stores: Any) -> None:
    ds = stores.drivers("d1")
    vs = stores.store(ds)
    vs.create("v1", "d1")
    ds.get_driver("d1").vols.clear()
    with pytest.raises(OpErr, match="get v1: no such volume"):
        vs.get("v1")
    assert "v1" not in vs.db


def test_getting_with_another_driver_is_a_conflict(stores: Any) -> None:
    vs = stores.store(None, "d1", "d2")
    vs.create("v1", "d1")
    with pytest.raises(OpErr) as error:
        vs.get("v1", driver="d2")
    assert str(error.value) == "get v1: provided volume driver does not match stored driver"
    assert kind(error.value) is Conflict


def test_getting_by_an_alias_of_the_driver_is_a_conflict(stores: Any) -> None:
    ds = stores.drivers("d1")
    assert ds.register(ds.get_driver("d1"), "d1:latest")
    ds.get_driver("d1").create("v1", None)
    with pytest.raises(OpErr) as error:
        stores.store(ds).get("v1", driver="d1:latest")
    assert str(error.value) == "get v1: found volume driver does not match passed in driver"


def test_a_volume_that_nobody_made_here_is_found_in_its_driver_and_recorded(stores: Any) -> None:
    ds = stores.drivers("d1", "d2")
    ds.get_driver("d2").create("v1", None)
    vs = stores.store(ds)
    assert vs.get("v1").driver_name == "d2"
    assert vs.db.get("v1").driver == "d2"


def test_creating_without_a_driver_finds_the_volume_wherever_it_is(stores: Any) -> None:
    ds = stores.drivers("d1", "local")
    ds.get_driver("d1").create("v1", None)
    outcome = stores.store(ds).create("v1", "")
    assert (outcome.created, outcome.volume.driver_name) == (False, "d1")


def test_creating_without_a_driver_uses_the_local_one(stores: Any) -> None:
    assert stores.store(None, "local").create("v1", "").volume.driver_name == "local"


def test_new_labels_for_a_volume_that_exists_are_not_used_and_the_log_says_so(
    stores: Any, caplog: pytest.LogCaptureFixture
) -> None:
    vs = stores.store(None, "d1")
    vs.create("v1", "d1", labels={"a": "1"})
    outcome = vs.create("v1", "d1", labels={"a": "2"}, options={"b": "3"})
    assert (outcome.created, outcome.volume.labels, outcome.volume.options) == (False, {"a": "1"}, None)
    assert "volume v1 exists already; the labels that were given now are not used" in caplog.messages
    assert "volume v1 exists already; the options that were given now are not used" in caplog.messages


@pytest.mark.parametrize("labels", [None, {}, {"a": "1"}])
def test_labels_and_options_survive_a_restart(stores: Any, labels: dict[str, str] | None) -> None:
    ds = stores.drivers("d1")
    vs = stores.store(ds)
    vs.create("v1", "d1", labels=labels, options=labels)
    stores.close(vs)
    volume = stores.store(ds).get("v1")
    assert (volume.labels, volume.options) == (labels, labels)


def test_a_record_is_stored_and_read_again_and_a_missing_one_is_empty() -> None:
    database = connect(None)
    db = Metadata(database)
    assert db.get("test") == VolumeMetadata()
    db.set("test", VolumeMetadata("test", "fake", {"a": "1"}, None))
    assert db.get("test") == VolumeMetadata("test", "fake", {"a": "1"}, None)
    assert list(database.execute("select * from volumes")) == [
        ("test", b'{"Name":"test","Driver":"fake","Labels":{"a":"1"},"Options":null}')
    ]
    db.close()


@pytest.mark.parametrize("operation", ["create", "get", "remove", "release"])
def test_what_is_called_off_before_it_begins_changes_nothing(stores: Any, operation: str) -> None:
    vs = stores.store(None, "d1")
    volume = vs.create("v1", "d1", reference="me").volume
    ctx = Context()
    ctx.cancel()
    calls: dict[str, Callable[[], object]] = {
        "create": lambda: vs.create("v2", "d1", ctx=ctx),
        "get": lambda: vs.get("v1", ctx=ctx),
        "remove": lambda: vs.remove(volume, ctx=ctx),
        "release": lambda: vs.release("v1", "me", ctx=ctx),
    }
    with pytest.raises(EngineError, match="context canceled") as error:
        calls[operation]()
    assert operation == "get" or type(error.value) is ContextCanceled
    assert (names(vs.find()), vs.count_references(volume)) == (["v1"], 1)


def test_releasing_what_nobody_holds_is_no_error(stores: Any) -> None:
    vs = stores.store(None, "d1")
    vs.release("unknown", "me")
    vs.create("v1", "d1")
    vs.release("v1", "nobody")


def test_a_driver_that_cannot_remove_keeps_its_volume_unless_it_is_forced(stores: Any) -> None:
    class Stubborn(type(stores.drivers("x").get_driver("x"))):  # type: ignore[misc]  # the fake's class
        def remove(self, vol: Any) -> None:
            raise EngineError(f"{vol.name} stays")

    ds = stores.drivers()
    assert ds.register(Stubborn("d1"), "d1")
    vs = stores.store(ds)
    volume = vs.create("v1", "d1").volume
    with pytest.raises(OpErr, match="remove v1: v1 stays"):
        vs.remove(volume)
    assert "v1" in vs.db
    with pytest.raises(OpErr, match="remove v1: v1 stays"):
        vs.remove(volume, purge_on_error=True)
    assert "v1" not in vs.db
