"""Volumes of a legacy plugin, through the API."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from runtime.examples.plugin import Server, Volumes

Json = dict[str, Any]


class External(Volumes):
    """The example plugin, which notes what it is asked, and answers some methods otherwise."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked: list[str] = []
        self.instead: dict[str, Json] = {}
        self.wait: dict[str, threading.Event] = {}
        self.stopped = False

    def call(self, method: str, request: Json) -> Json:
        if self.stopped:
            raise ConnectionAbortedError  # ends the connection that the engine keeps
        short = method.rpartition(".")[2]
        self.asked.append(short)
        if short in self.wait:
            self.wait[short].wait(30)
        return self.instead[short] if short in self.instead else super().call(method, request)

    def count(self, method: str) -> int:
        return self.asked.count(method)


@pytest.fixture
def drivers(root: Path) -> Iterator[Callable[[str], External]]:
    """Runs a driver under a name."""
    with ExitStack() as stack:

        def run(name: str) -> External:
            (root / f"data-{name}").mkdir()
            volumes = External(root / f"data-{name}")
            server = Server(root / "plugins" / f"{name}.sock", volumes, lambda _: None)
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(server.server_close)
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return volumes

        yield run


def create(api: Any, name: str, driver: str, **more: Any) -> Any:
    return api.post("/volumes/create", {"Name": name, "Driver": driver, **more})


def test_a_name_belongs_to_one_driver(api: Any, drivers: Callable[[str], External]) -> None:
    drivers("one")
    assert create(api, "data", "one").status_code == 201
    assert create(api, "data", "one").status_code == 201
    answer = create(api, "data", "local")
    assert answer.status_code == 409
    assert answer.json()["message"].endswith(
        "driver 'one' already has volume 'data': volume name must be unique"
    )


def test_a_driver_that_does_not_answer_keeps_nobody_else_waiting(
    api: Any, drivers: Callable[[str], External]
) -> None:
    slow = drivers("slow")
    slow.wait["Create"] = threading.Event()
    stuck = threading.Thread(target=create, args=(api, "stuck", "slow"))
    stuck.start()
    try:
        assert create(api, "quick", "local").status_code == 201
        assert api.get("/volumes/quick").status_code == 200
        assert stuck.is_alive()
    finally:
        slow.wait["Create"].set()
        stuck.join()


def test_a_driver_that_comes_late_is_found_and_asked_once_what_it_is(
    api: Any, drivers: Callable[[str], External]
) -> None:
    assert create(api, "data", "late").status_code == 404
    late = drivers("late")
    assert create(api, "data", "late").status_code == 201
    assert create(api, "more", "late").status_code == 201
    assert late.count("Activate") == 1


def test_a_list_asks_a_driver_once_and_for_no_paths(api: Any, drivers: Callable[[str], External]) -> None:
    driver = drivers("one")
    create(api, "data", "one")
    driver.asked.clear()
    found = api.get("/volumes").json()["Volumes"]
    assert [(volume["Driver"], volume["Name"]) for volume in found] == [("one", "data")]
    assert driver.asked == ["List"]


def test_creating_and_listing_make_no_calls_of_path(api: Any, drivers: Callable[[str], External]) -> None:
    driver = drivers("one")
    create(api, "data", "one")
    api.get("/volumes")
    assert driver.count("Path") == 0


def test_a_volume_that_nobody_knows_is_asked_for_once(api: Any, drivers: Callable[[str], External]) -> None:
    driver = drivers("one")
    create(api, "data", "one")
    driver.asked.clear()
    assert api.get("/volumes/none").json()["message"] == "get none: no such volume"
    assert driver.asked == ["Get"]


def test_what_a_driver_tells_of_a_volume_is_passed_on(api: Any, drivers: Callable[[str], External]) -> None:
    drivers("one")
    create(api, "data", "one")
    assert api.get("/volumes/data").json()["Status"] == {"options": {}, "mounts": 0}


def test_an_empty_answer_means_that_there_is_no_volume(api: Any, drivers: Callable[[str], External]) -> None:
    driver = drivers("one")
    create(api, "data", "one")
    driver.instead["Get"] = {}
    answer = api.get("/volumes/data")
    assert (answer.status_code, answer.json()["message"]) == (404, "get data: no such volume")


def test_a_scope_is_asked_for_once_and_shown(api: Any, drivers: Callable[[str], External]) -> None:
    driver = drivers("one")
    driver.instead["Capabilities"] = {"Capabilities": {"Scope": "global"}}
    for name in ("first", "second"):
        assert create(api, name, "one").json()["Scope"] == "global"
    assert driver.count("Capabilities") == 1


@pytest.mark.parametrize("driver", ["one", "local"])
def test_a_volume_that_its_driver_lost_can_be_made_anew(
    api: Any, drivers: Callable[[str], External], driver: str
) -> None:
    one = drivers("one")
    create(api, "data", "one", DriverOpts={"old": "1"})
    assert create(api, "data", "local").status_code == 409
    one.call("/VolumeDriver.Remove", {"Name": "data"})
    options = {"new": "1"} if driver == "one" else None
    made = create(api, "data", driver, DriverOpts=options)
    assert (made.status_code, made.json()["Options"]) == (201, options)
    assert api.get("/volumes/data").json()["Driver"] == driver


def beside(call: Callable[[], Any]) -> Future[Any]:
    """Make a call in a thread of its own."""
    future: Future[Any] = Future()
    threading.Thread(target=lambda: future.set_result(call()), daemon=True).start()
    return future


def asked(driver: External, method: str, times: int = 1) -> None:
    """Wait until a driver is asked."""
    while driver.count(method) < times:
        time.sleep(0.001)


@pytest.fixture
def remote(api: Any, drivers: Callable[[str], External]) -> External:
    """A driver with a volume that the engine has no record of."""
    driver = drivers("remote")
    assert create(api, "own", "remote").status_code == 201
    driver.call("/VolumeDriver.Create", {"Name": "precious"})
    return driver


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/volumes/precious", "/volumes/create"])
@pytest.mark.parametrize("method", ["Get", "Activate"])
def test_slow_driver_is_waited_for(
    api: Any, drivers: Callable[[str], External], path: str, method: str
) -> None:
    driver = drivers("remote")
    driver.call("/VolumeDriver.Create", {"Name": "precious"})
    driver.wait[method] = threading.Event()
    answer = beside(lambda: api.get(path) if path.endswith("us") else api.post(path, {"Name": "precious"}))
    asked(driver, method)
    with pytest.raises(TimeoutError):
        answer.result(1.5)
    driver.wait[method].set()
    assert answer.result(20).json()["Driver"] == "remote"


def test_slow_list_does_not_hinder_get(api: Any, remote: External) -> None:
    remote.wait["List"] = threading.Event()
    listing = beside(lambda: api.get("/volumes"))
    asked(remote, "List")
    assert api.get("/volumes/precious").json()["Driver"] == "remote"
    assert api.post("/volumes/create", {"Name": "precious"}).json()["Driver"] == "remote"
    remote.wait["List"].set()
    assert {volume["Name"] for volume in listing.result(20).json()["Volumes"]} == {"own", "precious"}


@pytest.mark.parametrize("instead", [{"Volume": {"Name": 1}}, {"Volume": "x"}])
def test_unclear_answer_is_no_denial(api: Any, remote: External, instead: Json) -> None:
    remote.instead["Get"] = instead
    for answer in (api.get("/volumes/precious"), api.post("/volumes/create", {"Name": "precious"})):
        assert answer.status_code == 500
        assert 'driver "remote": ' in answer.json()["message"]
    assert api.post("/volumes/create", {"Name": "precious", "Driver": "local"}).status_code == 201


def test_list_names_refused_connection_at_once(api: Any, remote: External, root: Path) -> None:
    api.daemon.volumes.vs.probes.bound = 600.0
    remote.stopped = True
    socket_path = root / "plugins" / "remote.sock"
    socket_path.unlink()
    with socket.socket(socket.AF_UNIX) as nobody:
        nobody.bind(str(socket_path))
    api.daemon.volumes.vs.drivers.extensions["remote"].proxy.client.close()
    answer = api.get("/volumes").json()
    assert [volume["Name"] for volume in answer["Volumes"]] == ["own"]
    (warning,) = answer["Warnings"]
    assert warning.startswith("list remote: ")
    assert "connection refused" in warning


def test_volume_is_created_though_get_fails(api: Any, drivers: Callable[[str], External]) -> None:
    driver = drivers("one")
    driver.instead["Get"] = {"Volume": "x"}
    assert create(api, "data", "one").status_code == 201
    assert driver.count("Create") == 1


def test_uninstalled_driver_leaves_no_volume_that_stays(api: Any, remote: External, root: Path) -> None:
    (root / "plugins" / "remote.sock").unlink()
    assert api.delete("/volumes/precious?force=1").status_code == 204
    assert remote.count("Remove") == 1
    remote.stopped = True
    assert api.delete("/volumes/own?force=1").status_code == 204
    assert api.get("/volumes").json()["Volumes"] == []
    assert api.post("/volumes/create", {"Name": "own"}).json()["Driver"] == "local"


def test_a_driver_filter_wants_the_whole_name(api: Any, drivers: Callable[[str], External]) -> None:
    drivers("local-ish")
    create(api, "ours", "local")
    create(api, "theirs", "local-ish")
    for wanted, found in (("local", ["ours"]), ("local-ish", ["theirs"]), ("loc", [])):
        filters = json.dumps({"driver": [wanted]})
        assert [
            volume["Name"] for volume in api.get(f"/volumes?filters={filters}").json()["Volumes"]
        ] == found


def test_a_directory_that_was_deleted_behind_the_engine_s_back_is_removed_by_force(
    api: Any, root: Path
) -> None:
    api.post("/volumes/create", {"Name": "data"})
    (root / "r" / "volumes" / "data" / "_data").rmdir()
    assert api.delete("/volumes/data?force=1").status_code == 204
    assert api.post("/volumes/create", {"Name": "data"}).status_code == 201
    assert (root / "r" / "volumes" / "data" / "_data").is_dir()
