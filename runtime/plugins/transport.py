"""HTTP to a plugin's address, with one deadline for all of an exchange."""

from __future__ import annotations

import functools
import os
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import SplitResult, quote, urlsplit

import httpcore

from runtime.errors import EngineError
from runtime.plugins import tls
from runtime.plugins.timings import DEFAULT, Clock, Timings

VERSION_MIMETYPE: Final = "application/vnd.docker.plugins.v1.2+json"
"""What the engine accepts from plugins.

Go:
    pkg/plugins/transport/transport.go::VersionMimetype
"""

UNIX_HOST: Final = "plugin.moby.localhost"
MAX_UNIX_PATH: Final = 108
HTTP_PORTS: Final = {"http": 80, "https": 443}
SCHEMES: Final = frozenset({"unix", "tcp", "http", "https"})

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


class RequestFactory(Protocol):
    """What makes a request of a path and a body.

    Go:
        pkg/plugins/transport/transport.go::RequestFactory
    """

    def new_request(self, path: str, data: bytes | Iterable[bytes]) -> httpcore.Request:
        """A request that posts the data to the path.

        Go:
            pkg/plugins/transport/transport.go::RequestFactory.NewRequest
        """
        ...


class Transport(RequestFactory, Protocol):
    """What makes requests and carries them out.

    Go:
        pkg/plugins/transport/transport.go::Transport
    """

    @property
    def address(self) -> str:
        """The network and the address, for errors."""
        ...

    def round_trip(self, request: httpcore.Request) -> httpcore.Response:
        """Send the request and return the reply as soon as its head is there."""
        ...

    def close(self) -> None:
        """Close the connections that are kept open."""
        ...


@dataclass(frozen=True, slots=True)
class HTTPTransport:
    """A pool of connections to one address.

    Go:
        pkg/plugins/transport/http.go::httpTransport
        pkg/plugins/transport/http.go::NewHTTPTransport

    Differs:
        field RoundTripper: a pool of httpcore, the layer that httpx stands on; only there can one deadline
            be set for all reads and writes of an exchange.
        behaviour Host: `plugin.moby.localhost` for a unix socket, as moby does since v25; v18.09 sends the
            socket's path, which strict servers refuse.
        behaviour proxy: none is used; moby asks the environment.
    """

    pool: httpcore.ConnectionPool
    scheme: str
    addr: str
    port: int | None
    host: str
    address: str
    timings: Timings = DEFAULT

    def new_request(self, path: str, data: bytes | Iterable[bytes]) -> httpcore.Request:
        """A request that posts the data to the path at this transport's address.

        Go:
            pkg/plugins/transport/http.go::httpTransport.NewRequest
        """
        target = httpcore.URL(
            scheme=self.scheme, host=self.addr, port=self.port, target=quote_target(path).encode("ascii")
        )
        request = new_http_request(target, data, self.host)
        request.extensions["timeout"] = {"connect": self.timings.dial}
        return request

    def round_trip(self, request: httpcore.Request) -> httpcore.Response:
        """Send the request and return the reply as soon as its head is there.

        Raises:
            httpcore.NetworkError: The connection could not be made, or broke.
            httpcore.TimeoutException: The deadline passed.
            httpcore.ProtocolError: What came was no HTTP.
        """
        return self.pool.handle_request(request)

    def close(self) -> None:
        """Close the connections that are kept open."""
        self.pool.close()


def new_http_request(url: httpcore.URL, data: bytes | Iterable[bytes], host: str) -> httpcore.Request:
    """A POST of the data; bytes with their length, anything else in chunks.

    Go:
        pkg/plugins/transport/transport.go::newHTTPRequest

    Differs:
        param path: a whole address; httpcore's requests are complete when made.
        extra host: the value of the Host header.
        behaviour User-Agent: none; moby sends Go's own.
        behaviour Accept-Encoding: none; moby asks for gzip, unless on a unix socket.
    """
    length = (
        ("Content-Length", str(len(data))) if isinstance(data, bytes) else ("Transfer-Encoding", "chunked")
    )
    headers = [("Host", host), ("Accept", VERSION_MIMETYPE), length]
    return httpcore.Request("POST", url, headers=headers, content=data, extensions={})


def new_transport(
    addr: str,
    tls_config: tls.Options | None,
    timings: Timings = DEFAULT,
) -> HTTPTransport:
    """A transport for an address such as `unix:///run/docker/plugins/x.sock` or `tcp://127.0.0.1:8080`.

    Raises:
        EngineError: The address is malformed, of an unknown protocol or too long, or a TLS file is wrong.

    Go:
        pkg/plugins/client.go::newTransport

    Differs:
        extra timings: the numbers, for tests.
        error protocol: `Unknown protocol` at once for every scheme but unix, tcp, http and https; moby takes
            `host:8080` for a scheme and fails at each call.
        behaviour tls: the files are read for https alone; moby reads them for every scheme.
        behaviour unix: everything after `unix://` is the path; moby takes `unix://var/x.sock` for host `var`.
    """
    split = parse(addr)
    context = tls.client_context(tls_config or tls.Options()) if split.scheme == "https" else None
    pool = functools.partial(
        httpcore.ConnectionPool,
        ssl_context=context,
        max_connections=None,
        max_keepalive_connections=timings.idle_connections,
        network_backend=_Backend(timings.clock),
    )
    if split.scheme == "unix":
        path = _unix_path(addr)
        return HTTPTransport(pool(uds=path), "http", UNIX_HOST, None, UNIX_HOST, f"unix {path}", timings)
    host = split.netloc.rpartition("@")[2]
    scheme, name = http_scheme(split), split.hostname or ""
    return HTTPTransport(pool(), scheme, name, split.port, host, f"tcp {host}", timings)


def parse(addr: str) -> SplitResult:
    """The parts of a plugin's address.

    Raises:
        EngineError: It is malformed, of an unknown protocol, or a path that no socket can have.
    """
    try:
        split = urlsplit(addr)
        reachable = split.scheme == "unix" or _has_host(split)
    except ValueError as error:
        raise EngineError(f"parse {addr!r}: {error}") from error
    if split.scheme == "npipe":
        raise EngineError("protocol not available")
    if split.scheme not in SCHEMES:
        raise EngineError("Unknown protocol")
    if not reachable:
        raise EngineError(f"parse {addr!r}: invalid host or port")
    if split.scheme == "unix":
        _check_unix_path(addr)
    return split


def _has_host(split: SplitResult) -> bool:
    host = split.hostname or ""
    return host.isascii() and host.isprintable() and bool(host.strip()) and split.port != 0


def _unix_path(addr: str) -> str:
    return addr.partition(":")[2].removeprefix("//")


def _check_unix_path(addr: str) -> None:
    path = _unix_path(addr)
    if len(os.fsencode(path)) > MAX_UNIX_PATH:
        raise EngineError(f'Unix socket path "{path}" is too long')
    if not path or "\0" in path:
        raise EngineError(f"parse {addr!r}: invalid path of a unix socket")


def http_scheme(url: SplitResult) -> str:
    """`https` for https, `http` for all else.

    Go:
        pkg/plugins/client.go::httpScheme
    """
    return "https" if url.scheme == "https" else "http"


def quote_target(path: str) -> str:
    """A path as a request line can hold it, with its leading slash."""
    return quote("/" + path.removeprefix("/"), safe="/.:~!$&'()*+,;=@-_")


@contextmanager
def until(deadline: float | None) -> Iterator[None]:
    """Within this block, reads and writes of this thread end at the deadline, by the transport's clock."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


class _Stream(httpcore.NetworkStream):
    """A connection on which the present deadline bounds every step."""

    def __init__(self, stream: httpcore.NetworkStream, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = _left(self._clock, timeout, httpcore.ReadTimeout)
        return self._stream.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = _left(self._clock, timeout, httpcore.WriteTimeout)
        self._stream.write(buffer, left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self._clock, timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """What makes such connections."""

    def __init__(self, clock: Clock) -> None:
        self._backend = httpcore.SyncBackend()
        self._clock = clock

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, *rest: Any, **more: Any) -> Any:
        left = _left(self._clock, timeout, httpcore.ConnectTimeout)
        return _Stream(self._backend.connect_tcp(host, port, left, *rest, **more), self._clock)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, *rest: Any, **more: Any
    ) -> httpcore.NetworkStream:
        left = _left(self._clock, timeout, httpcore.ConnectTimeout)
        return _Stream(self._backend.connect_unix_socket(path, left, *rest, **more), self._clock)


def _left(clock: Clock, timeout: float | None, late: type[httpcore.TimeoutException]) -> float | None:
    deadline = _deadline.get()
    if deadline is None:
        return timeout
    left = deadline - clock.now()
    if left <= 0:
        raise late("deadline exceeded")
    return left if timeout is None else min(left, timeout)
