"""A volume with its labels, options and scope, and the look-up of a volume in its driver.

Go: volume/service/store.go

Not in `store.py`, because `by.py` and `restore.py`, which the store imports, need them too.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from runtime.api.types.volume import Volume as APIVolume
from runtime.errdefs import EngineError
from runtime.golang.strconv import located
from runtime.volume.volume import Driver, Unreachable, Volume

log = logging.getLogger(__name__)


class VolumeWrapper:
    """A volume with its labels, options and scope; the methods call the volume's.

    Go: volume/service/store.go::volumeWrapper, volume/service/store.go::volumeWrapper.Options,
        volume/service/store.go::volumeWrapper.Labels, volume/service/store.go::volumeWrapper.Scope
    Differs:
        behaviour copy: labels and options are not copied for callers, who do not change them.
    """

    __slots__ = ("api", "labels", "options", "scope", "volume")

    def __init__(
        self,
        volume: Volume,
        labels: Mapping[str, str] | None,
        scope: str,
        options: Mapping[str, str] | None,
    ) -> None:
        self.volume = volume
        self.labels = labels
        self.scope = scope
        self.options = options
        self.api: APIVolume | None = None  # of a local volume, cached for lists of 10,000

    @property
    def name(self) -> str:
        return self.volume.name

    @property
    def driver_name(self) -> str:
        return self.volume.driver_name

    def path(self) -> str:
        return self.volume.path()

    def cached_path(self) -> str:
        """Return the cached path, without asking the driver.

        Differs:
            call Volume.Path: every volume here has a `cached_path`.
        """
        return self.volume.cached_path()

    def mount(self, ref: str) -> str:
        return self.volume.mount(ref)

    def unmount(self, ref: str) -> None:
        self.volume.unmount(ref)

    def created_at(self) -> datetime | None:
        return self.volume.created_at()

    def status(self) -> Mapping[str, Any] | None:
        return self.volume.status()


class UnavailableVolume:
    """A volume known from its record alone: no path, no time; mounting it raises EngineError."""

    __slots__ = ("driver_name", "name")

    def __init__(self, name: str, driver_name: str) -> None:
        self.name = name
        self.driver_name = driver_name

    def path(self) -> str:
        return ""

    cached_path = path

    def mount(self, ref: str) -> str:
        raise self._unavailable(ref)

    def unmount(self, ref: str) -> None:
        raise self._unavailable(ref)

    def created_at(self) -> datetime | None:
        return None

    def status(self) -> Mapping[str, Any] | None:
        return None

    def _unavailable(self, ref: str) -> EngineError:
        return EngineError(
            f"volume {self.name}, used by {ref}: its driver {self.driver_name} is not available"
        )


def ask(vd: Driver, volume_name: str) -> Volume | None:
    """Return the volume if this driver has it, else None.

    Raises:
        Unreachable: The driver cannot be asked.
    """
    try:
        return vd.get(volume_name)
    except Unreachable:
        raise
    except OSError as error:
        raise Unreachable(located(error)) from error
    except EngineError as error:
        log.debug("Error while looking up volume: driver %s, volume %s: %s", vd.name, volume_name, error)
        return None
