"""Calls a plugin through the engine's own client, and records the replies."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, Self, cast

import httpcore
import msgspec

from runtime.errdefs import EngineError, InvalidParameter
from runtime.golang import encoding_json
from runtime.pkg.plugins import transport
from runtime.pkg.plugins.client import Client
from runtime.pkg.plugins.errors import BadReply, DeadlineExceeded, StatusError, TransportError
from runtime.pkg.plugins.plugins import Manifest
from runtime.pkg.plugins.transport import Timings, Transport
from runtime.volume.drivers.proxy import Response, VolumeDriverProxy
from runtime.volume.volume import Unreachable
from runtime.workers import Threads

LATE: Final = 120.0
"""Seconds that the engine waits for Create and Mount; it ignores later answers."""

ONE_TRY: Final = Timings(default_timeout=0.0, idle_connections=0)
"""Time limits of the engine's client, but without retries and with a new connection for each call."""


@dataclass(slots=True)
class Exchange:
    """The reply to one call."""

    status: int = 0
    content_type: str = ""
    body: bytearray = field(default_factory=bytearray)


_exchange: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


class Recorder:
    """A transport that copies each reply into the exchange of the calling thread."""

    def __init__(self, recorded: Transport) -> None:
        self._recorded = recorded

    @property
    def address(self) -> str:
        """The network and the address, for errors."""
        return self._recorded.address

    def new_request(self, path: str, data: bytes) -> httpcore.Request:
        """Make a request that posts the data to the path."""
        return self._recorded.new_request(path, data)

    def round_trip(self, request: httpcore.Request) -> httpcore.Response:
        """Send the request and record the reply."""
        response = self._recorded.round_trip(request)
        if (exchange := _exchange.get()) is not None:
            headers = {key.lower(): value for key, value in response.headers}
            exchange.status = response.status
            exchange.content_type = headers.get(b"content-type", b"").decode("latin-1")
            response.stream = _RecordedStream(response.stream, exchange.body)
        return response

    def close(self) -> None:
        """Close the connections."""
        self._recorded.close()


class _RecordedStream:
    """The parts of a reply's body, copied as they are read."""

    def __init__(self, stream: Any, body: bytearray) -> None:
        self._stream = stream
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        for part in self._stream:
            self._body += part
            yield part

    def close(self) -> None:
        self._stream.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a call.

    Args:
        method: The method.
        value: The engine's reading of the answer; None if the call failed.
        error: The engine's error; None if the call worked.
        failure: The rule that an unusable answer breaks; empty for a usable one.
        exchange: The reply.
    """

    method: str
    value: Any = None
    error: Exception | None = None
    failure: str = ""
    exchange: Exchange = field(default_factory=Exchange, compare=False)

    @property
    def worked(self) -> bool:
        """Whether the call succeeded for the engine."""
        return self.error is None

    @property
    def document(self) -> Any:
        """The body decoded from JSON, or None if it is not JSON."""
        try:
            return msgspec.json.decode(bytes(self.exchange.body))
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return None

    @property
    def err(self) -> str:
        """The error text in the answer, or an empty text."""
        try:
            return encoding_json.decode(bytes(self.exchange.body), Response).err
        except encoding_json.DecodeError:
            return ""

    def shown(self) -> str:
        """Return the answer in short."""
        if self.failure and not self.exchange.body:
            return f"{self.method}: {self.error}"
        text = self.exchange.body[:200].decode("utf-8", "replace").strip()
        return f"{self.method}: {self.exchange.status} {text}"


class Plugin:
    """A running plugin, called as the engine calls it.

    Args:
        address: `unix://PATH`, or `tcp://HOST:PORT`.
        timeout: Seconds that an answer may take. A longer call still runs on, so that its effect is noticed.

    Raises:
        InvalidParameter: The address is not valid.
    """

    def __init__(self, address: str, timeout: float) -> None:
        scheme, _, rest = address.partition("://")
        if scheme not in {"unix", "tcp", "http"} or not rest:
            raise InvalidParameter(f"{address!r}: expected unix://PATH or tcp://HOST:PORT")
        self.address = address
        self.timeout = timeout
        self._client = Client(
            Recorder(transport.new_transport(address, None, ONE_TRY)), name=address, timings=ONE_TRY
        )
        self._driver = VolumeDriverProxy(self._client)
        self._workers = Threads()
        self._late: list[Future[Any]] = []

    def activate(self) -> Answer:
        """Call `Plugin.Activate`; the value is the plugin's manifest."""
        return self._ask("Plugin.Activate", lambda: self._client.call("Plugin.Activate", None, Manifest))

    def capabilities(self) -> Answer:
        """Call `VolumeDriver.Capabilities`."""
        return self._ask("VolumeDriver.Capabilities", self._driver.capabilities)

    def create(self, name: str, options: Mapping[str, str] | None) -> Answer:
        """Call `VolumeDriver.Create`."""
        return self._ask("VolumeDriver.Create", lambda: self._driver.create(name, options))

    def get(self, name: str) -> Answer:
        """Call `VolumeDriver.Get`; the value is the volume, or None."""
        return self._ask("VolumeDriver.Get", lambda: self._driver.get(name))

    def list(self) -> Answer:
        """Call `VolumeDriver.List`; the value is the sequence of volumes."""
        return self._ask("VolumeDriver.List", self._driver.list)

    def path(self, name: str) -> Answer:
        """Call `VolumeDriver.Path`; the value is the path."""
        return self._ask("VolumeDriver.Path", lambda: self._driver.path(name))

    def mount(self, name: str, ref: str) -> Answer:
        """Call `VolumeDriver.Mount`; the value is the path."""
        return self._ask("VolumeDriver.Mount", lambda: self._driver.mount(name, ref))

    def unmount(self, name: str, ref: str) -> Answer:
        """Call `VolumeDriver.Unmount`."""
        return self._ask("VolumeDriver.Unmount", lambda: self._driver.unmount(name, ref))

    def remove(self, name: str) -> Answer:
        """Call `VolumeDriver.Remove`."""
        return self._ask("VolumeDriver.Remove", lambda: self._driver.remove(name))

    def post(self, method: str, body: bytes) -> Answer:
        """Post any bytes to a method."""

        def call() -> None:
            with self._client.call_with_retry(method, body) as reply:
                reply.read(ONE_TRY.reply_limit)

        return self._ask(method, call)

    def wait_for_late_answers(self) -> None:
        """Wait until slow calls have ended, for as long as the engine would."""
        wait(self._late, LATE)
        self._late.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # A call in progress may change the pool meanwhile.
        with contextlib.suppress(RuntimeError):
            self._client.close()

    def _ask(self, method: str, call: Callable[[], Any]) -> Answer:
        exchange = Exchange()

        def run() -> Any:
            _exchange.set(exchange)
            return call()

        future = self._workers.submit(run)
        try:
            done, _ = wait([future], self.timeout)
        except BaseException:
            self._late.append(future)  # a signal came; `wait_for_late_answers` waits for it
            raise
        if not done:
            self._late.append(future)
            slow = DeadlineExceeded(f"did not answer within {self.timeout:g} seconds")
            return Answer(method, error=slow, failure="too-slow")
        error = future.exception()
        if error is None:
            return Answer(method, future.result(), exchange=exchange)
        if not isinstance(error, EngineError):
            raise error
        return Answer(method, error=error, failure=_failure(error, exchange), exchange=exchange)


def _failure(error: EngineError, exchange: Exchange) -> str:
    """Return the rule that an unusable answer breaks, or an empty text for a regular error."""
    cause = error.__cause__ if isinstance(error, Unreachable) else error
    match cause:
        case DeadlineExceeded():
            return "too-slow"
        case TransportError():
            refused = isinstance(cause.__cause__, httpcore.ConnectError)
            return "unreachable" if refused else "no-answer"
        case BadReply() if len(exchange.body) > ONE_TRY.reply_limit:
            return "reply-too-long"
        case BadReply():
            return _decoding_failure(str(cause), cast("bytes", exchange.body))
        case StatusError() | _:
            return ""


def _decoding_failure(text: str, body: bytes) -> str:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return "not-json"
    if "CreatedAt" in text or "is not a time" in text:
        return "bad-time"
    return "bad-status" if "Status" in text else "wrong-type"
