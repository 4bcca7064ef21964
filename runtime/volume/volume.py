"""The interfaces of volumes and drivers.

Go: volume/volume.go
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol, TypeAlias, runtime_checkable

import msgspec

from runtime.errdefs import EngineError

DEFAULT_DRIVER_NAME: Final = "local"
"""The driver that is used when none is named.

Go: volume/volume.go::DefaultDriverName
"""

LOCAL_SCOPE: Final = "local"
"""The scope of volumes that one machine has.

Go: volume/volume.go::LocalScope
"""

GLOBAL_SCOPE: Final = "global"
"""The scope of volumes that a whole cluster sees.

Go: volume/volume.go::GlobalScope
"""

SCOPES: Final = (LOCAL_SCOPE, GLOBAL_SCOPE)

Pairs: TypeAlias = Mapping[str, str]
"""Labels, or options for a driver."""


class Capability(msgspec.Struct, frozen=True):
    """What a driver says of itself.

    Args:
        scope: `local` or `global`.
    """

    scope: str = msgspec.field(default="", name="Scope")


class Volume(Protocol):
    """A place to store data, which a driver made and which can be mounted."""

    @property
    def name(self) -> str:
        """The volume's name.

        Go: volume/volume.go::Volume.Name
        """
        ...

    @property
    def driver_name(self) -> str:
        """The name of the driver that owns it.

        Go: volume/volume.go::Volume.DriverName
        """
        ...

    def path(self) -> str:
        """Where it is on this machine, absolute; empty as long as it is nowhere."""
        ...

    def mount(self, ref: str) -> str:
        """Make it ready for use by `ref`, and return where it is.

        Raises:
            EngineError: The driver could not.
        """
        ...

    def unmount(self, ref: str) -> None:
        """Say that `ref` does not use it any more.

        Raises:
            EngineError: The driver could not.
        """
        ...

    def created_at(self) -> datetime | None:
        """Return the time of creation, with its time zone; None if it is not known.

        Differs:
            result time.Time: None stands for the zero time.
            result error: None too; every caller of moby's ignores the error and shows the zero time.
        """
        ...

    def status(self) -> Mapping[str, Any] | None:
        """Return the status that the driver reports."""
        ...


@runtime_checkable
class DetailedVolume(Volume, Protocol):
    """A volume with what the store knows of it."""

    @property
    def labels(self) -> Pairs | None:
        """The labels that it was made with.

        Go: volume/volume.go::DetailedVolume.Labels
        """
        ...

    @property
    def options(self) -> Pairs | None:
        """The options that it was made with.

        Go: volume/volume.go::DetailedVolume.Options
        """
        ...

    @property
    def scope(self) -> str:
        """The scope of its driver.

        Go: volume/volume.go::DetailedVolume.Scope
        """
        ...


class Driver(Protocol):
    """Makes, finds and removes volumes."""

    @property
    def name(self) -> str:
        """The name by which volumes are created with it.

        Go: volume/volume.go::Driver.Name
        """
        ...

    @property
    def scope(self) -> str:
        """Whether its volumes belong to this machine or to a cluster: `local` or `global`.

        Go: volume/volume.go::Driver.Scope
        """
        ...

    def create(self, name: str, opts: Pairs | None) -> Volume:
        """Make a volume.

        Raises:
            EngineError: It cannot be made.
        """
        ...

    def remove(self, vol: Any, /) -> None:
        """Delete a volume and what is in it.

        Raises:
            EngineError: It cannot be deleted.
        """
        ...

    def list(self) -> Sequence[Volume]:
        """Return all volumes.

        Raises:
            EngineError: They cannot be told.
        """
        ...

    def get(self, name: str) -> Volume | None:
        """Return the volume of a name; None or an error if there is none.

        Raises:
            Unreachable: The driver cannot be asked.
            EngineError: There is no such volume.
        """
        ...


class Unreachable(EngineError):
    """A driver did not answer, or not in a way that can be understood; nothing is known of its volumes."""
