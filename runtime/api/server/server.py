"""The application: finds the route of a request, has it answered, and makes answers of errors.

Go: api/server/server.go, api/server/middleware.go
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from runtime.api.server.httputils import Call, Handler, error_response, get_http_error_status_code
from runtime.api.server.middleware import Middleware
from runtime.api.server.router import VERSION_MATCHER, Found, Route, Router, Table, clean_path
from runtime.errdefs import EngineError, NotFound, Unavailable
from runtime.workers import Threads, Workers

log = logging.getLogger(__name__)

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_IN_PATHS: Final = "/:@!$&'()*+,;=~-._"


class PageNotFound(NotFound):
    """No route matches.

    Go:
        api/server/server.go::pageNotFoundError
        api/server/server.go::pageNotFoundError.Error
        api/server/server.go::pageNotFoundError.NotFound
    """

    def __init__(self) -> None:
        super().__init__("page not found")


class Server:
    """The API as an ASGI application.

    Args:
        workers: Where work is done that may take a while.

    Go:
        api/server/server.go::Server
        api/server/server.go::New
    Differs:
        behaviour slow: `protocol.Protocol` hangs up on a client that takes too long over a request, and
            bounds the number of headers; moby waits for ever.
        field servers: `server.serve` has them.
        field routers: they are made into a table at once.
        param cfg: nothing is to be configured here.
        extra table: the routes, ready to be looked up.
        field cfg: what it is served on is the matter of `server`, likewise servers.
        field routerSwapper: the routes do not change.
        extra workers: Go has a goroutine for each request.
    """

    def __init__(self, workers: Workers | None = None) -> None:
        self.workers = workers or Threads()
        self.middlewares: list[Middleware] = []
        self.table = Table(())
        self._running: set[asyncio.Task[object]] = set()
        self._cancelled = False

    def use_middleware(self, m: Middleware) -> None:
        """Have something done for every request; before the routes are made."""
        self.middlewares.append(m)

    def init_router(self, *routers: Router) -> None:
        """Serve the routes of these routers, the first that matches counts.

        Go:
            api/server/server.go::Server.InitRouter
            api/server/server.go::Server.createMux
        Differs:
            call MakeErrorHandler: a request without a route is answered in `_answer`.
            calls NewRoute, Server.handlerWithGlobalMiddlewares: the table of routes is made here, with
                wrapped handlers.
            call NewRouter: there is no profiler here, as there is no `/debug`.
        """
        self.table = Table([self._wrapped(route) for router in routers for route in router.routes])

    def handler_with_global_middlewares(self, handler: Handler) -> Handler:
        """A handler that does first what is done for every request, the last in the list before the others.

        Differs:
            call DebugRequestMiddleware: requests are not written to the log.
        """
        for m in self.middlewares:
            handler = m.wrap_handler(handler)
        return handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)
        try:
            response = await self._answer(request)
            await response(scope, receive, send)
        except ClientDisconnect:
            log.debug("%s %s: the client went away", request.method, scope["path"])
        except asyncio.CancelledError:
            # The server cancels what is still under way when it stops; that is no error of the request.
            if not self._cancelled:
                raise
            version = self._find(request.method, scope["path"])[0]
            with suppress(asyncio.CancelledError, RuntimeError):  # its answer may have begun
                await error_response(Unavailable("the engine is shutting down"), version, {})(
                    scope, receive, send
                )
        finally:
            if task is not None:
                self._running.discard(task)

    def cancel_requests(self) -> None:
        """Cancel every request that is under way; its client gets an error."""
        self._cancelled = True
        for task in tuple(self._running):
            task.cancel()

    async def _answer(self, request: Request) -> Response:
        path = request.scope["path"]
        if _BAD_ESCAPE.search(request.scope["raw_path"]):
            return Response(b"400 Bad Request", HTTPStatus.BAD_REQUEST, media_type="text/plain")
        if (cleaned := clean_path(path)) != path:
            return _moved(cleaned, request.scope["query_string"])
        version, found = self._find(request.method, path)
        if found is None:
            return error_response(PageNotFound(), version, {})
        call = Call(request, found.vars, version, self.workers)
        return await self._handle(found.route.handler, call)

    def _find(self, method: str, path: str) -> tuple[str, Found | None]:
        """The version in a path, and the route that it leads to."""
        versioned = VERSION_MATCHER.fullmatch(path)
        if versioned is None:
            return "", self.table.find(method, path)
        return versioned["version"], self.table.find(method, versioned["path"])

    async def _handle(self, handler: Handler, call: Call) -> Response:
        """Have a request answered; errors are answers too.

        Go: api/server/server.go::Server.makeHTTPHandler
        Differs:
            call Server.handlerWithGlobalMiddlewares: the handler comes wrapped already.
        """
        try:
            return await handler(call)
        except (EngineError, OSError) as error:
            status = get_http_error_status_code(error)
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                where = call.request.scope["path"]
                log.error("Handler for %s %s returned error: %s", call.request.method, where, error)  # noqa: TRY400
            return error_response(error, call.version, call.headers)
        except ClientDisconnect:
            raise
        except Exception as error:
            # One request's surprise must not end the others.
            log.critical("%s %s", call.request.method, call.request.scope["path"], exc_info=error)
            surprise = EngineError(f"internal error: {type(error).__name__}; the engine's log says more")
            return error_response(surprise, call.version, call.headers)

    def _wrapped(self, route: Route) -> Route:
        return Route(route.method, route.path, self.handler_with_global_middlewares(route.handler))


def new_server(middlewares: Sequence[Middleware], routers: Sequence[Router], workers: Workers) -> Server:
    """A server of these routes, with all that is done for every request."""
    server = Server(workers)
    for m in middlewares:
        server.use_middleware(m)
    server.init_router(*routers)
    return server


def _moved(path: str, query: bytes) -> Response:
    location = quote(path, _IN_PATHS) + (f"?{query.decode('latin-1')}" if query else "")
    return Response(status_code=HTTPStatus.MOVED_PERMANENTLY, headers={"Location": location})
