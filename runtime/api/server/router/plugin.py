"""The API's routes of managed plugins.

Go:
    api/server/router/plugin/backend.go
    api/server/router/plugin/plugin_routes.go
    api/server/router/plugin/plugin.go
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import IO, Protocol

from starlette.responses import Response

from runtime.api.server.httputils import (
    Call,
    bool_value,
    filters_of,
    first,
    json_body,
    write_header,
    write_json,
)
from runtime.api.server.router import Route, new_delete_route, new_get_route, new_post_route
from runtime.api.types.filters import Args
from runtime.api.types.plugin import (
    Plugin,
    PluginCreateOptions,
    PluginDisableConfig,
    PluginEnableConfig,
    PluginRmConfig,
)
from runtime.errdefs import NotImplementedHere
from runtime.golang import encoding_json
from runtime.golang.strconv import parse_int


class PluginBackend(Protocol):
    """Managed plugins.

    Go: api/server/router/plugin/backend.go::Backend
    """

    def disable(self, name: str, config: PluginDisableConfig, /) -> None:
        """Stop a plugin.

        Go: api/server/router/plugin/backend.go::Backend.Disable
        """
        ...

    def enable(self, name: str, config: PluginEnableConfig, /) -> None:
        """Start a plugin.

        Go: api/server/router/plugin/backend.go::Backend.Enable
        """
        ...

    def list(self, filters: Args, /) -> Sequence[Plugin]:
        """Return the plugins that match filters.

        Go: api/server/router/plugin/backend.go::Backend.List
        """
        ...

    def inspect(self, name: str, /) -> Plugin:
        """Return a plugin.

        Go: api/server/router/plugin/backend.go::Backend.Inspect
        """
        ...

    def remove(self, name: str, config: PluginRmConfig, /) -> None:
        """Remove a plugin and its files.

        Go: api/server/router/plugin/backend.go::Backend.Remove
        """
        ...

    def set(self, name: str, args: Iterable[str], /) -> None:
        """Change settings of a plugin.

        Go: api/server/router/plugin/backend.go::Backend.Set
        """
        ...

    def create_from_context(self, tar: IO[bytes], options: PluginCreateOptions, /) -> object:
        """Create a plugin from a tar.

        Go: api/server/router/plugin/backend.go::Backend.CreateFromContext
        Differs:
            result object: not used.
        """
        ...


class PluginRouter:
    """The routes of managed plugins.

    Args:
        backend: The plugins.
        directory: Where tars are kept until they are complete; on the disk where plugins are.

    Go:
        api/server/router/plugin/plugin.go::pluginRouter
        api/server/router/plugin/plugin.go::NewRouter
    Differs:
        extra directory: for uploads; moby reads the tar while it arrives.
        call pluginRouter.initRoutes: `routes` builds them.
        behaviour registries: `not_implemented` answers requests that need one.
    """

    def __init__(self, backend: PluginBackend, directory: Path) -> None:
        self.backend = backend
        self.directory = directory

    @property
    def routes(self) -> Sequence[Route]:
        """The routes.

        Go:
            api/server/router/plugin/plugin.go::pluginRouter.Routes
            api/server/router/plugin/plugin.go::pluginRouter.initRoutes
        """
        return (
            new_get_route("/plugins", self.list_plugins),
            new_get_route("/plugins/{name:path}/json", self.inspect_plugin),
            new_get_route("/plugins/privileges", self.not_implemented),
            new_delete_route("/plugins/{name:path}", self.remove_plugin),
            new_post_route("/plugins/{name:path}/enable", self.enable_plugin),
            new_post_route("/plugins/{name:path}/disable", self.disable_plugin),
            new_post_route("/plugins/pull", self.not_implemented),
            new_post_route("/plugins/{name:path}/push", self.not_implemented),
            new_post_route("/plugins/{name:path}/upgrade", self.not_implemented),
            new_post_route("/plugins/{name:path}/set", self.set_plugin),
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
            order body: the tar is complete before anything is created, so that a client that disconnects
                leaves nothing.
        """
        name = first(call.form(), "name")
        with await call.run(_temporary_file, self.directory) as tar:
            async for chunk in call.request.stream():
                await call.run(tar.write, chunk)
            await call.run(tar.seek, 0)
            await call.run(self.backend.create_from_context, tar, PluginCreateOptions(repo_name=name))
        return write_header(call, HTTPStatus.NO_CONTENT)

    async def enable_plugin(self, call: Call) -> Response:
        """Start a plugin."""
        timeout = parse_int(first(call.form(), "timeout"), "Atoi")
        await call.run(self.backend.enable, call.vars["name"], PluginEnableConfig(timeout=timeout))
        return write_header(call, HTTPStatus.OK)

    async def disable_plugin(self, call: Call) -> Response:
        """Stop a plugin."""
        config = PluginDisableConfig(force_disable=bool_value(call.form(), "force"))
        await call.run(self.backend.disable, call.vars["name"], config)
        return write_header(call, HTTPStatus.OK)

    async def remove_plugin(self, call: Call) -> Response:
        """Remove a plugin."""
        config = PluginRmConfig(force_remove=bool_value(call.form(), "force"))
        await call.run(self.backend.remove, call.vars["name"], config)
        return write_header(call, HTTPStatus.OK)

    async def set_plugin(self, call: Call) -> Response:
        """Change settings of a plugin."""
        args = await json_body(call, list[str])
        await call.run(self.backend.set, call.vars["name"], args)
        return write_header(call, HTTPStatus.NO_CONTENT)

    async def list_plugins(self, call: Call) -> Response:
        """List plugins.

        Differs:
            call InvalidParameter: `filters_of` raises Go's error.
            error FromJSON: 400, as in the list of volumes; moby answers 500.
        """
        filters = filters_of(call.form())
        plugins = await call.run(self.backend.list, filters)
        return write_json(call, HTTPStatus.OK, [encoding_json.to_document(plugin) for plugin in plugins])

    async def inspect_plugin(self, call: Call) -> Response:
        """Show a plugin."""
        plugin = await call.run(self.backend.inspect, call.vars["name"])
        return write_json(call, HTTPStatus.OK, encoding_json.to_document(plugin))


def _temporary_file(directory: Path) -> IO[bytes]:
    return tempfile.TemporaryFile(dir=directory)
