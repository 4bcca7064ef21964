"""Authorization plugins leave the chain when they are disabled."""

from __future__ import annotations

from typing import Protocol

from runtime.plugins.plugin import Plugin

AUTHZ_API_IMPLEMENTS = "authz"
"""The capability of plugins that authorize requests.

Go:
    pkg/authorization/api.go::AuthZApiImplements
"""


class AuthzMiddleware(Protocol):
    """The chain of plugins that authorize requests."""

    def remove_plugin(self, name: str, /) -> None:
        """Take a plugin out of the chain."""
        ...


def leave(middleware: AuthzMiddleware | None, plugin: Plugin) -> None:
    """Take a plugin out of the chain, if it authorizes requests."""
    if middleware is None:
        return
    if any(kind.capability == AUTHZ_API_IMPLEMENTS for kind in plugin.get_types()):
        middleware.remove_plugin(plugin.name)
