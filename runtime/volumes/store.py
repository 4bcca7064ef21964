"""The store of all volumes: which there are, who uses them, and what is kept of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from runtime.errors import Conflict, EngineError
from runtime.locker import Locker
from runtime.root_lock import RootLock
from runtime.volumes import context, finding, looking, making, restore, takeover
from runtime.volumes.context import Context
from runtime.volumes.driver import Immediate, Pairs, Volume
from runtime.volumes.drivers import Store
from runtime.volumes.errors import OpErr, VolumeInUse, operation
from runtime.volumes.filters import By
from runtime.volumes.local import VOLUMES_PATH_NAME
from runtime.volumes.making import Outcome
from runtime.volumes.probing import Probes
from runtime.volumes.takeover import Records
from runtime.volumes.timings import DEFAULT, Timings
from runtime.volumes.wrapper import UnavailableVolume, VolumeWrapper
from runtime.workers import Threads, Workers

log = logging.getLogger(__name__)


class Found(NamedTuple):
    """Volumes, and what kept others from being among them, one sentence each."""

    volumes: Sequence[VolumeWrapper]
    warnings: Sequence[str]


class VolumeStore:
    """The volumes that are known, who uses them, and where they live.

    Args:
        records: What is kept of them.
        drivers: Who has them.
        workers: Where drivers are asked that may not answer.
        timings: How long they may take.

    Go:
        volume/service/store.go::VolumeStore

    Differs:
        behaviour globalLock: one lock; Python has no read-write lock worth having here.
        field labels: in the records, which are all in memory.
        field options: in the records, which are all in memory.
        behaviour db: SQLite instead of bolt; one row a volume.
        extra held: the volumes for which their driver has one more user; so a user is given back once only.
        extra gone: the volumes that their driver did not have at start.
        extra probes: asks drivers that may not answer.
        extra forget_gone: the volumes of a driver that does not exist can be removed by force.
        extra records: what was wrong with them, and the lock on the root.
        extra workers: where other work goes on.
        extra timings: the numbers, for tests.
    """

    def __init__(
        self, records: Records, drivers: Store, workers: Workers, timings: Timings = DEFAULT
    ) -> None:
        self.locks = Locker()
        self.drivers = drivers
        self.global_lock = threading.Lock()
        self.names: dict[str, VolumeWrapper] = {}
        self.refs: dict[str, set[str]] = {}
        self.held: set[str] = set()
        self.gone: dict[str, str] = {}
        self.records = records
        self.db = records.db
        self.workers = workers
        self.probes = Probes(workers, timings.probe)
        self.timings = timings

    def find(self, by: By | None = None, *, ctx: Context | None = None) -> Found:
        """The volumes that a condition means, or all; of several that have one name, the one that is known.

        Raises:
            OpErr: The drivers cannot be listed, or there is no such condition.

        Go:
            volume/service/store.go::VolumeStore.Find

        Differs:
            call Lock: no lock for each name; one that is busy with a slow driver does not hold up a list.
            call Unlock: no lock for each name.
            param by: before `ctx`, which is a keyword here.
            error unsupported-filter-type: the type checker sees to that.
            call InvalidParameter: the type checker sees to that.
            call normalizeVolumeName: names are normal on Linux.
            call VolumeStore.getNamed: `check_conflict` has done so, or the names are read without a lock.
        """
        return finding.find(self, by, ctx)

    def create(
        self,
        name: str,
        driver_name: str,
        *,
        options: Pairs | None = None,
        labels: Pairs | None = None,
        reference: str = "",
        ctx: Context | None = None,
    ) -> Outcome:
        """Make a volume, or find the one that there is.

        Args:
            name: The volume's.
            driver_name: Its driver's; empty for whichever has such a volume, else the local one.
            options: For the driver.
            labels: For people.
            reference: Who uses it from the beginning, so that nobody removes it before.
            ctx: To call it off.

        Raises:
            OpErr: It cannot be made, or another driver has one of that name.
            ContextCanceled: It was called off.

        Go:
            volume/service/store.go::VolumeStore.Create

        Differs:
            param createOpts: keywords.
            behaviour created: it is told whether the volume is new.
            param name: before `ctx`, which is a keyword here.
            param driverName: before `ctx`, which is a keyword here.
            extra options: a keyword, where moby has an option.
            extra labels: a keyword, where moby has an option.
            extra reference: a keyword, where moby has an option.
        """
        name = normalize_volume_name(name)
        with self.locks.locked(name):
            context.check(ctx)
            with operation("create", name):
                outcome = making.create(self, name, driver_name, options, labels, ctx)
            self.set_named(outcome.volume, reference)
            return outcome

    def get(
        self, name: str, *, driver: str = "", reference: str = "", ctx: Context | None = None
    ) -> VolumeWrapper:
        """The volume of a name.

        Args:
            name: The volume's.
            driver: The driver that it must be of; empty for any.
            reference: Who uses it from now on.
            ctx: To call it off.

        Raises:
            OpErr: There is none, it is of another driver, or its driver cannot be asked.

        Go:
            volume/service/store.go::VolumeStore.Get

        Differs:
            param getOptions: keywords.
            param name: before `ctx`, which is a keyword here.
            extra driver: a keyword, where moby has an option.
            extra reference: a keyword, where moby has an option.
        """
        name = normalize_volume_name(name)
        with self.locks.locked(name):
            with operation("get", name):
                v = looking.get_volume(self, name, driver, ctx)
                if driver and v.driver_name != driver:
                    raise Conflict("found volume driver does not match passed in driver")
            self.set_named(v, reference)
            return v

    def remove(self, v: Volume, *, purge_on_error: bool = False, ctx: Context | None = None) -> None:
        """Remove a volume that nobody uses.

        Args:
            v: The volume.
            purge_on_error: Whether to forget it if its driver cannot remove it.
            ctx: To call it off.

        Raises:
            OpErr: Somebody uses it, or its driver cannot remove it.
            NoSuchVolume: There is none.
            ContextCanceled: It was called off.

        Go:
            volume/service/store.go::VolumeStore.Remove

        Differs:
            param rmOpts: a keyword.
            order purge: the record of a local volume is deleted once the volume is out of sight and before
                its data are; so neither a full disk nor a crash leaves half a volume.
            param v: before `ctx`, which is a keyword here.
            extra purge_on_error: a keyword, where moby has an option.
            call VolumeStore.removeMeta: the record is put back as it was.
            call VolumeStore.setMeta: the record is put back as it was.
            call VolumeStore.setNamed: a volume that is back, or stays, is known again.
        """
        name = v.name
        with self.locks.locked(name):
            context.check(ctx)
            if self.has_ref(name):
                raise OpErr(VolumeInUse(), "remove", name, self.get_refs(name))
            known = looking.get_volume(self, name, v.driver_name, ctx)
            with operation("remove", known.driver_name):
                vd = self.drivers.get_driver(known.driver_name)
            log.debug("Removing volume reference: driver %s, name %s", known.driver_name, name)
            with operation("remove", name):
                making.remove(self, vd, known, purge_on_error=purge_on_error)

    def release(self, name: str, ref: str, *, ctx: Context | None = None) -> None:
        """Note that `ref` does not use the volume any more; one that did not is no error.

        Raises:
            ContextCanceled: It was called off.

        Go:
            volume/service/store.go::VolumeStore.Release

        Differs:
            param name: before `ctx`, which is a keyword here.
            param ref: before `ctx`, which is a keyword here.
        """
        with self.locks.locked(name):
            context.check(ctx)
            with self.global_lock:
                refs = self.refs.get(name, set())
                refs.discard(ref)
                if not refs:
                    self.refs.pop(name, None)

    def count_references(self, v: Volume) -> int:
        """How many use a volume.

        Go:
            volume/service/store.go::VolumeStore.CountReferences

        Differs:
            call Lock: users are counted under the global lock alone.
            call Unlock: users are counted under the global lock alone.
        """
        with self.global_lock:
            return len(self.refs.get(normalize_volume_name(v.name), ()))

    def shutdown(self) -> None:
        """Write nothing more; volumes and drivers stay as they are.

        Go:
            volume/service/store.go::VolumeStore.Shutdown
        """
        self.records.close()
        self.drivers.close()

    def known(self, name: str) -> VolumeWrapper | None:
        """The volume of a name without asking anybody; one whose driver is not there has only its record."""
        if (v := self.get_named(name)) is not None:
            return v
        meta = self.db.rows.get(name)
        if meta is None or not meta.driver:
            return None
        return VolumeWrapper(UnavailableVolume(name, meta.driver), meta.labels, "", meta.options)

    def wrap(self, v: Volume, scope: str) -> VolumeWrapper:
        """A volume that a driver has listed, with what is kept of it."""
        known = self.names.get(v.name)
        if known is not None and known.volume is v:
            return known
        meta = self.db.rows.get(v.name)
        if meta is None or meta.driver not in ("", v.driver_name):
            return VolumeWrapper(v, None, scope, None)
        return VolumeWrapper(v, meta.labels, scope, meta.options)

    def adopt(self, v: Volume, scope: str) -> None:
        """Know a volume that a record speaks of, now that its driver has told of it."""
        with self.locks.locked(v.name):
            if v.name in self.db and v.name not in self.names:
                self.set_named(self.wrap(v, scope), "")

    def purge(self, name: str, vd: Immediate | None = None) -> None:
        """Forget a volume.

        Raises:
            EngineError: Its record cannot be deleted; then nothing is forgotten.

        Go:
            volume/service/store.go::VolumeStore.purge

        Differs:
            param ctx: what was begun is ended.
            error removeMeta: raised; moby logs it, and the volume is back after the next start.
            order removeMeta: first, so that a record that cannot be deleted leaves the driver in use and the
                volume known; moby has given the driver back by then.
            behaviour lock: the driver is given back once the lock that all volumes share is let go; moby
                holds it meanwhile, and may ask a plugin.
            extra vd: whose directories are to be on disk before the record goes.
        """
        self.db.remove(name, vd.flush if vd is not None else None)
        with self.global_lock:
            v = self.names.pop(name, None)
            self.refs.pop(name, None)
            self.gone.pop(name, None)
            held = name in self.held
            self.held.discard(name)
        if held and v is not None:
            self.give_back(v.driver_name)

    def forget_gone(self, name: str) -> VolumeWrapper | None:
        """Forget a volume whose driver does not exist any more.

        Returns:
            The volume; None if there is none, or its driver may exist.

        Raises:
            OpErr: Somebody uses the volume, or its record cannot be deleted.
        """
        name = normalize_volume_name(name)
        with self.locks.locked(name):
            v = self.known(name)
            if v is None or not self.drivers.is_gone(v.driver_name):
                return None
            if self.has_ref(name):
                raise OpErr(VolumeInUse(), "remove", name, self.get_refs(name))
            with operation("remove", name):
                self.purge(name)
            return v

    def forget(self, name: str) -> None:
        """Forget a volume that its driver does not have; or at least when it is asked for again."""
        try:
            self.purge(name)
        except EngineError as error:
            log.error("Error removing volume metadata for volume %s: %s", name, error)  # noqa: TRY400 - no trace

    def get_named(self, name: str) -> VolumeWrapper | None:
        """The volume of a name, if it is known.

        Go:
            volume/service/store.go::VolumeStore.getNamed
        """
        with self.global_lock:
            return self.names.get(name)

    def set_named(self, v: VolumeWrapper, ref: str) -> None:
        """Know a volume, and who uses it; its driver has one more user from the first time on.

        Go:
            volume/service/store.go::VolumeStore.setNamed

        Differs:
            call Store.CreateDriver: the driver has one more user.
        """
        self._hold(v)
        with self.global_lock:
            self.names[v.name] = v
            self.gone.pop(v.name, None)
            if ref:
                self.refs.setdefault(v.name, set()).add(ref)

    def _hold(self, v: VolumeWrapper) -> None:
        if v.name in self.held:
            return
        try:
            self.drivers.create_driver(v.driver_name)
        except EngineError as error:
            log.debug("volume %s: its driver %s cannot be held: %s", v.name, v.driver_name, error)
            return
        self.held.add(v.name)

    def give_back(self, driver_name: str) -> None:
        """Give back one use of a driver; one that does not exist any more counts no users."""
        if self.drivers.is_gone(driver_name):
            return
        try:
            self.drivers.release_driver(driver_name)
        except EngineError as error:
            log.error("Error releasing reference to volume driver %s: %s", driver_name, error)  # noqa: TRY400

    def has_ref(self, name: str) -> bool:
        """Whether somebody uses a volume.

        Go:
            volume/service/store.go::VolumeStore.hasRef
        """
        with self.global_lock:
            return bool(self.refs.get(name))

    def get_refs(self, name: str) -> Sequence[str]:
        """Who uses a volume.

        Go:
            volume/service/store.go::VolumeStore.getRefs
        """
        with self.global_lock:
            return tuple(self.refs.get(name, ()))


def new_store(
    root_path: str | Path | None,
    drivers: Store,
    workers: Workers | None = None,
    timings: Timings = DEFAULT,
    lock: RootLock | None = None,
) -> VolumeStore:
    """The store of the volumes under a root, those of an earlier engine included.

    Args:
        root_path: The root; None for records in memory.
        drivers: The drivers.
        workers: Where drivers are asked that may not answer.
        timings: How long to wait.
        lock: The lock on the root, if the caller has it.

    Raises:
        EngineError: Another engine uses the root.

    Go:
        volume/service/store.go::NewStore
        volume/service/store.go::volumeDataDir

    Differs:
        extra workers: where drivers are asked that may not answer.
        extra timings: the numbers, for tests.
        extra lock: the engine locks the root before it starts plugins; moby has a pid file for that.
        error error-while-opening-volume-store-metadata-database: the lock says which root is in use.
        error error-while-setting-up-volume-store-metadata-database: where no records can be written the start
            goes on with those that can be read.
        call New: the local records are opened.
    """
    if root_path:
        root = Path(root_path)
        with lock.hold() if lock else RootLock(root, timings.database_lock, timings.database_retry) as held:
            records = takeover.open_records(root / VOLUMES_PATH_NAME, held)
    else:
        records = takeover.in_memory()
    vs = VolumeStore(records, drivers, workers or Threads(), timings)
    restore.restore(vs)
    return vs


def normalize_volume_name(name: str) -> str:
    """The name under which a volume is known; on Linux that is the name itself.

    Go:
        volume/service/store_unix.go::normalizeVolumeName
    """
    return name
