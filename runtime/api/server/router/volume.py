"""The API's routes of volumes.

Go:
    api/server/router/volume/backend.go
    api/server/router/volume/volume_routes.go
    api/server/router/volume/volume.go
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Protocol

from starlette.responses import Response

from runtime.api.server.httputils import (
    Call,
    bool_value,
    cancelling,
    check_for_json,
    filters_of,
    json_body,
    write_header,
    write_json,
)
from runtime.api.server.router import Route, new_delete_route, new_get_route, new_post_route, with_cancel
from runtime.api.types.filters import Args
from runtime.api.types.volume import VolumeCreateBody, VolumeListOKBody
from runtime.errdefs import EngineError, InvalidParameter


class VolumeBackend(Protocol):
    """Volumes.

    Go: api/server/router/volume/backend.go::Backend
    """

    def list(self, filters: Args, *, ctx: Any) -> tuple[Sequence[Any], Sequence[str]]:
        """Return the volumes that match the filters.

        Go: api/server/router/volume/backend.go::Backend.List
        """
        ...

    def get(self, name: str, *, resolve_status: bool, ctx: Any) -> Any:
        """Return a volume with its driver's status.

        Go: api/server/router/volume/backend.go::Backend.Get
        """
        ...

    def create(
        self,
        name: str,
        driver_name: str,
        *,
        options: Mapping[str, str] | None,
        labels: Mapping[str, str] | None,
        ctx: Any,
    ) -> Any:
        """Create a volume, or return the one of this name.

        Go: api/server/router/volume/backend.go::Backend.Create
        """
        ...

    def remove(self, name: str, *, purge_on_error: bool, ctx: Any) -> None:
        """Remove a volume.

        Go: api/server/router/volume/backend.go::Backend.Remove
        """
        ...

    def prune(self, filters: Args, *, ctx: Any) -> Any:
        """Remove unused volumes that the filters select.

        Go: api/server/router/volume/backend.go::Backend.Prune
        """
        ...


class VolumeRouter:
    """The routes of volumes.

    Args:
        backend: The volumes.

    Go:
        api/server/router/volume/volume.go::volumeRouter
        api/server/router/volume/volume.go::NewRouter
    Differs:
        call volumeRouter.initRoutes: `routes` builds them.
    """

    def __init__(self, backend: VolumeBackend) -> None:
        self.backend = backend

    @property
    def routes(self) -> Sequence[Route]:
        """The routes.

        Go:
            api/server/router/volume/volume.go::volumeRouter.Routes
            api/server/router/volume/volume.go::volumeRouter.initRoutes
        """
        return (
            new_get_route("/volumes", self.get_volumes_list),
            new_get_route("/volumes/{name:path}", self.get_volume_by_name),
            new_post_route("/volumes/create", self.post_volumes_create),
            new_post_route("/volumes/prune", self.post_volumes_prune, with_cancel),
            new_delete_route("/volumes/{name:path}", self.delete_volumes),
        )

    async def get_volumes_list(self, call: Call) -> Response:
        """List volumes."""
        form = call.form()
        try:
            filters = filters_of(form)
        except EngineError as error:
            raise InvalidParameter(error.with_text("error reading volume filters")) from error
        volumes, warnings = await call.run(self.backend.list, filters, ctx=None)
        body = VolumeListOKBody(volumes, warnings or None)
        return write_json(call, HTTPStatus.OK, body)

    async def get_volume_by_name(self, call: Call) -> Response:
        """Show a volume."""
        call.form()
        volume = await call.run(self.backend.get, call.vars["name"], resolve_status=True, ctx=None)
        return write_json(call, HTTPStatus.OK, volume)

    async def post_volumes_create(self, call: Call) -> Response:
        """Create a volume."""
        call.form()
        check_for_json(call.request)
        req = await json_body(call, VolumeCreateBody)
        volume = await call.run(
            self.backend.create,
            req.name,
            req.driver,
            options=req.driver_opts,
            labels=req.labels,
            ctx=None,
        )
        return write_json(call, HTTPStatus.CREATED, volume)

    async def delete_volumes(self, call: Call) -> Response:
        """Remove a volume."""
        force = bool_value(call.form(), "force")
        await call.run(self.backend.remove, call.vars["name"], purge_on_error=force, ctx=None)
        return write_header(call, HTTPStatus.NO_CONTENT)

    async def post_volumes_prune(self, call: Call) -> Response:
        """Remove unused volumes.

        Differs:
            call InvalidParameter: `filters_of` raises Go's error.
            error FromJSON: 400, as in the list; moby answers 500.
        """
        filters = filters_of(call.form())
        with cancelling() as ctx:
            report = await call.run(self.backend.prune, filters, ctx=ctx)
        return write_json(call, HTTPStatus.OK, report)
