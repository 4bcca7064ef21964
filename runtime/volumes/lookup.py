"""Asks drivers whether they have a volume."""

from __future__ import annotations

import logging

from runtime.errors import EngineError
from runtime.quoting import located, quote
from runtime.volumes.driver import DEFAULT_DRIVER_NAME, Driver, Volume
from runtime.volumes.drivers import Store
from runtime.volumes.errors import Unreachable

log = logging.getLogger(__name__)


def lookup_volume(store: Store, driver_name: str, volume_name: str) -> Volume | None:
    """The volume, if its driver has it; None if the driver says that it has not.

    Raises:
        EngineError: There is no such driver, or it cannot be asked.

    Go:
        volume/service/store.go::lookupVolume

    Differs:
        param ctx: one call of a driver cannot be called off.
        behaviour garbage: an answer that cannot be understood says nothing; moby takes it for a no, and
            forgets the volume.
        call Volume.DriverName: an attribute here, which is read.
    """
    driver_name = driver_name or DEFAULT_DRIVER_NAME
    try:
        return ask(store.get_driver(driver_name), volume_name)
    except EngineError as error:
        raise error.with_text(
            f"error while checking if volume {quote(volume_name)} exists in driver {quote(driver_name)}"
        ) from error


def ask(vd: Driver, volume_name: str) -> Volume | None:
    """The volume, if this driver has it.

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


def volume_exists(store: Store, v: Volume) -> bool:
    """Whether the volume's driver still has it.

    Raises:
        EngineError: The driver cannot be asked.

    Go:
        volume/service/store.go::volumeExists

    Differs:
        param ctx: one call of a driver cannot be called off.
    """
    return lookup_volume(store, v.driver_name, v.name) is not None
