"""How the engine ends: signals, requests that wait, clients that hang up."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from runtime.examples.packing import pack
from runtime.pkg.signal import CAUGHT

pytestmark = pytest.mark.slow

ENDING = sorted(CAUGHT - {signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2})
SHOWN = [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGALRM, signal.SIGABRT, signal.SIGRTMIN]


ENDED = """
import os, signal
from runtime import cli
from runtime.volume.service.service import VolumesService
unmount = VolumesService.unmount
def end(*args, **options):
    os.kill(os.getpid(), signal.SIGTERM)
    return unmount(*args, **options)
VolumesService.unmount = end
cli.app(["example", "mount"])
"""


def send(engine: Any, request: bytes) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(30)
    client.connect(engine.host.removeprefix("unix://"))
    client.sendall(request)
    return client


def post(path: str, body: bytes = b"") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def with_plugin(engine: Any) -> int:
    """Enable the example plugin, and return its process."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(pack(engine.root.parent / "packed"), ".")
    assert engine.ask("POST", "/plugins/create?name=p", made.getvalue()).status == 204
    assert engine.ask("POST", "/plugins/p/enable?timeout=30").status == 200
    (state,) = engine.root.parent.glob("x/plugins/plugins.moby/*/state.json")
    return int(json.loads(state.read_text())["pid"])


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("numbers", [[signal.SIGTERM], [signal.SIGINT, signal.SIGINT]])
def test_waiting_request_gets_an_error_when_engine_stops(new_engine: Any, numbers: list[int]) -> None:
    waiting = post("/volumes/create", b'{"Name":"x","Driver":"nosuch"}')
    with send(new_engine, waiting) as client:
        new_engine.wait_until(lambda: "Unable to locate plugin: nosuch" in new_engine.said())
        for number in numbers:
            new_engine.process.send_signal(number)
        answer = client.makefile("rb").read()
    assert new_engine.process.wait(30) == 0
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert json.loads(body) == {"message": "the engine is shutting down"}
    assert "Traceback" not in new_engine.said()
    assert "level=error" not in new_engine.said()


@pytest.mark.parametrize("number", SHOWN)
def test_no_signal_leaves_a_plugin_or_mount_behind(new_engine: Any, number: int) -> None:
    plugin = with_plugin(new_engine)
    assert runs(plugin)
    assert new_engine.stop(number) == 0
    assert not runs(plugin)
    assert str(new_engine.root) not in Path("/proc/self/mountinfo").read_text()
    assert not Path(new_engine.host.removeprefix("unix://")).exists()


def test_signals_that_do_not_end_the_engine_are_survived(new_engine: Any) -> None:
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE, signal.SIGWINCH):
        new_engine.process.send_signal(number)
        assert new_engine.ask("GET", "/_ping").body == b"OK"
    assert new_engine.stop() == 0


def test_every_signal_is_either_caught_or_known() -> None:
    assert {signal.SIGXCPU, signal.SIGVTALRM, signal.SIGPROF, signal.SIGIO, signal.SIGRTMAX} <= set(ENDING)


@pytest.mark.parametrize("request_", ["GET /system/df", "POST /volumes/prune", "GET /events", "GET /volumes"])
def test_client_that_hangs_up_is_no_error(new_engine: Any, request_: str) -> None:
    for number in range(40):
        new_engine.ask("POST", "/volumes/create", {"Name": f"v{number}"})
    folder = new_engine.root / "volumes" / "v0" / "_data"
    for number in range(5000):
        (folder / str(number)).touch()
    for _ in range(10):
        send(new_engine, f"{request_} HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n".encode()).close()
    assert new_engine.ask("GET", "/_ping").body == b"OK"
    assert new_engine.stop() == 0
    assert "Traceback" not in new_engine.said()
    assert "level=error" not in new_engine.said()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")
def test_example_that_is_ended_leaves_no_mount() -> None:
    before = Path("/proc/self/mountinfo").read_text()
    done = subprocess.run(
        [sys.executable, "-c", ENDED],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 128 + signal.SIGTERM, done
    assert Path("/proc/self/mountinfo").read_text() == before
