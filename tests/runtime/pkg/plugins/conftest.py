"""Real plugin servers, on unix sockets and on 127.0.0.1, each in threads of its own."""

from __future__ import annotations

import json
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from runtime.golang.time import Clock
from runtime.pkg.plugins.client import Client, new_client
from runtime.pkg.plugins.transport import Timings

Answer = Callable[["Exchange"], None]


@dataclass
class Exchange:
    """One request, and the means to answer it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    handler: BaseHTTPRequestHandler

    def reply(self, body: bytes, status: int = 200) -> None:
        self.handler.send_response(status)
        self.handler.send_header("Content-Length", str(len(body)))
        self.handler.end_headers()
        self.handler.wfile.write(body)

    def drop(self) -> None:
        """Go away without a word, as a plugin that dies."""
        self.handler.close_connection = True


class PluginServer:
    """A plugin: what it answers is set by path, what it was asked is kept."""

    def __init__(self, address: str | None = None) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[Exchange] = []
        self.connections: list[socket.socket] = []
        self.released = threading.Event()
        self._server = _unix_server(address, self) if address else _tcp_server(self)
        self.addr = f"unix://{address}" if address else f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def on(self, path: str, answer: Answer | object) -> None:
        """Answer a path by a function, or by a value as JSON."""
        raw = answer if callable(answer) else json.dumps(answer).encode() + b"\n"
        self.answers[path] = raw if callable(raw) else lambda exchange: exchange.reply(raw)

    def paths(self) -> list[str]:
        return [exchange.path for exchange in self.asked]

    def wait(self, exchange: Exchange) -> None:
        """Answer nothing until the test is over."""
        self.released.wait()
        exchange.drop()

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


def _handler(plugin: PluginServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            plugin.connections.append(self.request)
            super().setup()

        def do_POST(self) -> None:
            body = self._chunks() if "Transfer-Encoding" in self.headers else self._sized()
            headers = {key.title(): value for key, value in self.headers.items()}
            exchange = Exchange(self.command, self.path, headers, body, self)
            plugin.asked.append(exchange)
            missing: Answer = lambda missed: missed.reply(b"404 page not found\n", 404)  # noqa: E731
            with suppress(OSError):
                plugin.answers.get(self.path, missing)(exchange)

        def _sized(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def _chunks(self) -> bytes:
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """A client that went away is what some tests are about."""


class _UnixServer(_Server):
    address_family = socket.AF_UNIX

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)

    def get_request(self) -> tuple[socket.socket, Any]:
        return self.socket.accept()[0], ("unix", 0)


def _unix_server(path: str, plugin: PluginServer) -> ThreadingHTTPServer:
    return _UnixServer(path, _handler(plugin))  # type: ignore[arg-type] # a unix socket's address is a path


def _tcp_server(plugin: PluginServer) -> ThreadingHTTPServer:
    return _Server(("127.0.0.1", 0), _handler(plugin))


class RawServer:
    """A server that sends given bytes to whoever connects, whatever they ask, and then what `then` says."""

    def __init__(self, sent: bytes, then: Callable[[socket.socket], None] = lambda _: None) -> None:
        self.sent = sent
        self.then = then
        self.accepted = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.addr = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.accepted += 1
                with connection, suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(self.sent)
                    self.then(connection)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@dataclass
class FakeClock:
    """A clock that moves only when somebody sleeps."""

    time: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.sleep(seconds)
        return event.is_set()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="rt") as made:
        yield Path(made)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def timings(clock: FakeClock) -> Timings:
    """moby's numbers, under a clock that costs no time."""
    return Timings(clock=clock)


@pytest.fixture
def quick() -> Timings:
    """Short numbers, under the real clock."""
    return Timings(first_wait=0.01, default_timeout=0.05, activate=0.2, call=0.2, scan=0.2, clock=Clock())


@pytest.fixture
def serve() -> Iterator[Callable[..., PluginServer]]:
    """Starts plugin servers, on a path or on 127.0.0.1."""
    started: list[PluginServer] = []

    def start(path: Path | None = None) -> PluginServer:
        started.append(PluginServer(str(path) if path else None))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def raw() -> Iterator[Callable[..., RawServer]]:
    """Starts servers that send raw bytes."""
    started: list[RawServer] = []

    def start(sent: bytes, then: Callable[[socket.socket], None] = lambda _: None) -> RawServer:
        started.append(RawServer(sent, then))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    """Makes clients that are closed in the end."""
    made: list[Client] = []

    def make(addr: str, timings: Timings, **options: Any) -> Client:
        made.append(new_client(addr, None, timings=timings, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()
