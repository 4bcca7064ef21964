"""The store of all volumes: their names, users, drivers and metadata.

`VolumeWrapper` is in `wrapper.py`, the start in `restore.py`, the conditions in `by.py`.

Go: volume/service/store.go, volume/service/store_unix.go
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Collection, Iterator, MutableSequence, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple, TypeAlias

from runtime import workers
from runtime.daemon.root_lock import RootLock
from runtime.errdefs import Conflict, EngineError, InvalidParameter
from runtime.golang import context
from runtime.golang.context import Context
from runtime.golang.strconv import quote
from runtime.pkg.locker import Locker
from runtime.volume.drivers.adapter import NoSuchVolume
from runtime.volume.drivers.extpoint import Store
from runtime.volume.drivers.probing import Answer, Probes
from runtime.volume.drivers.proxy import DEFAULT, Timings
from runtime.volume.local.local import VOLUMES_PATH_NAME, Root
from runtime.volume.service import db
from runtime.volume.service.by import (
    And,
    By,
    ByDriver,
    ByReferenced,
    CustomFilter,
    FilterFunc,
    FromList,
    Or,
)
from runtime.volume.service.db import Flush, Records, VolumeMetadata
from runtime.volume.service.errors import NameConflict, OpErr, VolumeInUse, operation
from runtime.volume.service.restore import DriverVolumes, VolumeStoreRestore
from runtime.volume.service.wrapper import UnavailableVolume, VolumeWrapper, ask
from runtime.volume.volume import DEFAULT_DRIVER_NAME, Driver, Pairs, Unreachable, Volume
from runtime.workers import Threads, Workers

log = logging.getLogger(__name__)


class Found(NamedTuple):
    """Volumes, and warnings about volumes that are missing."""

    volumes: Sequence[VolumeWrapper]
    warnings: Sequence[str]


class Outcome(NamedTuple):
    """A volume, and whether it is new."""

    volume: VolumeWrapper
    created: bool


class Listed(NamedTuple):
    """A list of volumes to filter, and the warnings so far."""

    volumes: list[VolumeWrapper]
    warnings: list[str]


Volumes: TypeAlias = list[VolumeWrapper]
"""For annotations in `VolumeStore`, whose method `list` hides the builtin."""


def new_store(
    root_path: str | Path | None,
    drivers: Store,
    workers: Workers | None = None,
    timings: Timings = DEFAULT,
    lock: RootLock | None = None,
) -> VolumeStore:
    """Open the store of the volumes under a root, and restore the recorded volumes.

    Args:
        root_path: The root; None for records in memory.
        drivers: The drivers.
        workers: Run calls of drivers that may not answer.
        timings: Time limits.
        lock: The lock on the root, if the caller holds it.

    Raises:
        EngineError: Another engine uses the root.

    Go:
        volume/service/store.go::NewStore
        volume/service/store.go::volumeDataDir
    Differs:
        error error-while-setting-up-volume-store-metadata-database: records that cannot be written are read.
    """
    if root_path:
        root = Path(root_path)
        with lock.hold() if lock else RootLock(root, timings.database_lock, timings.database_retry) as held:
            records = db.open_records(root / VOLUMES_PATH_NAME, held)
    else:
        records = db.in_memory()
    vs = VolumeStore(records, drivers, workers or Threads(), timings)
    vs.restore()
    return vs


class VolumeStore(VolumeStoreRestore):
    """Names, users and metadata of all volumes; safe to use from several threads.

    Methods with a context raise ContextCanceled if it is cancelled before they begin.

    Args:
        records: The metadata database, its damage, and the lock on the root.
        drivers: The volume drivers.
        workers: Run calls of drivers that may not answer.
        timings: Time limits.

    Differs:
        fields labels, options: in the records, which are all in memory.
        behaviour db: SQLite instead of bolt; one row a volume.
    """

    def __init__(
        self, records: Records, drivers: Store, workers: Workers, timings: Timings = DEFAULT
    ) -> None:
        # One operation at a time for each name: other volumes do not wait for a slow driver.
        self.locks = Locker()
        self.drivers = drivers
        self.global_lock = threading.Lock()  # for the dicts and sets below
        self.names: dict[str, VolumeWrapper] = {}
        self.refs: dict[str, set[str]] = {}
        self.held: set[str] = set()  # volumes with a reference on their driver, which is released once only
        self.gone: dict[str, str] = {}  # volumes that their driver did not have at start, with the driver
        self.records = records
        self.db = records.db
        self.workers = workers
        self.probes = Probes(workers, timings.probe)
        self.timings = timings

    def get_named(self, name: str) -> VolumeWrapper | None:
        """Return a volume from the cache."""
        with self.global_lock:
            return self.names.get(name)

    def set_named(self, v: VolumeWrapper, ref: str) -> None:
        """Add a volume to the cache, and `ref` to its users if it is not empty.

        Differs:
            call Store.CreateDriver: takes a reference on the driver, once for each cached volume.
        """
        self._hold(v)
        with self.global_lock:
            self.names[v.name] = v
            self.gone.pop(v.name, None)
            if ref:
                self.refs.setdefault(v.name, set()).add(ref)

    def _hold(self, v: VolumeWrapper) -> None:
        """Take a reference on a volume's driver, once for each volume."""
        if v.name in self.held:
            return
        try:
            self.drivers.create_driver(v.driver_name)
        except EngineError as error:
            log.debug("volume %s: its driver %s cannot be held: %s", v.name, v.driver_name, error)
            return
        self.held.add(v.name)

    def _give_back(self, driver_name: str) -> None:
        """Release a reference on a driver, unless the driver does not exist any more."""
        if self.drivers.is_gone(driver_name):
            return
        try:
            self.drivers.release_driver(driver_name)
        except EngineError as error:
            log.error("Error releasing reference to volume driver %s: %s", driver_name, error)  # noqa: TRY400

    def has_ref(self, name: str) -> bool:
        """Return whether a volume is in use."""
        with self.global_lock:
            return bool(self.refs.get(name))

    def get_refs(self, name: str) -> Sequence[str]:
        """Return the users of a volume."""
        with self.global_lock:
            return tuple(self.refs.get(name, ()))

    def purge(self, name: str, flush: Flush | None = None) -> None:
        """Delete a volume's record, and remove it from the cache.

        Args:
            name: The volume's name.
            flush: Syncs its directories, which must be on disk before the record is gone.

        Raises:
            EngineError: The record cannot be deleted; then the volume stays in the cache.

        Differs:
            error removeMeta: raised; moby logs it, and the record stays until the driver is asked again.
            order removeMeta: first, so that after an error the driver is still referenced; not so in moby.
            behaviour lock: the driver is released without the global lock; moby may ask a plugin under it.
        """
        self.db.remove(name, flush)
        with self.global_lock:
            v = self.names.pop(name, None)
            self.refs.pop(name, None)
            self.gone.pop(name, None)
            held = name in self.held
            self.held.discard(name)
        if held and v is not None:
            self._give_back(v.driver_name)

    def known(self, name: str) -> VolumeWrapper | None:
        """Return a volume from the cache or from its record, without asking its driver."""
        if (v := self.get_named(name)) is not None:
            return v
        meta = self.db.rows.get(name)
        return _unavailable(meta) if meta is not None and meta.driver else None

    def wrap(self, v: Volume, scope: str) -> VolumeWrapper:
        """Return a volume of a driver with the labels and options of its record."""
        cached = self.names.get(v.name)
        if cached is not None and cached.volume is v:
            return cached
        meta = self.db.rows.get(v.name)
        if meta is None or meta.driver not in ("", v.driver_name):
            return VolumeWrapper(v, None, scope, None)
        return VolumeWrapper(v, meta.labels, scope, meta.options)

    def by_referenced(self, *, referenced: bool) -> FilterFunc:
        """Return a function that selects the volumes in use, or the others.

        Differs:
            call hasRef: read without a lock, since a list is no snapshot.
        """
        return lambda v: bool(self.refs.get(v.name)) == referenced

    def filter(self, vols: Volumes | None, by: By | None) -> Listed:
        """Return the volumes, of a list or of all, that a condition selects.

        Raises:
            InvalidParameter: There is no such condition.

        Differs:
            behaviour Or: includes volumes selected by driver, which moby drops, and never adds to a list.
        """
        match by:
            case ByDriver(drivers) if vols is None:
                return self.list(drivers)
            case And(bys):
                warnings: list[str] = []
                for condition in bys:
                    vols, more = self.filter(vols, condition)
                    warnings += more
                return Listed(vols, warnings) if vols is not None else self.list()
            case Or(bys):
                union = Listed([], [])
                for condition in bys:
                    some, more = self.filter(None if vols is None else list(vols), condition)
                    union.volumes.extend(some)
                    union.warnings.extend(more)
                unique(union.volumes)
                return union
            case _:
                listed = Listed(vols, []) if vols is not None else self.list()
                filter_in_place(listed.volumes, self._function(by))
                return listed

    def _function(self, by: By | None) -> FilterFunc:
        """Return the function of a condition that looks at one volume at a time."""
        match by:
            case None:
                return lambda _: True
            case ByDriver(drivers):
                return filter_by_driver(drivers)
            case ByReferenced(referenced):
                return self.by_referenced(referenced=referenced)
            case CustomFilter(keep):
                return keep
            case _:
                raise InvalidParameter(f"unsupported filter: {type(by).__name__}")

    def find(self, by: By | None = None, *, ctx: Context | None = None) -> Found:
        """Return the volumes that a condition selects, or all; of two with one name, the cached one.

        Raises:
            OpErr: The drivers cannot be listed, or there is no such condition.

        Differs:
            calls Lock, Unlock, VolumeStore.getNamed: no lock for each name, so that no list waits for a slow
                driver of one volume.
        """
        context.check(ctx)
        try:
            if isinstance(by, FromList):
                listed = self.filter(list(by.volumes), by.by)
                by.volumes[:] = listed.volumes
            else:
                listed = self.filter(None, by)
        except EngineError as error:
            raise OpErr(error, "list") from error
        return Found(
            [v for v in listed.volumes if self._is_cached_one(v)], tuple(dict.fromkeys(listed.warnings))
        )

    def _is_cached_one(self, v: VolumeWrapper) -> bool:
        """Return whether the cache has no volume of another driver by this name."""
        cached = self.names.get(v.name)
        return cached is None or cached is v or cached.driver_name == v.driver_name

    def list(self, driver_names: Sequence[str] = ()) -> Listed:
        """Return the volumes of the drivers of these names, or of all.

        Volumes whose driver does not answer are listed from their records, with a warning that says why.

        Differs:
            behaviour bound: a driver may take ten seconds, and is asked once; moby waits for a minute.
            behaviour missing: moby does not list volumes without their driver.
            behaviour warnings: include damage on disk.
        """
        every, late = self._listed_drivers(driver_names)
        drivers = [vd for vd in every if not driver_names or vd.name in driver_names]
        answers = self.list_drivers(drivers)
        listed = Listed([], [*late])
        for vd in drivers:
            self._add_answer(vd, answers[vd.name], listed)
        for name, volumes in tuple(self.db.drivers.items()):
            if volumes and name and name not in answers and (not driver_names or name in driver_names):
                self._add_recorded(name, self.missing_driver(name), listed)
        if not driver_names:
            listed.warnings.extend((*self.records.problems, *self.db.warnings()))
        return listed

    def _listed_drivers(self, driver_names: Sequence[str]) -> tuple[Sequence[Driver], Sequence[str]]:
        """Return the drivers, plugins among them only if needed, and warnings."""
        registered = self.drivers.registered_drivers()
        if driver_names and {vd.name for vd in registered}.issuperset(driver_names):
            return registered, ()
        return self.all_drivers()

    def _add_answer(self, vd: Driver, answer: Answer[DriverVolumes], listed: Listed) -> None:
        if answer.value is None:
            self._add_recorded(vd.name, answer.error, listed)
            return
        volumes, scope = answer.value
        wrap = self.wrap
        listed.volumes.extend([wrap(v, scope) for v in volumes])
        if isinstance(vd, Root):
            listed.warnings.extend(vd.warnings())
        elif unknown := [v for v in volumes if v.name in self.db.rows and v.name not in self.names]:
            workers.run(self.workers, functools.partial(self.adopt, unknown, scope))
        # Volumes that the driver did not have at start, and still has not:
        gone = [name for name, driver in tuple(self.gone.items()) if driver == vd.name]
        listed_names = {v.name for v in volumes} if gone else set()
        listed.warnings.extend(
            f"volume {name}: its driver {vd.name} does not have it"
            for name in gone
            if name not in listed_names
        )

    def _add_recorded(self, driver: str, error: EngineError | None, listed: Listed) -> None:
        """Add the recorded volumes of a driver that does not answer."""
        if error is not None:
            listed.warnings.append(str(OpErr(error, "list", driver)))
        listed_names = {v.name for v in listed.volumes}
        for name, meta in tuple(self.db.rows.items()):
            if meta.driver == driver and name not in listed_names:
                listed.volumes.append(self.names.get(name) or _unavailable(meta))

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
        """Create a volume, or return the one that has this name already.

        Without a driver's name a volume of any driver is returned, else the local driver creates one.
        `reference` is its first user, so that no other caller can remove it in between.

        Raises:
            OpErr: The driver fails, or another driver has a volume of this name.

        Differs:
            behaviour created: the result says whether the volume is new, so that an event is sent only then.
        """
        name = normalize_volume_name(name)
        with self.locks.locked(name):
            context.check(ctx)
            with operation("create", name):
                outcome = self._create(name, driver_name, options, labels, ctx)
            self.set_named(outcome.volume, reference)
            return outcome

    def check_conflict(self, name: str, driver_name: str) -> VolumeWrapper | None:
        """Return the volume of this name if there is one; purge it if its driver no longer has it.

        Raises:
            EngineError: Another driver has it, it is in use but missing, or its driver cannot be asked.

        Differs:
            behaviour cache: recorded volumes of a driver that does not answer count too; after a restart moby
                creates another one of that name, and forgets the first.
            behaviour gone: the name of a volume whose driver does not exist is free; in moby after a restart.
            call VolumeStore.getVolume: looks up a recorded volume that is not cached yet.
        """
        v = self.known(name)
        if v is None:
            return None
        conflict = bool(driver_name) and v.driver_name not in (
            driver_name,
            self.drivers.get_driver(driver_name).name,
        )
        if conflict and self.drivers.is_gone(v.driver_name):
            self._free_name(v)
            return None
        try:
            exists = volume_exists(self.drivers, v)
        except EngineError as error:
            # A request that names the driver fails instead: the plugin may come back.
            if not driver_name and self.drivers.is_gone(v.driver_name):
                self._free_name(v)
                return None
            raise NameConflict().with_text(
                f"found reference to volume '{name}' in driver '{v.driver_name}', but got an error while "
                f"checking the driver: {error}"
            ) from error
        if exists and conflict:
            raise NameConflict().with_text(f"driver '{v.driver_name}' already has volume '{name}'")
        if exists:
            return self.get_named(name) or self.get_volume(name, v.driver_name, None)
        self._check_references(v)
        self.purge(name)
        return None

    def _check_references(self, v: VolumeWrapper) -> None:
        if self.has_ref(v.name):
            raise NameConflict().with_text(
                f"found references to volume '{v.name}' in driver '{v.driver_name}' but the volume was not "
                "found in the driver -- you may need to remove containers referencing this volume or force "
                "remove the volume to re-create it"
            )

    def _free_name(self, v: VolumeWrapper) -> None:
        """Free the name of a volume whose driver does not exist any more."""
        self._check_references(v)
        log.warning("volume %s: its driver %s does not exist; its name is used again", v.name, v.driver_name)

    def _create(
        self, name: str, driver_name: str, options: Pairs | None, labels: Pairs | None, ctx: Context | None
    ) -> Outcome:
        """Create a volume, or return the existing one; the caller holds the lock of its name.

        Go: volume/service/store.go::VolumeStore.create
        Differs:
            call NewParser: moby's check of the name accepts every name on Linux.
            order setMeta: the record of a local volume is written before the volume is visible.
            behaviour error: a new volume is removed again if its record cannot be written.
            behaviour probing: fails if no driver is named and one does not answer; moby creates a local one.
            behaviour labels: new labels and options for an existing volume are logged as ignored.
        """
        existing = self.check_conflict(name, driver_name) or (
            None if driver_name else self._volume_of_any_driver(name, ctx)
        )
        if existing is not None:
            _warn_of_ignored(existing, options, labels)
            return Outcome(existing, created=False)
        driver_name = driver_name or DEFAULT_DRIVER_NAME
        vd = self.drivers.create_driver(driver_name)
        try:
            log.debug("Registering new volume reference: driver %s, name %s", vd.name, name)
            v = self._create_with(vd, VolumeMetadata(name, vd.name, labels, options))
        except BaseException:
            self._give_back(driver_name)
            raise
        self.held.add(name)
        with self.global_lock:
            self.refs.pop(name, None)
        return Outcome(VolumeWrapper(v, labels, vd.scope, options), created=True)

    def _volume_of_any_driver(self, name: str, ctx: Context | None) -> VolumeWrapper | None:
        """Return the volume of this name, of any driver, or None."""
        driver = self.db.rows.get(name, VolumeMetadata()).driver
        if name in self.db.broken or (driver and self.drivers.is_gone(driver)):
            return None  # a new volume replaces such a record, as in moby
        try:
            return self.get_volume(name, "", ctx)
        except NoSuchVolume:
            return None

    def _create_with(self, vd: Driver, meta: VolumeMetadata) -> Volume:
        """Create a volume in its driver and write its record: both or none."""
        try:
            v = ask(vd, meta.name)
        except EngineError as error:
            log.debug("driver %s, volume %s: %s; it is asked to create it", vd.name, meta.name, error)
            v = None
        if v is not None:
            self.db.set(meta.name, meta)
            return v
        if isinstance(vd, Root):
            with self._record_restored(meta.name), vd.creating(meta.name, meta.options) as volume:
                self.db.set(meta.name, meta, vd.flush)
            return volume
        v = vd.create(meta.name, meta.options)
        try:
            self.db.set(meta.name, meta)
        except BaseException:
            try:
                vd.remove(v)
            except EngineError as error:
                log.error("volume %s cannot be removed from driver %s again: %s", v.name, vd.name, error)  # noqa: TRY400
            raise
        return v

    @contextmanager
    def _record_restored(self, name: str) -> Iterator[None]:
        """Restore a volume's record if the block fails, as far as the disk allows."""
        before = self.db.rows.get(name)
        try:
            yield
        except BaseException:
            try:
                if before is None:
                    self.db.remove(name)
                elif self.db.rows.get(name) is not before:
                    self.db.set(name, before)
            except EngineError as error:
                log.error("volume %s: its record cannot be put back: %s", name, error)  # noqa: TRY400 - no trace
            raise

    def get(
        self, name: str, *, driver: str = "", reference: str = "", ctx: Context | None = None
    ) -> VolumeWrapper:
        """Return the volume of a name, and add `reference` to its users.

        Raises:
            OpErr: There is none, it is not of this driver, or its driver cannot be asked.
        """
        name = normalize_volume_name(name)
        with self.locks.locked(name):
            with operation("get", name):
                v = self.get_volume(name, driver, ctx)
                if driver and v.driver_name != driver:
                    raise Conflict("found volume driver does not match passed in driver")
            self.set_named(v, reference)
            return v

    def get_volume(self, name: str, driver_name: str, ctx: Context | None) -> VolumeWrapper:
        """Look up a volume in its driver; the caller holds the lock of its name.

        Raises:
            Conflict: It is of another driver.
            NoSuchVolume: There is none.
            EngineError: Its driver cannot be asked, or its record cannot be decoded.

        Differs:
            behaviour probing: the local driver is asked first, the others side by side. If none has the
                volume and one did not answer, that is an error; moby takes no answer for a no.
            call VolumeStore.getNamed: finds the driver of a cached volume without a record.
        """
        meta = self.db.get(name)
        if driver_name and meta.driver not in ("", driver_name):
            raise Conflict("provided volume driver does not match stored driver")
        context.check(ctx)
        driver = driver_name or meta.driver
        if not driver and (v := self.get_named(name)) is not None:
            driver = v.driver_name
            self.db.set(name, VolumeMetadata(name, driver, meta.labels, meta.options))
        if driver:
            return self._look_up(name, driver, meta)
        log.debug("Probing all drivers for volume with name: %s", name)
        volume, vd = self._probe(name)
        self.db.set(name, VolumeMetadata(name, volume.driver_name, meta.labels, meta.options))
        return VolumeWrapper(volume, meta.labels, vd.scope, meta.options)

    def _look_up(self, name: str, driver: str, meta: VolumeMetadata) -> VolumeWrapper:
        v = lookup_volume(self.drivers, driver, name)
        if v is None:
            try:
                self.purge(name)
            except EngineError as error:  # the next lookup tries again
                log.error("Error removing volume metadata for volume %s: %s", name, error)  # noqa: TRY400
            raise NoSuchVolume
        cached = self.get_named(name)
        if cached is not None and cached.volume is v:
            return cached
        try:
            scope = self.drivers.get_driver(driver).scope
        except EngineError:
            scope = ""
        return VolumeWrapper(v, meta.labels, scope, meta.options)

    def _probe(self, name: str) -> tuple[Volume, Driver]:
        """Return the first driver that has a volume of this name; the local one is asked first.

        The plugins are asked side by side, each for as long as in moby. Once one has the volume, the others
        are waited for no longer than in a list.

        Raises:
            NoSuchVolume: No driver has it.
            Unreachable: A driver did not answer, and none of the others has it.
            EngineError: The plugins cannot be listed.
        """
        for vd in self.drivers.registered_drivers():
            if isinstance(vd, Root) and (v := ask(vd, name)) is not None:
                return v, vd
        drivers = sorted(self.drivers.get_all_drivers(patient=True), key=lambda vd: vd.name)
        plugins = {vd.name: vd for vd in drivers if not isinstance(vd, Root)}
        questions = {driver: functools.partial(ask, vd, name) for driver, vd in plugins.items()}
        answers = self.probes.ask_all(questions, until=lambda answer: answer.value is not None)
        for driver, answer in answers.items():
            if answer.value is not None:
                return answer.value, plugins[driver]
        silent = [
            f"driver {quote(driver)}: {answer.error}"
            for driver, answer in answers.items()
            if answer.error is not None and not self.drivers.is_gone(driver)
        ]
        if silent:
            raise Unreachable(f"no driver that answers has volume {quote(name)}, but {'; '.join(silent)}")
        raise NoSuchVolume

    def remove(self, v: Volume, *, purge_on_error: bool = False, ctx: Context | None = None) -> None:
        """Remove a volume without users.

        With `purge_on_error` its record is deleted even if its driver cannot remove it.

        Raises:
            OpErr: It is in use, or its driver cannot remove it.
            NoSuchVolume: There is none.

        Differs:
            order purge: a local volume is hidden, then its record deleted, then its data; so neither a full
                disk nor a crash leaves half a volume.
            call VolumeStore.setNamed: puts a volume back whose data cannot be deleted.
            calls Root.scopedPath, GetMounts, System: in the driver's removal, during which `purge` runs.
        """
        name = v.name
        with self.locks.locked(name):
            context.check(ctx)
            if self.has_ref(name):
                raise OpErr(VolumeInUse(), "remove", name, self.get_refs(name))
            wrapper = self.get_volume(name, v.driver_name, ctx)
            with operation("remove", wrapper.driver_name):
                vd = self.drivers.get_driver(wrapper.driver_name)
            log.debug("Removing volume reference: driver %s, name %s", wrapper.driver_name, name)
            vol = unwrap_volume(wrapper)
            with operation("remove", name):
                try:
                    if isinstance(vd, Root):
                        self._remove_local(vd, wrapper, purge_on_error=purge_on_error)
                    else:
                        vd.remove(vol)
                except (EngineError, OSError):
                    if purge_on_error:
                        self.purge(name)
                    raise
                self.purge(name)

    def _remove_local(self, vd: Root, v: VolumeWrapper, *, purge_on_error: bool) -> None:
        """Remove a local volume and its record, both or none."""
        with nullcontext() if purge_on_error else self._record_restored(v.name):
            try:
                with vd.removing(unwrap_volume(v)):
                    self.purge(v.name, vd.flush)
            except BaseException:
                if not purge_on_error and v.name not in self.names:
                    self.set_named(v, "")
                raise

    def release(self, name: str, ref: str, *, ctx: Context | None = None) -> None:
        """Remove `ref` from the users of a volume, if it is one."""
        with self.locks.locked(name):
            context.check(ctx)
            with self.global_lock:
                refs = self.refs.get(name, set())
                refs.discard(ref)
                if not refs:
                    self.refs.pop(name, None)

    def count_references(self, v: Volume) -> int:
        """Return how many users a volume has.

        Differs:
            calls Lock, Unlock: users are counted under the global lock alone.
        """
        with self.global_lock:
            return len(self.refs.get(normalize_volume_name(v.name), ()))

    def forget_gone(self, name: str) -> VolumeWrapper | None:
        """Purge a volume whose driver does not exist any more.

        Returns:
            The volume; None if there is none, or its driver may exist.

        Raises:
            OpErr: The volume is in use, or its record cannot be deleted.
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

    def shutdown(self) -> None:
        """Close the database and the drivers; volumes stay as they are."""
        self.records.close()
        self.drivers.close()


def filter_by_driver(names: Collection[str]) -> FilterFunc:
    """Return a function that selects the volumes of these drivers."""
    return lambda volume: volume.driver_name in names


def unique(volumes: MutableSequence[VolumeWrapper]) -> None:
    """Remove from a list all but the first volume of each name."""
    first: dict[str, VolumeWrapper] = {}
    for volume in volumes:
        first.setdefault(volume.name, volume)
    volumes[:] = list(first.values())


def filter_in_place(volumes: MutableSequence[VolumeWrapper], fn: FilterFunc) -> None:
    """Remove from a list the volumes that a function does not select.

    Go: volume/service/store.go::filter
    """
    volumes[:] = [volume for volume in volumes if fn(volume)]


def volume_exists(store: Store, v: Volume) -> bool:
    """Return whether the volume's driver still has it.

    Raises:
        EngineError: The driver cannot be asked.
    """
    return lookup_volume(store, v.driver_name, v.name) is not None


def lookup_volume(store: Store, driver_name: str, volume_name: str) -> Volume | None:
    """Return the volume if its driver has it, else None.

    Raises:
        EngineError: There is no such driver, or it cannot be asked.

    Differs:
        behaviour garbage: an answer that cannot be understood is an error; moby forgets the volume.
    """
    driver_name = driver_name or DEFAULT_DRIVER_NAME
    try:
        return ask(store.get_driver(driver_name), volume_name)
    except EngineError as error:
        raise error.with_text(
            f"error while checking if volume {quote(volume_name)} exists in driver {quote(driver_name)}"
        ) from error


def unwrap_volume(v: VolumeWrapper) -> Volume:
    """Return the driver's own volume."""
    return v.volume


def normalize_volume_name(name: str) -> str:
    """Return the name under which a volume is stored; on Linux that is the name itself."""
    return name


def _unavailable(meta: VolumeMetadata) -> VolumeWrapper:
    """Return a volume from its record."""
    return VolumeWrapper(UnavailableVolume(meta.name, meta.driver), meta.labels, "", meta.options)


def _warn_of_ignored(v: VolumeWrapper, options: Pairs | None, labels: Pairs | None) -> None:
    changes = (("options", options, v.options), ("labels", labels, v.labels))
    for what, new, old in changes:
        if new and dict(new) != dict(old or {}):
            log.warning("volume %s exists already; the %s that were given now are not used", v.name, what)
