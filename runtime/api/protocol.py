"""HTTP on one connection, with bounds on what a client may send, and on how slowly."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Final, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from runtime.api.joining import Joining

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
