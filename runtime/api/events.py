"""The API's stream of events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from starlette.responses import Response, StreamingResponse

from runtime.api.backends import SystemBackend
from runtime.api.forms import first
from runtime.api.timestamps import parse_timestamps
from runtime.api.wire import Call, encode, filters_of
from runtime.errors import InvalidParameter
from runtime.events import Message
from runtime.filters import Args
from runtime.pubsub import Closed, Subscriber

SECOND: Final = 1_000_000_000


class InvalidRequest(InvalidParameter):
    """The times that were given make no sense.

    Go:
        api/server/router/system/system_routes.go::invalidRequestError
        api/server/router/system/system_routes.go::invalidRequestError.Error
        api/server/router/system/system_routes.go::invalidRequestError.InvalidParameter

    Differs:
        field Err: part of the text.
    """


class Wanted(NamedTuple):
    """Which events a client wants: from when, until when, and what they must be like."""

    since: int | None
    until: int | None
    filters: Args


class EventStreams:
    """Sends events to those who listen.

    Args:
        backend: Where events come from.
    """

    def __init__(self, backend: SystemBackend) -> None:
        self.backend = backend
        self.listeners: set[Subscriber[Message]] = set()

    async def get_events(self, call: Call) -> Response:
        """Send the events of a span of time as they happen, one JSON object a line.

        Go:
            api/server/router/system/system_routes.go::systemRouter.getEvents

        Differs:
            call InvalidParameter: what cannot be read is raised anew in Go's words.
            behaviour end: the stream ends when the engine stops.
        """
        wanted = _wanted(call)
        headers = {**call.headers, "Content-Type": "application/json"}
        return StreamingResponse(self._stream(wanted), headers=headers)

    def close(self) -> None:
        """End all streams."""
        for listener in tuple(self.listeners):
            self.backend.unsubscribe_from_events(listener)

    async def _stream(self, wanted: Wanted) -> AsyncIterator[bytes]:
        now = time.time_ns()
        with self._listening(wanted) as (buffered, listener):
            # Sent at once even if empty, so that the client knows that it is heard.
            yield b"".join(map(encode, buffered))
            if wanted.until is not None and wanted.until < now:
                return
            async for events in _arriving(listener, wanted.until, now):
                yield b"".join(map(encode, events))

    @contextmanager
    def _listening(self, wanted: Wanted) -> Iterator[tuple[Sequence[Message], Subscriber[Message]]]:
        buffered, listener = self.backend.subscribe_to_events(*wanted)
        self.listeners.add(listener)
        try:
            yield buffered, listener
        finally:
            self.listeners.discard(listener)
            self.backend.unsubscribe_from_events(listener)


def event_time(form_time: str) -> int | None:
    """A time in nanoseconds since 1970; None for an empty text.

    Raises:
        EngineError: It is no time.

    Go:
        api/server/router/system/system_routes.go::eventTime
    """
    found = parse_timestamps(form_time, -1)
    return None if found.seconds == -1 else found.seconds * SECOND + found.nanoseconds


def _wanted(call: Call) -> Wanted:
    form = call.form()
    since, until = event_time(first(form, "since")), event_time(first(form, "until"))
    if until is not None and until < (since or 0):
        raise InvalidRequest(
            f"`since` time ({first(form, 'since')}) cannot be after `until` time ({first(form, 'until')})"
        )
    return Wanted(since, until, filters_of(form))


async def _arriving(
    listener: Subscriber[Message], until: int | None, now: int
) -> AsyncIterator[Sequence[Message]]:
    """Yield events as they come, until the time has come or the queue is closed.

    They come from any thread; the loop is told of them, so that no thread waits for each client.
    """
    loop = asyncio.get_running_loop()
    end = None if until is None else loop.time() + (until - now) / SECOND
    changed = asyncio.Event()

    def wake() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            loop.call_soon_threadsafe(changed.set)

    listener.watch(wake)
    with suppress(TimeoutError, Closed):
        while True:
            async with asyncio.timeout_at(end):
                await changed.wait()
            changed.clear()
            if events := listener.take():
                yield events
