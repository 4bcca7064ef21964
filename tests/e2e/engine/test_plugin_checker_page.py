"""What the checker says about the engine is what dockerd 20.10.24 does with a broken plugin."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import pytest

from tests.e2e.engine.conftest import Engine, making_engines

pytestmark = pytest.mark.slow

Json = dict[str, Any]


class Raw(Exception):
    """Bytes to answer with."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        super().__init__()
        self.body, self.status = body, status


class Plugin:
    """A legacy plugin on a socket of its own; `faults` answer in place of its methods."""

    def __init__(self, folder: Path, sockets: Path) -> None:
        self.name = f"checked{os.getpid()}x{time.monotonic_ns()}"
        self.path = sockets / f"{self.name}.sock"
        self.folder = folder
        self.volumes: set[str] = set()
        self.calls: list[tuple[str, Json]] = []
        self.faults: dict[str, Callable[[Json], Any]] = {}
        self.server = _Server(cast("tuple[str, int]", str(self.path)), _Handler)
        self.server.plugin = self
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self.path.exists():
            self.server.shutdown()
            self.server.server_close()
            self.path.unlink()

    def asked(self, method: str) -> int:
        return sum(name == method for name, _ in self.calls)

    def call(self, method: str, request: Json) -> Any:
        self.calls.append((method, request))
        if method in self.faults and (answer := self.faults[method](request)) is not None:
            return answer
        name = request.get("Name", "")
        if method == "Activate":
            return {"Implements": ["VolumeDriver"]}
        if method == "Capabilities":
            return {"Capabilities": {"Scope": "local"}}
        if method == "List":
            return {"Volumes": [self.described(each) for each in sorted(self.volumes)]}
        if method == "Create":
            self.volumes.add(name)
            (self.folder / name).mkdir(exist_ok=True)
            return {}
        if name not in self.volumes:
            raise Raw(json.dumps({"Err": f"no volume {name}"}).encode(), 500)
        if method == "Remove":
            self.volumes.discard(name)
        described = self.described(name)
        return {"Volume": described, "Mountpoint": described["Mountpoint"]}

    def described(self, name: str) -> Json:
        return {"Name": name, "Mountpoint": str(self.folder / name)}


class _Server(ThreadingHTTPServer):
    address_family = __import__("socket").AF_UNIX
    daemon_threads = True
    plugin: Plugin

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)

    def handle_error(self, *_: object) -> None:
        pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            made = self.server.plugin.call(self.path.rpartition(".")[2], json.loads(raw or b"{}"))
            body, status = json.dumps(made).encode(), 200
        except Raw as answer:
            body, status = answer.body, answer.status
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def dockerd() -> Iterator[Engine]:
    with making_engines() as engines:
        yield engines.dockerd().start()


@pytest.fixture
def own_dockerd() -> Iterator[Engine]:
    """A dockerd for one test."""
    with making_engines() as engines:
        yield engines.dockerd().start()


@pytest.fixture
def own_client(own_dockerd: Engine, tmp_path: Path) -> Iterator[Client]:
    """A client of that dockerd, with a plugin there."""
    plugin = Plugin(tmp_path, own_dockerd.plugins)
    yield Client(own_dockerd, plugin)
    plugin.stop()


@pytest.fixture
def plugin(tmp_path: Path, dockerd: Engine) -> Iterator[Plugin]:
    made = Plugin(tmp_path, dockerd.plugins)
    yield made
    made.stop()


class Client:
    """What a user does with the plugin."""

    def __init__(self, engine: Engine, plugin: Plugin) -> None:
        self.engine, self.plugin = engine, plugin

    def create(self, name: str = "v", **more: Any) -> tuple[int, Any]:
        return self.ask("POST", "/volumes/create", {"Name": name, "Driver": self.plugin.name, **more})

    def get(self, name: str = "v") -> tuple[int, Any]:
        return self.ask("GET", f"/volumes/{name}")

    def remove(self, name: str = "v") -> tuple[int, Any]:
        return self.ask("DELETE", f"/volumes/{name}")

    def list(self) -> list[str]:
        found = self.ask("GET", "/volumes")[1]["Volumes"] or []
        return [each["Name"] for each in found if each["Driver"] == self.plugin.name]

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        answer = self.engine.ask(method, path, body)
        return answer.status, json.loads(answer.body or b"null")


@pytest.fixture
def client(dockerd: Engine, plugin: Plugin) -> Iterator[Client]:
    made = Client(dockerd, plugin)
    yield made
    plugin.faults.clear()
    for name in made.list():
        made.remove(name)


def fails(answer: tuple[int, Any], text: str) -> bool:
    return answer[0] >= 400 and text in answer[1]["message"]


def test_unreachable_is_refused_or_not_found(client: Client, plugin: Plugin) -> None:
    plugin.server.shutdown()
    plugin.server.server_close()
    start = time.monotonic()
    assert fails(client.create(), "connection refused")
    assert 10 < time.monotonic() - start < 25
    plugin.path.unlink()
    assert fails(client.create(), "not found")


def test_no_answer_is_tried_again_with_an_empty_body(client: Client, plugin: Plugin) -> None:
    lengths: list[int] = []

    class BreaksOff(_Handler):
        def do_POST(self) -> None:
            if not self.path.endswith(".Create"):
                return super().do_POST()
            lengths.append(len(self.rfile.read(int(self.headers.get("Content-Length") or 0))))
            self.close_connection = True
            return None

    plugin.server.RequestHandlerClass = BreaksOff
    start = time.monotonic()
    assert client.create()[0] >= 400
    assert 10 < time.monotonic() - start < 30
    assert lengths[0] > 0
    assert set(lengths[1:]) == {0}


def test_no_plugin_is_called_before_the_handshake(client: Client, plugin: Plugin) -> None:
    def fails_to_activate(_: Json) -> None:
        raise Raw(b"404 page not found\n", 404)

    plugin.faults["Activate"] = fails_to_activate
    assert client.create()[0] >= 400
    assert client.create()[0] >= 400
    assert {method for method, _ in plugin.calls} == {"Activate"}
    plugin.faults.clear()
    assert client.create()[0] == 201


def test_a_starting_engine_does_not_answer_its_plugins(own_client: Client) -> None:
    answered: list[bool] = []
    engine = own_client.engine
    own_client.create()
    engine.stop()

    def calls_engine(_: Json) -> None:
        command = ["curl", "-s", "-m", "3", "--unix-socket", f"{engine.host[7:]}", "http://d/_ping"]
        answered.append(subprocess.run(command, check=False).returncode == 0)

    own_client.plugin.faults["Activate"] = calls_engine
    engine.start()
    own_client.remove()
    assert answered == [False]


def test_a_hanging_get_is_called_once(client: Client, plugin: Plugin) -> None:
    client.create()
    before = plugin.asked("Get")
    plugin.faults["Get"] = lambda _: time.sleep(100)
    connection = subprocess.run(
        [
            "curl",
            "-s",
            "-m",
            "80",
            "--unix-socket",
            client.engine.host.removeprefix("unix://"),
            "http://d/volumes/v",
        ],
        check=False,
        capture_output=True,
    )
    assert b"context deadline exceeded" in connection.stdout
    assert plugin.asked("Get") == before + 1


def test_a_list_waits_for_a_slow_plugin(client: Client, plugin: Plugin) -> None:
    client.create()
    plugin.faults["List"] = lambda _: time.sleep(2.5)
    assert client.list() == ["v"]


@pytest.mark.parametrize(
    ("body", "text"), [(b"<html>", "invalid character"), (b'{"Err":5}', "cannot unmarshal")]
)
def test_not_json_and_wrong_types_fail(client: Client, plugin: Plugin, body: bytes, text: str) -> None:
    def broken(_: Json) -> None:
        raise Raw(body)

    plugin.faults["Create"] = broken
    assert fails(client.create(), text)


def test_a_large_reply_is_read(client: Client, plugin: Plugin) -> None:
    client.create()

    def large(_: Json) -> None:
        raise Raw(b" " * (17 << 20) + b'{"Volumes":[{"Name":"v"}]}')

    plugin.faults["List"] = large
    assert client.list() == ["v"]


@pytest.mark.parametrize("implements", ["volumedriver", "NetworkDriver"])
def test_another_capability_is_refused(client: Client, plugin: Plugin, implements: str) -> None:
    plugin.faults["Activate"] = lambda _: {"Implements": [implements]}
    assert fails(client.create(), "Plugin does not implement the requested driver")


def test_the_case_of_keys_does_not_matter(client: Client, plugin: Plugin) -> None:
    plugin.faults["Activate"] = lambda _: {"implements": ["VolumeDriver"]}
    assert client.create()[0] == 201
    plugin.faults["Create"] = lambda _: {"err": "disk full"}
    assert fails(client.create("w"), "disk full")


@pytest.mark.parametrize("scope", ["cluster", "", None])
def test_an_unknown_scope_is_local(client: Client, plugin: Plugin, scope: str | None) -> None:
    plugin.faults["Capabilities"] = lambda _: {"Capabilities": {"Scope": scope}}
    assert client.create()[1]["Scope"] == "local"


def test_a_global_scope_changes_only_what_is_shown(client: Client, plugin: Plugin) -> None:
    plugin.faults["Capabilities"] = lambda _: {"Capabilities": {"Scope": "GLOBAL"}}
    assert client.create()[1]["Scope"] == "global"
    assert client.remove()[0] == 204
    assert plugin.asked("Remove") == 1


def test_an_error_without_text_shows_the_body(client: Client, plugin: Plugin) -> None:
    def empty(_: Json) -> None:
        raise Raw(b"", 500)

    plugin.faults["Create"] = empty
    assert client.create()[1]["message"].endswith("VolumeDriver.Create: ")

    def no_text(_: Json) -> None:
        raise Raw(b'{"Err":""}', 500)

    plugin.faults["Create"] = no_text
    assert client.create()[1]["message"].endswith('VolumeDriver.Create: {"Err":""}')


def test_an_error_as_text_is_shown_as_it_is(client: Client, plugin: Plugin) -> None:
    def text(_: Json) -> None:
        raise Raw(b"oh no\n", 500)

    plugin.faults["Create"] = text
    assert client.create()[1]["message"].endswith("VolumeDriver.Create: oh no\n")


def test_every_name_that_exists_is_never_created(client: Client, plugin: Plugin) -> None:
    plugin.faults["Get"] = lambda request: {"Volume": {"Name": request["Name"]}}
    assert client.create(DriverOpts={"a": "b"})[0] == 201
    assert plugin.asked("Create") == 0


def test_a_null_volume_is_a_missing_one(client: Client, plugin: Plugin) -> None:
    plugin.faults["Get"] = lambda _: {"Volume": None}
    assert client.create()[0] == 201
    assert plugin.asked("Create") == 1


def test_no_options_are_sent_as_null(client: Client, plugin: Plugin) -> None:
    client.create()
    assert next(request for method, request in plugin.calls if method == "Create")["Opts"] is None


def test_a_volume_that_get_refuses_is_forgotten(client: Client, plugin: Plugin) -> None:
    client.create()
    plugin.faults["Get"] = lambda _: {"Err": "no"}
    assert client.get()[0] == 404
    assert client.create()[0] == 201
    assert plugin.asked("Create") == 2


@pytest.mark.parametrize(
    ("volume", "status"),
    [
        ({"CreatedAt": "2026-11-28 10:00:00+00:00"}, 404),
        ({"CreatedAt": "2026-11-28T10:00:00+0000"}, 404),
        ({"CreatedAt": ""}, 404),
        ({"CreatedAt": "2026-11-28T1:00:00,5Z"}, 200),
        ({"CreatedAt": None, "Status": None}, 200),
        ({"Status": "fine"}, 404),
        ({"Status": {"a": [1]}}, 200),
        ({"Mountpoint": 1}, 404),
    ],
)
def test_times_and_status(client: Client, plugin: Plugin, volume: Json, status: int) -> None:
    client.create()
    plugin.faults["Get"] = lambda request: {"Volume": {"Name": request["Name"], **volume}}
    answer = client.get()
    assert answer[0] == status
    if isinstance(volume.get("Status"), dict):
        assert answer[1]["Status"] == volume["Status"]


def test_escapes_in_a_time_are_refused(client: Client, plugin: Plugin) -> None:
    client.create()

    def escaped(_: Json) -> None:
        raise Raw(b'{"Volume":{"Name":"v","CreatedAt":"2026-11-28T10:00:00\\u002b00:00"}}')

    plugin.faults["Get"] = escaped
    assert client.get()[0] == 404


def test_an_error_of_path_is_ignored(client: Client, plugin: Plugin) -> None:
    client.create()
    plugin.faults["Get"] = lambda request: {"Volume": {"Name": request["Name"]}}
    plugin.faults["Path"] = lambda _: {"Err": "not mounted"}
    status, volume = client.get()
    assert (status, volume["Mountpoint"]) == (200, "")


def test_a_list_that_fails_is_a_warning(client: Client, plugin: Plugin) -> None:
    client.create()
    plugin.volumes.add("unknown")
    plugin.faults["List"] = lambda _: {"Err": "no"}
    assert client.list() == ["v"]
    assert any("no" in warning for warning in client.ask("GET", "/volumes")[1]["Warnings"])


def test_what_is_not_listed_is_not_shown(client: Client, plugin: Plugin) -> None:
    client.create()
    plugin.faults["List"] = lambda _: {"Volumes": []}
    assert client.list() == []
    plugin.faults["List"] = lambda _: {"Volumes": [{"Name": "v"}, {"Name": "v"}]}
    assert client.list() == ["v", "v"]


def test_a_wrong_name_is_kept(client: Client, plugin: Plugin) -> None:
    plugin.faults["List"] = lambda _: {"Volumes": [{"Name": "other"}]}
    assert client.list() == ["other"]
    assert client.get("other")[0] == 404


def test_a_removed_volume_that_is_listed_is_back(client: Client, plugin: Plugin) -> None:
    client.create()
    plugin.faults["List"] = lambda _: {"Volumes": [{"Name": "v"}]}
    assert client.remove()[0] == 204
    assert client.list() == ["v"]


def test_a_removal_that_fails_keeps_the_volume(client: Client, plugin: Plugin) -> None:
    client.create()
    plugin.faults["Remove"] = lambda _: {"Err": "busy"}
    assert fails(client.remove(), "busy")
    assert client.list() == ["v"]


IMAGE = "checked"


@pytest.fixture(scope="module")
def image(dockerd: Engine) -> str:
    """An image with `sleep` and what it needs."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        found = subprocess.run(["ldd", "/bin/sleep"], check=True, capture_output=True, text=True).stdout
        for path in ["/bin/sleep", *(word for word in found.split() if word.startswith("/"))]:
            archive.add(Path(path).resolve(), path.lstrip("/"))
    answer = dockerd.ask("POST", f"/images/create?fromSrc=-&repo={IMAGE}", made.getvalue())
    assert answer.status == 200, answer.body
    return IMAGE


class Container:
    def __init__(self, client: Client, image: str, volume: str = "v") -> None:
        self.client = client
        host = {"Binds": [f"{volume}:/data"], "NetworkMode": "none"}
        body = {"Image": image, "Cmd": ["/bin/sleep", "1000"], "HostConfig": host}
        status, made = client.ask("POST", "/containers/create", body)
        assert status == 201, made
        self.id = made["Id"]

    def start(self) -> tuple[int, Any]:
        return self.client.ask("POST", f"/containers/{self.id}/start")

    def remove(self) -> None:
        self.client.ask("DELETE", f"/containers/{self.id}?force=1")


@pytest.mark.parametrize(
    ("mountpoint", "text"),
    [
        ({"Err": "no disk"}, "error while mounting volume"),
        ({"Mountpoint": "/no/such/place"}, "no such file or directory"),
        ({"Mountpoint": "data"}, "/data: no such file or directory"),  # in the container's bundle
    ],
)
def test_what_mount_answers(client: Client, plugin: Plugin, image: str, mountpoint: Json, text: str) -> None:
    client.create()
    plugin.faults["Mount"] = lambda _: mountpoint
    container = Container(client, image)
    try:
        status, said = container.start()
        assert status >= 400
        assert text in said["message"]
    finally:
        container.remove()


def test_docker_cp_mounts_the_id_of_a_running_container(client: Client, plugin: Plugin, image: str) -> None:
    client.create()
    container = Container(client, image)
    try:
        assert container.start()[0] == 204
        client.engine.ask("HEAD", f"/containers/{container.id}/archive?path={quote('/data')}")
        uses = [(method, request["ID"]) for method, request in plugin.calls if method in {"Mount", "Unmount"}]
        assert [method for method, _ in uses] == ["Mount", "Mount", "Unmount"]
        assert len({ref for _, ref in uses}) == 1
        assert client.remove()[0] == 409
    finally:
        container.remove()
    assert plugin.asked("Mount") == plugin.asked("Unmount") == 2


def test_docker_cp_fails_if_an_id_is_not_mounted_twice(client: Client, plugin: Plugin, image: str) -> None:
    client.create()
    container = Container(client, image)
    try:
        assert container.start()[0] == 204
        plugin.faults["Mount"] = lambda _: {"Err": "already mounted"}
        path = f"/containers/{container.id}/archive?path={quote('/data')}"
        assert fails(client.ask("GET", path), "already mounted")
    finally:
        container.remove()


def test_an_unmount_that_fails_is_in_the_log_alone(client: Client, plugin: Plugin, image: str) -> None:
    client.create()
    container = Container(client, image)
    assert container.start()[0] == 204
    plugin.faults["Unmount"] = lambda _: {"Err": "still busy"}
    assert client.ask("POST", f"/containers/{container.id}/stop?t=0")[0] == 204
    client.engine.wait_until(lambda: "still busy" in client.engine.said())
    container.remove()


def test_without_a_mountpoint_the_container_gets_its_bundle(
    client: Client, plugin: Plugin, image: str
) -> None:
    client.create()
    plugin.faults["Mount"] = lambda _: {}
    container = Container(client, image)
    try:
        assert container.start()[0] == 204
        pid = client.ask("GET", f"/containers/{container.id}/json")[1]["State"]["Pid"]
        assert Path(f"/proc/{pid}/root/data/config.json").exists()
    finally:
        container.remove()


def test_a_null_in_a_list_ends_dockerd(own_client: Client) -> None:
    own_client.create()
    own_client.plugin.faults["List"] = lambda _: {"Volumes": [None]}
    with pytest.raises(OSError, match=r"closed|reset"):
        own_client.list()
    process = own_client.engine.process
    assert process is not None
    assert process.wait(30) == 2
    assert "invalid memory address or nil pointer dereference" in own_client.engine.said()
