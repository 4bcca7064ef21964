"""Makes and removes a volume together with its record; the caller holds the lock of the name."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from runtime.errors import EngineError
from runtime.volumes import looking
from runtime.volumes.context import Context
from runtime.volumes.driver import DEFAULT_DRIVER_NAME, Driver, Immediate, Pairs, Volume, answers_at_once
from runtime.volumes.lookup import ask
from runtime.volumes.metadata import VolumeMetadata
from runtime.volumes.wrapper import VolumeWrapper, unwrap_volume

if TYPE_CHECKING:
    from runtime.volumes.store import VolumeStore

log = logging.getLogger(__name__)


class Outcome(NamedTuple):
    """A volume, and whether it is new."""

    volume: VolumeWrapper
    created: bool


def create(
    store: VolumeStore,
    name: str,
    driver_name: str,
    options: Pairs | None,
    labels: Pairs | None,
    ctx: Context | None,
) -> Outcome:
    """Make a volume, or find the one that there is; the caller holds the lock of its name.

    Go:
        volume/service/store.go::VolumeStore.create

    Differs:
        call NewParser: names are the driver's matter; moby's check on Linux accepts every one.
        order setMeta: the record of a local volume is written before the volume can be seen.
        behaviour error: what a driver has made is removed again if the record cannot be written.
        behaviour probing: without a driver, one that does not answer is an error; moby makes a local volume.
        behaviour labels: new ones for a volume that exists are not used, and the log says so.
        param opts: called options.
        param name: `ctx` comes last here.
        param driverName: `ctx` comes last here.
        param labels: `ctx` comes last here.
        extra store: a function beside the store, which is long enough.
        call VolumeStore.getNamed: `check_conflict` has done so, or the names are read without a lock.
        call VolumeStore.removeMeta: the record is put back as it was.
        call Driver.Remove: what was made is removed again.
    """
    existing = looking.check_conflict(store, name, driver_name) or (
        None if driver_name else looking.any_volume(store, name, ctx)
    )
    if existing is not None:
        _say_what_is_ignored(existing, options, labels)
        return Outcome(existing, created=False)
    driver_name = driver_name or DEFAULT_DRIVER_NAME
    vd = store.drivers.create_driver(driver_name)
    try:
        log.debug("Registering new volume reference: driver %s, name %s", vd.name, name)
        meta = VolumeMetadata(name, vd.name, labels, options)
        v = _make(store, vd, meta)
    except BaseException:
        store.give_back(driver_name)
        raise
    store.held.add(name)
    with store.global_lock:
        store.refs.pop(name, None)
    return Outcome(VolumeWrapper(v, labels, vd.scope, options), created=True)


def _make(store: VolumeStore, vd: Driver, meta: VolumeMetadata) -> Volume:
    """Have a driver make a volume, and keep a record of it: both or none."""
    v = _existing(vd, meta.name)
    if v is not None:
        store.db.set(meta.name, meta)
        return v
    if answers_at_once(vd):
        return _make_in_steps(store, vd, meta)
    v = vd.create(meta.name, meta.options)
    try:
        store.db.set(meta.name, meta)
    except BaseException:
        _undo(vd, v)
        raise
    return v


def _existing(vd: Driver, name: str) -> Volume | None:
    """Return the volume if its driver says that it has it; else it is asked to create it."""
    try:
        return ask(vd, name)
    except EngineError as error:
        log.debug("driver %s, volume %s: %s; it is asked to create it", vd.name, name, error)
        return None


def _make_in_steps(store: VolumeStore, vd: Immediate, meta: VolumeMetadata) -> Volume:
    before = store.db.rows.get(meta.name)
    prepared = vd.prepare(meta.name, meta.options)
    try:
        store.db.set(meta.name, meta, vd.flush)
        try:
            prepared.publish()
        except BaseException:
            put_back(store, meta.name, before)
            raise
    except BaseException:
        prepared.discard()
        raise
    return prepared.volume


def remove(store: VolumeStore, vd: Driver, v: VolumeWrapper, *, purge_on_error: bool) -> None:
    """Have a driver remove a volume, and forget it: both or none.

    Raises:
        EngineError: The driver cannot, or the record cannot be deleted.
    """
    vol = unwrap_volume(v)
    try:
        if answers_at_once(vd):
            _remove_in_steps(store, vd, vol, purge_on_error=purge_on_error)
            return
        vd.remove(vol)
    except (EngineError, OSError):
        if purge_on_error:
            store.purge(v.name)
        raise
    store.purge(v.name)


def _remove_in_steps(store: VolumeStore, vd: Immediate, vol: Volume, *, purge_on_error: bool) -> None:
    before = store.db.rows.get(vol.name)
    named = store.names.get(vol.name)
    retired = vd.retire(vol)
    try:
        store.purge(vol.name, vd)
    except BaseException:
        retired.restore()
        raise
    try:
        retired.finish()
    except BaseException:
        if not purge_on_error:
            put_back(store, vol.name, before)
            store.set_named(named or store.wrap(vol, ""), "")
        raise


def put_back(store: VolumeStore, name: str, before: VolumeMetadata | None) -> None:
    """Have the record that was before, as far as the disk allows."""
    try:
        if before is None:
            store.db.remove(name)
        else:
            store.db.set(name, before)
    except EngineError as error:
        log.error("volume %s: its record cannot be put back: %s", name, error)  # noqa: TRY400 - no trace


def _undo(vd: Driver, v: Volume) -> None:
    try:
        vd.remove(v)
    except EngineError as error:
        log.error("volume %s cannot be removed from driver %s again: %s", v.name, vd.name, error)  # noqa: TRY400


def _say_what_is_ignored(v: VolumeWrapper, options: Pairs | None, labels: Pairs | None) -> None:
    given: tuple[tuple[str, Pairs | None, Mapping[str, str] | None], ...] = (
        ("options", options, v.options),
        ("labels", labels, v.labels),
    )
    for what, new, old in given:
        if new and dict(new) != dict(old or {}):
            log.warning("volume %s exists already; the %s that were given now are not used", v.name, what)
