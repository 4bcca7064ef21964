"""Sends the head of an answer together with its body: one call of the system instead of two."""

from __future__ import annotations

import asyncio
from typing import Any, Final

HEAD: Final = b"HTTP/1.1 "
"""Begins the head of an answer."""
SMALL: Final = 1 << 16
"""Bytes of a body that are copied rather than sent by themselves."""


class Joining(asyncio.Transport):
    """A transport that holds a head back until what comes next, at most for one round of the loop.

    Args:
        transport: What sends.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._head = b""
        self._timer: asyncio.TimerHandle | None = None

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Send, with the head before it that is held back; a head is held back."""
        if self._timer is not None:
            self._release(data)
        elif data[: len(HEAD)] == HEAD:
            self._head = bytes(data)
            self._timer = self._loop.call_later(0, self.flush)
        elif data:
            self._transport.write(data)

    def flush(self) -> None:
        """Send what is held back."""
        if self._timer is not None:
            self._release(b"")

    def close(self) -> None:
        """Send what is held back, and then no more."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Send no more."""
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether nothing more will be sent."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What is known of the connection."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Hear no more for a while."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Hear again."""
        self._transport.resume_reading()

    def _release(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if len(data) <= SMALL:
            self._transport.write(self._head + data)
            return
        self._transport.write(self._head)
        self._transport.write(data)
