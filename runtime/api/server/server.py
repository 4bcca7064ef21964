"""The API as an ASGI application: routes requests, and turns errors into answers.

Go: api/server/server.go, api/server/middleware.go
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send

from runtime.api.server.httputils import Call, Handler, error_response, get_http_error_status_code
from runtime.api.server.middleware import Middleware
from runtime.api.server.router import VERSION_MATCHER, Route, Router, clean_path
from runtime.errdefs import EngineError, NotFound, Unavailable
from runtime.golang.strconv import located
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
        workers: Threads for work that may block.

    Go:
        api/server/server.go::Server
        api/server/server.go::New
    Differs:
        param cfg: there is nothing to configure.
        fields cfg, servers: `http.serve` has the sockets.
        fields routers, routerSwapper: the routes are made once.
        extra routes: what moby's mux holds; the first match counts.
        extra workers: Go has a goroutine for each request.
    """

    def __init__(self, workers: Workers | None = None) -> None:
        self.workers = workers or Threads()
        self.middlewares: list[Middleware] = []
        self.routes: list[Route] = []
        self._handlers: dict[str, list[tuple[re.Pattern[str], Handler]]] = {}  # by method
        self._running: set[asyncio.Task[object]] = set()
        self._cancelled = False

    def use_middleware(self, m: Middleware) -> None:
        """Add a middleware; only routes that are made later have it."""
        self.middlewares.append(m)

    def init_router(self, *routers: Router) -> None:
        """Serve the routes of these routers; the first that matches counts.

        Go:
            api/server/server.go::Server.InitRouter
            api/server/server.go::Server.createMux
        Differs:
            call MakeErrorHandler: a request without a route is answered in `_answer`.
            call Server.handlerWithGlobalMiddlewares: handlers are wrapped once, in moby for each
                request.
            call NewRouter: the routers are given.
        """
        for route in (route for router in routers for route in router.routes):
            pattern, _, _ = compile_path(route.path)
            handler = self.handler_with_global_middlewares(route.handler)
            self._handlers.setdefault(route.method, []).append((pattern, handler))
            self.routes.append(route)

    def handler_with_global_middlewares(self, handler: Handler) -> Handler:
        """Return a handler that runs all middlewares first, the last added before the others.

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
            if "upgrade" in request.headers:
                response.headers["Connection"] = "close"  # the parser reads nothing after such a request
            await response(scope, receive, send)
        except ClientDisconnect:
            log.debug("%s %s: the client went away", request.method, scope["path"])
        except asyncio.CancelledError:
            # The server cancels what is still under way when it stops; that is no error of the request.
            if not self._cancelled:
                raise
            answer = error_response(
                Unavailable("the engine is shutting down"), _version(scope["path"])[0], {}
            )
            with suppress(asyncio.CancelledError, RuntimeError):  # its answer may have begun
                await answer(scope, receive, send)
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
        version, path = _version(path)
        handler, variables = self._find(request.method, path)
        if handler is None:
            return error_response(PageNotFound(), version, {})
        return await self._handle(handler, Call(request, variables, version, self.workers))

    def _find(self, method: str, path: str) -> tuple[Handler | None, Mapping[str, str]]:
        """Return the handler of the first route that matches and the variables of its path, or None."""
        if "\n" in path:  # Go's patterns match none, Python's `$` would let the last one pass
            return None, {}
        for pattern, handler in self._handlers.get(method, ()):
            if match := pattern.match(path):
                return handler, match.groupdict()
        return None, {}

    async def _handle(self, handler: Handler, call: Call) -> Response:
        """Call a handler, and turn its errors into answers.

        Go: api/server/server.go::Server.makeHTTPHandler
        Differs:
            call Server.handlerWithGlobalMiddlewares: the handler comes wrapped already.
        """
        try:
            return await handler(call)
        except (EngineError, OSError) as failure:
            error = EngineError(located(failure), failure) if isinstance(failure, OSError) else failure
            status = get_http_error_status_code(error)
            # A client that has gone may have caused the error, and nobody misses the answer.
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR and not await call.request.is_disconnected():
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


def _version(path: str) -> tuple[str, str]:
    """Split a path into the version that it begins with, if any, and the rest."""
    versioned = VERSION_MATCHER.fullmatch(path)
    return ("", path) if versioned is None else (versioned["version"], versioned["path"])


def _moved(path: str, query: bytes) -> Response:
    location = quote(path, _IN_PATHS) + (f"?{query.decode('latin-1')}" if query else "")
    return Response(status_code=HTTPStatus.MOVED_PERMANENTLY, headers={"Location": location})
