"""The interfaces of managed and legacy plugins.

Go: pkg/plugingetter/getter.go
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final, Protocol, runtime_checkable

from runtime.errdefs import EngineError
from runtime.pkg.plugins.client import Client
from runtime.pkg.plugins.plugins import Handler


class Mode(enum.IntEnum):
    """The change of a plugin's reference count by a look-up.

    Go: pkg/plugingetter/getter.go::Lookup, pkg/plugingetter/getter.go::Acquire,
        pkg/plugingetter/getter.go::Release
    """

    LOOKUP = 0
    ACQUIRE = 1
    RELEASE = -1


LOOKUP: Final = Mode.LOOKUP
ACQUIRE: Final = Mode.ACQUIRE
RELEASE: Final = Mode.RELEASE


@runtime_checkable
class PluginWithV1Client(Protocol):
    """A plugin with a client."""

    @property
    def client(self) -> Client | None:
        """The client, or None until the plugin has answered."""
        ...


@runtime_checkable
class CompatPlugin(PluginWithV1Client, Protocol):
    """A plugin, managed or legacy."""

    @property
    def name(self) -> str:
        """The name by which the plugin is looked up."""
        ...

    def scoped_path(self, path: str) -> str:
        """Map a path in the plugin's view to one on the host."""
        ...

    @property
    def is_v1(self) -> bool:
        """Whether this is a legacy plugin."""
        ...


class PluginGetter(Protocol):
    """Looks up plugins; `plugin.store.Store` does."""

    def get(self, name: str, capability: str, mode: Mode) -> CompatPlugin:
        """Return the plugin of a name, which must have the capability.

        Raises:
            EngineError: there is no such plugin, the plugin is disabled or lacks the capability.
        """
        ...

    def problem(self, name: str, capability: str) -> EngineError | None:
        """Return why a plugin cannot be used, without asking it."""
        ...

    def get_all_by_cap(self, capability: str, *, patient: bool = False) -> Sequence[CompatPlugin]:
        """Return all plugins that have the capability, managed and legacy."""
        ...

    def handle(self, capability: str, callback: Handler) -> None:
        """Call a function for each active plugin with the capability."""
        ...
