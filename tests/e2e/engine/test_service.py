"""How the engine behaves as a service: sockets, locks, signals and logs."""

from __future__ import annotations

import grp
import json
import os
import signal
import socket
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from runtime.daemon.listeners import Listener
from runtime.errdefs import EngineError

pytestmark = pytest.mark.slow

CREATE = (
    b"POST /volumes/create HTTP/1.1\r\nHost: d\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)


def path_of(engine: Any) -> Path:
    return Path(engine.host.removeprefix("unix://"))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def run(engine: Any) -> subprocess.CompletedProcess[bytes]:
    """An engine that should not come to life."""
    return subprocess.run(
        engine.command, capture_output=True, timeout=60, check=False, cwd=Path(__file__).parents[3]
    )


def test_the_socket_is_for_its_owner_and_group_and_goes_with_the_engine(new_engine: Any) -> None:
    assert mode(path_of(new_engine)) == 0o660
    assert new_engine.stop() == 0
    assert not path_of(new_engine).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a file away")
def test_the_socket_can_be_given_to_a_group(engines: Any) -> None:
    group = next(each for each in grp.getgrall() if each.gr_gid != os.getegid())
    engine = engines.ours("--group", group.gr_name).start()
    assert path_of(engine).lstat().st_gid == group.gr_gid


def test_a_group_that_does_not_exist_is_refused(engines: Any) -> None:
    done = run(engines.ours("--group", "no-such-group"))
    assert (done.returncode, done.stderr) == (2, b"group no-such-group does not exist\n")


def test_a_socket_that_a_killed_engine_left_is_taken_over(engines: Any) -> None:
    engine = engines.ours().start()
    engine.stop(signal.SIGKILL)
    assert path_of(engine).is_socket()
    assert engine.start().ask("GET", "/_ping").body == b"OK"


def test_two_engines_never_share_a_socket(engines: Any, new_engine: Any) -> None:
    done = run(engines.ours(root=engines.folder / "r"))
    assert (done.returncode, done.stderr) == (
        2,
        f"somebody listens on {path_of(new_engine)} already\n".encode(),
    )
    assert new_engine.answers()


def test_what_is_no_socket_is_left_alone(engines: Any) -> None:
    engine = engines.ours()
    path_of(engine).write_text("mine")
    done = run(engine)
    assert done.returncode == 2
    assert path_of(engine).read_text() == "mine"


@pytest.mark.parametrize(
    "host",
    [
        "",
        "http://x",
        "unix://",
        "tcp://0.0.0.0:0",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:x",
        "tcp://127.0.0.1:99999",
        "tcp://127.0.0.1:-1",
        "tcp://127.0.0.1:²",
        "unix:///tmp/" + "x" * 120,
    ],
)
def test_a_host_that_cannot_be_listened_on_is_refused(engines: Any, host: str) -> None:
    engine = engines.ours("--host", host)
    done = run(engine)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert b"Traceback" not in done.stderr


def test_a_port_on_this_machine_is_served_too(engines: Any) -> None:
    engine = engines.ours("--host", "tcp://127.0.0.1:0").start()
    engine.wait_until(lambda: "tcp://127.0.0.1:" in engine.said())
    port = int(engine.said().split("tcp://127.0.0.1:")[1].split('"')[0])
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        client.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
        assert client.makefile("rb").readline() == b"HTTP/1.1 200 OK\r\n"
    assert any("without encryption" in warning for warning in engine.ask("GET", "/info").json()["Warnings"])


def test_a_port_of_ipv6_is_shown_in_brackets() -> None:
    try:
        with Listener("tcp://[::1]:0") as listener:
            port = listener.socket.getsockname()[1]
            assert listener.host == f"tcp://[::1]:{port}"
    except EngineError as error:
        pytest.skip(str(error))


def test_an_answer_through_a_port_is_not_held_back() -> None:
    with Listener("tcp://127.0.0.1:0") as listener, socket.create_connection(listener.socket.getsockname()):
        accepted, _ = listener.socket.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_modes_do_not_depend_on_who_starts_the_engine(engines: Any) -> None:
    engine = engines.ours()
    before = os.umask(0o077)
    try:
        engine.start()
    finally:
        os.umask(before)
    engine.ask("POST", "/volumes/create", {"Name": "data"})
    assert mode(engine.root) == 0o711
    assert mode(engine.root / "volumes" / "data" / "_data") == 0o755
    assert mode(engine.root / "plugins") == 0o700


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_that_is_under_way_ends_before_the_engine_does(engines: Any, number: int) -> None:
    engine = engines.ours().start()
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(str(path_of(engine)))
        body = b'{"Name":"late"}'
        client.sendall(CREATE % len(body) + body[:5])
        engine.wait_until(lambda: engine.ask("GET", "/_ping").status == 200)
        engine.process.send_signal(number)
        client.sendall(body[5:])
        assert client.makefile("rb").readline() == b"HTTP/1.1 201 Created\r\n"
    assert engine.process.wait(30) == 0
    assert engine.start().ask("GET", "/volumes/late").status == 200


def test_streams_of_events_end_with_the_engine(new_engine: Any) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(str(path_of(new_engine)))
        client.sendall(b"GET /events HTTP/1.1\r\nHost: d\r\n\r\n")
        answer = client.makefile("rb")
        assert answer.readline() == b"HTTP/1.1 200 OK\r\n"
        assert new_engine.stop() == 0
        assert answer.read().endswith(b"\r\n0\r\n\r\n")


def test_a_client_that_goes_away_is_forgotten(new_engine: Any) -> None:
    def listeners() -> int:
        return new_engine.ask("GET", "/info").json()["NEventsListener"]

    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path_of(new_engine)))
        client.sendall(b"GET /events HTTP/1.1\r\nHost: d\r\n\r\n")
        new_engine.wait_until(lambda: listeners() == 1)
    new_engine.wait_until(lambda: listeners() == 0)


def test_a_client_that_goes_away_in_the_middle_of_a_plugin_leaves_nothing(new_engine: Any) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path_of(new_engine)))
        client.sendall(
            b"POST /plugins/create?name=half HTTP/1.1\r\nHost: d\r\nContent-Length: 100000\r\n\r\n"
            + b"x" * 5000
        )
    assert new_engine.ask("GET", "/plugins").json() == []
    new_engine.wait_until(lambda: not any((new_engine.root / "plugins" / "tmp").iterdir()))


def test_a_client_that_goes_away_after_its_request_has_it_done(new_engine: Any) -> None:
    body = b'{"Name":"asked"}'
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path_of(new_engine)))
        client.sendall(CREATE % len(body) + body)
    new_engine.wait_until(lambda: new_engine.ask("GET", "/volumes/asked").status == 200)


def test_the_log_can_be_json(engines: Any) -> None:
    engine = engines.ours("--log-format", "json").start()
    engine.ask("POST", "/plugins/none/enable?timeout=x")
    engine.stop()
    lines = [json.loads(line) for line in engine.said().splitlines()]
    assert {"time", "level", "msg", "logger"} <= lines[0].keys()
    assert any(
        line["level"] == "error" and "Handler for POST /plugins/none/enable" in line["msg"] for line in lines
    )


def test_the_log_is_text_as_moby_s_is(new_engine: Any) -> None:
    new_engine.stop()
    assert f'level=info msg="API listen on {new_engine.host}"' in new_engine.said()
