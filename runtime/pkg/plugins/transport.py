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
"""Bytes that the kernel takes for the path of a Unix socket."""
MAX_UNIX_NAME: Final = MAX_UNIX_PATH - len("/proc/self/fd/1234567/")
"""Bytes of a socket's name that can be reached whatever its directory."""
LONGEST_PATH: Final = 108
"""Bytes of a path that moby accepts, one more than the kernel."""
SCHEMES: Final = frozenset({"unix", "tcp", "http", "https"})


def parse(addr: str) -> SplitResult:
    """Parse a plugin's address.

    Raises:
        EngineError: It is malformed, of an unknown protocol, or a path that no socket can have.
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
    """Connect to a Unix socket, whose directory's path may have any length.

    Raises:
        OSError: Nobody accepts.
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
    """Return `https` for https, `http` for all else."""
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
"""No try begins later than this after the first; seconds.

Go: pkg/plugins/client.go::defaultTimeOut
"""


@dataclass(frozen=True, slots=True)
class Timings:
    """How long calls to plugins wait, in seconds, and how much they read, in bytes.

    Args:
        first_wait: The wait before the second try; each further one is twice as long.
        default_timeout: No try begins later than this after the first.
        dial: How long a connection may take to be made.
        activate: How long one activation request may take; moby sets no bound.
        call: How long a call without a bound of its own may take; moby sets no bound.
        scan: How long listing waits for all plugins together; moby waits for the slowest.
        reply_limit: The size that a reply may have, in bytes; moby sets no bound.
        idle_connections: How many unused connections are kept open for the next call.
        clock: The clock of all waits.
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


DEFAULT = Timings()


def backoff(retries: int, timings: Timings = DEFAULT) -> float:
    """Return the seconds to wait after so many retries: 1, 2, 4, 8, 16, and never more than 30."""
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
    """End what this thread reads and writes in this block at the deadline, in seconds of the clock."""
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
        """Read some bytes, or none at the end.

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
        """Return what httpcore asks about a connection."""
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
    """Return the seconds that are left of a time-out and of the deadline; None for no limit.

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
    """Raise errors of sockets as those of httpcore."""
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
    """The `TLSConfig` of a JSON spec, as go-connections' `tlsconfig.Options` has it.

    Args:
        ca_file: PEM file of the authorities that sign the server's certificate.
        cert_file: PEM file of the engine's own certificate.
        key_file: PEM file of its key.
        insecure_skip_verify: Whether to accept any server.
        client_auth: For servers alone; kept, not used.
        exclusive_root_pools: Whether the authorities of `ca_file` count alone, or besides the system's.
        min_version: The lowest TLS version, as on the wire (0x0303 is 1.2); 0 for the default.
        passphrase: What decrypts the key.
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
        # Without a password OpenSSL would ask for one on the terminal, and wait.
        context.load_cert_chain(options.cert_file, options.key_file, password=lambda: options.passphrase)
    except (OSError, ValueError) as error:
        raise EngineError(f"Could not load X509 key pair: {error}") from error


VERSION_MIMETYPE: Final = "application/vnd.docker.plugins.v1.2+json"
"""What the engine accepts from plugins.

Go: pkg/plugins/transport/transport.go::VersionMimetype
"""

UNIX_HOST: Final = "plugin.moby.localhost"


class RequestFactory(Protocol):
    """Makes a request of a path and a body."""

    def new_request(self, path: str, data: bytes) -> httpcore.Request:
        """Return a request that posts the data to the path."""
        ...


class Transport(RequestFactory, Protocol):
    """Makes requests and carries them out."""

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
        field RoundTripper: a pool of httpcore, the layer that httpx stands on; only there can one deadline be
            set for all reads and writes of an exchange.
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

    def new_request(self, path: str, data: bytes) -> httpcore.Request:
        """Return a request that posts the data to the path at this transport's address."""
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
        error protocol: `Unknown protocol` at once for every scheme but unix, tcp, http and https; moby takes
            `host:8080` for a scheme and fails at each call.
        behaviour tls: the files are read for https alone; moby reads them for every scheme.
        behaviour unix: everything after `unix://` is the path; moby takes `unix://var/x.sock` for host `var`.
    """
    split = parse(addr)
    context = client_context(tls_config or Options()) if split.scheme == "https" else None
    pool = functools.partial(
        httpcore.ConnectionPool,
        ssl_context=context,
        max_connections=None,
        max_keepalive_connections=timings.idle_connections,
        network_backend=Backend(timings.clock),
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
