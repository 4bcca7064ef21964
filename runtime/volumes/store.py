"""The store of all volumes: which there are, who uses them, and what is kept of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from runtime.errors import Conflict, EngineError
from runtime.locker import Locker
from runtime.volumes import context, finding, restore, takeover
from runtime.volumes.context import Context
from runtime.volumes.driver import DEFAULT_DRIVER_NAME, Driver, Immediate, Pairs, Volume, answers_at_once
from runtime.volumes.drivers import Store
from runtime.volumes.errors import ContextCanceled, NameConflict, NoSuchVolume, OpErr, VolumeInUse
from runtime.volumes.filters import By
from runtime.volumes.local import VOLUMES_PATH_NAME
from runtime.volumes.lookup import ask, lookup_volume, volume_exists
from runtime.volumes.metadata import VolumeMetadata
from runtime.volumes.probing import Probes
from runtime.volumes.takeover import Records
from runtime.volumes.timings import DEFAULT, Timings
from runtime.volumes.wrapper import UnavailableVolume, VolumeWrapper
from runtime.workers import Threads, Workers

log = logging.getLogger(__name__)

STORE_MODE = 0o750


class Outcome(NamedTuple):
    """A volume, and whether it is new."""

    volume: VolumeWrapper
    created: bool


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
        field globalLock: one lock; Python has no read-write lock worth having here.
        field labels: in the records, which are all in memory.
        field options: in the records, which are all in memory.
        field db: SQLite instead of bolt; one row a volume.
        extra held: the volumes for which their driver has one more user; so a user is given back once only.
        extra gone: the volumes that their driver did not have at start.
        extra probes: asks drivers that may not answer.
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
        """
        return finding.find(self, by, ctx)

    def create(  # noqa: PLR0913 - as many as moby's options
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
            extra created: whether the volume is new.
        """
        name = normalize_volume_name(name)
        with self.locks.locked(name):
            context.check(ctx)
            with _failing("create", name):
                outcome = self._create(name, driver_name, options, labels, ctx)
            self._set_named(outcome.volume, reference)
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
        """
        name = normalize_volume_name(name)
        with self.locks.locked(name):
            with _failing("get", name):
                v = self._get_volume(name, driver, ctx)
                if driver and v.driver_name != driver:
                    raise Conflict("found volume driver does not match passed in driver")
            self._set_named(v, reference)
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
        """
        name = v.name
        with self.locks.locked(name):
            context.check(ctx)
            if self._has_ref(name):
                raise OpErr(VolumeInUse(), "remove", name, self._get_refs(name))
            known = self._get_volume(name, v.driver_name, ctx)
            with _failing("remove", known.driver_name):
                vd = self.drivers.get_driver(known.driver_name)
            log.debug("Removing volume reference: driver %s, name %s", known.driver_name, name)
            with _failing("remove", name):
                self._remove(vd, known, purge_on_error=purge_on_error)

    def release(self, name: str, ref: str, *, ctx: Context | None = None) -> None:
        """Note that `ref` does not use the volume any more; one that did not is no error.

        Raises:
            ContextCanceled: It was called off.

        Go:
            volume/service/store.go::VolumeStore.Release
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
        if (v := self._get_named(name)) is not None:
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
                self._set_named(self.wrap(v, scope), "")

    def _create(
        self, name: str, driver_name: str, options: Pairs | None, labels: Pairs | None, ctx: Context | None
    ) -> Outcome:
        """Make a volume, or find the one that there is; the caller holds the lock of its name.

        Go:
            volume/service/store.go::VolumeStore.create

        Differs:
            call NewParser: names are the driver's matter; moby's check on Linux accepts every one.
            order setMeta: the record of a local volume is written before the volume can be seen.
            behaviour error: what a driver has made is removed again if the record cannot be written.
            behaviour labels: new ones for a volume that exists are not used, and the log says so.
        """
        existing = self._check_conflict(name, driver_name) or (
            None if driver_name else self._any_volume(name, ctx)
        )
        if existing is not None:
            _say_what_is_ignored(existing, options, labels)
            return Outcome(existing, created=False)
        driver_name = driver_name or DEFAULT_DRIVER_NAME
        vd = self.drivers.create_driver(driver_name)
        try:
            log.debug("Registering new volume reference: driver %s, name %s", vd.name, name)
            meta = VolumeMetadata(name, vd.name, labels, options)
            v = self._make(vd, meta)
        except BaseException:
            self._give_back(driver_name)
            raise
        self.held.add(name)
        with self.global_lock:
            self.refs.pop(name, None)
        return Outcome(VolumeWrapper(v, labels, vd.scope, options), created=True)

    def _make(self, vd: Driver, meta: VolumeMetadata) -> Volume:
        """Have a driver make a volume, and keep a record of it: both or none."""
        v = ask(vd, meta.name)
        if v is not None:
            self.db.set(meta.name, meta)
            return v
        if answers_at_once(vd):
            return self._make_in_steps(vd, meta)
        v = vd.create(meta.name, meta.options)
        try:
            self.db.set(meta.name, meta)
        except BaseException:
            _undo(vd, v)
            raise
        return v

    def _make_in_steps(self, vd: Immediate, meta: VolumeMetadata) -> Volume:
        before = self.db.rows.get(meta.name)
        prepared = vd.prepare(meta.name, meta.options)
        try:
            self.db.set(meta.name, meta, vd.flush)
            try:
                prepared.publish()
            except BaseException:
                self._put_back(meta.name, before)
                raise
        except BaseException:
            prepared.discard()
            raise
        return prepared.volume

    def _check_conflict(self, name: str, driver_name: str) -> VolumeWrapper | None:
        """The volume of that name if there is one; a stale one is forgotten.

        Raises:
            EngineError: Another driver has it, it is used but gone, or its driver cannot be asked.

        Go:
            volume/service/store.go::VolumeStore.checkConflict

        Differs:
            behaviour cache: volumes whose driver is not there are known too; moby makes another of that
                name, and forgets them.
        """
        v = self.known(name)
        if v is None:
            return None
        conflict = bool(driver_name) and v.driver_name not in (
            driver_name,
            self.drivers.get_driver(driver_name).name,
        )
        try:
            exists = volume_exists(self.drivers, v)
        except EngineError as error:
            raise NameConflict().with_text(
                f"found reference to volume '{name}' in driver '{v.driver_name}', but got an error while "
                f"checking the driver: {error}"
            ) from error
        if exists and conflict:
            raise NameConflict().with_text(f"driver '{v.driver_name}' already has volume '{name}'")
        if exists:
            return self._get_named(name) or self._get_volume(name, v.driver_name, None)
        if self._has_ref(name):
            raise NameConflict().with_text(
                f"found references to volume '{name}' in driver '{v.driver_name}' but the volume was not "
                "found in the driver -- you may need to remove containers referencing this volume or force "
                "remove the volume to re-create it"
            )
        self._purge(name)
        return None

    def _any_volume(self, name: str, ctx: Context | None) -> VolumeWrapper | None:
        """The volume of that name in whichever driver."""
        try:
            return self._get_volume(name, "", ctx)
        except ContextCanceled:
            raise
        except EngineError:
            return None

    def _get_volume(self, name: str, driver_name: str, ctx: Context | None) -> VolumeWrapper:
        """The volume as its driver has it now; the caller holds the lock of its name.

        Raises:
            Conflict: It is of another driver.
            NoSuchVolume: There is none.
            EngineError: Its driver cannot be asked, or its record cannot be understood.

        Go:
            volume/service/store.go::VolumeStore.getVolume

        Differs:
            behaviour probing: the drivers are asked side by side, for a bounded time, the local one first.
        """
        meta = self.db.get(name)
        if driver_name and meta.driver not in ("", driver_name):
            raise Conflict("provided volume driver does not match stored driver")
        context.check(ctx)
        driver = driver_name or meta.driver or self._cached_driver(name, meta)
        if driver:
            return self._look_up(name, driver, meta)
        log.debug("Probing all drivers for volume with name: %s", name)
        v, vd = finding.probe(self, name)
        if v is None or vd is None:
            raise NoSuchVolume
        self.db.set(name, VolumeMetadata(name, v.driver_name, meta.labels, meta.options))
        return VolumeWrapper(v, meta.labels, vd.scope, meta.options)

    def _cached_driver(self, name: str, meta: VolumeMetadata) -> str:
        v = self._get_named(name)
        if v is None:
            return ""
        self.db.set(name, VolumeMetadata(name, v.driver_name, meta.labels, meta.options))
        return v.driver_name

    def _look_up(self, name: str, driver: str, meta: VolumeMetadata) -> VolumeWrapper:
        v = lookup_volume(self.drivers, driver, name)
        if v is None:
            self._forget(name)
            raise NoSuchVolume
        known = self._get_named(name)
        if known is not None and known.volume is v:
            return known
        return VolumeWrapper(v, meta.labels, self._scope_of(driver), meta.options)

    def _scope_of(self, driver: str) -> str:
        try:
            return self.drivers.get_driver(driver).scope
        except EngineError:
            return ""

    def _remove(self, vd: Driver, v: VolumeWrapper, *, purge_on_error: bool) -> None:
        vol = unwrap_volume(v)
        try:
            if answers_at_once(vd):
                self._remove_in_steps(vd, vol, purge_on_error=purge_on_error)
                return
            vd.remove(vol)
        except (EngineError, OSError):
            if purge_on_error:
                self._purge(v.name)
            raise
        self._purge(v.name)

    def _remove_in_steps(self, vd: Immediate, vol: Volume, *, purge_on_error: bool) -> None:
        before = self.db.rows.get(vol.name)
        named = self.names.get(vol.name)
        retired = vd.retire(vol)
        try:
            self._purge(vol.name, vd)
        except BaseException:
            retired.restore()
            raise
        try:
            retired.finish()
        except BaseException:
            if not purge_on_error:
                self._put_back(vol.name, before)
                self._set_named(named or self.wrap(vol, ""), "")
            raise

    def _put_back(self, name: str, before: VolumeMetadata | None) -> None:
        """Have the record that was before, as far as the disk allows."""
        try:
            if before is None:
                self.db.remove(name)
            else:
                self.db.set(name, before)
        except EngineError as error:
            log.error("volume %s: its record cannot be put back: %s", name, error)  # noqa: TRY400 - no trace

    def _purge(self, name: str, vd: Immediate | None = None) -> None:
        """Forget a volume.

        Raises:
            EngineError: Its record cannot be deleted; then nothing is forgotten.

        Go:
            volume/service/store.go::VolumeStore.purge

        Differs:
            param ctx: what was begun is ended.
            error removeMeta: raised; moby logs it, and the volume is back after the next start.
        """
        self.db.remove(name, vd.flush if vd is not None else None)
        with self.global_lock:
            v = self.names.pop(name, None)
            self.refs.pop(name, None)
            self.gone.pop(name, None)
            held = name in self.held
            self.held.discard(name)
        if held and v is not None:
            self._give_back(v.driver_name)

    def _forget(self, name: str) -> None:
        """Forget a volume that its driver does not have; or at least when it is asked for again."""
        try:
            self._purge(name)
        except EngineError as error:
            log.error("Error removing volume metadata for volume %s: %s", name, error)  # noqa: TRY400 - no trace

    def _get_named(self, name: str) -> VolumeWrapper | None:
        """The volume of a name, if it is known.

        Go:
            volume/service/store.go::VolumeStore.getNamed
        """
        with self.global_lock:
            return self.names.get(name)

    def _set_named(self, v: VolumeWrapper, ref: str) -> None:
        """Know a volume, and who uses it; its driver has one more user from the first time on.

        Go:
            volume/service/store.go::VolumeStore.setNamed
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

    def _give_back(self, driver_name: str) -> None:
        try:
            self.drivers.release_driver(driver_name)
        except EngineError as error:
            log.error("Error releasing reference to volume driver %s: %s", driver_name, error)  # noqa: TRY400

    def _has_ref(self, name: str) -> bool:
        """Whether somebody uses a volume.

        Go:
            volume/service/store.go::VolumeStore.hasRef
        """
        with self.global_lock:
            return bool(self.refs.get(name))

    def _get_refs(self, name: str) -> Sequence[str]:
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
) -> VolumeStore:
    """The store of the volumes under a root, those of an earlier engine included.

    Raises:
        EngineError: Another engine uses the root, or its records cannot be opened.
        OSError: The directory of the records cannot be made.

    Go:
        volume/service/store.go::NewStore
        volume/service/store.go::volumeDataDir

    Differs:
        extra workers: where drivers are asked that may not answer.
        extra timings: the numbers, for tests.
    """
    if root_path:
        directory = Path(root_path) / VOLUMES_PATH_NAME
        directory.mkdir(STORE_MODE, parents=True, exist_ok=True)
        records = takeover.open_records(directory, timings)
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


def unwrap_volume(v: VolumeWrapper) -> Volume:
    """The volume as its driver made it.

    Go:
        volume/service/store.go::unwrapVolume
    """
    return v.volume


@contextmanager
def _failing(op: str, name: str) -> Iterator[None]:
    """Say of every error which operation failed on what."""
    try:
        yield
    except OpErr:
        raise
    except (EngineError, OSError) as error:
        raise OpErr(error, op, name) from error


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
