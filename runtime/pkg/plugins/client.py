"""The client that calls a plugin's methods over HTTP.

The transport, its time limits, `backoff` and `abort` are in `transport.py`.

Go: pkg/plugins/client.go
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Self, TypeVar, overload

import httpcore
import msgspec

from runtime.errdefs import EngineError
from runtime.golang import encoding_json
from runtime.pkg.plugins import transport
from runtime.pkg.plugins.errors import BadReply, DeadlineExceeded, StatusError, TransportError
from runtime.pkg.plugins.transport import DEFAULT, Options, Timings, abort, backoff, until

REASON_LIMIT: Final = 300
BROKEN: Final = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError)


class Reply:
    """A plugin's reply, whose body is streamed; closing it ends the exchange.

    Args:
        response: The reply, whose head has arrived.
        deadline: The deadline of the last byte, by the transport's clock; None for no deadline.
        where: The plugin and the method, for errors.
    """

    def __init__(self, response: httpcore.Response, deadline: float | None, where: str) -> None:
        self.status = response.status
        self.where = where
        self._response = response
        self._deadline = deadline

    def __iter__(self) -> Iterator[bytes]:
        """Yield the parts of the body.

        Raises:
            TransportError: The connection broke, or the plugin was too slow.
        """
        parts = self._response.iter_stream()
        while (part := self._next(parts)) is not None:
            yield part

    def read(self, limit: int) -> bytes:
        """Return the whole body.

        Raises:
            BadReply: It is longer than the limit, in bytes.
            TransportError: The connection broke, or the plugin was too slow.
        """
        body = bytearray()
        for part in self:
            body += part
            if len(body) > limit:
                raise BadReply(f"{self.where}: the reply is larger than {limit} bytes")
        return bytes(body)

    def close(self) -> None:
        """End the exchange, and drop the rest of the body."""
        self._response.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _next(self, parts: Iterator[bytes]) -> bytes | None:
        with transport.until(self._deadline), translated(self.where):
            return next(parts, None)


@contextmanager
def translated(where: str, address: str = "") -> Iterator[None]:
    """Raise httpcore's errors in the block as the engine's own.

    Raises:
        DeadlineExceeded: The deadline passed.
        TransportError: The exchange failed otherwise.
    """
    try:
        yield
    except httpcore.TimeoutException as error:
        raise DeadlineExceeded(f"{where}: context deadline exceeded") from error
    except httpcore.ConnectError as error:
        raise TransportError(f"{where}: dial {address}: connect: {_reason(error)}") from error
    except BROKEN as error:
        raise TransportError(f"{where}: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """Return the text of the first OSError in the chain of causes, or of the error."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, OSError) and link.strerror:
            return link.strerror.lower()
        link = link.__cause__ or link.__context__
    return str(error)[:REASON_LIMIT] or type(error).__name__


log = logging.getLogger(__name__)

ERROR_LIMIT: Final = 64 * 1024
LONGEST: Final = 10.0 * 365 * 24 * 3600
"""Seconds of the longest time-out; sockets cannot wait much longer."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RequestOpts:
    """The options of one call.

    Args:
        timeout: Seconds of each try, from the connect to the reply's last byte, unless the client's time-out
            is shorter; 0 or less for none.
        retry: Whether to retry when the plugin cannot be reached.
    """

    timeout: float = 0.0
    retry: bool = True


PATIENT: Final = RequestOpts()


def with_request_timeout(seconds: float) -> RequestOpts:
    """Return the options that limit each try of a call."""
    return RequestOpts(timeout=seconds)


class _ErrorReply(msgspec.Struct, frozen=True):
    err: str = msgspec.field(default="", name="Err")


class Client:
    """Calls a plugin's methods, and retries while it cannot be reached.

    Args:
        requests: The transport.
        timeout: Seconds of each try of every call; 0 or less for no time-out.
        name: The plugin's name, for errors.
        timings: Time limits and the clock.

    Go:
        pkg/plugins/client.go::Client
        pkg/plugins/client.go::newClientWithTransport
    Differs:
        behaviour redirect: not followed; every status but 200 is an error.
    """

    def __init__(
        self,
        requests: transport.Transport,
        timeout: float = 0.0,
        *,
        name: str = "",
        timings: Timings = DEFAULT,
    ) -> None:
        self.request_factory = requests
        self.timeout = timeout
        self.name = name
        self.timings = timings
        self._closed = threading.Event()

    @overload
    def call(self, service_method: str, args: object, ret: type[T]) -> T: ...
    @overload
    def call(self, service_method: str, args: object = None, ret: None = None) -> None: ...
    def call(self, service_method: str, args: object = None, ret: type[T] | None = None) -> T | None:
        """Call a method such as `VolumeDriver.Create`; retry for half a minute while it is unreachable.

        Args:
            service_method: The method's name.
            args: The request, sent as JSON; None for an empty body.
            ret: The type of the reply; None to ignore it.

        Raises:
            StatusError: The plugin answered with another status than 200.
            BadReply: The reply is too long, not JSON, or of another type.
            TransportError: The plugin could not be reached, or was too slow.

        Differs:
            behaviour timeout: `timings.call`; moby has none.
        """
        return self.call_with_options(service_method, args, ret)

    @overload
    def call_with_options(
        self, service_method: str, args: object, ret: type[T], opts: RequestOpts = ...
    ) -> T: ...
    @overload
    def call_with_options(
        self, service_method: str, args: object = None, ret: None = None, opts: RequestOpts = ...
    ) -> None: ...
    def call_with_options(
        self,
        service_method: str,
        args: object = None,
        ret: type[T] | None = None,
        opts: RequestOpts = PATIENT,
    ) -> T | None:
        """Call a method as `call` does, with options.

        Differs:
            behaviour size: a reply of more than `timings.reply_limit` bytes is an error; moby has no limit.
            behaviour trailing: data after the reply's JSON are an error; moby ignores them.
        """
        body = b"" if args is None else encoding_json.encode(args) + b"\n"
        with self.call_with_retry(service_method, body, opts=opts) as reply:
            return None if ret is None else self._decode(service_method, reply, ret)

    def call_with_retry(
        self,
        service_method: str,
        data: bytes,
        *,
        retry: bool = True,
        opts: RequestOpts = PATIENT,
    ) -> Reply:
        """Post data to a method as `call` does, and return the reply unread.

        Differs:
            behaviour length: an error's text has 64 Ki characters at most; moby has no limit.
            behaviour body: each try sends the whole body; moby's second may send an empty one.
        """
        start = self.timings.clock.now()
        retries = 0
        while True:
            try:
                reply = self._try(service_method, data, opts)
            except TransportError as error:
                time_off = backoff(retries, self.timings)
                last = abort(start, time_off, self.timings)
                if last or not (retry and opts.retry):
                    raise
                retries += 1
                fields = {"plugin": self.name, "method": service_method}
                log.warning("Unable to connect to plugin: %s, retrying in %gs", error, time_off, extra=fields)
                # Disabling the plugin closes its client; then no retry can succeed.
                if self.timings.clock.wait(self._closed, time_off):
                    raise
            else:
                return self._checked(service_method, reply)

    def close(self) -> None:
        """Close the idle connections; calls in progress fail without retries."""
        self._closed.set()
        self.request_factory.close()

    def _try(self, service_method: str, data: bytes, opts: RequestOpts) -> Reply:
        now = self.timings.clock.now()
        seconds = self._limit(opts)
        deadline = now + seconds
        where = f"plugin {self.name}: {service_method}"
        request = self.request_factory.new_request(service_method, data)
        with until(deadline), translated(where, self.request_factory.address):
            response = self.request_factory.round_trip(request)
        return Reply(response, deadline, where)

    def _limit(self, opts: RequestOpts) -> float:
        """Return the time-out of a try: the shorter one of the call and the client.

        As in Go, only a positive number is a time-out.
        """
        limits = [seconds for seconds in (opts.timeout, self.timeout) if seconds > 0]
        if not limits:
            return self.timings.call
        return min(LONGEST, *limits)

    def _checked(self, service_method: str, reply: Reply) -> Reply:
        if reply.status == HTTPStatus.OK:
            return reply
        with reply:
            try:
                text = _remote_error(reply.read(self.timings.reply_limit))
            except EngineError as error:
                text = str(error)
        raise StatusError(reply.status, service_method, text)

    def _decode(self, service_method: str, reply: Reply, ret: type[T]) -> T:
        raw = reply.read(self.timings.reply_limit)
        try:
            if not raw.strip():
                raise encoding_json.UnexpectedEnd("EOF")
            return encoding_json.decode(raw, ret)
        except encoding_json.DecodeError as error:
            log.error("%s: error reading plugin resp: %s", service_method, error)  # noqa: TRY400 - no trace
            raise BadReply(f"{reply.where}: {error}") from error


def new_client(
    addr: str, tls_config: Options | None, *, name: str = "", timings: Timings = DEFAULT
) -> Client:
    """Return a client for an address such as `unix:///run/docker/plugins/x.sock`.

    Raises:
        EngineError: The address is malformed, of an unknown protocol or too long, or a TLS file is wrong.

    """
    return new_client_with_timeout(addr, tls_config, 0.0, name=name, timings=timings)


def new_client_with_timeout(
    addr: str, tls_config: Options | None, timeout: float, *, name: str = "", timings: Timings = DEFAULT
) -> Client:
    """Return a client as `new_client` does, with a time-out in seconds for each try of a call."""
    requests = transport.new_transport(addr, tls_config, timings)
    return Client(requests, timeout, name=name or addr, timings=timings)


def _remote_error(raw: bytes) -> str:
    try:
        remote = encoding_json.decode(raw, _ErrorReply)
    except encoding_json.DecodeError:
        remote = _ErrorReply()
    return (remote.err or raw.decode("utf-8", "replace"))[:ERROR_LIMIT]
