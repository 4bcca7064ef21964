"""Clients that go away in the middle of something: it is done wholly, or not at all."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[3]


def leave_after(engine: Any, request: bytes) -> None:
    """Send something, and be gone."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(engine.host.removeprefix("unix://"))
        client.sendall(request)


def post(path: str, body: bytes = b"", *, length: int | None = None) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body


def sound(engine: Any) -> bool:
    """Whether nothing is wrong in a root, once its engine has stopped."""
    assert engine.stop() == 0
    check = [sys.executable, "-m", "runtime", "check", "--root", str(engine.root)]
    return subprocess.run(check, cwd=PROJECT, capture_output=True, check=False).returncode == 0


def with_plugin(engine: Any, packed: Path) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(packed, ".")
    assert engine.ask("POST", "/plugins/create?name=left", made.getvalue()).status == 204


def enabled(engine: Any) -> bool:
    return bool(engine.ask("GET", "/plugins/left/json").json()["Enabled"])


def test_half_a_request_for_a_volume_makes_none(new_engine: Any) -> None:
    body = json.dumps({"Name": "half", "Labels": {"a": "b"}}).encode()
    for sent in range(0, len(body), 4):
        leave_after(new_engine, post("/volumes/create", body[:sent], length=len(body)))
    assert new_engine.ask("GET", "/volumes").json()["Volumes"] == []
    assert sound(new_engine)


def test_many_who_do_not_wait_for_their_volumes_get_them_whole(new_engine: Any) -> None:
    for number in range(100):
        leave_after(new_engine, post("/volumes/create", json.dumps({"Name": f"v{number}"}).encode()))
    new_engine.wait_until(lambda: len(new_engine.ask("GET", "/volumes").json()["Volumes"]) == 100)
    assert sound(new_engine)


def test_a_prune_that_nobody_waits_for_leaves_no_half_volume(new_engine: Any) -> None:
    for number in range(200):
        new_engine.ask("POST", "/volumes/create", {"Name": f"v{number}"})
    leave_after(new_engine, post("/volumes/prune"))
    left = {each["Name"] for each in new_engine.ask("GET", "/volumes").json()["Volumes"]}
    new_engine.ask("POST", "/volumes/create", {"Name": "after"})
    assert sound(new_engine)
    assert {path.name for path in (new_engine.root / "volumes").glob("v*")} <= left
    new_engine.start()
    again = {each["Name"] for each in new_engine.ask("GET", "/volumes").json()["Volumes"]}
    assert "after" in again
    assert again - {"after"} == {path.name for path in (new_engine.root / "volumes").glob("v*")}


def test_a_plugin_whose_start_nobody_waits_for_is_started(new_engine: Any, packed: Path) -> None:
    with_plugin(new_engine, packed)
    leave_after(new_engine, post("/plugins/left/enable?timeout=30"))
    new_engine.wait_until(lambda: enabled(new_engine))
    assert new_engine.ask("POST", "/volumes/create", {"Name": "v", "Driver": "left:latest"}).status == 201
    assert new_engine.ask("DELETE", "/volumes/v").status == 204
    leave_after(new_engine, post("/plugins/left/disable"))
    new_engine.wait_until(lambda: not enabled(new_engine))
    assert new_engine.ask("DELETE", "/plugins/left").status == 200
    assert sound(new_engine)


@pytest.mark.parametrize("part", [0, 1, 600, 20_000])
def test_part_of_a_plugin_makes_none(new_engine: Any, packed: Path, part: int) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(packed / "config.json", "config.json")
    leave_after(new_engine, post("/plugins/create?name=left", made.getvalue()[:part], length=1 << 30))
    new_engine.wait_until(lambda: not any((new_engine.root / "plugins" / "tmp").iterdir()))
    assert new_engine.ask("GET", "/plugins").json() == []
    assert sound(new_engine)


def test_many_who_listen_and_leave_are_forgotten(new_engine: Any) -> None:
    own = Path(f"/proc/{new_engine.process.pid}")

    def sizes() -> tuple[int, int]:
        return len(os.listdir(own / "task")), len(os.listdir(own / "fd"))  # noqa: PTH208 - counted only

    new_engine.ask("GET", "/info")
    tasks, files = sizes()
    for _ in range(100):
        leave_after(new_engine, b"GET /events HTTP/1.1\r\nHost: d\r\n\r\n")
        leave_after(new_engine, b"GET /events?since=1 HTTP/1.1\r\nHost:")
    new_engine.wait_until(lambda: new_engine.ask("GET", "/info").json()["NEventsListener"] == 0)
    new_engine.wait_until(lambda: sizes()[0] <= tasks + 1 and sizes()[1] <= files + 1)
