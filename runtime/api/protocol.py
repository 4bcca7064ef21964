"""HTTP on one connection, with bounds on what a client may send before it is heard."""

from __future__ import annotations

import asyncio
from typing import Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from runtime.api.joining import Joining

HEADER_LIMIT: Final = 1 << 20
"""Bytes of a request's head; as in Go."""


class Protocol(HttpToolsProtocol):
    """HTTP/1.1 whose request heads are bounded."""

    head = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer on this connection."""
        super().connection_made(Joining(cast("asyncio.Transport", transport)))

    def data_received(self, data: bytes) -> None:
        """Take what has come, unless a head is too long."""
        self.head += len(data)
        super().data_received(data)
        if self.head > HEADER_LIMIT and not self.transport.is_closing():
            self.send_400_response("The request's head is too long.")

    def on_headers_complete(self) -> None:
        """The head was not too long."""
        self.head = -(1 << 62)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """What comes now is the next head."""
        self.head = 0
        super().on_message_complete()
