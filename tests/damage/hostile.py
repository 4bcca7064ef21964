"""Legacy plugins that hang, lie, never end or die, on sockets in a folder."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeAlias

ACTIVATION = b'{"Implements": ["VolumeDriver"]}'
LIMIT = 1 << 16
"""Bytes that a reply may have in these tests."""

Behaviour: TypeAlias = Callable[[socket.socket, str], None]
"""Answers one call, of the method that is given, or does not."""


def reply(connection: socket.socket, body: bytes, headers: str = "") -> None:
    """Send a reply as a plugin should."""
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    )
    connection.sendall(head.encode() + body)


def always(body: bytes) -> Behaviour:
    """Say the same to every call."""
    return lambda connection, _: reply(connection, body)


def raw(data: bytes) -> Behaviour:
    """Send what is no HTTP, and hang up."""

    def answer(connection: socket.socket, _: str) -> None:
        connection.sendall(data)
        raise ConnectionError

    return answer


def too_large(connection: socket.socket, _: str) -> None:
    """Send one good document that is larger than allowed."""
    reply(connection, json.dumps({"Err": "x" * 2 * LIMIT}).encode())


def never_ending(connection: socket.socket, _: str) -> None:
    """Send a body in pieces for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"1000\r\n" + b" " * 0x1000 + b"\r\n")


def headers_without_end(connection: socket.socket, _: str) -> None:
    """Send headers for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: " + b"y" * 100 + b"\r\n")


LIES: dict[str, Behaviour] = {
    "garbage": always(b"\xff\xfe{{{"),
    "nothing": always(b""),
    "array": always(b"[]"),
    "deep": always(b"[" * 60_000),
    "wrongtypes": always(b'{"Volumes": 5, "Volume": [], "Err": {}, "Mountpoint": 1, "Capabilities": "x"}'),
    "nohttp": raw(b"\0\1\2\3" * 100),
    "toolarge": too_large,
    "endless": never_ending,
    "headers": headers_without_end,
}
"""Plugins that answer what they should not, by name."""


class Plugin:
    """A plugin that can be activated, and then behaves as it wants.

    Args:
        path: Its socket.
        behaviour: How it answers calls.
    """

    def __init__(self, path: Path, behaviour: Behaviour) -> None:
        self.path = path
        self.behaviour = behaviour
        self.connections: set[socket.socket] = set()
        self.threads: list[threading.Thread] = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(64)
        self._start(self._accept)

    def kill(self) -> None:
        """End at once, as a process that is killed: the socket stays, and nobody listens."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.threads[0].join()
        self.listener.close()
        for connection in tuple(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join()

    def _start(self, task: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=task, args=arguments, name="hostile")
        self.threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections.add(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines, suppress(OSError):
            while method := _request(lines):
                if method == "/Plugin.Activate":
                    reply(connection, ACTIVATION)
                else:
                    self.behaviour(connection, method)
        self.connections.discard(connection)


def _request(lines: BinaryIO) -> str:
    first = lines.readline()
    length = 0
    while header := lines.readline().strip():
        name, _, value = header.lower().partition(b":")
        length = int(value) if name == b"content-length" else length
    lines.read(length)
    return first.split(b" ")[1].decode() if first else ""


class Hanging:
    """Answers nothing until it is let go."""

    def __init__(self) -> None:
        self.called = threading.Event()
        self.let_go = threading.Event()

    def __call__(self, _connection: socket.socket, _method: str) -> None:
        self.called.set()
        self.let_go.wait()
        raise ConnectionError


@contextmanager
def killed_again_and_again(path: Path) -> Iterator[Callable[[], int]]:
    """A plugin that is killed and started again all the time; how often that was."""
    ended = threading.Event()
    times = [0]

    def run() -> None:
        while not ended.is_set():
            plugin = Plugin(path, always(b'{"Volumes": []}'))
            ended.wait(0.02)
            plugin.kill()
            path.unlink()
            times[0] += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield lambda: times[0]
    finally:
        ended.set()
        thread.join()
