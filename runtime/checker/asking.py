"""Asks a plugin as the engine does, and keeps all of its answer."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self

import httpx
import msgspec

from runtime.errors import InvalidParameter

ACCEPT: Final = "application/vnd.docker.plugins.v1.2+json"
HOST: Final = "plugin.moby.localhost"
REPLY_LIMIT: Final = 4 << 20
"""Bytes of a reply that are read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Args:
        method: What was asked.
        status: The HTTP status; 0 if there was no answer.
        content_type: What the body is said to be.
        body: The body.
        seconds: How long it took.
        failure: Why there was no answer: `unreachable`, `no-answer`, `too-slow` or `reply-too-long`.
        detail: The same in words.
    """

    method: str
    status: int = 0
    content_type: str = ""
    body: bytes = b""
    seconds: float = 0.0
    failure: str = ""
    detail: str = ""

    @property
    def document(self) -> Any:
        """The body as JSON; None if it is none."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return None

    @property
    def fields(self) -> Mapping[str, Any]:
        """The fields of the answer; none if it is no object."""
        document = self.document
        return document if isinstance(document, dict) else {}

    @property
    def err(self) -> str:
        """What the plugin says is wrong; empty if it says nothing."""
        err = self.fields.get("Err")
        return err if isinstance(err, str) else ""

    @property
    def worked(self) -> bool:
        """Whether the engine would take this for success."""
        return (
            self.status == HTTPStatus.OK
            and not self.failure
            and not self.err
            and isinstance(self.document, dict)
        )

    def shown(self) -> str:
        """The answer in a few words."""
        if self.failure:
            return f"{self.method}: {self.detail}"
        text = self.body[:200].decode("utf-8", "replace").strip()
        return f"{self.method}: {self.status} {text}"


class Plugin:
    """A plugin at an address.

    Args:
        address: `unix://PATH`, or `tcp://HOST:PORT`.
        timeout: Seconds that an answer may take.

    Raises:
        InvalidParameter: There is no such address.
    """

    def __init__(self, address: str, timeout: float) -> None:
        scheme, _, rest = address.partition("://")
        if scheme not in {"unix", "tcp", "http"} or not rest:
            raise InvalidParameter(f"{address!r}: expected unix://PATH or tcp://HOST:PORT")
        self.address = address
        self.timeout = timeout
        self._url = "http://plugin" if scheme == "unix" else f"http://{rest}"
        self._socket = rest if scheme == "unix" else None
        self._reached = False
        self._stack = ExitStack()
        self._client = self._stack.enter_context(self._new_client())

    def ask(self, method: str, request: Mapping[str, Any] | bytes | None = None) -> Answer:
        """Call a method such as `VolumeDriver.Create`.

        Args:
            method: The method.
            request: What is sent: fields as JSON, bytes as they are, nothing for None.
        """
        data = (
            request
            if isinstance(request, bytes)
            else b""
            if request is None
            else msgspec.json.encode(request) + b"\n"
        )
        started = time.monotonic()
        try:
            self._reach()
            status, kind, body = self._exchange(method, data, started)
        except (httpx.ConnectError, OSError) as error:
            return Answer(method, failure="unreachable", detail=f"cannot be reached: {error}")
        except httpx.TimeoutException:
            return Answer(
                method, failure="too-slow", detail=f"did not answer within {self.timeout:g} seconds"
            )
        except httpx.HTTPError as error:
            return Answer(
                method,
                failure="no-answer",
                detail=f"broke the exchange off: {str(error) or type(error).__name__}",
            )
        seconds = time.monotonic() - started
        if len(body) > REPLY_LIMIT:
            return Answer(
                method, status, failure="reply-too-long", detail=f"answered more than {REPLY_LIMIT} bytes"
            )
        return Answer(method, status, kind, body, seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _reach(self) -> None:
        """Make sure, once, that somebody listens: httpcore forgets to close a socket that is refused."""
        if self._socket is None or self._reached:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(self.timeout)
            probe.connect(self._socket)
        self._reached = True

    def _exchange(self, method: str, data: bytes, started: float) -> tuple[int, str, bytes]:
        body = bytearray()
        with self._client.stream("POST", f"/{method}", content=data) as response:
            for part in response.iter_raw():
                body += part
                if time.monotonic() - started > self.timeout:
                    raise httpx.ReadTimeout("the whole answer took too long")
                if len(body) > REPLY_LIMIT:
                    break
            return response.status_code, response.headers.get("content-type", ""), bytes(body)

    def _new_client(self) -> httpx.Client:
        headers = {"Accept": ACCEPT, "Host": HOST, "User-Agent": "Go-http-client/1.1"}
        client = httpx.Client(
            base_url=self._url,
            headers=headers,
            timeout=self.timeout,
            transport=httpx.HTTPTransport(uds=self._socket, limits=httpx.Limits(max_keepalive_connections=0)),
            trust_env=False,
        )
        for unsent in ("Accept-Encoding", "Connection"):
            client.headers.pop(unsent, None)
        return client
