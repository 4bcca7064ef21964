"""Knows the volumes of an earlier engine again, without waiting for drivers that are gone."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import wait
from typing import TYPE_CHECKING, Final

from runtime import workers
from runtime.errdefs import EngineError
from runtime.golang.strconv import quote
from runtime.volume.service.db import VolumeMetadata
from runtime.volume.service.wrapper import VolumeWrapper, all_drivers, ask, list_drivers, missing_driver
from runtime.volume.volume import Driver, Immediate, Volume, answers_at_once

if TYPE_CHECKING:
    from runtime.volume.service.store import VolumeStore

log = logging.getLogger(__name__)

SHOWN: Final = 10
"""How many of many volumes the log names."""


def restore(store: VolumeStore) -> None:
    """Know the volumes that the records speak of, and count them as users of their drivers.

    Drivers of this process answer at once. The plugins are asked beside, and waited for within one bound;
    who answers later is known later.

    Go: volume/service/restore.go::VolumeStore.restore
    Differs:
        call lookupVolume: one list of each driver instead of one call for each volume.
        behaviour records: none is removed; a plugin that is not ready yet would lose its labels.
        behaviour bound: the start goes on after a second; moby waits a quarter of a minute for each volume of
            a driver that is gone, one after the other.
        calls VolumeStore.getVolume, VolumeStore.setMeta: `get` does, which takes the lock.
        call Store.CreateDriver: `set_named` does, once for each volume.
        call Store.GetDriverList: to know the drivers without looking for plugins.
        call Driver.List: one list of each driver.
        call Store.GetAllDrivers: the plugins that there are, asked once.
        call Driver.Get: for what a driver did not list.
        calls Locker.Lock, Locker.Unlock: a volume whose driver is back is known again, under the lock of its
            name.
        call VolumeStore.setNamed: a volume that is back, or stays, is known again.
        call VolumeStore.Get: for records without a driver.
    """
    by_driver: defaultdict[str, list[VolumeMetadata]] = defaultdict(list)
    for vd in _immediate(store):
        _recover(store, vd)
    for meta in store.db.list():
        by_driver[meta.driver].append(meta)
    for vd in _immediate(store):
        for meta in (*by_driver[vd.name], *by_driver[""]):
            vd.expect(meta.name, meta.options)
        _restore_known(store, vd, by_driver.pop(vd.name, []))
    if not by_driver[""]:
        del by_driver[""]
    if by_driver:
        wait([workers.run(store.workers, lambda: _restore_others(store, by_driver))], store.timings.start)


def _immediate(store: VolumeStore) -> Sequence[Immediate]:
    known = store.drivers.registered(store.drivers.get_driver_list()) or ()
    return [vd for vd in known if answers_at_once(vd)]


def _recover(store: VolumeStore, vd: Immediate) -> None:
    """End what a crash interrupted."""
    for name in vd.recover(lambda: {meta.name for meta in store.db.list() if meta.driver == vd.name}):
        store.db.remove(name)
    workers.run(store.workers, vd.sweep)


def _restore_known(store: VolumeStore, vd: Driver, metas: Sequence[VolumeMetadata]) -> None:
    """Know the volumes of a driver that needs no lock and counts no users."""
    listed = {v.name: v for v in vd.list()}
    scope = vd.scope
    for meta in metas:
        v = listed.get(meta.name)
        if v is None:
            _report_gone(store, meta)
        else:
            store.names[meta.name] = VolumeWrapper(v, meta.labels, scope, meta.options)
    store.held.update(store.names)
    if unknown := [name for name in listed if name not in store.db]:
        _report_unrecorded(vd.name, unknown)


def _restore_others(store: VolumeStore, by_driver: Mapping[str, Sequence[VolumeMetadata]]) -> None:
    """Know the volumes of plugins, as far as those answer."""
    try:
        found, _ = all_drivers(store)
    except EngineError as error:
        log.warning("Error restoring volumes: %s", error)
        return
    drivers = {vd.name: vd for vd in found}
    for name in by_driver:
        if name and name not in drivers:
            _report_driver(name, missing_driver(store, name), len(by_driver[name]))
    asked = [drivers[name] for name in by_driver if name in drivers]
    answers = list_drivers(store, asked, patient=True)
    for name, answer in answers.items():
        if answer.value is None:
            _report_driver(name, answer.error, len(by_driver[name]))
        else:
            _restore_driver(store, drivers[name], answer.value, by_driver[name])
    for meta in by_driver.get("", ()):
        _complete(store, meta)


def _restore_driver(
    store: VolumeStore, vd: Driver, volumes: Sequence[Volume], metas: Sequence[VolumeMetadata]
) -> None:
    listed = {v.name: v for v in volumes}
    scope = vd.scope
    for meta in metas:
        v = listed.get(meta.name) or _ask(vd, meta)
        if v is None:
            _report_gone(store, meta)
        else:
            store.adopt(v, scope)


def _ask(vd: Driver, meta: VolumeMetadata) -> Volume | None:
    """A volume that its driver did not list; some list less than they have."""
    try:
        return ask(vd, meta.name)
    except EngineError as error:
        log.warning("Error restoring volume: driver %s, volume %s: %s", vd.name, meta.name, error)
        return None


def _complete(store: VolumeStore, meta: VolumeMetadata) -> None:
    """Find out whose a volume is of which that is not recorded."""
    try:
        store.get(meta.name)
    except EngineError as error:
        log.warning("Error restoring volume: volume %s: %s", meta.name, error)


def _report_gone(store: VolumeStore, meta: VolumeMetadata) -> None:
    store.gone[meta.name] = meta.driver
    log.warning("volume %s: its driver %s does not have it; its record is kept", meta.name, meta.driver)


def _report_unrecorded(driver: str, names: Sequence[str]) -> None:
    some = ", ".join(quote(name) for name in names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
    log.warning(
        "%d volumes of driver %s have no record, and are used without labels and options: %s",
        len(names),
        driver,
        some,
    )


def _report_driver(name: str, error: EngineError | None, volumes: int) -> None:
    log.warning(
        "Error restoring volumes: driver %s: %s; its volumes (%d) are known from their records",
        name,
        error,
        volumes,
    )
