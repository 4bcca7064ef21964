"""Serves the API on unix sockets and TCP ports with uvicorn until a signal arrives."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from runtime.api.server.server import Server
from runtime.daemon.listeners import BACKLOG, Listener
from runtime.pkg.signal import Signals

log = logging.getLogger(__name__)
MOST_FILES: Final = 1 << 16
"""Open files that suffice for every client; not more, since plugins inherit the limit."""
LAST_SECOND: Final = 1
"""Seconds after which connections are closed whose clients do not read."""
KEEP_ALIVE: Final = 24 * 3600
"""Seconds that an idle connection is kept; moby keeps it for ever."""
HEAD_LIMIT: Final = 1 << 20
"""Bytes that a request may have besides its body: the head, and what stands around chunks; as in Go."""


class BoundedHead(HttpToolsProtocol):
    """HTTP/1.1 of uvicorn, which collects heads and trailers in memory, with a limit on their size.

    It counts bytes in the callbacks of asyncio and httptools, and changes nothing else.
    """

    head_size = 0

    def data_received(self, data: bytes) -> None:
        """Parse data, and refuse a request whose head does not end."""
        self.head_size += len(data)
        super().data_received(data)
        if self.head_size <= HEAD_LIMIT or self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle  # there is none before the first request
        if cycle is None or cycle.response_complete:
            self.send_400_response("The head of the request is too long.")
        else:  # the engine may be in the middle of its answer
            self.transport.close()

    def on_headers_complete(self) -> None:
        """Begin a request."""
        self.head_size = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Receive a part of a body."""
        self.head_size = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request; what follows is the next head."""
        self.head_size = 0
        super().on_message_complete()


def serve(
    app: Server,
    listeners: Sequence[Listener],
    *,
    patience: float,
    stopping: Callable[[], None],
    signals: Signals,
) -> None:
    """Serve until a signal arrives, then let the current requests end; a second signal ends them at once.

    Args:
        app: The API.
        listeners: The sockets to listen on.
        patience: Seconds until requests under way are cancelled and answered with an error.
        stopping: Called after the signal, before requests are waited for.
        signals: Delivers the signals.

    Go:
        api/server/server.go::Server.serveAPI
        api/server/server.go::Server.Wait
        api/server/server.go::Server.Close
    Differs:
        param waitChan: the function returns when serving has ended.
    """
    _allow_many_files()
    for listener in listeners:
        log.info("API listen on %s", listener.host)
    uvloop.run(_serve(app, [listener.socket for listener in listeners], patience, stopping, signals))


class _Uvicorn(uvicorn.Server):
    """uvicorn without its signal handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture no signals; `Signals` has them from before the start of the engine."""
        yield


async def _serve(
    app: Server,
    sockets: list[socket.socket],
    patience: float,
    stopping: Callable[[], None],
    signals: Signals,
) -> None:
    config = uvicorn.Config(
        app,
        http=BoundedHead,
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
    try:
        await server.serve(sockets)
    finally:
        signals.listen(None)


def _allow_many_files() -> None:
    """Raise the limit of open files, as Go's runtime does: each client has a connection."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
