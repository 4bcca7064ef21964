"""The API's routes of volumes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.responses import Response

from runtime import gojson
from runtime.api.backends import Cancellable, VolumeBackend
from runtime.api.cancelling import cancelling
from runtime.api.forms import bool_value, check_for_json
from runtime.api.router import (
    Route,
    new_delete_route,
    new_get_route,
    new_post_route,
    with_cancel,
)
from runtime.api.wire import Call, filters_of, json_body, write_header, write_json
from runtime.errors import EngineError, InvalidParameter

CREATE_BODY: Final = {
    "Driver": "string",
    "DriverOpts": "map[string]string",
    "Labels": "map[string]string",
    "Name": "string",
}
"""The fields of a request to make a volume.

Go:
    api/types/volume/volume_create.go::VolumeCreateBody
"""


class VolumeListOKBody(msgspec.Struct, frozen=True):
    """What a list of volumes looks like.

    Go:
        api/types/volume/volume_list.go::VolumeListOKBody
    """

    volumes: Sequence[Any] = msgspec.field(name="Volumes")
    warnings: Sequence[str] | None = msgspec.field(name="Warnings")


class VolumeRouter:
    """The routes of volumes.

    Args:
        backend: The volumes.
        new_context: Makes what tells the backend that nobody waits any more.

    Go:
        api/server/router/volume/volume.go::volumeRouter
        api/server/router/volume/volume.go::NewRouter

    Differs:
        call volumeRouter.initRoutes: the routes are made when they are asked for.
        extra new_context: Go has contexts.
    """

    def __init__(self, backend: VolumeBackend, new_context: Callable[[], Cancellable]) -> None:
        self.backend = backend
        self.new_context = new_context

    @property
    def routes(self) -> Sequence[Route]:
        """The routes.

        Go:
            api/server/router/volume/volume.go::volumeRouter.Routes
            api/server/router/volume/volume.go::volumeRouter.initRoutes

        Differs:
            call volumeRouter.getVolumesList: bound methods are put into the table of routes, which reads as
                calls of them.
            call volumeRouter.getVolumeByName: bound methods are put into the table of routes, which reads as
                calls of them.
            call volumeRouter.postVolumesCreate: bound methods are put into the table of routes, which reads
                as calls of them.
            call volumeRouter.postVolumesPrune: bound methods are put into the table of routes, which reads
                as calls of them.
            call WithCancel: bound methods are put into the table of routes, which reads as calls of them.
            call volumeRouter.deleteVolumes: bound methods are put into the table of routes, which reads as
                calls of them.
        """
        return (
            new_get_route("/volumes", self.get_volumes_list),
            new_get_route("/volumes/{name}", self.get_volume_by_name),
            new_post_route("/volumes/create", self.post_volumes_create),
            new_post_route("/volumes/prune", self.post_volumes_prune, with_cancel),
            new_delete_route("/volumes/{name}", self.delete_volumes),
        )

    async def get_volumes_list(self, call: Call) -> Response:
        """List volumes.

        Go:
            api/server/router/volume/volume_routes.go::volumeRouter.getVolumesList

        Differs:
            call FromParam: `from_json` does what three functions of moby's do.
            call Args.UnmarshalJSON: `from_json` does what three functions of moby's do.
            call deprecatedArgs: `from_json` does what three functions of moby's do.
        """
        form = call.form()
        try:
            filters = filters_of(form)
        except EngineError as error:
            raise InvalidParameter(error.with_text("error reading volume filters")) from error
        listing = await call.run(self.backend.list, filters, ctx=None)
        body = VolumeListOKBody(listing.volumes, listing.warnings or None)
        return write_json(call, HTTPStatus.OK, body)

    async def get_volume_by_name(self, call: Call) -> Response:
        """Show a volume.

        Go:
            api/server/router/volume/volume_routes.go::volumeRouter.getVolumeByName
        """
        call.form()
        name = call.vars["name"]
        volume = self.backend.get_now(name)
        if volume is None:
            volume = await call.run(self.backend.get, name, resolve_status=True, ctx=None)
        return write_json(call, HTTPStatus.OK, volume)

    async def post_volumes_create(self, call: Call) -> Response:
        """Make a volume.

        Go:
            api/server/router/volume/volume_routes.go::volumeRouter.postVolumesCreate
        """
        call.form()
        check_for_json(call.request)
        req = gojson.struct(await json_body(call), "VolumeCreateBody", "volume", CREATE_BODY)
        volume = await call.run(
            self.backend.create,
            req.get("Name", ""),
            req.get("Driver", ""),
            options=req.get("DriverOpts"),
            labels=req.get("Labels"),
            ctx=None,
        )
        return write_json(call, HTTPStatus.CREATED, volume)

    async def delete_volumes(self, call: Call) -> Response:
        """Remove a volume.

        Go:
            api/server/router/volume/volume_routes.go::volumeRouter.deleteVolumes
        """
        force = bool_value(call.form(), "force")
        await call.run(self.backend.remove, call.vars["name"], purge_on_error=force, ctx=None)
        return write_header(call, HTTPStatus.NO_CONTENT)

    async def post_volumes_prune(self, call: Call) -> Response:
        """Remove the volumes that nobody uses.

        Go:
            api/server/router/volume/volume_routes.go::volumeRouter.postVolumesPrune

        Differs:
            call FromParam: `from_json` does what three functions of moby's do.
            call Args.UnmarshalJSON: `from_json` does what three functions of moby's do.
            call deprecatedArgs: `from_json` does what three functions of moby's do.
            call InvalidParameter: what cannot be read is raised anew in Go's words.
            error FromJSON: 400, as in the list; moby answers 500.
        """
        filters = filters_of(call.form())
        with cancelling(self.new_context()) as ctx:
            report = await call.run(self.backend.prune, filters, ctx=ctx)
        return write_json(call, HTTPStatus.OK, report)
