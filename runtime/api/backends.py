"""What the API needs of the engine behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any, Protocol

from runtime.events import Message
from runtime.filters import Args
from runtime.pubsub import Subscriber


class Cancellable(Protocol):
    """What tells work that nobody waits for it any more."""

    def cancel(self) -> None:
        """Call off the work."""
        ...


class Listing(Protocol):
    """Volumes, and what kept others from being among them."""

    @property
    def volumes(self) -> Sequence[Any]:
        """The volumes, as JSON shows them."""
        ...

    @property
    def warnings(self) -> Sequence[str]:
        """One sentence each."""
        ...


class VolumeBackend(Protocol):
    """Volumes.

    Go:
        api/server/router/volume/backend.go::Backend

    Differs:
        extra get_now: what can be said without waiting for anybody.
    """

    def list(self, filters: Args, *, ctx: Any) -> Listing:
        """The volumes that filters mean.

        Go:
            api/server/router/volume/backend.go::Backend.List

        Differs:
            param filter: keywords instead of contexts, structs and options.
        """
        ...

    def get(self, name: str, *, resolve_status: bool, ctx: Any) -> Any:
        """A volume, with what its driver tells of it.

        Go:
            api/server/router/volume/backend.go::Backend.Get

        Differs:
            param name: keywords instead of contexts, structs and options.
            param opts: keywords instead of contexts, structs and options.
            param resolve_status: keywords instead of contexts, structs and options.
        """
        ...

    def get_now(self, name: str) -> Any | None:
        """The same, if it is known without asking a plugin; None otherwise."""
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
        """Make a volume, or find the one that there is.

        Go:
            api/server/router/volume/backend.go::Backend.Create

        Differs:
            param name: keywords instead of contexts, structs and options.
            param driverName: keywords instead of contexts, structs and options.
            param opts: keywords instead of contexts, structs and options.
            param labels: keywords instead of contexts, structs and options.
        """
        ...

    def remove(self, name: str, *, purge_on_error: bool, ctx: Any) -> None:
        """Remove a volume.

        Go:
            api/server/router/volume/backend.go::Backend.Remove

        Differs:
            param name: keywords instead of contexts, structs and options.
            param opts: keywords instead of contexts, structs and options.
            param purge_on_error: keywords instead of contexts, structs and options.
        """
        ...

    def prune(self, filters: Args, *, ctx: Any) -> Any:
        """Remove the volumes that nobody uses and that filters mean.

        Go:
            api/server/router/volume/backend.go::Backend.Prune

        Differs:
            param pruneFilters: keywords instead of contexts, structs and options.
        """
        ...


class PluginBackend(Protocol):
    """Managed plugins; they are shown as JSON documents.

    Go:
        api/server/router/plugin/backend.go::Backend

    Differs:
        method Pull: nothing is pulled or pushed here.
        method Push: nothing is pulled or pushed here.
        method Upgrade: nothing is pulled or pushed here.
        method Privileges: nothing is pulled or pushed here, likewise Pull, Push and Upgrade.
    """

    def disable(self, name: str, *, force: bool) -> None:
        """Stop a plugin.

        Go:
            api/server/router/plugin/backend.go::Backend.Disable

        Differs:
            param config: keywords instead of contexts, structs and options.
            param force: keywords instead of contexts, structs and options.
        """
        ...

    def enable(self, name: str, *, timeout: int) -> None:
        """Start a plugin; the timeout is that of each call to it, in seconds.

        Go:
            api/server/router/plugin/backend.go::Backend.Enable

        Differs:
            param config: keywords instead of contexts, structs and options.
            param timeout: keywords instead of contexts, structs and options.
        """
        ...

    def list(self, filters: Args) -> Sequence[Any]:
        """The plugins that filters mean.

        Go:
            api/server/router/plugin/backend.go::Backend.List
        """
        ...

    def inspect(self, name: str) -> Any:
        """A plugin.

        Go:
            api/server/router/plugin/backend.go::Backend.Inspect
        """
        ...

    def remove(self, name: str, *, force: bool) -> None:
        """Remove a plugin and its files.

        Go:
            api/server/router/plugin/backend.go::Backend.Remove

        Differs:
            param config: keywords instead of contexts, structs and options.
            param force: keywords instead of contexts, structs and options.
        """
        ...

    def set(self, name: str, args: Iterable[str]) -> None:
        """Change settings of a plugin.

        Go:
            api/server/router/plugin/backend.go::Backend.Set
        """
        ...

    def create_from_context(self, tar: IO[bytes], repo_name: str) -> None:
        """Make a plugin from a tar.

        Go:
            api/server/router/plugin/backend.go::Backend.CreateFromContext

        Differs:
            param options: keywords instead of contexts, structs and options.
            param repo_name: keywords instead of contexts, structs and options.
        """
        ...

    def spool(self) -> IO[bytes]:
        """An unnamed file for a tar that is on its way."""
        ...


class SystemBackend(Protocol):
    """The engine as a whole.

    Go:
        api/server/router/system/backend.go::Backend

    Differs:
        method AuthenticateToRegistry: nothing is pulled or pushed here.
    """

    def system_info(self) -> Any:
        """What the engine and its machine are, as JSON shows it.

        Go:
            api/server/router/system/backend.go::Backend.SystemInfo
        """
        ...

    def system_version(self) -> Any:
        """Which version the engine is, as JSON shows it.

        Go:
            api/server/router/system/backend.go::Backend.SystemVersion
        """
        ...

    def system_disk_usage(self, *, ctx: Any) -> Sequence[Any]:
        """The local volumes with their sizes.

        Go:
            api/server/router/system/backend.go::Backend.SystemDiskUsage
        """
        ...

    def subscribe_to_events(
        self, since: int | None, until: int | None, filters: Args
    ) -> tuple[Sequence[Message], Subscriber[Message]]:
        """The events of a span of time, and a queue of those to come.

        Go:
            api/server/router/system/backend.go::Backend.SubscribeToEvents

        Differs:
            param ef: keywords instead of contexts, structs and options.
            param filters: keywords instead of contexts, structs and options.
        """
        ...

    def unsubscribe_from_events(self, listener: Subscriber[Message]) -> None:
        """End a queue of events.

        Go:
            api/server/router/system/backend.go::Backend.UnsubscribeFromEvents
        """
        ...
