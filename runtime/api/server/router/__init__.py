"""Routes of the API and their handlers.

Go: api/server/router/local.go, api/server/router/router.go, api/server/server.go
"""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, TypeAlias

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from runtime.api.server.httputils import Call, Handler

VERSION_MATCHER: Final = re.compile(r"/v(?P<version>[0-9.]+)(?P<path>/.*)", re.DOTALL)
"""Matches a path that begins with a version.

Go: api/server/server.go::versionMatcher
"""


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path with their handler.

    Args:
        method: The HTTP method.
        path: The path without a version, in the form of Starlette; `{name:path}` is moby's `{name:.*}`.
        handler: Answers such requests.

    Go:
        api/server/router/router.go::Route
        api/server/router/router.go::Route.Handler
        api/server/router/router.go::Route.Method
        api/server/router/router.go::Route.Path
        api/server/router/local.go::localRoute
        api/server/router/local.go::localRoute.Handler
        api/server/router/local.go::localRoute.Method
        api/server/router/local.go::localRoute.Path
        api/server/router/local.go::NewRoute
    Differs:
        param opts: `new_get_route` and its like apply them.
    """

    method: str
    path: str
    handler: Handler


RouteWrapper: TypeAlias = Callable[[Route], Route]
"""Wraps a route.

Go: api/server/router/local.go::RouteWrapper
"""


class Router(Protocol):
    """A group of routes."""

    @property
    def routes(self) -> Sequence[Route]:
        """The routes; the first match counts.

        Go: api/server/router/router.go::Router.Routes
        """
        ...


def new_get_route(path: str, handler: Handler, *opts: RouteWrapper) -> Route:
    """Return a route for GET."""
    return _new_route("GET", path, handler, *opts)


def new_head_route(path: str, handler: Handler, *opts: RouteWrapper) -> Route:
    """Return a route for HEAD."""
    return _new_route("HEAD", path, handler, *opts)


def new_post_route(path: str, handler: Handler, *opts: RouteWrapper) -> Route:
    """Return a route for POST."""
    return _new_route("POST", path, handler, *opts)


def new_delete_route(path: str, handler: Handler, *opts: RouteWrapper) -> Route:
    """Return a route for DELETE."""
    return _new_route("DELETE", path, handler, *opts)


def new_options_route(path: str, handler: Handler, *opts: RouteWrapper) -> Route:
    """Return a route for OPTIONS."""
    return _new_route("OPTIONS", path, handler, *opts)


def with_cancel(route: Route) -> Route:
    """Return a route whose handler is cancelled when the client goes away."""
    return replace(route, handler=cancellable_handler(route.handler))


def cancellable_handler(handler: Handler) -> Handler:
    """Return a handler that is cancelled when the client goes away; it must not read the body."""

    async def cancellable(call: Call) -> Response:
        answering = asyncio.ensure_future(handler(call))
        leaving = asyncio.ensure_future(_disconnected(call.request))
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                return await answering
        finally:
            for task in (answering, leaving):
                if not task.done():
                    task.cancel()
            # A handler that is cancelled may fail in its own way; nobody is there to hear of it.
            await asyncio.gather(answering, leaving, return_exceptions=True)
        raise ClientDisconnect

    return cancellable


def clean_path(path: str) -> str:
    """Return the path without `.`, `..` and doubled slashes.

    Args:
        path: The path, decoded.
    """
    if not path:
        return "/"
    cleaned = posixpath.normpath(f"/{path.lstrip('/')}")
    return f"{cleaned}/" if path.endswith("/") and cleaned != "/" else cleaned


def _new_route(method: str, path: str, handler: Handler, *opts: RouteWrapper) -> Route:
    route = Route(method, path, handler)
    for wrap in opts:
        route = wrap(route)
    return route


async def _disconnected(request: Request) -> None:
    message: Any = {}
    while message.get("type") != "http.disconnect":
        message = await request.receive()
