"""Serves the API on unix sockets and TCP ports, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import socket
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from typing import Final, cast

import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from runtime.api.joining import Joining
from runtime.api.server.server import Server
from runtime.daemon.listeners import BACKLOG, Listener
from runtime.pkg.signal import Signals

HEADER_LIMIT: Final = 1 << 20
"""Bytes of a request beside its body: its head, and what stands around chunks; as in Go."""

HEADER_COUNT: Final = 1000
"""Headers that a request may have; clients have a dozen."""

LATE_LIMIT: Final = 1 << 18
"""Bytes of a body that are still read once its request is answered; as in Go."""

WINDOW: Final = 60.0
"""Seconds after which a client that is in the middle of a request is looked at, and then again."""

LEAST: Final = 240
"""Bytes that such a client must send in a second, on average: less than the slowest line carries."""

PER_CHUNK: Final = 16
"""Bytes around a chunk that are no lie."""


class Protocol(HttpToolsProtocol):
    """HTTP/1.1 whose clients cannot keep the engine for ever.

    Between requests, and while an answer is made and sent, nobody is hurried.
    """

    excess = 0
    """Bytes beside the body, of the request that is being read."""
    late = 0
    """Bytes of a body that came after the answer."""
    recent = 0
    """Bytes that came since the client was looked at."""
    pending = False
    """Whether the client is in the middle of a request."""
    paused = False
    """Whether the engine itself did not read when the client was looked at."""
    watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer on this connection."""
        super().connection_made(Joining(cast("asyncio.Transport", transport)))

    def data_received(self, data: bytes) -> None:
        """Take what has come, unless it is too much."""
        self.excess += len(data)
        self.recent += len(data)
        self.pending = True
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self.excess > HEADER_LIMIT:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The request's head is too long.")
        elif self.late > LATE_LIMIT:
            self.transport.close()
        elif self.pending and self.watch is None:
            self.recent = 0
            self.watch = self.loop.call_later(WINDOW, self._look)

    def on_message_begin(self) -> None:
        """A request begins."""
        self.pending = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head was not too long.

        Raises:
            ValueError: It has too many headers.
        """
        if len(self.headers) > HEADER_COUNT:
            raise ValueError("too many headers")
        self.excess = self.late = 0
        super().on_headers_complete()
        if self.parser.should_upgrade():
            # The parser reads nothing after a request that would speak another protocol from then on.
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """A part of a body; the bytes around it may be twice as many, as in Go."""
        self.excess = max(0, self.excess - 2 * len(body) - PER_CHUNK)
        if self.cycle.response_complete:
            self.late += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """What comes now is the next head."""
        self.excess = 0
        self.pending = False
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there to be looked at."""
        if self.watch is not None:
            self.watch.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Hang up on a client that is too slow; one that the engine does not read is not."""
        self.watch = None
        paused, self.paused = self.paused, self.flow.read_paused
        if not self.pending:
            return
        if self.recent < LEAST * WINDOW and not paused and not self.paused:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request takes too long.")
            return
        self.recent = 0
        self.watch = self.loop.call_later(WINDOW, self._look)

    def _unsupported_upgrade_warning(self) -> None:
        """The request is answered as if it did not ask for another protocol."""

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """Say why, unless another answer is being sent, and hang up."""
        cycle: RequestResponseCycle | None = self.cycle  # there is none before the first request
        sending = cycle is not None and cycle.response_started and not cycle.response_complete
        if not sending and not self.pipeline:
            head = STATUS_LINE[status] + b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
            self.transport.write(head + b"content-length: %d\r\n\r\n%s" % (len(message), message.encode()))
        self.transport.close()


log = logging.getLogger(__name__)
MOST_FILES: Final = 1 << 16
"""Open files that are enough for every client; more are not asked for, since plugins inherit the limit."""
LAST_SECOND: Final = 1
"""Seconds after which connections are closed whose clients do not read."""
KEEP_ALIVE: Final = 24 * 3600
"""Seconds that an idle connection is kept; moby keeps it for ever."""


def serve(
    app: Server,
    listeners: Sequence[Listener],
    *,
    patience: float,
    ready: Callable[[], None],
    stopping: Callable[[], None],
    signals: Signals,
) -> None:
    """Serve until a signal comes, and end the requests that are under way; a second one ends them at once.

    Args:
        app: What is served.
        listeners: Where.
        patience: Seconds that requests get to end, before their clients get an error.
        ready: Called once requests are answered.
        stopping: Called when the signal has come, before requests are waited for.
        signals: What catches signals.
    """
    _allow_many_files()
    sockets = [listener.socket for listener in listeners]
    uvloop.run(_serve(app, sockets, patience, ready, stopping, signals))


class _Uvicorn(uvicorn.Server):
    """Leaves signals to its caller."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def _serve(
    app: Server,
    sockets: list[socket.socket],
    patience: float,
    ready: Callable[[], None],
    stopping: Callable[[], None],
    signals: Signals,
) -> None:
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=LAST_SECOND,
    )
    server = _Uvicorn(config)
    loop = asyncio.get_running_loop()

    def cancel() -> None:
        # An answer that is cut off now is no error.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        app.cancel_requests()

    def stop() -> None:
        if server.should_exit:
            cancel()
            return
        server.should_exit = True
        stopping()
        loop.call_later(patience, cancel)

    def receive() -> None:
        loop.call_soon_threadsafe(stop)

    signals.listen(receive)
    loop.call_soon(ready)
    try:
        await server.serve(sockets)
    finally:
        signals.listen(None)


def _allow_many_files() -> None:
    """Go's runtime does so too: each client has a connection, and systems begin with few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
