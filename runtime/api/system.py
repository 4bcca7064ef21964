"""The API's routes of the engine as a whole, but for its events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response

from runtime.api.backends import Cancellable, SystemBackend
from runtime.api.cancelling import cancelling
from runtime.api.events import EventStreams
from runtime.api.router import (
    Route,
    new_get_route,
    new_head_route,
    new_options_route,
    with_cancel,
)
from runtime.api.wire import Call, write_header, write_json
from runtime.versions import less_than


class DiskUsage(msgspec.Struct, frozen=True):
    """What takes room on the disk; of all that the API knows, only volumes are here.

    Go:
        api/types/types.go::DiskUsage
    """

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
        streams: Sends events.
        new_context: Makes what tells the backend that nobody waits any more.

    Go:
        api/server/router/system/system.go::systemRouter
        api/server/router/system/system.go::NewRouter

    Differs:
        field fscache: there is nothing of that kind here.
        param c: there is nothing of that kind here.
        param fscache: there is nothing of that kind here.
        param builder: there is nothing of that kind here.
        param features: there is nothing of that kind here.
        call NewOptionsRoute: the routes are made when they are asked for.
        call NewGetRoute: the routes are made when they are asked for.
        call NewPostRoute: the routes are made when they are asked for.
        field builder: nothing is built here, likewise fscache.
        field cluster: there is no swarm here.
        field features: there are none to choose.
        extra streams: its own part, since streams must end before the engine does.
        extra new_context: Go has contexts.
    """

    def __init__(
        self, backend: SystemBackend, streams: EventStreams, new_context: Callable[[], Cancellable]
    ) -> None:
        self.backend = backend
        self.streams = streams
        self.new_context = new_context

    @property
    def routes(self) -> Sequence[Route]:
        """The routes.

        Go:
            api/server/router/system/system.go::systemRouter.Routes

        Differs:
            call NewOptionsRoute: bound methods are put into the table of routes, which reads as calls of
                them.
            call optionsHandler: bound methods are put into the table of routes, which reads as calls of them.
            call NewGetRoute: bound methods are put into the table of routes, which reads as calls of them.
            call systemRouter.pingHandler: bound methods are put into the table of routes, which reads as
                calls of them.
            call NewHeadRoute: bound methods are put into the table of routes, which reads as calls of them.
            call systemRouter.getEvents: bound methods are put into the table of routes, which reads as calls
                of them.
            call systemRouter.getInfo: bound methods are put into the table of routes, which reads as calls
                of them.
            call systemRouter.getVersion: bound methods are put into the table of routes, which reads as
                calls of them.
            call systemRouter.getDiskUsage: bound methods are put into the table of routes, which reads as
                calls of them.
            call WithCancel: bound methods are put into the table of routes, which reads as calls of them.
            behaviour HEAD: `/_ping` answers it too, as later engines do; today's clients begin with it.
        """
        return (
            new_options_route("/{anyroute}", self.options_handler),
            new_get_route("/_ping", self.ping_handler),
            new_head_route("/_ping", self.ping_handler),
            new_get_route("/events", self.streams.get_events),
            new_get_route("/info", self.get_info),
            new_get_route("/version", self.get_version),
            new_get_route("/system/df", self.get_disk_usage, with_cancel),
        )

    async def options_handler(self, call: Call) -> Response:
        """Answer a browser that asks what it may do.

        Go:
            api/server/router/system/system_routes.go::optionsHandler
        """
        return write_header(call, HTTPStatus.OK)

    async def ping_handler(self, call: Call) -> Response:
        """Say that the engine is there.

        Go:
            api/server/router/system/system_routes.go::systemRouter.pingHandler

        Differs:
            call BuilderVersion: nothing is built here.
        """
        body = b"" if call.request.method == "HEAD" else b"OK"
        return Response(body, headers={**call.headers, "Content-Type": "text/plain; charset=utf-8"})

    async def get_info(self, call: Call) -> Response:
        """Say what the engine and its machine are.

        Go:
            api/server/router/system/system_routes.go::systemRouter.getInfo

        Differs:
            behaviour unknown: the kernel and the system always have names here.
            call DecodeSecurityOptions: there are no security options here.
        """
        info = await call.run(self.backend.system_info)
        if less_than(call.version, "1.25"):
            old = {"ExecutionDriver": "<not supported>", "SecurityOptions": []}
            return write_json(call, HTTPStatus.OK, {**msgspec.to_builtins(info), **old})
        return write_json(call, HTTPStatus.OK, info)

    async def get_version(self, call: Call) -> Response:
        """Say which version the engine is.

        Go:
            api/server/router/system/system_routes.go::systemRouter.getVersion
        """
        return write_json(call, HTTPStatus.OK, self.backend.system_version())

    async def get_disk_usage(self, call: Call) -> Response:
        """Say what takes room on the disk.

        Go:
            api/server/router/system/system_routes.go::systemRouter.getDiskUsage

        Differs:
            call DiskUsage: nothing is built here, so that there is no build cache.
        """
        with cancelling(self.new_context()) as ctx:
            volumes = await call.run(self.backend.system_disk_usage, ctx=ctx)
        return write_json(call, HTTPStatus.OK, DiskUsage(volumes=volumes))
