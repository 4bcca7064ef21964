"""Finds out whether there is a volume of a name, and whose it is; the caller holds the lock of the name."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from runtime.errors import Conflict, EngineError
from runtime.volumes import context, finding
from runtime.volumes.context import Context
from runtime.volumes.errors import NameConflict, NoSuchVolume
from runtime.volumes.lookup import lookup_volume, volume_exists
from runtime.volumes.metadata import VolumeMetadata
from runtime.volumes.wrapper import VolumeWrapper

if TYPE_CHECKING:
    from runtime.volumes.store import VolumeStore

log = logging.getLogger(__name__)


def check_conflict(store: VolumeStore, name: str, driver_name: str) -> VolumeWrapper | None:
    """The volume of that name if there is one; a stale one is forgotten.

    Raises:
        EngineError: Another driver has it, it is used but gone, or its driver cannot be asked.

    Go:
        volume/service/store.go::VolumeStore.checkConflict

    Differs:
        behaviour cache: volumes whose driver does not answer or is disabled are known too; after a restart
            moby makes another of that name, and forgets them.
        behaviour gone: the name of a volume whose driver does not exist is free; in moby after a
            restart.
        param ctx: one call of a driver cannot be called off.
        extra store: a function beside the store, which is long enough.
        call VolumeStore.getVolume: a volume that is recorded and not known yet is looked up.
    """
    v = store.known(name)
    if v is None:
        return None
    conflict = bool(driver_name) and v.driver_name not in (
        driver_name,
        store.drivers.get_driver(driver_name).name,
    )
    if conflict and store.drivers.is_gone(v.driver_name):
        _free_name(store, v)
        return None
    try:
        exists = volume_exists(store.drivers, v)
    except EngineError as error:
        # A request without a driver waits as long as a plugin may take to come back.
        if not driver_name and store.drivers.is_gone(v.driver_name):
            _free_name(store, v)
            return None
        raise NameConflict().with_text(
            f"found reference to volume '{name}' in driver '{v.driver_name}', but got an error while "
            f"checking the driver: {error}"
        ) from error
    if exists and conflict:
        raise NameConflict().with_text(f"driver '{v.driver_name}' already has volume '{name}'")
    if exists:
        return store.get_named(name) or get_volume(store, name, v.driver_name, None)
    _check_references(store, v)
    store.purge(name)
    return None


def _check_references(store: VolumeStore, v: VolumeWrapper) -> None:
    if store.has_ref(v.name):
        raise NameConflict().with_text(
            f"found references to volume '{v.name}' in driver '{v.driver_name}' but the volume was not "
            "found in the driver -- you may need to remove containers referencing this volume or force "
            "remove the volume to re-create it"
        )


def _free_name(store: VolumeStore, v: VolumeWrapper) -> None:
    """Let another driver use the name of a volume whose driver does not exist any more."""
    _check_references(store, v)
    log.warning("volume %s: its driver %s does not exist; its name is used again", v.name, v.driver_name)


def any_volume(store: VolumeStore, name: str, ctx: Context | None) -> VolumeWrapper | None:
    """Return the volume of that name in whichever driver; None if no driver has it.

    Raises:
        Unreachable: A driver that may have it did not answer.
        EngineError: The drivers cannot be listed.
    """
    driver = store.db.rows.get(name, VolumeMetadata()).driver
    if name in store.db.broken or (driver and store.drivers.is_gone(driver)):
        return None  # a new volume replaces such a record, as in moby
    try:
        return get_volume(store, name, "", ctx)
    except NoSuchVolume:
        return None


def get_volume(store: VolumeStore, name: str, driver_name: str, ctx: Context | None) -> VolumeWrapper:
    """The volume as its driver has it now; the caller holds the lock of its name.

    Raises:
        Conflict: It is of another driver.
        NoSuchVolume: There is none.
        EngineError: Its driver cannot be asked, or its record cannot be understood.

    Go:
        volume/service/store.go::VolumeStore.getVolume

    Differs:
        behaviour probing: the drivers are asked side by side, the local one first. If nobody has the volume
            and one did not answer, that is the error; moby takes no answer for a no.
        param name: `ctx` comes last here.
        param driverName: `ctx` comes last here.
        extra store: a function beside the store, which is long enough.
        call VolumeStore.getNamed: where it is remembered.
        call Store.GetDriverList: to know the drivers without looking for plugins.
        call Driver.Name: drivers are asked in the order of their names.
    """
    meta = store.db.get(name)
    if driver_name and meta.driver not in ("", driver_name):
        raise Conflict("provided volume driver does not match stored driver")
    context.check(ctx)
    driver = driver_name or meta.driver or _cached_driver(store, name, meta)
    if driver:
        return _look_up(store, name, driver, meta)
    log.debug("Probing all drivers for volume with name: %s", name)
    v, vd = finding.probe(store, name)
    if v is None or vd is None:
        raise NoSuchVolume
    store.db.set(name, VolumeMetadata(name, v.driver_name, meta.labels, meta.options))
    return VolumeWrapper(v, meta.labels, vd.scope, meta.options)


def _cached_driver(store: VolumeStore, name: str, meta: VolumeMetadata) -> str:
    v = store.get_named(name)
    if v is None:
        return ""
    store.db.set(name, VolumeMetadata(name, v.driver_name, meta.labels, meta.options))
    return v.driver_name


def _look_up(store: VolumeStore, name: str, driver: str, meta: VolumeMetadata) -> VolumeWrapper:
    v = lookup_volume(store.drivers, driver, name)
    if v is None:
        store.forget(name)
        raise NoSuchVolume
    known = store.get_named(name)
    if known is not None and known.volume is v:
        return known
    return VolumeWrapper(v, meta.labels, _scope_of(store, driver), meta.options)


def _scope_of(store: VolumeStore, driver: str) -> str:
    try:
        return store.drivers.get_driver(driver).scope
    except EngineError:
        return ""
