"""Volumes as the engine's API shows them.

Go: volume/service/convert.go
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Final

import msgspec

from runtime.api.types.filters import Args, InvalidFilter
from runtime.api.types.volume import Volume, VolumeUsageData
from runtime.errdefs import EngineError
from runtime.golang import context
from runtime.golang.context import Context
from runtime.pkg import directory
from runtime.volume.local.local import LocalVolume
from runtime.volume.service.by import And, By, ByDriver, ByReferenced, CustomFilter, by_label_filter
from runtime.volume.service.store import VolumeStore
from runtime.volume.service.wrapper import VolumeWrapper

log = logging.getLogger(__name__)

ZERO_TIME: Final = "0001-01-01T00:00:00Z"
"""What Go shows for a time that nobody knows."""


def volumes_to_api(volumes: Iterable[VolumeWrapper], ctx: Context | None = None) -> tuple[Volume, ...]:
    """Return volumes as the API shows them, without asking a driver.

    Go: volume/service/convert.go::VolumesService.volumesToAPI
    Differs:
        param opts: two functions instead of two options.
        behaviour cancelled: an error; moby returns nothing.
        call pathCacher.CachedPath: in `volume_to_api_type`.
        calls Volume.Path, Size, VolumeStore.CountReferences: in `volumes_with_size`.
    """
    context.check(ctx)
    return tuple([volume_to_api_type(v) for v in volumes])


def volumes_with_size(
    volumes: Iterable[VolumeWrapper], vs: VolumeStore, ctx: Context | None = None
) -> tuple[Volume, ...]:
    """Volumes with their size and the number of their users: what `volumesToAPI` does if asked for sizes."""
    return tuple(
        msgspec.structs.replace(
            volume_to_api_type(v),
            mountpoint=v.path(),
            usage_data=VolumeUsageData(ref_count=vs.count_references(v), size=_size(v, ctx)),
        )
        for v in volumes
    )


def volume_to_api_type(v: VolumeWrapper) -> Volume:
    """Return a volume as the API shows it, without asking its driver.

    Differs:
        behaviour cache: the API form of a local volume does not change, and is made once.
        behaviour zone: times are in UTC; moby's are in the machine's zone.
    """
    if v.api is not None:
        return v.api
    created = v.created_at()
    shown = Volume(
        created_at=rfc3339(created),
        driver=v.driver_name,
        labels=v.labels,
        mountpoint=v.cached_path(),
        name=v.name,
        options=v.options,
        scope=v.scope,
    )
    if isinstance(v.volume, LocalVolume) and created is not None:
        v.api = shown
    return shown


def filters_to_by(args: Args, accepted: Collection[str]) -> By | None:
    """Return the condition for a client's filters; None for all volumes.

    Raises:
        InvalidFilter: A filter does not exist, or does not take its value.

    Differs:
        behaviour label: labels are not compared without a filter for them.
    """
    args.validate(accepted)
    bys: list[By] = []
    if drivers := args.get("driver"):
        bys.append(ByDriver(drivers))
    if args.contains("name"):
        bys.append(CustomFilter(lambda volume: args.match("name", volume.name)))
    if args.contains("label") or args.contains("label!"):
        bys.append(by_label_filter(args))
    if args.contains("dangling"):
        bys.append(ByReferenced(not _dangling(args)))
    if len(bys) > 1:
        return And(tuple(bys))
    return bys[0] if bys else None


def _dangling(args: Args) -> bool:
    if args.exact_match("dangling", "true") or args.exact_match("dangling", "1"):
        return True
    if args.exact_match("dangling", "false") or args.exact_match("dangling", "0"):
        return False
    raise InvalidFilter("dangling", args.get("dangling"))


def rfc3339(time: datetime | None) -> str:
    """Return a time to the second, in UTC; Go's zero time for None."""
    if time is None:
        return ZERO_TIME
    return time.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _size(v: VolumeWrapper, ctx: Context | None) -> int:
    try:
        return directory.size(v.path(), ctx=ctx)
    except (OSError, EngineError) as error:
        context.check(ctx)
        log.warning("Failed to determine size of volume %s: %s", v.name, error)
        return -1
