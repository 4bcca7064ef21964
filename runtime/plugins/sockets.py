"""Connections on which one deadline bounds every step."""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore

from runtime.plugins.address import connect_unix
from runtime.plugins.timings import Clock

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def until(deadline: float | None) -> Iterator[None]:
    """Within this block, what this thread reads and writes ends at the deadline, by the given clock."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


class Backend(httpcore.NetworkBackend):
    """Makes connections; httpcore's own has no deadline, and leaks the unix sockets that nobody accepts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - httpcore's signature
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - likewise
    ) -> httpcore.NetworkStream:
        """Connect to a port.

        Raises:
            httpcore.ConnectError: Nobody accepts.
            httpcore.ConnectTimeout: The deadline passed.
        """
        with _named(httpcore.ConnectTimeout, httpcore.ConnectError):
            sock = socket.create_connection((host, port), left(self._clock, timeout))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Stream(sock, self._clock)

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - httpcore's signature
    ) -> httpcore.NetworkStream:
        """Connect to a unix socket.

        Raises:
            httpcore.ConnectError: Nobody accepts.
            httpcore.ConnectTimeout: The deadline passed.
        """
        sock = socket.socket(socket.AF_UNIX)
        with _named(httpcore.ConnectTimeout, httpcore.ConnectError), _closing_on_error(sock):
            sock.settimeout(left(self._clock, timeout))
            connect_unix(sock, path)
        return Stream(sock, self._clock)


class Stream(httpcore.NetworkStream):
    """One connection, perhaps under TLS."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._sock = sock
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Some bytes, or none at the end.

        Raises:
            httpcore.ReadError: The connection broke.
            httpcore.ReadTimeout: The deadline passed.
        """
        with _named(httpcore.ReadTimeout, httpcore.ReadError):
            self._sock.settimeout(left(self._clock, timeout))
            return self._sock.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of the bytes.

        Raises:
            httpcore.WriteError: The connection broke.
            httpcore.WriteTimeout: The deadline passed.
        """
        with _named(httpcore.WriteTimeout, httpcore.WriteError):
            self._sock.settimeout(left(self._clock, timeout))
            self._sock.sendall(buffer)

    def close(self) -> None:
        """Close the connection."""
        self._sock.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Begin TLS.

        Raises:
            httpcore.ConnectError: The server cannot be verified, or speaks no TLS.
            httpcore.ConnectTimeout: The deadline passed.
        """
        with _named(httpcore.ConnectTimeout, httpcore.ConnectError), _closing_on_error(self._sock):
            self._sock.settimeout(left(self._clock, timeout))
            return Stream(ssl_context.wrap_socket(self._sock, server_hostname=server_hostname), self._clock)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore wants to know of a connection."""
        known: dict[str, Callable[[], Any]] = {
            "is_readable": self._is_readable,
            "socket": lambda: self._sock,
            "ssl_object": lambda: self._sock if isinstance(self._sock, ssl.SSLSocket) else None,
        }
        return known.get(info, lambda: None)()

    def _is_readable(self) -> bool:
        """Whether an idle connection has something to read, which is its end if anything."""
        if self._sock.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(0))


def left(clock: Clock, timeout: float | None) -> float | None:
    """How many seconds are left of a time-out and of the deadline; None for all of time.

    Raises:
        TimeoutError: None are left.
    """
    deadline = _deadline.get()
    if deadline is None:
        return timeout
    seconds = deadline - clock.now()
    if seconds <= 0:
        raise TimeoutError
    return seconds if timeout is None else min(seconds, timeout)


@contextmanager
def _named(late: type[Exception], broken: type[Exception]) -> Iterator[None]:
    """Errors under the names that httpcore's callers know."""
    try:
        yield
    except TimeoutError as error:
        raise late from error
    except (OSError, ValueError) as error:
        raise broken(str(error)) from error


@contextmanager
def _closing_on_error(sock: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        sock.close()
        raise
