"""Clients that send too slowly, or more than anybody reads: others are served, and these are ended."""

from __future__ import annotations

import io
import select
import socket
import sys
import tarfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

WINDOW = 1.0
"""Seconds after which these engines look at a client; otherwise it is a minute."""
BRIEF = (
    "import sys; from runtime.api import protocol; from runtime.cli import main; "
    f"protocol.WINDOW = {WINDOW}; sys.argv[0] = 'runtime'; main()"
)
CREATE = b"POST /volumes/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
UNFINISHED = {
    "head": b"GET /_ping HTTP/1.1\r\nX: ",
    "empty lines": b"\r\n",
    "body": CREATE + b"Content-Length: 1000000\r\n\r\n",
    "chunks": CREATE + b"Transfer-Encoding: chunked\r\n\r\nfffff\r\n",
    "size of a chunk": CREATE + b"Transfer-Encoding: chunked\r\n\r\n2;",
    "a body that nobody reads": b"GET /_ping HTTP/1.1\r\nHost: d\r\nContent-Length: 1000000\r\n\r\n",
}


@pytest.fixture
def brief(engines: Any) -> Any:
    """An engine that soon loses patience."""
    engine = engines.ours()
    engine.command = [sys.executable, "-c", BRIEF, *engine.command[3:]]
    return engine.start()


@contextmanager
def connected(engine: Any) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(engine.host.removeprefix("unix://"))
        yield client


def pinged(client: socket.socket) -> bool:
    """Whether the engine answers on a connection."""
    client.sendall(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n")
    told = b""
    while (more := client.recv(65536)) and not (told := told + more).endswith(b"OK"):
        pass
    return told.endswith(b"OK")


def files(engine: Any) -> int:
    return len(list(Path(f"/proc/{engine.process.pid}/fd").iterdir()))


def trickle(clients: list[socket.socket], byte: bytes) -> list[socket.socket]:
    """Send a byte on each connection; those that the engine still holds."""
    held = []
    for client in clients:
        try:
            client.sendall(byte)
        except OSError:
            continue
        held.append(client)
    return held


@pytest.mark.parametrize("name", UNFINISHED)
def test_many_who_send_a_byte_now_and_then_keep_nobody_from_being_served(brief: Any, name: str) -> None:
    before = files(brief)
    with ExitStack() as stack:
        clients = [stack.enter_context(connected(brief)) for _ in range(200)]
        for client in clients:
            client.sendall(UNFINISHED[name])
        end = time.monotonic() + 30
        while clients and time.monotonic() < end:
            assert brief.ask("GET", "/_ping").body == b"OK"
            clients = trickle(clients, b"\r\n" if name == "empty lines" else b"a")
            select.select([], [], [], 0.05)
        assert clients == []
        brief.wait_until(lambda: files(brief) <= before + 1)
    assert "Traceback" not in brief.said()


def test_who_is_too_slow_is_told_so(brief: Any) -> None:
    with connected(brief) as client:
        client.sendall(UNFINISHED["body"])
        told = client.makefile("rb").read()
    assert told.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert told.endswith(b"\r\n\r\nThe request takes too long.")


def test_a_plugin_that_is_sent_slowly_and_steadily_is_made(brief: Any, packed: Path) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(packed / "config.json", "config.json")
        entry = tarfile.TarInfo("rootfs")
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(entry)
    tar = made.getvalue()
    assert len(tar) >= 10_000
    with connected(brief) as client:
        head = b"POST /plugins/create?name=slow HTTP/1.1\r\nHost: d\r\nContent-Length: %d\r\n\r\n" % len(tar)
        client.sendall(head)
        # In four of the engine's windows; each part is more than it asks for.
        for start in range(0, len(tar), 128):
            client.sendall(tar[start : start + 128])
            select.select([], [], [], 4 * WINDOW / (len(tar) / 128))
        assert client.makefile("rb").readline() == b"HTTP/1.1 204 No Content\r\n"


def test_nobody_is_hurried_between_requests_or_while_listening(brief: Any) -> None:
    with connected(brief) as idle, connected(brief) as silent, connected(brief) as listening:
        assert pinged(idle)
        listening.sendall(b"GET /events HTTP/1.1\r\nHost: d\r\n\r\n")
        assert listening.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")
        with connected(brief) as slow:
            # Once this one is ended, so long has passed for the others too.
            slow.sendall(UNFINISHED["head"])
            assert slow.makefile("rb").read().startswith(b"HTTP/1.1 408 ")
        assert pinged(idle)
        assert pinged(silent)
        brief.ask("POST", "/volumes/create", {"Name": "heard"})
        assert b'"ID":"heard"' in listening.recv(65536)


ENDLESS = {
    "a body that nobody reads": (
        b"GET /_ping HTTP/1.1\r\nHost: d\r\nContent-Length: 1000000000\r\n\r\n",
        b"x" * 4096,
    ),
    "a large number of chunks of one byte": (
        CREATE + b"Transfer-Encoding: chunked\r\n\r\n",
        b"1;" + b"x" * 4094 + b"\r\n \r\n",
    ),
    "trailers": (
        CREATE + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
        b"X: " + b"y" * 4096 + b"\r\n",
    ),
    "JSON": (CREATE + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b" " * 0x1000 + b"\r\n"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_does_not_end_is_not_taken_for_ever(engine: Any, name: str) -> None:
    head, part = ENDLESS[name]
    with connected(engine) as client:
        client.sendall(head)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            deque(map(client.sendall, repeat(part, 20_000)), maxlen=0)
    assert engine.ask("GET", "/_ping").body == b"OK"
