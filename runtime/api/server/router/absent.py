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
        GET /containers/{name:path}/checkpoints
        POST /containers/{name:path}/checkpoints
        DELETE /containers/{name}/checkpoints/{checkpoint}
        HEAD /containers/{name:path}/archive
        GET /containers/{name:path}/archive
        PUT /containers/{name:path}/archive
        GET /containers/{name:path}/export
        GET /containers/{name:path}/changes
        GET /containers/{name:path}/json
        GET /containers/{name:path}/top
        GET /containers/{name:path}/logs
        GET /containers/{name:path}/stats
        GET /containers/{name:path}/attach/ws
        POST /containers/{name:path}/attach
        POST /containers/{name:path}/copy
        POST /containers/{name:path}/exec
        POST /containers/{name:path}/kill
        POST /containers/{name:path}/pause
        POST /containers/{name:path}/rename
        POST /containers/{name:path}/resize
        POST /containers/{name:path}/restart
        POST /containers/{name:path}/start
        POST /containers/{name:path}/stop
        POST /containers/{name:path}/unpause
        POST /containers/{name:path}/update
        POST /containers/{name:path}/wait
        DELETE /containers/{name:path}
        GET /exec/{id:path}/json
        POST /exec/{id:path}/resize
        POST /exec/{id:path}/start
    """,
    REGISTRIES: """
        POST /auth
        GET /distribution/{name:path}/json
        POST /images/create
        GET /images/search
        POST /images/{name:path}/push
    """,
    IMAGES: """
        GET /images/get
        POST /images/load
        POST /images/prune
        GET /images/{name:path}/get
        GET /images/{name:path}/history
        GET /images/{name:path}/json
        POST /images/{name:path}/tag
        DELETE /images/{name:path}
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
        GET /networks/{id:path}
        POST /networks/{id:path}/connect
        POST /networks/{id:path}/disconnect
        DELETE /networks/{id:path}
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
