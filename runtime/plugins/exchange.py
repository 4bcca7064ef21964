"""One request's body, sent as often as need be, and one reply's, read within its bounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import IO, Final, Self

import httpcore

from runtime.errors import EngineError
from runtime.plugins import sockets
from runtime.plugins.errors import BadReply, DeadlineExceeded, TransportError

CHUNK: Final = 64 * 1024
REASON_LIMIT: Final = 300
BROKEN: Final = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError)


class Body:
    """A request's body: bytes, a file that can go back to where it stood, or a stream that cannot."""

    def __init__(self, data: bytes | IO[bytes]) -> None:
        self._data = data
        self._start = None if isinstance(data, bytes) or not data.seekable() else data.tell()
        self._begun = False

    @property
    def can_be_sent_again(self) -> bool:
        """Whether the next try would send the same."""
        return isinstance(self._data, bytes) or self._start is not None or not self._begun

    def content(self) -> bytes | Iterable[bytes]:
        """The whole body, from its beginning."""
        if isinstance(self._data, bytes):
            return self._data
        if self._start is not None:
            self._data.seek(self._start)
        return self._parts(self._data)

    def _parts(self, data: IO[bytes]) -> Iterator[bytes]:
        self._begun = True
        try:
            while part := data.read(CHUNK):
                yield part
        except OSError as error:
            raise EngineError(f"cannot read what is to be sent: {error}") from error


class Reply:
    """The body of a plugin's reply, read as it comes; closing it ends the exchange.

    Args:
        response: The reply, of which the head is there.
        deadline: When the last byte must be there, by the transport's clock; None for never.
        where: The plugin and the method, for errors.
    """

    def __init__(self, response: httpcore.Response, deadline: float | None, where: str) -> None:
        self.status = response.status
        self.where = where
        self._response = response
        self._deadline = deadline

    def __iter__(self) -> Iterator[bytes]:
        """The parts of the body.

        Raises:
            TransportError: The plugin went away in the middle, or was too slow.
        """
        parts = self._response.iter_stream()
        while (part := self._next(parts)) is not None:
            yield part

    def read(self, limit: int) -> bytes:
        """The whole body.

        Raises:
            BadReply: It is longer than the limit, in bytes.
            TransportError: The plugin went away in the middle, or was too slow.
        """
        body = bytearray()
        for part in self:
            body += part
            if len(body) > limit:
                raise BadReply(f"{self.where}: the reply is larger than {limit} bytes")
        return bytes(body)

    def close(self) -> None:
        """End the exchange; what was not read is lost."""
        self._response.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _next(self, parts: Iterator[bytes]) -> bytes | None:
        with sockets.until(self._deadline), translated(self.where):
            return next(parts, None)


@contextmanager
def translated(where: str, address: str = "") -> Iterator[None]:
    """Within this block, what breaks an exchange is raised as the engine's own errors.

    Raises:
        DeadlineExceeded: The deadline passed.
        TransportError: Anything else broke.
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
    """The system's own words, if it has any down the chain."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, OSError) and link.strerror:
            return link.strerror.lower()
        link = link.__cause__ or link.__context__
    return str(error)[:REASON_LIMIT] or type(error).__name__
