"""docker-py against an engine of ours."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import APIError, NotFound

pytestmark = pytest.mark.slow

NAME = "our/plugin:1"


@pytest.fixture
def client(engine: Any) -> Iterator[Any]:
    client = docker.DockerClient(base_url=engine.host, version="auto")
    yield client
    client.close()


def test_it_agrees_on_the_newest_version(client: Any) -> None:
    assert client.api.api_version == "1.39"
    assert client.version()["Version"] == "18.09.6"
    assert client.ping()


def test_a_volume_is_made_found_and_removed(client: Any, engine: Any) -> None:
    made = client.volumes.create("data", driver="local", labels={"a": "b"})
    assert client.volumes.get("data").attrs == made.attrs
    assert made.attrs["Mountpoint"] == f"{engine.root}/volumes/data/_data"
    assert [volume.name for volume in client.volumes.list(filters={"label": ["a=b"]})] == ["data"]
    made.remove()
    with pytest.raises(NotFound, match="get data: no such volume"):
        client.volumes.get("data")


def test_a_volume_without_anything_said_gets_a_name(client: Any) -> None:
    assert len(client.volumes.create().name) == 64


def test_a_bad_name_is_the_client_s_fault(client: Any) -> None:
    with pytest.raises(APIError, match="includes invalid characters") as caught:
        client.volumes.create("a/b")
    assert caught.value.status_code == 400


def test_removing_what_is_not_there_fails(client: Any) -> None:
    with pytest.raises(NotFound, match="get none: no such volume"):
        client.api.remove_volume("none")


def test_pruning_tells_what_is_gone(client: Any) -> None:
    client.volumes.create("one")
    client.volumes.create("two", labels={"keep": ""})
    assert client.volumes.prune(filters={"label!": ["keep"]}) == {
        "VolumesDeleted": ["one"],
        "SpaceReclaimed": 0,
    }


def test_a_plugin_is_made_set_enabled_used_disabled_and_removed(client: Any, packed: Path) -> None:
    plugin = client.plugins.create(NAME, str(packed))
    plugin.configure({"PYTHONDONTWRITEBYTECODE": "2"})
    plugin.enable(timeout=10)
    assert client.plugins.get(NAME).enabled
    volume = client.volumes.create("data", driver=NAME)
    assert [each.name for each in client.volumes.list(filters={"driver": NAME})] == ["data"]
    volume.remove()
    plugin.disable()
    plugin.reload()
    assert not plugin.enabled
    assert plugin.settings["Env"] == ["PYTHONDONTWRITEBYTECODE=2"]
    plugin.remove(force=True)
    assert client.plugins.list() == []


def test_a_plugin_that_is_not_there_is_not_found(client: Any) -> None:
    with pytest.raises(NotFound, match='plugin "none" not found'):
        client.plugins.get("none")


def test_events_come_as_they_happen(client: Any) -> None:
    events = client.events(decode=True, filters={"type": "volume"}, since=time.time())
    client.volumes.create("data")
    event = next(events)
    events.close()
    assert (event["Type"], event["Action"], event["Actor"]) == (
        "volume",
        "create",
        {"ID": "data", "Attributes": {"driver": "local"}},
    )


def test_the_disk_usage_and_the_info_are_there(client: Any, engine: Any) -> None:
    client.volumes.create("data")
    assert [volume["UsageData"] for volume in client.df()["Volumes"]] == [{"Size": 0, "RefCount": 0}]
    assert client.info()["DockerRootDir"] == str(engine.root)
