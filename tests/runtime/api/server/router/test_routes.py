"""Each route, with a real engine behind it."""

from __future__ import annotations

import asyncio
import io
import json
import tarfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from starlette.responses import Response

from runtime.api.server.router import Route, clean_path, new_get_route, new_post_route
from runtime.api.server.server import Server

CONFIG = {
    "entrypoint": ["/none"],
    "interface": {"types": ["docker.volumedriver/1.0"], "socket": "none.sock"},
    "env": [{"name": "DEBUG", "settable": ["value"], "value": "0"}],
}
TAR = {"Content-Type": "application/x-tar"}


def tar(config: Any = CONFIG) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        data = json.dumps(config).encode()
        entry = tarfile.TarInfo("config.json")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
        entry = tarfile.TarInfo("rootfs")
        entry.type = tarfile.DIRTYPE
        archive.addfile(entry)
    return made.getvalue()


def message(answer: Any) -> str:
    return answer.json()["message"]


def test_a_volume_is_answered_as_it_is_listed_and_shown(api: Any, root: Path) -> None:
    made = api.post("/volumes/create", {"Name": "data", "Labels": {"b": "2", "a": "1"}})
    assert made.status_code == 201
    assert made.json()["Mountpoint"] == str(root / "r" / "volumes" / "data" / "_data")
    assert (made.json()["Driver"], made.json()["Scope"]) == ("local", "local")
    assert api.get("/volumes").json() == {"Volumes": [made.json()], "Warnings": None}
    assert api.get("/volumes/data").json() == made.json()


def test_a_volume_says_when_it_was_made_and_goes_on_saying_so(api: Any, root: Path) -> None:
    made = datetime.fromisoformat(api.post("/volumes/create", {"Name": "data"}).json()["CreatedAt"])
    (root / "r" / "volumes" / "data" / "_data" / "file").write_text("later")
    assert abs(datetime.now(UTC) - made) < timedelta(minutes=1)
    assert datetime.fromisoformat(api.get("/volumes/data").json()["CreatedAt"]) == made


def test_maps_are_sorted_and_nothing_is_escaped_for_html(api: Any) -> None:
    api.post("/volumes/create", {"Name": "data", "Labels": {"b": "<&>", "a": "\u2028é"}})
    assert b'"Labels":{"a":"\\u2028\xc3\xa9","b":"<&>"}' in api.get("/volumes/data").content


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "got EOF while reading request body"),
        (b"{invalid", "invalid character 'i' looking for beginning of object key string"),
        (
            b'{"Name":1}',
            "json: cannot unmarshal number into Go struct field VolumeCreateBody.Name of type string",
        ),
    ],
)
def test_a_volume_asked_for_in_bad_json_is_the_client_s_fault(api: Any, body: bytes, words: str) -> None:
    answer = api.post("/volumes/create", body, {"Content-Type": "application/json"})
    assert (answer.status_code, message(answer)) == (400, words)


def test_what_follows_the_first_value_is_not_looked_at(api: Any) -> None:
    answer = api.post("/volumes/create", b'{"Name":"data"}trailing', {"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["Name"]) == (201, "data")


def test_another_type_of_body_is_the_client_s_fault(api: Any) -> None:
    answer = api.post("/volumes/create", b"{}", {"Content-Type": "text/plain"})
    assert (answer.status_code, message(answer)) == (
        400,
        "Content-Type specified (text/plain) must be 'application/json'",
    )


def test_a_body_that_is_too_large_is_the_client_s_fault(api: Any) -> None:
    answer = api.post("/volumes/create", b" " * (5 << 20), {"Content-Type": "application/json"})
    assert (answer.status_code, message(answer)) == (400, "the request body is larger than 4194304 bytes")


def test_a_missing_volume_is_not_found_and_removed_by_force(api: Any) -> None:
    assert (api.get("/volumes/none").status_code, message(api.get("/volumes/none"))) == (
        404,
        "get none: no such volume",
    )
    assert api.delete("/volumes/none").status_code == 404
    assert api.delete("/volumes/none?force=1").status_code == 204


def test_a_volume_in_use_is_a_conflict_even_by_force(api: Any) -> None:
    api.post("/volumes/create", {"Name": "data"})
    api.daemon.volumes.get("data", reference="somebody")
    for path in ("/volumes/data", "/volumes/data?force=1"):
        answer = api.delete(path)
        assert (answer.status_code, message(answer)) == (409, "remove data: volume is in use - [somebody]")


def test_a_volume_of_another_driver_is_not_looked_for_for_long(api: Any) -> None:
    answer = api.post("/volumes/create", {"Name": "data", "Driver": "none"})
    assert (answer.status_code, message(answer)) == (
        404,
        'create data: error looking up volume plugin none: plugin "none" not found',
    )


def test_pruning_tells_what_is_gone(api: Any) -> None:
    api.post("/volumes/create", {"Name": "one"})
    api.post("/volumes/create", {"Name": "two", "DriverOpts": {"type": "tmpfs", "device": "tmpfs"}})
    assert api.post("/volumes/prune").json() == {"VolumesDeleted": ["one"], "SpaceReclaimed": 0}


def test_pruning_takes_named_volumes_whatever_the_version(api: Any) -> None:
    api.post("/volumes/create", {"Name": "named"})
    assert api.post("/v1.39/volumes/prune?filters=" + quote('{"all":["1"]}')).status_code == 400
    assert api.post("/v1.39/volumes/prune").json()["VolumesDeleted"] == ["named"]


@pytest.mark.parametrize("filters", ['{"label":["a=b"]}', '{"label":{"a=b":true}}'])
@pytest.mark.parametrize("path", ["/volumes", "/v1.24/volumes"])
def test_both_forms_of_filters_are_understood(api: Any, path: str, filters: str) -> None:
    api.post("/volumes/create", {"Name": "one", "Labels": {"a": "b"}})
    api.post("/volumes/create", {"Name": "two"})
    found = api.get(f"{path}?filters={quote(filters)}").json()["Volumes"]
    assert [volume["Name"] for volume in found] == ["one"]


@pytest.mark.parametrize(
    ("method", "path", "prefix"),
    [
        ("GET", "/volumes", "error reading volume filters: "),
        ("POST", "/volumes/prune", ""),
        ("GET", "/plugins", ""),
        ("GET", "/events", ""),
    ],
)
@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ("x", "invalid character 'x' looking for beginning of value"),
        ("[]", "json: cannot unmarshal array into Go value of type map[string]map[string]bool"),
        ('{"a":1}', "json: cannot unmarshal number into Go value of type map[string]bool"),
        ('{"a":{"b":1}}', "json: cannot unmarshal number into Go value of type bool"),
    ],
)
def test_filters_that_cannot_be_read_are_the_client_s_fault_everywhere(
    api: Any, method: str, path: str, prefix: str, filters: str, words: str
) -> None:
    answer = api.ask(method, f"{path}?filters={quote(filters)}")
    assert (answer.status_code, message(answer)) == (400, prefix + words)


def test_a_plugin_is_made_shown_set_and_removed(api: Any) -> None:
    assert api.post("/plugins/create?name=a/b", tar(), TAR).status_code == 204
    assert [plugin["Name"] for plugin in api.get("/plugins").json()] == ["a/b:latest"]
    assert api.post("/plugins/a/b/set", ["DEBUG=1"]).status_code == 204
    assert api.get("/plugins/a/b:latest/json").json()["Settings"]["Env"] == ["DEBUG=1"]
    assert api.delete("/plugins/a/b").status_code == 200
    assert api.get("/plugins/a/b/json").status_code == 404


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "got EOF while reading request body"),
        (b"{invalid", "invalid character 'i' looking for beginning of object key string"),
        (b"{}", "json: cannot unmarshal object into Go value of type []string"),
    ],
)
def test_settings_in_bad_json_are_the_client_s_fault(api: Any, body: bytes, words: str) -> None:
    answer = api.post("/plugins/none/set", body)
    assert (answer.status_code, message(answer)) == (400, words)


@pytest.mark.parametrize("timeout", ["", "x", "1.5", "9" * 20])
def test_a_plugin_is_not_enabled_without_a_number_of_seconds(api: Any, timeout: str) -> None:
    answer = api.post(f"/plugins/none/enable?timeout={timeout}")
    assert answer.status_code == 500
    assert message(answer).startswith(f'strconv.Atoi: parsing "{timeout}": ')


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/plugins/privileges"),
        ("POST", "/plugins/pull"),
        ("POST", "/plugins/a/b/push"),
        ("POST", "/plugins/a/upgrade"),
    ],
)
def test_what_needs_a_registry_is_not_implemented(api: Any, method: str, path: str) -> None:
    answer = api.ask(method, path)
    assert answer.status_code == 501
    assert "docker plugin create" in message(answer)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/nope"),
        ("GET", "/v1.39/nope"),
        ("GET", "/v1.39"),
        ("PUT", "/volumes"),
        ("HEAD", "/volumes/none"),
        ("POST", "/_ping"),
        ("GET", "/plugins/none"),
    ],
)
def test_what_is_not_served_is_not_found(api: Any, method: str, path: str) -> None:
    assert api.ask(method, path).status_code == 404


@pytest.mark.parametrize("query", ["since=x", "until=x", "since=1.x", "since=" + "9" * 20])
def test_times_that_are_none_are_refused(api: Any, query: str) -> None:
    assert message(api.get(f"/events?{query}")).startswith("strconv.ParseInt: parsing")


def test_events_cannot_end_before_they_begin(api: Any) -> None:
    answer = api.get("/events?since=2&until=1")
    assert (answer.status_code, message(answer)) == (400, "`since` time (2) cannot be after `until` time (1)")


def test_past_events_are_sent_one_a_line(api: Any) -> None:
    api.post("/volumes/create", {"Name": "data"})
    api.delete("/volumes/data")
    lines = api.get(f"/events?since=0&until={time.time():.9f}").text.splitlines()
    assert [json.loads(line)["Action"] for line in lines] == ["create", "destroy"]


def test_the_oldest_version_has_its_own_info(api: Any) -> None:
    assert api.get("/v1.24/info").json()["ExecutionDriver"] == "<not supported>"
    assert "ExecutionDriver" not in api.get("/v1.25/info").json()


def test_a_surprise_is_an_error_without_a_trace(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.daemon, "system_disk_usage", lambda **_: 1 // 0)
    answer = api.get("/system/df")
    assert (answer.status_code, message(answer)) == (
        500,
        "internal error: ZeroDivisionError; the engine's log says more",
    )


@pytest.mark.parametrize(
    ("path", "clean"),
    [
        ("", "/"),
        ("/", "/"),
        ("//a", "/a"),
        ("/a//b", "/a/b"),
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/../..", "/"),
        ("/a/", "/a/"),
        ("/a/..", "/"),
        ("/a/../", "/"),
    ],
)
def test_paths_are_cleaned_as_go_cleans_them(path: str, clean: str) -> None:
    assert clean_path(path) == clean


def test_an_unclean_path_is_somewhere_else(api: Any) -> None:
    answer = api.ask("GET", "/v1.39//volumes?filters=x")
    assert (answer.status_code, answer.headers["location"]) == (301, "/v1.39/volumes?filters=x")


@dataclass(frozen=True)
class Routes:
    """A router."""

    routes: Sequence[Route]


def test_first_matching_route_answers() -> None:
    def named(name: str) -> Any:
        async def handler(call: Any) -> Response:
            return Response(name + call.vars.get("name", ""))

        return handler

    async def ask(routes: Sequence[Route], path: str) -> tuple[int, str]:
        server = Server()
        server.init_router(Routes(routes))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(server), base_url="http://d") as client:
            answer = await client.get(path)
        return answer.status_code, answer.text

    any_name, fixed = new_get_route("/a/{name:path}", named("any ")), new_get_route("/a/b", named("fixed"))
    assert asyncio.run(ask((any_name, fixed), "/a/b")) == (200, "any b")
    assert asyncio.run(ask((fixed, any_name), "/a/b")) == (200, "fixed")
    assert asyncio.run(ask((any_name,), "/v1.39/a/b/c")) == (200, "any b/c")
    assert asyncio.run(ask((any_name,), "/a/b%0A"))[0] == 404
    assert asyncio.run(ask((new_post_route("/a", named("post")),), "/a"))[0] == 404
