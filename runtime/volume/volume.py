"""The interfaces of volumes and drivers.

Go: volume/volume.go
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol, TypeAlias

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
    """The capabilities that a driver declares.

    Args:
        scope: `local` or `global`.
    """

    scope: str = msgspec.field(default="", name="Scope")


class Volume(Protocol):
    """A place to store data; methods that ask its driver raise EngineError if that fails.

    Go: volume/volume.go::Volume, volume/service/convert.go::pathCacher
    """

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
        """Return its absolute path on this machine, or an empty text if it has none."""
        ...

    def cached_path(self) -> str:
        """Return its path, or an empty text if only its driver knows it.

        Go: volume/service/convert.go::pathCacher.CachedPath
        """
        ...

    def mount(self, ref: str) -> str:
        """Mount it for the user `ref`, and return its path."""
        ...

    def unmount(self, ref: str) -> None:
        """End the use by `ref`."""
        ...

    def created_at(self) -> datetime | None:
        """Return the time of creation, with its time zone; None if it is not known."""
        ...

    def status(self) -> Mapping[str, Any] | None:
        """Return the status that the driver reports."""
        ...


class Driver(Protocol):
    """Creates, finds and removes volumes; a method that fails raises EngineError."""

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
        """Create a volume, or return the one of that name."""
        ...

    def remove(self, vol: Any, /) -> None:
        """Delete a volume and its data."""
        ...

    def list(self) -> Sequence[Volume]:
        """Return all volumes."""
        ...

    def get(self, name: str) -> Volume | None:
        """Return the volume of a name; without one, some drivers return None and others raise.

        Raises:
            Unreachable: The driver cannot be asked.
            EngineError: There is no such volume.
        """
        ...


class Unreachable(EngineError):
    """A driver did not answer, or its answer cannot be understood: that says nothing about its volumes."""
