"""Restoring volumes at start, without waiting for drivers that are gone.

Go: volume/service/restore.go
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import wait
from functools import partial
from typing import Final, NamedTuple

from runtime import workers
from runtime.errdefs import EngineError
from runtime.golang.strconv import quote
from runtime.pkg.locker import Locker
from runtime.volume.drivers.extpoint import Store
from runtime.volume.drivers.probing import Answer, Probes
from runtime.volume.drivers.proxy import Timings
from runtime.volume.local.local import Root
from runtime.volume.service.db import Metadata, VolumeMetadata
from runtime.volume.service.wrapper import VolumeWrapper, ask
from runtime.volume.volume import Driver, Unreachable, Volume
from runtime.workers import Workers

log = logging.getLogger(__name__)

SHOWN: Final = 10
"""The number of volumes that the log names."""
PLUGINS: Final = " plugins"
"""Name of the question for the list of plugins; no driver can have this name."""


class DriverVolumes(NamedTuple):
    """The volumes of a driver, and its scope."""

    volumes: Sequence[Volume]
    scope: str


class VolumeStoreRestore:
    """The part of `VolumeStore` that loads volumes at start and asks several drivers at once.

    The attributes are the store's.
    """

    locks: Locker
    drivers: Store
    names: dict[str, VolumeWrapper]
    held: set[str]
    gone: dict[str, str]
    db: Metadata
    workers: Workers
    probes: Probes
    timings: Timings

    def get(self, name: str) -> VolumeWrapper:
        """Return the volume of a name."""
        raise NotImplementedError

    def set_named(self, v: VolumeWrapper, ref: str) -> None:
        """Add a volume to the cache."""
        raise NotImplementedError

    def wrap(self, v: Volume, scope: str) -> VolumeWrapper:
        """Return a volume of a driver with the labels and options of its record."""
        raise NotImplementedError

    def restore(self) -> None:
        """Load the recorded volumes into the cache, and take a reference on the driver of each.

        The local driver answers at once. Plugins are asked side by side, and waited for no longer than
        `timings.start`; a volume whose plugin answers later is loaded then.

        Go: volume/service/restore.go::VolumeStore.restore
        Differs:
            calls lookupVolume, Driver.List, Driver.Get, Store.GetAllDrivers: one list of each driver instead
                of one call for each volume; `Get` for volumes that a driver did not list.
            behaviour records: none is removed, so that volumes of a slow plugin keep their labels.
            behaviour bound: the start goes on after a second; moby waits 15 s for each volume of a driver
                that is gone, one after the other.
            calls Root.List, System: the local driver also completes what a crash interrupted.
        """
        by_driver: defaultdict[str, list[VolumeMetadata]] = defaultdict(list)
        local = [vd for vd in self.drivers.registered_drivers() if isinstance(vd, Root)]
        for vd in local:
            self._recover(vd)
        for meta in self.db.list():
            by_driver[meta.driver].append(meta)
        for vd in local:
            # Records without a driver may be of local volumes.
            for meta in (*by_driver[vd.name], *by_driver[""]):
                vd.expect(meta.name, meta.options)
            self._restore_local(vd, by_driver.pop(vd.name, []))
        if not by_driver[""]:
            del by_driver[""]
        if by_driver:
            wait([workers.run(self.workers, lambda: self._restore_plugins(by_driver))], self.timings.start)

    def _recover(self, vd: Root) -> None:
        """Complete the creations and removals that a crash interrupted."""
        for name in vd.recover(lambda: {meta.name for meta in self.db.list() if meta.driver == vd.name}):
            self.db.remove(name)
        workers.run(self.workers, vd.sweep)

    def _restore_local(self, vd: Root, metas: Sequence[VolumeMetadata]) -> None:
        """Load the volumes of the local driver; it needs no lock and counts no references."""
        listed = {v.name: v for v in vd.list()}
        for meta in metas:
            v = listed.get(meta.name)
            if v is None:
                self._report_gone(meta)
            else:
                self.names[meta.name] = VolumeWrapper(v, meta.labels, vd.scope, meta.options)
        self.held.update(self.names)
        if unknown := [name for name in listed if name not in self.db]:
            some = ", ".join(quote(name) for name in unknown[:SHOWN]) + (", ..." if unknown[SHOWN:] else "")
            log.warning(
                "%d volumes of driver %s have no record, and are used without labels and options: %s",
                len(unknown),
                vd.name,
                some,
            )

    def _restore_plugins(self, by_driver: Mapping[str, Sequence[VolumeMetadata]]) -> None:
        """Load the volumes of the plugins that answer."""
        try:
            listed, _ = self.all_drivers()
        except EngineError as error:
            log.warning("Error restoring volumes: %s", error)
            return
        drivers = {vd.name: vd for vd in listed}
        for name in by_driver:
            if name and name not in drivers:
                _report_driver(name, self.missing_driver(name), len(by_driver[name]))
        answers = self.list_drivers([drivers[name] for name in by_driver if name in drivers], patient=True)
        for name, answer in answers.items():
            if answer.value is None:
                _report_driver(name, answer.error, len(by_driver[name]))
            else:
                self._restore_driver(drivers[name], *answer.value, by_driver[name])
        for meta in by_driver.get("", ()):  # their driver is not recorded; `get` finds and records it
            try:
                self.get(meta.name)
            except EngineError as error:
                log.warning("Error restoring volume: volume %s: %s", meta.name, error)

    def _restore_driver(
        self, vd: Driver, volumes: Sequence[Volume], scope: str, metas: Sequence[VolumeMetadata]
    ) -> None:
        listed = {v.name: v for v in volumes}
        for meta in metas:
            v = listed.get(meta.name) or _ask(vd, meta)
            if v is None:
                self._report_gone(meta)
            else:
                self.adopt([v], scope)

    def _report_gone(self, meta: VolumeMetadata) -> None:
        self.gone[meta.name] = meta.driver
        log.warning("volume %s: its driver %s does not have it; its record is kept", meta.name, meta.driver)

    def adopt(self, volumes: Sequence[Volume], scope: str) -> None:
        """Add recorded volumes to the cache once their driver has listed them."""
        for v in volumes:
            with self.locks.locked(v.name):
                if v.name in self.db and v.name not in self.names:
                    self.set_named(self.wrap(v, scope), "")

    def all_drivers(self) -> tuple[Sequence[Driver], Sequence[str]]:
        """Return all drivers that answer within the bound, and warnings.

        Raises:
            EngineError: The plugins cannot be listed.
        """
        if self.drivers.plugin_getter is None:
            return self.drivers.get_all_drivers(), ()
        answer = self.probes.ask({PLUGINS: self.drivers.get_all_drivers})[PLUGINS]
        if answer.value is not None:
            return answer.value, ()
        if answer.error is not None and not isinstance(answer.error, Unreachable):
            raise answer.error
        return self.drivers.registered_drivers(), (f"list: error listing plugins: {answer.error}",)

    def list_drivers(
        self, drivers: Sequence[Driver], *, patient: bool = False
    ) -> dict[str, Answer[DriverVolumes]]:
        """Ask each driver for its volumes: the local one directly, the others side by side.

        Only with `patient` are calls retried when a plugin refuses connections.
        """
        answers: dict[str, Answer[DriverVolumes]] = {}
        questions: dict[str, Callable[[], DriverVolumes]] = {}
        for vd in drivers:
            if isinstance(vd, Root):
                answers[vd.name] = Answer(DriverVolumes(vd.list(), vd.scope))
            else:
                questions[vd.name] = partial(_list, vd, patient=patient)
        if questions:
            answers.update(self.probes.ask(questions))
        return answers

    def missing_driver(self, name: str) -> EngineError:
        """Return why a driver cannot be asked."""
        return self.drivers.problem(name) or Unreachable(f"volume driver {name} does not answer")


def _list(vd: Driver, *, patient: bool) -> DriverVolumes:
    """Ask a driver for its volumes and its scope, since either answer may be late."""
    volumes = vd.list() if patient else getattr(vd, "list_once", vd.list)()
    return DriverVolumes(volumes, vd.scope)


def _ask(vd: Driver, meta: VolumeMetadata) -> Volume | None:
    """Look up a volume that its driver did not list; some drivers list too few."""
    try:
        return ask(vd, meta.name)
    except EngineError as error:
        log.warning("Error restoring volume: driver %s, volume %s: %s", vd.name, meta.name, error)
        return None


def _report_driver(name: str, error: EngineError | None, volumes: int) -> None:
    log.warning(
        "Error restoring volumes: driver %s: %s; its volumes (%d) are known from their records",
        name,
        error,
        volumes,
    )
