"""What a client may send besides bodies is bounded, so that nobody fills the engine's memory."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from runtime.api.server.http import HEAD_LIMIT, serve
from runtime.api.server.server import Server
from runtime.daemon.listeners import Listener

SLACK = 8 << 20
"""Bytes that may wait in the buffers of the socket and of the server."""
CHUNKED = b"POST /x HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECE = 1 << 16
BEGINNINGS = {
    "value": (b"GET /x HTTP/1.1\r\nX: ", b"a" * PIECE),
    "names": (b"GET /x HTTP/1.1\r\n", b"X: y\r\n" * (PIECE // 6)),
    "address": (b"GET /", b"a" * PIECE),
    "trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: y\r\n" * (PIECE // 6)),
    "extension": (CHUNKED + b"2;", b"a" * PIECE),
}


class Signals:
    """Signals that a test sends."""

    def __init__(self) -> None:
        self.listening = threading.Event()

    def listen(self, receive: Callable[[], None] | None) -> None:
        if receive is not None:
            self.receive = receive
            self.listening.set()


@pytest.fixture(scope="module")
def path() -> Iterator[str]:
    """The socket of a server without routes."""
    signals = Signals()
    with TemporaryDirectory(prefix="h") as folder, Listener(f"unix://{folder}/s") as listener:
        options = {"patience": 0, "stopping": lambda: None, "signals": signals}
        thread = threading.Thread(target=serve, args=(Server(), [listener]), kwargs=options)
        thread.start()
        assert signals.listening.wait(30)
        yield str(Path(folder, "s"))
        signals.receive()
        thread.join(30)


def connected(path: str) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(30)
    client.connect(path)
    return client


@pytest.mark.parametrize("name", BEGINNINGS)
def test_head_without_an_end_is_cut_off(path: str, name: str) -> None:
    begin, piece = BEGINNINGS[name]
    sent, answer = 0, b""
    with connected(path) as client:
        with suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(begin)
            while sent < 8 * SLACK:
                client.sendall(piece)
                sent += len(piece)
        with suppress(ConnectionResetError):
            answer = client.recv(PIECE)
    assert sent < HEAD_LIMIT + SLACK
    # The answer is lost if more came while the server closed the connection; a chunked request has its own.
    assert answer == b"" or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 "))


@pytest.mark.parametrize("begin", [b"GET /x HTTP/1.1\r\nX: ", b"GET /"])
def test_head_that_is_too_long_is_answered(path: str, begin: bytes) -> None:
    with connected(path) as client:
        client.sendall(begin + b"a" * (HEAD_LIMIT - len(begin) + 1))
        assert client.makefile("rb").read().endswith(b"The head of the request is too long.")


def test_long_body_is_no_head(path: str) -> None:
    body = b"a" * (2 * HEAD_LIMIT)
    with connected(path) as client, client.makefile("rb") as answers:
        client.sendall(b"POST /x HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        assert answers.readline() == b"HTTP/1.1 404 Not Found\r\n"


def test_heads_of_a_connection_are_counted_each_by_itself(path: str) -> None:
    with connected(path) as client, client.makefile("rb") as answers:
        for _ in range(2 * HEAD_LIMIT // PIECE):
            client.sendall(b"GET /x HTTP/1.1\r\nX: %s\r\n\r\n" % (b"a" * PIECE))
            assert answers.readline() == b"HTTP/1.1 404 Not Found\r\n"
            while not answers.readline().startswith(b"{"):
                pass
