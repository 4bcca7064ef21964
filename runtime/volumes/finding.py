"""Lists volumes: asks all drivers, side by side, and picks out those that are meant."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from runtime import background
from runtime.errors import EngineError, InvalidParameter
from runtime.quoting import quote
from runtime.volumes import context, filters
from runtime.volumes.context import Context
from runtime.volumes.driver import Driver, Volume, answers_at_once
from runtime.volumes.errors import OpErr, Unreachable
from runtime.volumes.filters import And, By, ByDriver, ByReferenced, CustomFilter, FilterFunc, FromList, Or
from runtime.volumes.lookup import ask
from runtime.volumes.probing import Answer
from runtime.volumes.wrapper import UnavailableVolume, VolumeWrapper

if TYPE_CHECKING:
    from runtime.volumes.store import Found, VolumeStore

PLUGINS = " plugins"
"""The name under which the search for plugins is asked; no driver has it."""


class _Listed(NamedTuple):
    volumes: list[VolumeWrapper]
    warnings: list[str]


def find(store: VolumeStore, by: By | None, ctx: Context | None) -> Found:
    """The volumes that a condition means; see `VolumeStore.find`."""
    from runtime.volumes.store import Found  # noqa: PLC0415 - the store is made of this module

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


def all_drivers(store: VolumeStore) -> tuple[Sequence[Driver], Sequence[str]]:
    """All drivers that are found within the bound; if plugins cannot be, those that are known, and a warning.

    Raises:
        EngineError: The plugins cannot be listed.
    """
    if store.drivers.plugin_getter is None:
        return store.drivers.get_all_drivers(), ()
    answer = store.probes.ask({PLUGINS: store.drivers.get_all_drivers})[PLUGINS]
    if answer.value is not None:
        return answer.value, ()
    if answer.error is not None and not isinstance(answer.error, Unreachable):
        raise answer.error
    known = store.drivers.registered(store.drivers.get_driver_list()) or ()
    return known, (f"list: error listing plugins: {answer.error}",)


def list_drivers(
    store: VolumeStore, drivers: Sequence[Driver], *, patient: bool = False
) -> dict[str, Answer[Sequence[Volume]]]:
    """Ask each driver for its volumes; those of this process directly, the others side by side.

    Args:
        store: The store.
        drivers: Whom to ask.
        patient: Whether to try again for a while when nobody answers.
    """
    answers: dict[str, Answer[Sequence[Volume]]] = {}
    questions: dict[str, Callable[[], Sequence[Volume]]] = {}
    for vd in drivers:
        if answers_at_once(vd):
            answers[vd.name] = Answer(vd.list())
        else:
            questions[vd.name] = vd.list if patient else getattr(vd, "list_once", vd.list)
    if questions:
        answers.update(store.probes.ask(questions))
    return answers


def missing_driver(store: VolumeStore, name: str) -> EngineError:
    """Return why a driver is not among those that can be asked."""
    return store.drivers.problem(name) or Unreachable(f"volume driver {name} does not answer")


def _is_known_one(store: VolumeStore, v: VolumeWrapper) -> bool:
    """Whether no other driver's volume is known by this name."""
    known = store.names.get(v.name)
    return known is None or known is v or known.driver_name == v.driver_name


def _filter(store: VolumeStore, vols: list[VolumeWrapper] | None, by: By | None) -> _Listed:
    """Those of the given volumes, or of all, that a condition means.

    Go:
        volume/service/store.go::VolumeStore.filter

    Differs:
        behaviour Or: volumes by driver are among the result, where moby lists them and throws them away; of
            given volumes it leaves some, where moby adds others to them.
        param ctx: a list is called off before it begins, or not at all.
        extra store: a function beside the store, which is long enough.
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
            filters.filter_in_place(listed.volumes, _function(store, by))
            return listed


def _function(store: VolumeStore, by: By | None) -> FilterFunc:
    """Whether a volume is meant, for a condition that asks one volume at a time."""
    match by:
        case None:
            return lambda _: True
        case ByDriver(drivers):
            return filters.filter_by_driver(drivers)
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
    filters.unique(found)
    return _Listed(found, warnings)


def _by_referenced(store: VolumeStore, *, referenced: bool) -> FilterFunc:
    """Whether somebody uses a volume, or nobody does.

    Go:
        volume/service/store.go::VolumeStore.byReferenced

    Differs:
        extra store: a function beside the store, which is long enough.
        call hasRef: read without a lock; a list need not be of one moment.
        call Volume.Name: an attribute here, which is read.
    """
    return lambda v: bool(store.refs.get(v.name)) == referenced


def _list(store: VolumeStore, driver_names: Sequence[str] = ()) -> _Listed:
    """The volumes of the drivers of these names, or of all.

    Go:
        volume/service/store.go::VolumeStore.list

    Differs:
        param ctx: one call of a driver cannot be called off; all of them have one bound.
        behaviour bound: a driver may take ten seconds to list, and is asked once; moby waits for a minute.
        behaviour missing: volumes whose driver is not there are listed from their records, with a warning
            that says why: no such plugin, disabled, refused, or no answer in time.
        behaviour warnings: what is damaged on disk is among them.
        extra store: a function beside the store, which is long enough.
        call Store.GetDriverList: to know the drivers without looking for plugins.
        call Locker.Lock: a volume whose driver is back is known again, under the lock of its name.
        call Locker.Unlock: a volume whose driver is back is known again, under the lock of its name.
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
        background.run(store.workers, lambda: _adopt(store, unknown, scope))
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
