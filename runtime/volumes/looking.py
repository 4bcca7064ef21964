"""Finds out whether there is a volume of a name, and whose it is; the caller holds the lock of the name."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from runtime.errors import Conflict, EngineError
from runtime.volumes import context, finding
from runtime.volumes.context import Context
from runtime.volumes.errors import ContextCanceled, NameConflict, NoSuchVolume
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
        behaviour cache: volumes whose driver is not there are known too; moby makes another of that
            name, and forgets them.
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
    try:
        exists = volume_exists(store.drivers, v)
    except EngineError as error:
        raise NameConflict().with_text(
            f"found reference to volume '{name}' in driver '{v.driver_name}', but got an error while "
            f"checking the driver: {error}"
        ) from error
    if exists and conflict:
        raise NameConflict().with_text(f"driver '{v.driver_name}' already has volume '{name}'")
    if exists:
        return store.get_named(name) or get_volume(store, name, v.driver_name, None)
    if store.has_ref(name):
        raise NameConflict().with_text(
            f"found references to volume '{name}' in driver '{v.driver_name}' but the volume was not "
            "found in the driver -- you may need to remove containers referencing this volume or force "
            "remove the volume to re-create it"
        )
    store.purge(name)
    return None


def any_volume(store: VolumeStore, name: str, ctx: Context | None) -> VolumeWrapper | None:
    """The volume of that name in whichever driver."""
    try:
        return get_volume(store, name, "", ctx)
    except ContextCanceled:
        raise
    except EngineError:
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
        behaviour probing: the drivers are asked side by side, for a bounded time, the local one first.
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
