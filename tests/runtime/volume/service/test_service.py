"""The volume service with fake drivers, with the local one, and with plugins that are fakes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.api.types.filters import Args, InvalidFilter, arg, new_args
from runtime.errdefs import Conflict, EngineError, NotFound, kind
from runtime.golang.context import Context
from runtime.volume.service.errors import is_not_exist
from runtime.volume.service.service import VolumesService

Names = list[str]


@pytest.fixture
def service(stores: Any, events: Any) -> Callable[..., VolumesService]:
    """Makes a service with fake drivers of these names."""

    def make(*names: str) -> VolumesService:
        ds = stores.drivers(*names)
        return VolumesService(stores.store(ds), ds, events)

    return make


def names(volumes: Any) -> Names:
    return sorted(volume.name for volume in volumes)


def listed(service: VolumesService, *pairs: tuple[str, str]) -> Names:
    return names(service.list(new_args(*(arg(*pair) for pair in pairs))).volumes)


def test_creating_with_an_unknown_driver_is_not_found(service: Any) -> None:
    with pytest.raises(EngineError) as error:
        service("d1").create("v1", "notexist")
    assert kind(error.value) is NotFound


def test_creating_twice_with_one_driver_gives_the_same_volume(service: Any) -> None:
    made = service("d1")
    assert made.create("v1", "d1") == made.create("v1", "d1")


def test_creating_with_two_drivers_is_a_name_conflict(service: Any) -> None:
    made = service("d1", "d2")
    made.create("v1", "d1")
    with pytest.raises(EngineError) as error:
        made.create("v1", "d2")
    assert kind(error.value) is Conflict


def test_after_removal_a_name_is_free_for_another_driver(service: Any) -> None:
    made = service("d1", "d2")
    made.create("v1", "d1")
    made.remove("v1")
    assert made.create("v1", "d2").driver == "d2"
    assert made.create("v1", "d2").driver == "d2"


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("driver", "d1")], ["v1", "v2"]),
        ([("driver", "d2")], ["v3"]),
        ([("driver", "notexist")], []),
        ([("driver", "d")], []),
        ([("dangling", "true")], ["v2", "v3"]),
        ([("dangling", "1")], ["v2", "v3"]),
        ([("dangling", "false")], ["v1"]),
        ([("dangling", "0")], ["v1"]),
        ([("dangling", "false"), ("driver", "d2")], []),
        ([("dangling", "true"), ("driver", "d2")], ["v3"]),
        ([("name", "v")], ["v1", "v2", "v3"]),
        ([("name", "^v[12]$")], ["v1", "v2"]),
        ([("name", "((")], []),
        ([("label", "a")], ["v1", "v2"]),
        ([("label", "a=1")], ["v1"]),
        ([("label", "a"), ("label", "b")], ["v2"]),
        ([("label", "unknown")], []),
    ],
)
def test_filters_pick_and_all_must_fit(service: Any, pairs: Any, expected: Names) -> None:
    made = service("d1", "d2")
    made.create("v1", "d1", labels={"a": "1"})
    made.create("v2", "d1", labels={"a": "2", "b": ""})
    made.create("v3", "d2")
    made.get("v1", reference="foo")
    assert listed(made, *pairs) == expected


@pytest.mark.parametrize(
    ("pair", "text"),
    [
        (("FOO", "123"), "Invalid filter 'FOO'"),
        (("dangling", "invalid"), "Invalid filter 'dangling=[invalid]'"),
    ],
)
def test_a_filter_that_cannot_be_is_an_invalid_parameter(
    service: Any, pair: tuple[str, str], text: str
) -> None:
    with pytest.raises(InvalidFilter) as error:
        listed(service("d1"), pair)
    assert str(error.value) == text


def test_removing_works_and_once_more_with_force(service: Any) -> None:
    made = service("d1")
    made.create("test", "d1")
    made.remove("test")
    made.remove("test", purge_on_error=True)
    with pytest.raises(EngineError, match="get test: no such volume"):
        made.remove("test")


def test_a_volume_in_use_is_a_conflict_even_with_force(service: Any) -> None:
    made = service("d1")
    made.create("test", "d1", reference="me")
    with pytest.raises(Conflict) as error:
        made.remove("test", purge_on_error=True)
    assert str(error.value) == "remove test: volume is in use - [me]"


def test_a_missing_volume_does_not_exist(service: Any) -> None:
    with pytest.raises(EngineError) as error:
        service("d1").get("notexist")
    assert is_not_exist(error.value)


def test_get_gives_what_create_gave(service: Any) -> None:
    made = service("d1")
    created = made.create("test", "d1")
    assert made.get("test") == created
    assert made.get("test", driver="d1") == created


def test_the_status_is_shown_only_when_it_is_asked_for(service: Any) -> None:
    made = service("d1")
    made.create("test", "d1")
    assert made.get("test").status is msgspec.UNSET
    assert made.get("test", resolve_status=True).status == {"datakey": "datavalue"}


@pytest.mark.parametrize("driver", ["notarealdriver", "d2"])
def test_a_driver_that_is_not_the_volume_s_is_a_conflict(service: Any, driver: str) -> None:
    made = service("d1", "d2")
    made.create("test", "d1")
    with pytest.raises(EngineError) as error:
        made.get("test", driver=driver)
    assert kind(error.value) is Conflict


def pruned(service: VolumesService, *pairs: tuple[str, str]) -> Names:
    return sorted(service.prune(new_args(*(arg(*pair) for pair in pairs))).volumes_deleted)


def test_pruning_takes_unused_local_volumes_only(service: Any) -> None:
    made = service("local", "other")
    made.create("test", "local")
    made.create("test2", "other")
    assert pruned(made, ("label", "banana")) == []
    assert pruned(made) == ["test"]
    assert names(made.list().volumes) == ["test2"]


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (("label!", "banana"), ["plain"]),
        (("label!", "banana=split"), ["empty", "plain"]),
        (("label", "banana=split"), ["split"]),
        (("label", "banana"), ["empty", "split"]),
    ],
)
def test_pruning_filters_by_labels(service: Any, pair: tuple[str, str], expected: Names) -> None:
    made = service("local")
    made.create("plain", "local")
    made.create("empty", "local", labels={"banana": ""})
    made.create("split", "local", labels={"banana": "split"})
    assert pruned(made, pair) == expected


def test_pruning_leaves_a_used_volume_until_it_is_released(service: Any) -> None:
    made = service("local")
    made.create("test", "local", reference="me")
    assert pruned(made) == []
    made.release("test", "me")
    assert pruned(made) == ["test"]


def test_pruning_leaves_volumes_with_options(stores: Any) -> None:
    made = stores.service()
    made.create("test", "local", options={"type": "tmpfs", "device": "tmpfs"})
    assert pruned(made) == []


def test_pruning_tells_how_much_is_free_now(stores: Any) -> None:
    made = stores.service()
    data = Path(made.create("test", "local").mountpoint)
    (data / "file").write_bytes(b"x" * 1234)
    (data / "again").hardlink_to(data / "file")
    report = made.prune(Args())
    assert (report.volumes_deleted, report.space_reclaimed) == (("test",), 1234)


def test_only_one_can_prune_at_a_time(service: Any) -> None:
    made = service("local")
    made.prune_running.acquire()
    with pytest.raises(Conflict, match="a prune operation is already running"):
        made.prune(Args())


def test_pruning_that_is_called_off_reports_what_it_did(service: Any) -> None:
    made = service("local")
    made.create("test", "local")
    ctx = Context()
    ctx.cancel()
    assert made.prune(Args(), ctx=ctx).volumes_deleted == ()
    assert names(made.list().volumes) == ["test"]


def test_the_size_and_the_users_of_local_volumes_are_told(stores: Any, fakes: Any) -> None:
    made = stores.service()
    assert made.vs.drivers.register(fakes.Driver("fake"), "fake")
    made.create("test1", "fake")
    data = Path(made.create("test2", "local", reference="me").mountpoint)
    (data / "deep").mkdir()
    (data / "deep/file").write_bytes(b"x" * 1000)
    made.create("test3", "local", options={"type": "tmpfs", "device": "tmpfs"})
    (only,) = made.local_volumes_size()
    assert (only.name, only.usage_data.size, only.usage_data.ref_count) == ("test2", 1000, 1)


def test_an_unreadable_size_is_minus_one(stores: Any) -> None:
    made = stores.service()
    Path(made.create("test", "local").mountpoint).rmdir()
    assert made.local_volumes_size()[0].usage_data.size == -1


def test_events_tell_of_what_is_new_and_what_is_gone_only(service: Any, events: Any) -> None:
    made = service("d1")
    made.create("v1", "d1")
    made.create("v1", "d1")
    made.remove("v1")
    made.remove("v1", purge_on_error=True)
    with pytest.raises(EngineError):
        made.create("v2", "d1", options={"error": "no"})
    assert events.seen == [("v1", "create", {"driver": "d1"}), ("v1", "destroy", {"driver": "d1"})]


def test_a_volume_without_a_name_gets_one_of_64_digits(service: Any) -> None:
    assert re.fullmatch("[0-9a-f]{64}", service("local").create().name)


def test_a_local_volume_looks_as_in_the_api(stores: Any) -> None:
    made = stores.service()
    shown = made.create("test", "local", labels={"a": "b"})
    assert msgspec.json.decode(msgspec.json.encode(shown)) == {
        "CreatedAt": shown.created_at,
        "Driver": "local",
        "Labels": {"a": "b"},
        "Mountpoint": f"{stores.root}/volumes/test/_data",
        "Name": "test",
        "Options": None,
        "Scope": "local",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", shown.created_at)
    assert made.list().volumes == (shown,)


def test_a_time_that_nobody_knows_is_go_s_zero_time(stores: Any) -> None:
    (stores.root / "volumes" / "adopted").mkdir(parents=True)
    made = stores.service()
    volume = made.vs.get("adopted")
    (stores.root / "volumes" / "adopted").rmdir()
    assert volume.created_at() is None
    assert made.get("adopted").created_at == "0001-01-01T00:00:00Z"


def test_mounting_and_unmounting_reach_the_driver(service: Any) -> None:
    made = service("d1")
    volume = made.create("v1", "d1")
    fake = made.vs.get("v1").volume
    assert made.mount(volume, "one") == "fake"
    made.mount(volume, "two")
    made.unmount(volume, "one")
    assert fake.mounts == ["two"]


@pytest.mark.parametrize("call", ["mount", "unmount"])
def test_mounting_a_missing_volume_is_not_found(service: Any, call: str) -> None:
    made = service("d1")
    volume = made.create("v1", "d1")
    made.remove("v1")
    with pytest.raises(NotFound):
        getattr(made, call)(volume, "one")


def test_the_names_of_the_drivers_are_sorted(service: Any) -> None:
    assert service("d2", "local", "d1").get_driver_list() == ("d1", "d2", "local")


def test_an_option_that_the_local_driver_does_not_take_leaves_nothing(stores: Any) -> None:
    made = stores.service()
    with pytest.raises(EngineError, match='create v1: invalid option key: "size"'):
        made.create("v1", "local", options={"size": "1g"})
    assert made.list().volumes == ()
    assert "v1" not in made.vs.db
