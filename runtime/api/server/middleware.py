"""Wrappers of all handlers, which check the version and set headers.

Go:
    api/server/middleware/version.go
    api/server/middleware/experimental.go
    api/server/middleware/middleware.go
"""

from __future__ import annotations

from typing import Protocol

from starlette.responses import Response

from runtime.api.server.httputils import Call, Handler
from runtime.api.types.versions import greater_than, less_than
from runtime.errdefs import InvalidParameter

OS_TYPE = "linux"


class Middleware(Protocol):
    """Wraps handlers."""

    def wrap_handler(self, handler: Handler, /) -> Handler:
        """Return the handler with the middleware around it."""
        ...


class VersionUnsupported(InvalidParameter):
    """The version in the path is not served.

    Go:
        api/server/middleware/version.go::versionUnsupportedError
        api/server/middleware/version.go::versionUnsupportedError.Error
        api/server/middleware/version.go::versionUnsupportedError.InvalidParameter
    """

    def __init__(self, version: str, *, min_version: str = "", max_version: str = "") -> None:
        if min_version:
            text = (
                f"client version {version} is too old. Minimum supported API version is {min_version}, "
                "please upgrade your client to a newer version"
            )
        else:
            text = f"client version {version} is too new. Maximum supported API version is {max_version}"
        super().__init__(text)


class VersionMiddleware:
    """Refuses versions that are not served, and sets headers with the ones that are.

    Args:
        server_version: The engine's version.
        default_version: The newest version of the API.
        min_version: The oldest one.

    Go:
        api/server/middleware/version.go::VersionMiddleware
        api/server/middleware/version.go::NewVersionMiddleware
    """

    def __init__(self, server_version: str, default_version: str, min_version: str) -> None:
        self.server_version = server_version
        self.default_version = default_version
        self.min_version = min_version

    def wrap_handler(self, handler: Handler) -> Handler:
        """Return a handler that refuses versions that are not served."""

        async def wrapped(call: Call) -> Response:
            call.headers["Server"] = f"Docker/{self.server_version} ({OS_TYPE})"
            call.headers["Api-Version"] = self.default_version
            call.headers["Ostype"] = OS_TYPE
            version = call.version or self.default_version
            if less_than(version, self.min_version):
                raise VersionUnsupported(version, min_version=self.min_version)
            if greater_than(version, self.default_version):
                raise VersionUnsupported(version, max_version=self.default_version)
            call.version = version
            return await handler(call)

        return wrapped


class ExperimentalMiddleware:
    """Says whether the engine has experimental features.

    Args:
        experimental_enabled: Whether it has.

    Go:
        api/server/middleware/experimental.go::ExperimentalMiddleware
        api/server/middleware/experimental.go::NewExperimentalMiddleware
    """

    def __init__(self, experimental_enabled: bool = False) -> None:  # noqa: FBT001, FBT002 - its only argument
        self.experimental = "true" if experimental_enabled else "false"

    def wrap_handler(self, handler: Handler) -> Handler:
        """Return a handler that sets the header."""

        async def wrapped(call: Call) -> Response:
            call.headers["Docker-Experimental"] = self.experimental
            return await handler(call)

        return wrapped
