"""Routes of what this engine does not have: containers, images, networks, swarm, builds and registries.

Lists of containers and images are empty; everything else answers 501 with one sentence. The table has the
routes of moby's api/server/router/*/*.go that the other routers lack.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from runtime.api.server.httputils import Call, filters_of, write_json
from runtime.api.server.router import Route
from runtime.errdefs import NotImplementedHere

_PURPOSE: Final = "this engine keeps volumes and runs plugins"

# "not supported" lets `docker inspect NAME` go on from containers to volumes and plugins.
CONTAINERS: Final = f"containers are not supported: {_PURPOSE}"
IMAGES: Final = f"images are not supported: {_PURPOSE}"
BUILDS: Final = f"builds are not supported: {_PURPOSE}"
NETWORKS: Final = f"networks are not supported: {_PURPOSE}"
SWARM: Final = f"swarms are not supported: {_PURPOSE}"
REGISTRIES: Final = f"registries are not supported: {_PURPOSE}"
DEBUG: Final = f"profiles are not supported: {_PURPOSE}"

UNSUPPORTED: Final = {
    CONTAINERS: """
        POST /commit
        POST /containers/create
        POST /containers/prune
        GET /containers/{name}/checkpoints
        POST /containers/{name}/checkpoints
        DELETE /containers/{name}/checkpoints/{checkpoint}
        HEAD /containers/{name}/archive
        GET /containers/{name}/archive
        PUT /containers/{name}/archive
        GET /containers/{name}/export
        GET /containers/{name}/changes
        GET /containers/{name}/json
        GET /containers/{name}/top
        GET /containers/{name}/logs
        GET /containers/{name}/stats
        GET /containers/{name}/attach/ws
        POST /containers/{name}/attach
        POST /containers/{name}/copy
        POST /containers/{name}/exec
        POST /containers/{name}/kill
        POST /containers/{name}/pause
        POST /containers/{name}/rename
        POST /containers/{name}/resize
        POST /containers/{name}/restart
        POST /containers/{name}/start
        POST /containers/{name}/stop
        POST /containers/{name}/unpause
        POST /containers/{name}/update
        POST /containers/{name}/wait
        DELETE /containers/{name}
        GET /exec/{id}/json
        POST /exec/{id}/resize
        POST /exec/{id}/start
    """,
    REGISTRIES: """
        POST /auth
        GET /distribution/{name}/json
        POST /images/create
        GET /images/search
        POST /images/{name}/push
    """,
    IMAGES: """
        GET /images/get
        POST /images/load
        POST /images/prune
        GET /images/{name}/get
        GET /images/{name}/history
        GET /images/{name}/json
        POST /images/{name}/tag
        DELETE /images/{name}
    """,
    BUILDS: """
        POST /build
        POST /build/cancel
        POST /build/prune
        POST /session
    """,
    NETWORKS: """
        GET /networks
        GET /networks/
        POST /networks/create
        POST /networks/prune
        GET /networks/{id}
        POST /networks/{id}/connect
        POST /networks/{id}/disconnect
        DELETE /networks/{id}
    """,
    SWARM: """
        GET /swarm
        POST /swarm/init
        POST /swarm/join
        POST /swarm/leave
        POST /swarm/unlock
        GET /swarm/unlockkey
        POST /swarm/update
        GET /services
        POST /services/create
        GET /services/{id}
        DELETE /services/{id}
        GET /services/{id}/logs
        POST /services/{id}/update
        GET /nodes
        GET /nodes/{id}
        DELETE /nodes/{id}
        POST /nodes/{id}/update
        GET /tasks
        GET /tasks/{id}
        GET /tasks/{id}/logs
        GET /secrets
        POST /secrets/create
        GET /secrets/{id}
        DELETE /secrets/{id}
        POST /secrets/{id}/update
        GET /configs
        POST /configs/create
        GET /configs/{id}
        DELETE /configs/{id}
        POST /configs/{id}/update
    """,
    DEBUG: """
        GET /debug/vars
        GET /debug/pprof/
        GET /debug/pprof/{name}
    """,
}
"""Methods and paths by the sentence that refuses them."""

CONTAINER_FILTERS: Final = frozenset(
    (
        *("ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label", "name"),
        *("network", "publish", "since", "status", "volume"),
    )
)
"""Filters that `docker ps` may send (daemon/list.go)."""

IMAGE_FILTERS: Final = frozenset(("before", "dangling", "label", "reference", "since"))
"""Filters that `docker images` may send (daemon/images/images.go)."""


class AbsentRouter:
    """The routes of everything that moby has and this engine has not."""

    @property
    def routes(self) -> Sequence[Route]:
        """The routes, lists first."""
        return (
            Route("GET", "/containers/json", _empty_list(CONTAINER_FILTERS)),
            Route("GET", "/images/json", _empty_list(IMAGE_FILTERS)),
            *(
                Route(method, path, _refuse(sentence))
                for sentence, lines in UNSUPPORTED.items()
                for method, path in zip(*[iter(lines.split())] * 2, strict=True)
            ),
        )


def _empty_list(accepted: frozenset[str]) -> Callable[[Call], Awaitable[Response]]:
    """Return a handler that checks the filters of a list and answers `[]`."""

    async def handler(call: Call) -> Response:
        filters_of(call.form()).validate(accepted)
        return write_json(call, HTTPStatus.OK, [])

    return handler


def _refuse(sentence: str) -> Callable[[Call], Awaitable[Response]]:
    """Return a handler that answers 501 with a sentence."""

    async def handler(_call: Call) -> Response:
        raise NotImplementedHere(sentence)

    return handler
