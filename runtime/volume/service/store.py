"""Lists volumes: asks all drivers, side by side, and picks out those that are meant.

Go: volume/service/store.go, volume/service/store_unix.go
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

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
from runtime.volume.local.local import VOLUMES_PATH_NAME
from runtime.volume.service import db, restore
from runtime.volume.service.by import (
    And,
    By,
    ByDriver,
    ByReferenced,
    CustomFilter,
    FilterFunc,
    FromList,
    Or,
    filter_by_driver,
    filter_in_place,
    unique,
)
from runtime.volume.service.db import Records, VolumeMetadata
from runtime.volume.service.errors import NameConflict, OpErr, VolumeInUse, operation
from runtime.volume.service.wrapper import (
    UnavailableVolume,
    VolumeWrapper,
    all_drivers,
    ask,
    list_drivers,
    lookup_volume,
    missing_driver,
    unwrap_volume,
    volume_exists,
)
from runtime.volume.volume import (
    DEFAULT_DRIVER_NAME,
    Driver,
    Immediate,
    Pairs,
    Unreachable,
    Volume,
    answers_at_once,
)
from runtime.workers import Threads, Workers


class _Listed(NamedTuple):
    volumes: list[VolumeWrapper]
    warnings: list[str]


def find(store: VolumeStore, by: By | None, ctx: Context | None) -> Found:
    """The volumes that a condition means; see `VolumeStore.find`."""
    from runtime.volume.service.store import Found  # noqa: PLC0415 - the store is made of this module

    context.check(ctx)
    try:
        if isinstance(by, FromList):
            listed = _filter(store, list(by.volumes), by.by)
            by.volumes[:] = listed.volumes
        else:
            listed = _filter(store, None, by)
    except EngineError as error:
        raise OpErr(error, "list") from error
    return Found(
        [v for v in listed.volumes if _is_known_one(store, v)], tuple(dict.fromkeys(listed.warnings))
    )


def probe(store: VolumeStore, name: str) -> tuple[Volume | None, Driver | None]:
    """Return the first driver that has a volume of a name, with that; those of this process are asked first.

    The plugins are asked side by side, and waited for as moby waits for each. Once one has the volume, the
    others are waited for no longer than in a list.

    Raises:
        Unreachable: Nobody has said yes, and a driver did not answer, so that it may have the volume.
        EngineError: The plugins cannot be listed.
    """
    for vd in store.drivers.registered(store.drivers.get_driver_list()) or ():
        if answers_at_once(vd) and (v := ask(vd, name)) is not None:
            return v, vd
    drivers = store.drivers.get_all_drivers(patient=True)
    others = {vd.name: vd for vd in sorted(drivers, key=lambda vd: vd.name) if not answers_at_once(vd)}
    questions = {name_: functools.partial(ask, vd, name) for name_, vd in others.items()}
    answers = store.probes.ask_all(questions, until=lambda answer: answer.value is not None)
    for name_, answer in answers.items():
        if answer.value is not None:
            return answer.value, others[name_]
    silent = [
        f"driver {quote(name_)}: {answer.error}"
        for name_, answer in answers.items()
        if answer.error is not None and not store.drivers.is_gone(name_)
    ]
    if silent:
        raise Unreachable(f"no driver that answers has volume {quote(name)}, but {'; '.join(silent)}")
    return None, None


def _is_known_one(store: VolumeStore, v: VolumeWrapper) -> bool:
    """Whether no other driver's volume is known by this name."""
    known = store.names.get(v.name)
    return known is None or known is v or known.driver_name == v.driver_name


def _filter(store: VolumeStore, vols: list[VolumeWrapper] | None, by: By | None) -> _Listed:
    """Those of the given volumes, or of all, that a condition means.

    Go: volume/service/store.go::VolumeStore.filter
    Differs:
        behaviour Or: volumes by driver are among the result, where moby lists them and throws them away; of
            given volumes it leaves some, where moby adds others to them.
        param ctx: a list is called off before it begins, or not at all.
    """
    match by:
        case ByDriver(drivers) if vols is None:
            return _list(store, drivers)
        case And(bys):
            return _all_of(store, vols, bys)
        case Or(bys):
            return _one_of(store, vols, bys)
        case _:
            listed = _Listed(vols, []) if vols is not None else _list(store)
            filter_in_place(listed.volumes, _function(store, by))
            return listed


def _function(store: VolumeStore, by: By | None) -> FilterFunc:
    """Whether a volume is meant, for a condition that asks one volume at a time."""
    match by:
        case None:
            return lambda _: True
        case ByDriver(drivers):
            return filter_by_driver(drivers)
        case ByReferenced(referenced):
            return _by_referenced(store, referenced=referenced)
        case CustomFilter(keep):
            return keep
        case _:
            raise InvalidParameter(f"unsupported filter: {type(by).__name__}")


def _all_of(store: VolumeStore, vols: list[VolumeWrapper] | None, bys: Sequence[By]) -> _Listed:
    warnings: list[str] = []
    for by in bys:
        vols, more = _filter(store, vols, by)
        warnings += more
    return _Listed(vols, warnings) if vols is not None else _list(store)


def _one_of(store: VolumeStore, vols: list[VolumeWrapper] | None, bys: Sequence[By]) -> _Listed:
    found: list[VolumeWrapper] = []
    warnings: list[str] = []
    for by in bys:
        some, more = _filter(store, None if vols is None else list(vols), by)
        found += some
        warnings += more
    unique(found)
    return _Listed(found, warnings)


def _by_referenced(store: VolumeStore, *, referenced: bool) -> FilterFunc:
    """Whether somebody uses a volume, or nobody does.

    Go: volume/service/store.go::VolumeStore.byReferenced
    Differs:
        call hasRef: read without a lock; a list need not be of one moment.
    """
    return lambda v: bool(store.refs.get(v.name)) == referenced


def _list(store: VolumeStore, driver_names: Sequence[str] = ()) -> _Listed:
    """The volumes of the drivers of these names, or of all.

    Go: volume/service/store.go::VolumeStore.list
    Differs:
        param ctx: one call of a driver cannot be called off; all of them have one bound.
        behaviour bound: a driver may take ten seconds to list, and is asked once; moby waits for a minute.
        behaviour missing: volumes whose driver is not there are listed from their records, with a warning
            that says why: no such plugin, disabled, refused, or no answer in time.
        behaviour warnings: what is damaged on disk is among them.
        call Store.GetDriverList: to know the drivers without looking for plugins.
        calls Locker.Lock, Locker.Unlock: a volume whose driver is back is known again, under the lock of its
            name.
        call VolumeStore.setNamed: a volume that is back, or stays, is known again.
    """
    registered = store.drivers.registered(driver_names) if driver_names else None
    found, late = (registered, ()) if registered is not None else all_drivers(store)
    drivers = [vd for vd in found if not driver_names or vd.name in driver_names]
    answers = list_drivers(store, drivers)
    listed = _Listed([], [*late])
    for vd in drivers:
        _add(store, vd, answers[vd.name], listed)
    for name in _missing(store, driver_names, answers):
        _add_known(store, name, missing_driver(store, name), listed)
    if not driver_names:
        listed.warnings.extend((*store.records.problems, *store.db.warnings()))
    return listed


def _add(store: VolumeStore, vd: Driver, answer: Answer[Sequence[Volume]], listed: _Listed) -> None:
    if answer.value is None:
        _add_known(store, vd.name, answer.error, listed)
        return
    scope = vd.scope
    wrap = store.wrap
    listed.volumes.extend([wrap(v, scope) for v in answer.value])
    if answers_at_once(vd):
        listed.warnings.extend(vd.warnings())
    elif unknown := [v for v in answer.value if v.name in store.db.rows and v.name not in store.names]:
        workers.run(store.workers, lambda: _adopt(store, unknown, scope))
    listed.warnings.extend(_gone(store, vd.name, answer.value))


def _gone(store: VolumeStore, driver: str, there: Sequence[Volume]) -> Sequence[str]:
    """The volumes that a driver did not have at start, and still has not."""
    gone = [name for name, at in tuple(store.gone.items()) if at == driver]
    found = {v.name for v in there} if gone else set()
    return [f"volume {name}: its driver {driver} does not have it" for name in gone if name not in found]


def _adopt(store: VolumeStore, volumes: Sequence[Volume], scope: str) -> None:
    for v in volumes:
        store.adopt(v, scope)


def _add_known(store: VolumeStore, driver: str, error: EngineError | None, listed: _Listed) -> None:
    """Add what is known of the volumes of a driver that does not answer."""
    if error is not None:
        listed.warnings.append(str(OpErr(error, "list", driver)))
    there = {v.name for v in listed.volumes}
    for name, meta in tuple(store.db.rows.items()):
        if meta.driver == driver and name not in there:
            known = store.names.get(name)
            listed.volumes.append(
                known or VolumeWrapper(UnavailableVolume(name, driver), meta.labels, "", meta.options)
            )


def _missing(
    store: VolumeStore, driver_names: Sequence[str], answers: dict[str, Answer[Sequence[Volume]]]
) -> Sequence[str]:
    """The drivers that records speak of, and that are not there."""
    return [
        name
        for name, volumes in tuple(store.db.drivers.items())
        if volumes and name and name not in answers and (not driver_names or name in driver_names)
    ]


log = logging.getLogger(__name__)


def check_conflict(store: VolumeStore, name: str, driver_name: str) -> VolumeWrapper | None:
    """The volume of that name if there is one; a stale one is forgotten.

    Raises:
        EngineError: Another driver has it, it is used but gone, or its driver cannot be asked.

    Go: volume/service/store.go::VolumeStore.checkConflict
    Differs:
        behaviour cache: volumes whose driver does not answer or is disabled are known too; after a restart
            moby makes another of that name, and forgets them.
        behaviour gone: the name of a volume whose driver does not exist is free; in moby after a restart.
        param ctx: one call of a driver cannot be called off.
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

    Go: volume/service/store.go::VolumeStore.getVolume
    Differs:
        behaviour probing: the drivers are asked side by side, the local one first. If nobody has the volume
            and one did not answer, that is the error; moby takes no answer for a no.
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
    v, vd = probe(store, name)
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

    Go: volume/service/store.go::VolumeStore.create
    Differs:
        call NewParser: names are the driver's matter; moby's check on Linux accepts every one.
        order setMeta: the record of a local volume is written before the volume can be seen.
        behaviour error: what a driver has made is removed again if the record cannot be written.
        behaviour probing: without a driver, one that does not answer is an error; moby makes a local volume.
        behaviour labels: new ones for a volume that exists are not used, and the log says so.
        call VolumeStore.getNamed: `check_conflict` has done so, or the names are read without a lock.
        call VolumeStore.removeMeta: the record is put back as it was.
        call Driver.Remove: what was made is removed again.
    """
    existing = check_conflict(store, name, driver_name) or (
        None if driver_name else any_volume(store, name, ctx)
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

    Differs:
        behaviour globalLock: one lock; Python has no read-write lock worth having here.
        fields labels, options: in the records, which are all in memory.
        behaviour db: SQLite instead of bolt; one row a volume.
        extra held: the volumes for which their driver has one more user; so a user is given back once only.
        extra gone: the volumes that their driver did not have at start.
        extra probes: asks drivers that may not answer.
        extra forget_gone: the volumes of a driver that does not exist can be removed by force.
        extra records: what was wrong with them, and the lock on the root.
        extra workers: where other work goes on.
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

        Differs:
            call Lock: no lock for each name; one that is busy with a slow driver does not hold up a list.
            call Unlock: no lock for each name.
            error unsupported-filter-type: the type checker sees to that.
            call InvalidParameter: the type checker sees to that.
            call normalizeVolumeName: names are normal on Linux.
            call VolumeStore.getNamed: `check_conflict` has done so, or the names are read without a lock.
        """
        return find(self, by, ctx)

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

        Differs:
            behaviour created: it is told whether the volume is new.
        """
        name = normalize_volume_name(name)
        with self.locks.locked(name):
            context.check(ctx)
            with operation("create", name):
                outcome = create(self, name, driver_name, options, labels, ctx)
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
        """
        name = normalize_volume_name(name)
        with self.locks.locked(name):
            with operation("get", name):
                v = get_volume(self, name, driver, ctx)
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

        Differs:
            param rmOpts: a keyword.
            order purge: the record of a local volume is deleted once the volume is out of sight and before
                its data are; so neither a full disk nor a crash leaves half a volume.
            calls VolumeStore.removeMeta, VolumeStore.setMeta: the record is put back as it was.
            call VolumeStore.setNamed: a volume that is back, or stays, is known again.
        """
        name = v.name
        with self.locks.locked(name):
            context.check(ctx)
            if self.has_ref(name):
                raise OpErr(VolumeInUse(), "remove", name, self.get_refs(name))
            known = get_volume(self, name, v.driver_name, ctx)
            with operation("remove", known.driver_name):
                vd = self.drivers.get_driver(known.driver_name)
            log.debug("Removing volume reference: driver %s, name %s", known.driver_name, name)
            with operation("remove", name):
                remove(self, vd, known, purge_on_error=purge_on_error)

    def release(self, name: str, ref: str, *, ctx: Context | None = None) -> None:
        """Note that `ref` does not use the volume any more; one that did not is no error.

        Raises:
            ContextCanceled: It was called off.
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

        Differs:
            calls Lock, Unlock: users are counted under the global lock alone.
        """
        with self.global_lock:
            return len(self.refs.get(normalize_volume_name(v.name), ()))

    def shutdown(self) -> None:
        """Write nothing more; volumes and drivers stay as they are."""
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
        """The volume of a name, if it is known."""
        with self.global_lock:
            return self.names.get(name)

    def set_named(self, v: VolumeWrapper, ref: str) -> None:
        """Know a volume, and who uses it; its driver has one more user from the first time on.

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
        """Whether somebody uses a volume."""
        with self.global_lock:
            return bool(self.refs.get(name))

    def get_refs(self, name: str) -> Sequence[str]:
        """Who uses a volume."""
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
            records = db.open_records(root / VOLUMES_PATH_NAME, held)
    else:
        records = db.in_memory()
    vs = VolumeStore(records, drivers, workers or Threads(), timings)
    restore.restore(vs)
    return vs


def normalize_volume_name(name: str) -> str:
    """The name under which a volume is known; on Linux that is the name itself."""
    return name
