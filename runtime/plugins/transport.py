"""HTTP to a plugin's address: how requests are made and carried out."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import quote

import httpcore

from runtime.plugins import address, tls
from runtime.plugins.sockets import Backend
from runtime.plugins.timings import DEFAULT, Timings
from runtime.plugins.tls_context import client_context

VERSION_MIMETYPE: Final = "application/vnd.docker.plugins.v1.2+json"
"""What the engine accepts from plugins.

Go:
    pkg/plugins/transport/transport.go::VersionMimetype
"""

UNIX_HOST: Final = "plugin.moby.localhost"


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

    Differs:
        method RoundTripper: embedded in Go; its one method, `round_trip`, stands here.
        extra address: named in errors; moby's come from Go's dialer, which has it.
        extra close: connections that are kept open are closed by their owner.
    """

    @property
    def address(self) -> str:
        """The network and the address, for errors."""
        ...

    def round_trip(self, request: httpcore.Request) -> httpcore.Response:
        """Send the request and return the reply as soon as its head is there; Go's `http.RoundTripper`."""
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
        param r: called `pool`, which is what it is.
        extra pool: the RoundTripper.
        extra port: moby has it in `addr`.
        extra host: the value of the Host header.
        extra address: named in errors; moby's come from Go's dialer, which has it.
        extra timings: how long a connection may take to be made.
        extra close: connections that are kept open are closed by their owner.
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
        param path: called `url`, a whole address; httpcore's requests are complete when made.
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
        extra timings: time-outs and waits, which tests shorten; moby has constants.
        error protocol: `Unknown protocol` at once for every scheme but unix, tcp, http and https; moby takes
            `host:8080` for a scheme and fails at each call.
        behaviour tls: the files are read for https alone; moby reads them for every scheme.
        behaviour unix: everything after `unix://` is the path; moby takes `unix://var/x.sock` for host `var`.
    """
    split = address.parse(addr)
    context = client_context(tls_config or tls.Options()) if split.scheme == "https" else None
    pool = functools.partial(
        httpcore.ConnectionPool,
        ssl_context=context,
        max_connections=None,
        max_keepalive_connections=timings.idle_connections,
        network_backend=Backend(timings.clock),
    )
    if split.scheme == "unix":
        path = address.unix_path(addr)
        return HTTPTransport(pool(uds=path), "http", UNIX_HOST, None, UNIX_HOST, f"unix {path}", timings)
    host = split.netloc.rpartition("@")[2]
    scheme, name = address.http_scheme(split), split.hostname or ""
    return HTTPTransport(pool(), scheme, name, split.port, host, f"tcp {host}", timings)


def quote_target(path: str) -> str:
    """A path as a request line can hold it, with its leading slash."""
    return quote("/" + path.removeprefix("/"), safe="/.:~!$&'()*+,;=@-_")
