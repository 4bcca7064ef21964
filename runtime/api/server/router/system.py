"""The API's routes of the engine as a whole, such as its stream of events.

Go:
    api/server/router/system/system_routes.go
    api/server/router/system/backend.go
    api/server/router/system/system.go
    api/types/types.go
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any, Final, NamedTuple, Protocol

import msgspec
from starlette.responses import Response, StreamingResponse

from runtime.api.server.httputils import (
    Call,
    cancelling,
    encode,
    filters_of,
    first,
    write_header,
    write_json,
)
from runtime.api.server.router import Route, new_get_route, new_head_route, new_options_route, with_cancel
from runtime.api.types.events import Message
from runtime.api.types.filters import Args
from runtime.api.types.timestamp import parse_timestamps
from runtime.api.types.versions import less_than
from runtime.errdefs import InvalidParameter
from runtime.pkg.pubsub import Closed, Subscriber


class SystemBackend(Protocol):
    """The engine as a whole.

    Go: api/server/router/system/backend.go::Backend
    """

    def system_info(self) -> Any:
        """Return the description of the engine and its machine.

        Go: api/server/router/system/backend.go::Backend.SystemInfo
        """
        ...

    def system_version(self) -> Any:
        """Return the version of the engine.

        Go: api/server/router/system/backend.go::Backend.SystemVersion
        """
        ...

    def system_disk_usage(self, *, ctx: Any) -> Sequence[Any]:
        """Return the local volumes with their sizes.

        Go: api/server/router/system/backend.go::Backend.SystemDiskUsage
        """
        ...

    def subscribe_to_events(
        self, since: int | None, until: int | None, filters: Args
    ) -> tuple[Sequence[Message], Subscriber[Message]]:
        """Return the events of a span of time, and a queue of those to come.

        Go: api/server/router/system/backend.go::Backend.SubscribeToEvents
        """
        ...

    def unsubscribe_from_events(self, listener: Subscriber[Message]) -> None:
        """End a queue of events.

        Go: api/server/router/system/backend.go::Backend.UnsubscribeFromEvents
        """
        ...


SECOND: Final = 1_000_000_000


class InvalidRequest(InvalidParameter):
    """The time `until` is before `since`.

    Go:
        api/server/router/system/system_routes.go::invalidRequestError
        api/server/router/system/system_routes.go::invalidRequestError.Error
        api/server/router/system/system_routes.go::invalidRequestError.InvalidParameter
    """


class Wanted(NamedTuple):
    """The events that a client asks for: a span of time in nanoseconds, and filters."""

    since: int | None
    until: int | None
    filters: Args


def event_time(form_time: str) -> int | None:
    """Return a time in nanoseconds since 1970; None for an empty text.

    Raises:
        EngineError: It is no time.
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
    """Yield events as they happen, until the time is over or the queue is closed."""
    # Other threads wake the loop, so that no thread has to wait for each client.
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


class DiskUsage(msgspec.Struct, frozen=True):
    """The disk usage of the engine; only volumes exist here."""

    layers_size: int = msgspec.field(default=0, name="LayersSize")
    images: Sequence[Any] = msgspec.field(default=(), name="Images")
    containers: Sequence[Any] = msgspec.field(default=(), name="Containers")
    volumes: Sequence[Any] = msgspec.field(default=(), name="Volumes")
    build_cache: Sequence[Any] | None = msgspec.field(default=None, name="BuildCache")
    builder_size: int = msgspec.field(default=0, name="BuilderSize")


class SystemRouter:
    """The routes of the engine as a whole.

    Args:
        backend: The engine.

    Go:
        api/server/router/system/system.go::systemRouter
        api/server/router/system/system.go::NewRouter
    Differs:
        fields fscache, features: there are no images and no builds here.
        params c, fscache, builder, features: there are no images and no builds here.
        calls NewOptionsRoute, NewGetRoute, NewPostRoute: `routes` builds them.
    """

    def __init__(self, backend: SystemBackend) -> None:
        self.backend = backend

    @property
    def routes(self) -> Sequence[Route]:
        """The routes.

        Go: api/server/router/system/system.go::systemRouter.Routes
        Differs:
            behaviour HEAD: `/_ping` answers it too, as in later engines; current clients send it first.
        """
        return (
            new_options_route("/{anyroute:path}", self.options_handler),
            new_get_route("/_ping", self.ping_handler),
            new_head_route("/_ping", self.ping_handler),
            new_get_route("/events", self.get_events),
            new_get_route("/info", self.get_info),
            new_get_route("/version", self.get_version),
            new_get_route("/system/df", self.get_disk_usage, with_cancel),
        )

    async def options_handler(self, call: Call) -> Response:
        """Answer a preflight request of a browser.

        Go: api/server/router/system/system_routes.go::optionsHandler
        """
        return write_header(call, HTTPStatus.OK)

    async def ping_handler(self, call: Call) -> Response:
        """Answer that the engine runs.

        Differs:
            call BuilderVersion: nothing is built here.
        """
        body = b"" if call.request.method == "HEAD" else b"OK"
        return Response(body, headers={**call.headers, "Content-Type": "text/plain; charset=utf-8"})

    async def get_info(self, call: Call) -> Response:
        """Describe the engine and its machine.

        Differs:
            behaviour unknown: the kernel and the system always have names.
            call DecodeSecurityOptions: there are no security options here.
        """
        info = await call.run(self.backend.system_info)
        if less_than(call.version, "1.25"):
            old = {"ExecutionDriver": "<not supported>", "SecurityOptions": []}
            return write_json(call, HTTPStatus.OK, {**msgspec.to_builtins(info), **old})
        return write_json(call, HTTPStatus.OK, info)

    async def get_version(self, call: Call) -> Response:
        """Return the version of the engine."""
        return write_json(call, HTTPStatus.OK, self.backend.system_version())

    async def get_disk_usage(self, call: Call) -> Response:
        """Return the disk usage.

        Differs:
            call DiskUsage: there is no build cache.
        """
        with cancelling() as ctx:
            volumes = await call.run(self.backend.system_disk_usage, ctx=ctx)
        return write_json(call, HTTPStatus.OK, DiskUsage(volumes=volumes))

    async def get_events(self, call: Call) -> Response:
        """Send the events of a span of time as they happen, one JSON object a line.

        Differs:
            call InvalidParameter: `filters_of` raises Go's error.
            behaviour end: the stream ends when the engine stops.
        """
        wanted = _wanted(call)
        headers = {**call.headers, "Content-Type": "application/json"}
        return StreamingResponse(self._stream(wanted), headers=headers)

    async def _stream(self, wanted: Wanted) -> AsyncIterator[bytes]:
        now = time.time_ns()
        with self._subscribed(wanted) as (buffered, listener):
            # Sent at once even if empty, so that the client has the head of the answer.
            yield b"".join(map(encode, buffered))
            if wanted.until is not None and wanted.until < now:
                return
            async for events in _arriving(listener, wanted.until, now):
                yield b"".join(map(encode, events))

    @contextmanager
    def _subscribed(self, wanted: Wanted) -> Iterator[tuple[Sequence[Message], Subscriber[Message]]]:
        buffered, listener = self.backend.subscribe_to_events(*wanted)
        try:
            yield buffered, listener
        finally:
            self.backend.unsubscribe_from_events(listener)
