"""The API's routes of managed plugins.

Go:
    api/server/router/plugin/backend.go
    api/server/router/plugin/plugin_routes.go
    api/server/router/plugin/plugin.go
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import IO, Any, Protocol

from starlette.responses import Response

from runtime.api.server.httputils import (
    Call,
    bool_value,
    filters_of,
    first,
    json_body,
    parse_int,
    write_header,
    write_json,
)
from runtime.api.server.router import Route, new_delete_route, new_get_route, new_post_route
from runtime.api.types.filters import Args
from runtime.errdefs import NotImplementedHere


class PluginBackend(Protocol):
    """Managed plugins; they are shown as JSON documents.

    Go: api/server/router/plugin/backend.go::Backend
    """

    def disable(self, name: str, *, force: bool) -> None:
        """Stop a plugin.

        Go: api/server/router/plugin/backend.go::Backend.Disable
        """
        ...

    def enable(self, name: str, *, timeout: int) -> None:
        """Start a plugin; the timeout is that of each call to it, in seconds.

        Go: api/server/router/plugin/backend.go::Backend.Enable
        """
        ...

    def list(self, filters: Args) -> Sequence[Any]:
        """The plugins that filters mean.

        Go: api/server/router/plugin/backend.go::Backend.List
        """
        ...

    def inspect(self, name: str) -> Any:
        """A plugin.

        Go: api/server/router/plugin/backend.go::Backend.Inspect
        """
        ...

    def remove(self, name: str, *, force: bool) -> None:
        """Remove a plugin and its files.

        Go: api/server/router/plugin/backend.go::Backend.Remove
        """
        ...

    def set(self, name: str, args: Iterable[str]) -> None:
        """Change settings of a plugin.

        Go: api/server/router/plugin/backend.go::Backend.Set
        """
        ...

    def create_from_context(self, tar: IO[bytes], repo_name: str) -> None:
        """Make a plugin from a tar.

        Go: api/server/router/plugin/backend.go::Backend.CreateFromContext
        """
        ...

    def spool(self) -> IO[bytes]:
        """An unnamed file for a tar that is on its way."""
        ...


class PluginRouter:
    """The routes of managed plugins.

    Args:
        backend: The plugins.

    Go:
        api/server/router/plugin/plugin.go::pluginRouter
        api/server/router/plugin/plugin.go::NewRouter
    Differs:
        call pluginRouter.initRoutes: the routes are made when they are asked for.
        behaviour registries: what needs one is refused by `not_implemented`.
    """

    def __init__(self, backend: PluginBackend) -> None:
        self.backend = backend

    @property
    def routes(self) -> Sequence[Route]:
        """The routes.

        Go:
            api/server/router/plugin/plugin.go::pluginRouter.Routes
            api/server/router/plugin/plugin.go::pluginRouter.initRoutes
        """
        return (
            new_get_route("/plugins", self.list_plugins),
            new_get_route("/plugins/{name}/json", self.inspect_plugin),
            new_get_route("/plugins/privileges", self.not_implemented),
            new_delete_route("/plugins/{name}", self.remove_plugin),
            new_post_route("/plugins/{name}/enable", self.enable_plugin),
            new_post_route("/plugins/{name}/disable", self.disable_plugin),
            new_post_route("/plugins/pull", self.not_implemented),
            new_post_route("/plugins/{name}/push", self.not_implemented),
            new_post_route("/plugins/{name}/upgrade", self.not_implemented),
            new_post_route("/plugins/{name}/set", self.set_plugin),
            new_post_route("/plugins/create", self.create_plugin),
        )

    async def not_implemented(self, _call: Call) -> Response:
        """Refuse what needs a registry.

        Raises:
            NotImplementedHere: Always.
        """
        raise NotImplementedHere(
            "this engine does not talk to registries, so plugins are not pulled, pushed or upgraded: "
            "make one from a directory with `docker plugin create`"
        )

    async def create_plugin(self, call: Call) -> Response:
        """Make a plugin from a tar.

        Differs:
            order body: the whole tar is there before anything is made, so that a client who goes away leaves
                nothing.
        """
        name = first(call.form(), "name")
        with await call.run(self.backend.spool) as tar:
            async for chunk in call.request.stream():
                await call.run(tar.write, chunk)
            await call.run(tar.seek, 0)
            await call.run(self.backend.create_from_context, tar, name)
        return write_header(call, HTTPStatus.NO_CONTENT)

    async def enable_plugin(self, call: Call) -> Response:
        """Start a plugin."""
        timeout = parse_int(first(call.form(), "timeout"), "Atoi")
        await call.run(self.backend.enable, call.vars["name"], timeout=timeout)
        return write_header(call, HTTPStatus.OK)

    async def disable_plugin(self, call: Call) -> Response:
        """Stop a plugin."""
        force = bool_value(call.form(), "force")
        await call.run(self.backend.disable, call.vars["name"], force=force)
        return write_header(call, HTTPStatus.OK)

    async def remove_plugin(self, call: Call) -> Response:
        """Remove a plugin."""
        force = bool_value(call.form(), "force")
        await call.run(self.backend.remove, call.vars["name"], force=force)
        return write_header(call, HTTPStatus.OK)

    async def set_plugin(self, call: Call) -> Response:
        """Change settings of a plugin."""
        args = await json_body(call, list[str])
        await call.run(self.backend.set, call.vars["name"], args)
        return write_header(call, HTTPStatus.NO_CONTENT)

    async def list_plugins(self, call: Call) -> Response:
        """List plugins.

        Differs:
            call InvalidParameter: what cannot be read is raised anew in Go's words.
            error FromJSON: 400, as in the list of volumes; moby answers 500.
        """
        filters = filters_of(call.form())
        return write_json(call, HTTPStatus.OK, await call.run(self.backend.list, filters))

    async def inspect_plugin(self, call: Call) -> Response:
        """Show a plugin."""
        return write_json(call, HTTPStatus.OK, await call.run(self.backend.inspect, call.vars["name"]))
