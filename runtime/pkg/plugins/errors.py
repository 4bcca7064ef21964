"""The errors of calls to plugins.

Go: pkg/plugins/errors.go, pkg/plugins/discovery.go, pkg/plugins/plugins.go
"""

from __future__ import annotations

from runtime.errdefs import EngineError


class TransportError(EngineError):
    """The plugin could not be reached, or the exchange broke; another try may succeed."""


class DeadlineExceeded(TransportError):
    """The exchange exceeded its time-out."""


class BadReply(EngineError):
    """The plugin's answer cannot be used."""


class StatusError(EngineError):
    """The plugin answered with another status than 200.

    Go:
        pkg/plugins/errors.go::statusError
        pkg/plugins/errors.go::statusError.Error
    """

    def __init__(self, status: int, method: str, err: str) -> None:
        super().__init__(f"{method}: {err}")
        self.status = status
        self.method = method
        self.err = err


class PluginNotFound(EngineError):
    """No folder has a plugin of that name.

    Go: pkg/plugins/discovery.go::ErrNotFound
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"could not find plugin {name} in v1 plugin registry: plugin not found")
        self.name = name


class NotImplements(EngineError):
    """The plugin does not implement the interface.

    Go: pkg/plugins/plugins.go::ErrNotImplements
    """

    def __init__(self, name: str, capability: str) -> None:
        super().__init__("Plugin does not implement the requested driver")
        self.name = name
        self.capability = capability
