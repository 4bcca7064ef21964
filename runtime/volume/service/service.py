"""The volume service, through which the rest of the engine uses volumes.

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
from runtime.pkg.plugingetter import PluginGetter
from runtime.volume.drivers import extpoint
from runtime.volume.drivers.extpoint import Store
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
"""The filters of a prune.

Go: volume/service/service.go::acceptedPruneFilters
"""

ACCEPTED_LIST_FILTERS: Final = frozenset({"dangling", "name", "driver", "label"})
"""The filters of a list.

Go: volume/service/service.go::acceptedListFilters
"""


class VolumeEventLogger(Protocol):
    """Receives the events of volumes."""

    def log_volume_event(self, volume_id: str, action: str, attributes: Mapping[str, str], /) -> None:
        """Log an event."""
        ...


class Listing(NamedTuple):
    """Volumes, and warnings about volumes that are missing."""

    volumes: Sequence[Volume]
    warnings: Sequence[str]


class VolumesService:
    """Creates, finds, mounts and removes volumes, and sends events.

    A context `ctx` cancels a call before it begins.
    """

    def __init__(self, vs: VolumeStore, ds: Store, event_logger: VolumeEventLogger) -> None:
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
            name: The volume's name; if empty, a random one is generated.
            driver_name: The driver's name; if empty, the driver that has the volume, else the local one.
            options: Options for the driver.
            labels: Labels.
            reference: The first user.
            ctx: A context.

        Raises:
            EngineError: The driver fails, or another driver has a volume of that name.

        Differs:
            behaviour event: none for an existing volume.
            behaviour probing: no driver is asked whether it has a volume with a generated name.
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
            name: The volume's name.
            driver: The driver that it must be of; empty for any.
            reference: A new user.
            resolve_status: Whether to include the status that its driver reports.
            ctx: A context.

        Raises:
            EngineError: There is none, it is of another driver, or its driver cannot be asked.
        """
        v = self.vs.get(name, driver=driver, reference=reference, ctx=ctx)
        shown = convert.volume_to_api_type(v)
        status = v.status() if resolve_status else None
        return msgspec.structs.replace(shown, status=status) if status else shown

    def mount(self, vol: Volume, ref: str, *, ctx: Context | None = None) -> str:
        """Mount a volume for the user `ref`, and return its path.

        Raises:
            EngineError: There is no such volume, or its driver fails.
        """
        return self._used(vol, ctx).mount(ref)

    def unmount(self, vol: Volume, ref: str, *, ctx: Context | None = None) -> None:
        """End the use of a volume by `ref`; it may stay mounted for others.

        Raises:
            EngineError: There is no such volume, or its driver fails.
        """
        self._used(vol, ctx).unmount(ref)

    def release(self, name: str, ref: str, *, ctx: Context | None = None) -> None:
        """Remove `ref` from the users of a volume."""
        self.vs.release(name, ref, ctx=ctx)

    def remove(self, name: str, *, purge_on_error: bool = False, ctx: Context | None = None) -> None:
        """Remove a volume without users.

        With `purge_on_error` a volume is purged if its driver cannot remove it, and a missing one is fine.

        Raises:
            EngineError: There is none, it is in use, or its driver cannot remove it.

        Differs:
            behaviour gone: `purge_on_error` purges a volume whose driver does not exist; moby fails.
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
        """Return the local volumes without options, with their size and number of users."""
        by = And((ByDriver((DEFAULT_DRIVER_NAME,)), CustomFilter(_has_no_options)))
        return convert.volumes_with_size(self.vs.find(by, ctx=ctx).volumes, self.vs, ctx)

    def prune(self, filters: Args, *, ctx: Context | None = None) -> VolumesPruneReport:
        """Remove the local volumes without users and options that the filters select.

        Args:
            filters: Filters by label.
            ctx: Ends the removal; the report has the volumes that were removed by then.

        Raises:
            Conflict: Another prune is running.
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
        return self.vs.find(
            And(tuple(condition for condition in conditions if condition is not None))
        ).volumes

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
    """Return the service for the volumes under a root.

    Args:
        root: The root.
        pg: Looks up the plugins that drive volumes.
        logger: Receives the events.
        workers: Run calls of drivers that may not answer.
        timings: Time limits.
        lock: The lock on the root, if the caller holds it.

    Raises:
        EngineError: The local driver cannot start, or another engine uses the root.
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


def _setup_default_driver(store: Store, root: str | Path) -> None:
    """Register the local driver.

    Raises:
        EngineError: It cannot start, or is registered already.

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
    """Return whether the data of a local volume are in the root: options may mount others."""
    return not v.options


def _size(v: VolumeWrapper) -> int:
    try:
        return directory.size(v.path())
    except OSError as error:
        log.warning("could not determine size of volume %s: %s", v.name, located(error))
        return 0
