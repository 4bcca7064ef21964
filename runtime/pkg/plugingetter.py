"""What the rest of the engine needs of plugins, whoever provides them.

Go: pkg/plugingetter/getter.go
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from runtime.errdefs import EngineError
    from runtime.pkg.plugins.client import Client


class Mode(enum.IntEnum):
    """What a look-up does to the plugin's reference count.

    Go:
        pkg/plugingetter/getter.go::Lookup
        pkg/plugingetter/getter.go::Acquire
        pkg/plugingetter/getter.go::Release
    """

    LOOKUP = 0
    ACQUIRE = 1
    RELEASE = -1


LOOKUP: Final = Mode.LOOKUP
ACQUIRE: Final = Mode.ACQUIRE
RELEASE: Final = Mode.RELEASE

Handler: TypeAlias = "Callable[[str, Client], None]"
"""What is called with a plugin's name and client once the plugin is active."""


@runtime_checkable
class PluginWithV1Client(Protocol):
    """A plugin that is called through the built-in client."""

    @property
    def client(self) -> Client | None:
        """The client, or None as long as the plugin has not answered.

        Go: pkg/plugingetter/getter.go::PluginWithV1Client.Client
        """
        ...


@runtime_checkable
class CompatPlugin(PluginWithV1Client, Protocol):
    """A plugin, managed or legacy."""

    @property
    def name(self) -> str:
        """The name by which the plugin is asked for.

        Go: pkg/plugingetter/getter.go::CompatPlugin.Name
        """
        ...

    def scoped_path(self, path: str) -> str:
        """Where a path that the plugin names is found on the host."""
        ...

    def is_v1(self) -> bool:
        """Whether this is a legacy plugin."""
        ...


@runtime_checkable
class PluginAddr(Protocol):
    """A plugin that tells its address, for those who bring a client of their own."""

    @property
    def addr(self) -> str:
        """The address, such as `unix:///run/docker/plugins/x.sock`.

        Go: pkg/plugingetter/getter.go::PluginAddr.Addr
        Differs:
            result net.Addr: an address in one text; Python has no such type.
        """
        ...

    @property
    def timeout(self) -> float:
        """How many seconds a call may take.

        Go: pkg/plugingetter/getter.go::PluginAddr.Timeout
        Differs:
            result time.Duration: seconds, as everywhere in Python.
        """
        ...

    def protocol(self) -> str:
        """The protocol's name and version."""
        ...


@runtime_checkable
class CountedPlugin(CompatPlugin, Protocol):
    """A plugin whose users are counted."""

    def acquire(self) -> None:
        """Count one more user."""
        ...

    def release(self) -> None:
        """Count one user less."""
        ...


class PluginGetter(Protocol):
    """Where plugins come from: the store, for everybody else.

    Differs:
        extra problem: a list names the cause when volumes of a plugin are missing from it.
    """

    def get(self, name: str, capability: str, mode: Mode) -> CompatPlugin:
        """The plugin of that name, which must have the capability.

        Raises:
            EngineError: Nobody has that name, the plugin is disabled or lacks the capability.
        """
        ...

    def problem(self, name: str, capability: str) -> EngineError | None:
        """Return why a plugin cannot be used, as far as that is known without asking it."""
        ...

    def get_all_by_cap(self, capability: str, *, patient: bool = False) -> Sequence[CompatPlugin]:
        """All plugins that have the capability, managed and legacy.

        Differs:
            extra patient: moby always waits for plugins that are slow to activate.
        """
        ...

    def get_all_managed_plugins_by_cap(self, capability: str) -> Sequence[CompatPlugin]:
        """The managed ones among them."""
        ...

    def handle(self, capability: str, callback: Handler) -> None:
        """Call back for each plugin with the capability, as soon as it is active."""
        ...
