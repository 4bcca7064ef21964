"""Connections to plugins: addresses, time-outs, TLS, and HTTP over unix and TCP sockets.

Go: pkg/plugins/client.go, pkg/plugins/transport/transport.go, pkg/plugins/transport/http.go
"""

from __future__ import annotations

import functools
import os
import select
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import SplitResult, quote, urlsplit

import httpcore
import msgspec

from runtime.errdefs import EngineError
from runtime.golang.strconv import cause
from runtime.golang.time import Clock

MAX_UNIX_PATH: Final = 107
"""Bytes of the longest path of a unix socket that the kernel accepts."""
MAX_UNIX_NAME: Final = MAX_UNIX_PATH - len("/proc/self/fd/1234567/")
"""Bytes of the longest name of a socket that can be reached in a directory of any length."""
LONGEST_PATH: Final = 108
"""Bytes of the longest path that moby accepts, one more than the kernel."""
SCHEMES: Final = frozenset({"unix", "tcp", "http", "https"})


def parse(addr: str) -> SplitResult:
    """Parse a plugin's address.

    Raises:
        EngineError: It is malformed, of an unknown protocol, or too long.
    """
    try:
        split = urlsplit(addr)
        reachable = _has_path(addr) if split.scheme == "unix" else _has_host(split)
    except ValueError as error:
        raise EngineError(f"parse {addr!r}: {error}") from error
    if split.scheme == "npipe":
        raise EngineError("protocol not available")
    if split.scheme not in SCHEMES:
        raise EngineError("Unknown protocol")
    if not reachable:
        raise EngineError(f"parse {addr!r}: invalid {'path' if split.scheme == 'unix' else 'host or port'}")
    return split


def unix_path(addr: str) -> str:
    """Return the path in the address of a unix socket, unchanged."""
    return addr.partition(":")[2].removeprefix("//")


def connect_unix(sock: socket.socket, path: str) -> None:
    """Connect to a unix socket in a directory of any length.

    Raises:
        OSError: No process accepts.
    """
    if len(os.fsencode(path)) <= MAX_UNIX_PATH:
        sock.connect(path)
        return
    directory, name = os.path.split(path)
    descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sock.connect(f"/proc/self/fd/{descriptor}/{name}")
    finally:
        os.close(descriptor)


def http_scheme(url: SplitResult) -> str:
    """Return `https` for https, else `http`."""
    return "https" if url.scheme == "https" else "http"


def _has_host(split: SplitResult) -> bool:
    host = split.hostname or ""
    return host.isascii() and host.isprintable() and bool(host.strip()) and split.port != 0


def _has_path(addr: str) -> bool:
    path = unix_path(addr)
    name = path.rpartition("/")[2]
    if len(os.fsencode(path)) > LONGEST_PATH and len(os.fsencode(name)) > MAX_UNIX_NAME:
        raise EngineError(f'Unix socket path "{path}" is too long')
    return bool(path) and "\0" not in path


DEFAULT_TIME_OUT: Final = 30.0
"""Seconds after the first try in which the last one may begin.

Go: pkg/plugins/client.go::defaultTimeOut
"""


@dataclass(frozen=True, slots=True)
class Timings:
    """How long calls to plugins wait, in seconds, and how much they read, in bytes.

    Args:
        first_wait: The wait before the second try; each further wait is twice as long.
        default_timeout: The time after the first try in which the last one may begin.
        dial: The time limit of a connect.
        activate: The time limit of an activation request; moby has none.
        call: The time limit of a call without its own; moby has none.
        scan: The time limit of a list, for all plugins together; moby waits for the slowest.
        reply_limit: The largest reply in bytes; moby has no limit.
        idle_connections: The number of unused connections that are kept open.
        clock: The clock of all waits.
        network: Makes the connections, given the clock; None for sockets.
    """

    first_wait: float = 1.0
    default_timeout: float = DEFAULT_TIME_OUT
    dial: float = 32.0
    activate: float = 30.0
    call: float = 120.0
    scan: float = 1.0
    reply_limit: int = 16 * 1024 * 1024
    idle_connections: int = 2
    clock: Clock = field(default_factory=Clock)
    network: Callable[[Clock], httpcore.NetworkBackend] | None = None


DEFAULT = Timings()


def backoff(retries: int, timings: Timings = DEFAULT) -> float:
    """Return the seconds to wait after so many retries: 1, 2, 4, 8, 16, then 30."""
    wait = timings.first_wait
    while wait < timings.default_timeout and retries > 0:
        wait *= 2
        retries -= 1
    return min(wait, timings.default_timeout)


def abort(start: float, time_off: float, timings: Timings = DEFAULT) -> bool:
    """Return whether the next try would begin too late."""
    return time_off + timings.clock.now() - start >= timings.default_timeout


_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def until(deadline: float | None) -> Iterator[None]:
    """Limit this thread's reads and writes in the block by a deadline, in seconds of the clock."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


class Backend(httpcore.NetworkBackend):
    """Makes connections; httpcore's own class has no deadline, and leaks sockets after a failed connect.

    As httpcore wants it, `ConnectError` is raised if no process accepts, `ConnectTimeout` after the deadline.
    """

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
        """Connect to a port."""
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
        """Connect to a unix socket."""
        sock = socket.socket(socket.AF_UNIX)
        with _named(httpcore.ConnectTimeout, httpcore.ConnectError), _closing_on_error(sock):
            sock.settimeout(left(self._clock, timeout))
            connect_unix(sock, path)
        return Stream(sock, self._clock)


class Stream(httpcore.NetworkStream):
    """A connection, perhaps with TLS; a failure raises httpcore's error of the operation, or its time-out."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._sock = sock
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read some bytes, or none at the end."""
        with _named(httpcore.ReadTimeout, httpcore.ReadError):
            self._sock.settimeout(left(self._clock, timeout))
            return self._sock.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of the bytes."""
        with _named(httpcore.WriteTimeout, httpcore.WriteError):
            self._sock.settimeout(left(self._clock, timeout))
            self._sock.sendall(buffer)

    def close(self) -> None:
        """Close the connection."""
        self._sock.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Begin TLS."""
        with _named(httpcore.ConnectTimeout, httpcore.ConnectError), _closing_on_error(self._sock):
            self._sock.settimeout(left(self._clock, timeout))
            return Stream(ssl_context.wrap_socket(self._sock, server_hostname=server_hostname), self._clock)

    def get_extra_info(self, info: str) -> Any:
        """Return a property of the connection, for httpcore."""
        properties: dict[str, Callable[[], Any]] = {
            "is_readable": self._is_readable,
            "socket": lambda: self._sock,
            "ssl_object": lambda: self._sock if isinstance(self._sock, ssl.SSLSocket) else None,
        }
        return properties.get(info, lambda: None)()

    def _is_readable(self) -> bool:
        """Return whether an idle connection is readable, which means that the plugin has closed it."""
        if self._sock.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(0))


def left(clock: Clock, timeout: float | None) -> float | None:
    """Return the seconds left of a time-out and of the deadline, or None for no limit.

    Raises:
        TimeoutError: The deadline has passed.
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
    """Raise errors of sockets as errors of httpcore."""
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


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The `TLSConfig` of a JSON spec; `tlsconfig.Options` of go-connections.

    Args:
        ca_file: PEM file of the authorities that sign the server's certificate.
        cert_file: PEM file of the engine's own certificate.
        key_file: PEM file of its key.
        insecure_skip_verify: Whether to accept any server.
        client_auth: For servers only; not used.
        exclusive_root_pools: Whether to trust only the authorities of `ca_file`, not the system's.
        min_version: The lowest TLS version, as on the wire (0x0303 is 1.2); 0 for the default.
        passphrase: The passphrase of the key.
    """

    ca_file: str = msgspec.field(default="", name="CAFile")
    cert_file: str = msgspec.field(default="", name="CertFile")
    key_file: str = msgspec.field(default="", name="KeyFile")
    insecure_skip_verify: bool = msgspec.field(default=False, name="InsecureSkipVerify")
    client_auth: int = msgspec.field(default=0, name="ClientAuth")
    exclusive_root_pools: bool = msgspec.field(default=False, name="ExclusiveRootPools")
    min_version: int = msgspec.field(default=0, name="MinVersion")
    passphrase: str = msgspec.field(default="", name="Passphrase")


TLS_VERSIONS: Final = {
    0x0300: ssl.TLSVersion.SSLv3,
    0x0301: ssl.TLSVersion.TLSv1,
    0x0302: ssl.TLSVersion.TLSv1_1,
    0x0303: ssl.TLSVersion.TLSv1_2,
    0x0304: ssl.TLSVersion.TLSv1_3,
}
LOWEST: Final = 0x0303


def client_context(options: Options) -> ssl.SSLContext:
    """Return the TLS context of a client with these options.

    Raises:
        EngineError: A file cannot be read, or the version is too low or unknown.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = _minimum(options.min_version)
    if options.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        _trust(context, options)
    _identify(context, options)
    return context


def _minimum(version: int) -> ssl.TLSVersion:
    if version == 0:
        return TLS_VERSIONS[LOWEST]
    if version not in TLS_VERSIONS:
        raise EngineError(f"Invalid minimum TLS version: {version:x}")
    if version < LOWEST:
        raise EngineError(f"Requested minimum TLS version is too low. Should be at-least: {LOWEST:x}")
    return TLS_VERSIONS[version]


def _trust(context: ssl.SSLContext, options: Options) -> None:
    if not (options.ca_file and options.exclusive_root_pools):
        context.load_default_certs()
    if not options.ca_file:
        return
    try:
        context.load_verify_locations(options.ca_file)
    except ssl.SSLError as error:
        raise EngineError(
            f'failed to append certificates from PEM file: "{options.ca_file}": {cause(error)}'
        ) from error
    except (OSError, ValueError) as error:
        raise EngineError(f'could not read CA certificate "{options.ca_file}": {error}') from error


def _identify(context: ssl.SSLContext, options: Options) -> None:
    if not options.cert_file and not options.key_file:
        return
    try:
        # Without a password OpenSSL would prompt on the terminal.
        context.load_cert_chain(options.cert_file, options.key_file, password=lambda: options.passphrase)
    except (OSError, ValueError) as error:
        raise EngineError(f"Could not load X509 key pair: {error}") from error


VERSION_MIMETYPE: Final = "application/vnd.docker.plugins.v1.2+json"
"""The content type that the engine accepts from plugins.

Go: pkg/plugins/transport/transport.go::VersionMimetype
"""

UNIX_HOST: Final = "plugin.moby.localhost"


class RequestFactory(Protocol):
    """Returns a request from a path and a body."""

    def new_request(self, path: str, data: bytes) -> httpcore.Request:
        """Return a request that posts the data to the path."""
        ...


class Transport(RequestFactory, Protocol):
    """Makes requests and sends them."""

    @property
    def address(self) -> str:
        """The network and the address, for errors."""
        ...

    def round_trip(self, request: httpcore.Request) -> httpcore.Response:
        """Send the request and return the reply once its head has arrived; Go's `http.RoundTripper`."""
        ...

    def close(self) -> None:
        """Close the idle connections."""
        ...


@dataclass(frozen=True, slots=True)
class HTTPTransport:
    """A pool of connections to one address.

    Go:
        pkg/plugins/transport/http.go::httpTransport
        pkg/plugins/transport/http.go::NewHTTPTransport
    Differs:
        field RoundTripper: a pool of httpcore, which unlike httpx allows one deadline for an exchange.
        behaviour Host: `plugin.moby.localhost` for a unix socket, as in moby since v25; v18.09 sends the
            socket's path, which strict servers refuse.
        behaviour proxy: none; moby uses the environment's.
    """

    pool: httpcore.ConnectionPool
    scheme: str
    addr: str
    port: int | None
    host: str
    address: str
    timings: Timings = DEFAULT

    def new_request(self, path: str, data: bytes) -> httpcore.Request:
        """Return a request that posts the data to the path at this transport's address."""
        target = httpcore.URL(
            scheme=self.scheme, host=self.addr, port=self.port, target=quote_target(path).encode("ascii")
        )
        request = new_http_request(target, data, self.host)
        request.extensions["timeout"] = {"connect": self.timings.dial}
        return request

    def round_trip(self, request: httpcore.Request) -> httpcore.Response:
        """Send the request and return the reply once its head has arrived.

        Raises:
            httpcore.NetworkError: The connect failed, or the connection broke.
            httpcore.TimeoutException: The deadline passed.
            httpcore.ProtocolError: The reply is not HTTP.
        """
        return self.pool.handle_request(request)

    def close(self) -> None:
        """Close the idle connections."""
        self.pool.close()


def new_http_request(url: httpcore.URL, data: bytes, host: str) -> httpcore.Request:
    """Return a POST request with a body.

    Differs:
        behaviour User-Agent: none; moby sends Go's own.
        behaviour Accept-Encoding: none; moby asks for gzip, unless on a unix socket.
    """
    headers = [("Host", host), ("Accept", VERSION_MIMETYPE), ("Content-Length", str(len(data)))]
    return httpcore.Request("POST", url, headers=headers, content=data, extensions={})


def new_transport(
    addr: str,
    tls_config: Options | None,
    timings: Timings = DEFAULT,
) -> HTTPTransport:
    """Return a transport for an address such as `unix:///run/docker/plugins/x.sock` or `tcp://127.0.0.1:8080`.

    Raises:
        EngineError: The address is malformed, of an unknown protocol or too long, or a TLS file is wrong.

    Differs:
        error protocol: `Unknown protocol` at once for unknown schemes; in moby each call fails.
        behaviour tls: reads the files for https only; moby reads them for every scheme.
        behaviour unix: everything after `unix://` is the path; in moby `unix://var/x.sock` has host `var`.
    """
    split = parse(addr)
    context = client_context(tls_config or Options()) if split.scheme == "https" else None
    pool = functools.partial(
        httpcore.ConnectionPool,
        ssl_context=context,
        max_connections=None,
        max_keepalive_connections=timings.idle_connections,
        network_backend=(timings.network or Backend)(timings.clock),
    )
    if split.scheme == "unix":
        path = unix_path(addr)
        return HTTPTransport(pool(uds=path), "http", UNIX_HOST, None, UNIX_HOST, f"unix {path}", timings)
    host = split.netloc.rpartition("@")[2]
    scheme, name = http_scheme(split), split.hostname or ""
    return HTTPTransport(pool(), scheme, name, split.port, host, f"tcp {host}", timings)


def quote_target(path: str) -> str:
    """Return a path with a leading slash, quoted for a request line."""
    return quote("/" + path.removeprefix("/"), safe="/.:~!$&'()*+,;=@-_")
