"""What a volume and its driver are, for everybody who uses or writes one.

Go: volume/volume.go
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, Protocol, TypeAlias, TypeGuard, runtime_checkable

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
        """When it was made, with its time zone; None if nobody knows.

        Differs:
            result time.Time: None stands for the zero time.
            result error: None too; every caller of moby's ignores the error and shows the zero time.
        """
        ...

    def status(self) -> Mapping[str, Any] | None:
        """What the driver tells about it, beyond all this."""
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
        """All its volumes.

        Raises:
            EngineError: They cannot be told.
        """
        ...

    def get(self, name: str) -> Volume | None:
        """The volume of that name; None or an error if there is none.

        Raises:
            Unreachable: The driver cannot be asked.
            EngineError: There is no such volume.
        """
        ...


class Prepared(Protocol):
    """A volume that is complete on disk and not visible yet."""

    @property
    def volume(self) -> Volume:
        """The volume to be."""
        ...

    def publish(self) -> None:
        """Make it visible, in one step that a crash cannot divide."""
        ...

    def discard(self) -> None:
        """Leave nothing of it."""
        ...


class Retired(Protocol):
    """A volume that is not visible any more, and whose data are still there."""

    def restore(self) -> None:
        """Make it visible again."""
        ...

    def finish(self) -> None:
        """Delete the data; if that fails, the volume is visible again with what is left.

        Raises:
            EngineError: Something cannot be deleted.
        """
        ...


class Immediate(Driver, Protocol):
    """A driver in this process that answers at once, and makes and removes volumes in two steps.

    Between the steps the store writes its record, so that after a crash there is a volume with its
    labels or none at all; `recover` ends what a crash interrupted.
    """

    answers_at_once: Literal[True]

    def prepare(self, name: str, opts: Pairs | None) -> Prepared:
        """First step of `create`."""
        ...

    def retire(self, vol: Any, /) -> Retired:
        """First step of `remove`."""
        ...

    def flush(self) -> None:
        """Bring to disk what was prepared so far."""
        ...

    def recover(self, recorded: Callable[[], Collection[str]]) -> Sequence[str]:
        """Publish what is recorded, and name the volumes whose removal was begun."""
        ...

    def sweep(self) -> None:
        """Delete what a crash left and nobody needs."""
        ...

    def expect(self, name: str, options: Pairs | None) -> None:
        """Refuse to mount a volume that has lost the options of its record."""
        ...

    def warnings(self) -> Sequence[str]:
        """What is not as it should be on disk, one sentence each."""
        ...

    def close(self) -> None:
        """Give back what it keeps open."""
        ...


def answers_at_once(driver: Driver) -> TypeGuard[Immediate]:
    """Whether a driver is one of those that answer at once."""
    return getattr(driver, "answers_at_once", False) is True


class Unreachable(EngineError):
    """A driver did not answer, or not in a way that can be understood; nothing is known of its volumes."""
