"""The volume service: what the rest of the engine uses of volumes.

Go: volume/service/service.go, volume/service/default_driver.go
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import msgspec

from runtime.api.types.filters import Args
from runtime.api.types.volume import Volume, VolumesPruneReport
from runtime.daemon.root_lock import RootLock
from runtime.errdefs import Conflict, EngineError, NotFound
from runtime.golang.context import Context
from runtime.golang.strconv import located
from runtime.pkg import directory
from runtime.volume.drivers import extpoint
from runtime.volume.drivers.extpoint import PluginGetter
from runtime.volume.drivers.proxy import DEFAULT, Timings
from runtime.volume.local import local
from runtime.volume.service import convert
from runtime.volume.service import store as volume_store
from runtime.volume.service.by import And, By, ByDriver, ByReferenced, CustomFilter
from runtime.volume.service.convert import filters_to_by
from runtime.volume.service.errors import OpErr, is_in_use, is_not_exist
from runtime.volume.service.store import VolumeStore
from runtime.volume.service.wrapper import VolumeWrapper
from runtime.volume.volume import DEFAULT_DRIVER_NAME, Pairs
from runtime.workers import Workers

log = logging.getLogger(__name__)

ACCEPTED_PRUNE_FILTERS: Final = frozenset({"label", "label!"})
"""What a client may filter by when it prunes.

Go: volume/service/service.go::acceptedPruneFilters
"""

ACCEPTED_LIST_FILTERS: Final = frozenset({"dangling", "name", "driver", "label"})
"""What a client may filter by when it lists.

Go: volume/service/service.go::acceptedListFilters
"""


class DS(Protocol):
    """What the service needs of the driver store."""

    def get_driver_list(self) -> Sequence[str]:
        """Return the names of the registered drivers."""
        ...


class VolumeEventLogger(Protocol):
    """Receives the events of volumes."""

    def log_volume_event(self, volume_id: str, action: str, attributes: Mapping[str, str], /) -> None:
        """Note an event."""
        ...


class Listing(NamedTuple):
    """Volumes, and what kept others from being among them, one sentence each."""

    volumes: Sequence[Volume]
    warnings: Sequence[str]


class VolumesService:
    """Creates, finds, mounts and removes volumes, and sends events.

    Args:
        vs: The volumes.
        ds: Their drivers.
        event_logger: Who listens.
    """

    def __init__(self, vs: VolumeStore, ds: DS, event_logger: VolumeEventLogger) -> None:
        self.vs = vs
        self.ds = ds
        self.prune_running = threading.Lock()
        self.event_logger = event_logger

    def get_driver_list(self) -> Sequence[str]:
        """Return the names of the registered drivers."""
        return self.ds.get_driver_list()

    def create(
        self,
        name: str = "",
        driver_name: str = "",
        *,
        options: Pairs | None = None,
        labels: Pairs | None = None,
        reference: str = "",
        ctx: Context | None = None,
    ) -> Volume:
        """Create a volume, or return the one that has this name already.

        Args:
            name: The volume's; one is made up for an empty one.
            driver_name: Its driver's; empty for whichever has such a volume, else the local one.
            options: For the driver.
            labels: For people.
            reference: Who uses it from the beginning.
            ctx: To call it off.

        Raises:
            EngineError: It cannot be made, or another driver has one of that name.

        Differs:
            behaviour event: none for a volume that exists already.
            behaviour probing: no driver is asked for a volume whose name was just made up.
        """
        if not name:
            name, driver_name = secrets.token_hex(32), driver_name or DEFAULT_DRIVER_NAME
        v, created = self.vs.create(
            name, driver_name, options=options, labels=labels, reference=reference, ctx=ctx
        )
        if created:
            self.event_logger.log_volume_event(v.name, "create", {"driver": v.driver_name})
        return convert.volume_to_api_type(v)

    def get(
        self,
        name: str,
        *,
        driver: str = "",
        reference: str = "",
        resolve_status: bool = False,
        ctx: Context | None = None,
    ) -> Volume:
        """Return the volume of a name.

        Args:
            name: The volume's.
            driver: The driver that it must be of; empty for any.
            reference: Who uses it from now on.
            resolve_status: Whether to show what its driver tells about it.
            ctx: To call it off.

        Raises:
            EngineError: There is none, it is of another driver, or its driver cannot be asked.
        """
        v = self.vs.get(name, driver=driver, reference=reference, ctx=ctx)
        shown = convert.volume_to_api_type(v)
        status = v.status() if resolve_status else None
        return msgspec.structs.replace(shown, status=status) if status else shown

    def mount(self, vol: Volume, ref: str, *, ctx: Context | None = None) -> str:
        """Make a volume ready for use by `ref`, and return where it is.

        Raises:
            EngineError: There is no such volume, or its driver could not.
        """
        return self._used(vol, ctx).mount(ref)

    def unmount(self, vol: Volume, ref: str, *, ctx: Context | None = None) -> None:
        """End the use of a volume by `ref`; it may stay mounted for others.

        Raises:
            EngineError: There is no such volume, or its driver could not.
        """
        self._used(vol, ctx).unmount(ref)

    def release(self, name: str, ref: str, *, ctx: Context | None = None) -> None:
        """Note that `ref` does not use the volume any more."""
        self.vs.release(name, ref, ctx=ctx)

    def remove(self, name: str, *, purge_on_error: bool = False, ctx: Context | None = None) -> None:
        """Remove a volume that nobody uses.

        Args:
            name: The volume's.
            purge_on_error: Whether to forget one that cannot be removed; then a missing one is no error.
            ctx: To call it off.

        Raises:
            EngineError: There is none, somebody uses it, or its driver cannot remove it.

        Differs:
            calls normalizeVolumeName, Locker.Lock, Locker.Unlock, VolumeStore.getNamed: to look for one whose
                driver does not exist any more.
            calls VolumeStore.hasRef, VolumeStore.getRefs, VolumeStore.purge: to forget it.
            behaviour gone: by force a volume is forgotten whose driver does not exist any more; moby fails.
        """
        try:
            v = (self.vs.forget_gone(name) if purge_on_error else None) or self._remove(
                name, purge_on_error=purge_on_error, ctx=ctx
            )
        except EngineError as error:
            if is_in_use(error):
                raise Conflict(error) from error
            if is_not_exist(error) and purge_on_error:
                return
            raise
        self.event_logger.log_volume_event(v.name, "destroy", {"driver": v.driver_name})

    def local_volumes_size(self, *, ctx: Context | None = None) -> Sequence[Volume]:
        """Return the local volumes without options, with their size and number of users.

        Differs:
            call volumesToAPI: the function for volumes with sizes.
            call volumeToAPIType: sizes are added to what is shown else.
            calls Volume.Path, Size: the sizes are measured here.
            call VolumeStore.CountReferences: the users are counted here.
        """
        by = And((ByDriver((DEFAULT_DRIVER_NAME,)), CustomFilter(_has_no_options)))
        return convert.volumes_with_size(self.vs.find(by, ctx=ctx).volumes, self.vs, ctx)

    def prune(self, filters: Args, *, ctx: Context | None = None) -> VolumesPruneReport:
        """Remove the local volumes that nobody uses and that filters mean, those with options left out.

        Args:
            filters: Labels.
            ctx: To call it off; what was removed by then is reported.

        Raises:
            Conflict: Another one is at it.
            InvalidFilter: A filter does not exist.
        """
        if not self.prune_running.acquire(blocking=False):
            raise Conflict("a prune operation is already running")
        try:
            by = filters_to_by(filters, ACCEPTED_PRUNE_FILTERS)
            return self._prune(self._prunable(by), ctx)
        finally:
            self.prune_running.release()

    def list(self, filters: Args | None = None, *, ctx: Context | None = None) -> Listing:
        """Return the volumes that filters select, and warnings of drivers that do not answer.

        Raises:
            InvalidFilter: A filter does not exist, or does not take its value.
            EngineError: The drivers cannot be listed.
        """
        by = filters_to_by(filters or Args(), ACCEPTED_LIST_FILTERS)
        volumes, warnings = self.vs.find(by, ctx=ctx)
        return Listing(convert.volumes_to_api(volumes, ctx), warnings)

    def shutdown(self) -> None:
        """Close the store."""
        self.vs.shutdown()

    def _remove(self, name: str, *, purge_on_error: bool, ctx: Context | None) -> VolumeWrapper:
        v = self.vs.get(name, ctx=ctx)
        try:
            self.vs.remove(v, purge_on_error=purge_on_error, ctx=ctx)
        except EngineError as error:
            if not is_not_exist(error):
                raise
        return v

    def _used(self, vol: Volume, ctx: Context | None) -> VolumeWrapper:
        try:
            return self.vs.get(vol.name, driver=vol.driver, ctx=ctx)
        except OpErr as error:
            if is_not_exist(error):
                raise NotFound(error) from error
            raise

    def _prunable(self, by: By | None) -> Sequence[VolumeWrapper]:
        conditions: tuple[By | None, ...] = (
            ByDriver((DEFAULT_DRIVER_NAME,)),
            ByReferenced(referenced=False),
            by,
            CustomFilter(_has_no_options),
        )
        return self.vs.find(And(tuple(one for one in conditions if one is not None))).volumes

    def _prune(self, volumes: Sequence[VolumeWrapper], ctx: Context | None) -> VolumesPruneReport:
        deleted, reclaimed = [], 0
        for v in volumes:
            if ctx is not None and ctx.cancelled:
                break
            size = _size(v)
            try:
                self.vs.remove(v)
            except EngineError as error:
                log.warning("volume %s is not pruned: %s", v.name, error)
                continue
            deleted.append(v.name)
            reclaimed += size
        return VolumesPruneReport(tuple(deleted), reclaimed)


def new_volume_service(
    root: str | Path,
    pg: PluginGetter | None,
    logger: VolumeEventLogger,
    workers: Workers | None = None,
    timings: Timings = DEFAULT,
    lock: RootLock | None = None,
) -> VolumesService:
    """Make the service for the volumes under a root: drivers first, then the store.

    Args:
        root: The root.
        pg: What knows the plugins that drive volumes.
        logger: Told what happens to volumes.
        workers: Where drivers are asked that may not answer.
        timings: How long to wait.
        lock: The lock on the root, if the caller has it.

    Raises:
        EngineError: The local driver cannot start, another engine uses the root, or nothing can be written.

    """
    with lock.hold() if lock else RootLock(Path(root), timings.database_lock, timings.database_retry) as held:
        ds = extpoint.new_store(pg, timings)
        _setup_default_driver(ds, root)
        try:
            vs = volume_store.new_store(root, ds, workers, timings, held)
        except BaseException:
            ds.close()
            raise
    return VolumesService(vs, ds, logger)


def _setup_default_driver(store: extpoint.Store, root: str | Path) -> None:
    """Register the local driver.

    Raises:
        EngineError: It cannot start, or there is one already.

    Go: volume/service/default_driver.go::setupDefaultDriver
    """
    try:
        d = local.new(root)
    except OSError as error:
        raise EngineError(f"error setting up default driver: {located(error)}", error) from error
    if not store.register(d, DEFAULT_DRIVER_NAME):
        d.close()
        raise EngineError("local volume driver could not be registered")


def _has_no_options(v: VolumeWrapper) -> bool:
    """Return whether the data of a local volume are in the root; with options they may be elsewhere."""
    return not v.options


def _size(v: VolumeWrapper) -> int:
    try:
        return directory.size(v.path())
    except OSError as error:
        log.warning("could not determine size of volume %s: %s", v.name, located(error))
        return 0
