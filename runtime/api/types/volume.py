"""What the engine's API says of volumes.

Go:
    api/types/volume.go
    api/types/types.go
    api/types/volume/volume_create.go
    api/types/volume/volume_list.go
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec


class VolumeUsageData(msgspec.Struct, frozen=True):
    """How large a volume is, and how many use it.

    Args:
        ref_count: Users; -1 if not known.
        size: Bytes; -1 if not known.
    """

    ref_count: int = msgspec.field(name="RefCount")
    size: int = msgspec.field(name="Size")


class VolumeCreateBody(msgspec.Struct, frozen=True, rename="pascal"):
    """A request to create a volume."""

    go_package: ClassVar[str] = "volume"

    driver: str = ""
    driver_opts: Mapping[str, str] | None = None
    labels: Mapping[str, str] | None = None
    name: str = ""


class VolumeListOKBody(msgspec.Struct, frozen=True, rename="pascal"):
    """Volumes, and what kept others from being listed."""

    go_package: ClassVar[str] = "volume"

    volumes: Sequence[Any]
    warnings: Sequence[str] | None


class Volume(msgspec.Struct, frozen=True, gc=False):
    """A volume.

    Args:
        created_at: When it was made, as in RFC 3339.
        driver: Its driver.
        labels: Its labels; None if it was made without.
        mountpoint: Where it is; empty if nowhere.
        name: Its name.
        options: Its options; None if it was made without.
        scope: `local` or `global`.
        status: What its driver tells about it, if that was asked for.
        usage_data: How large it is, if that was asked for.
    """

    created_at: str = msgspec.field(name="CreatedAt")
    driver: str = msgspec.field(name="Driver")
    labels: Mapping[str, str] | None = msgspec.field(name="Labels")
    mountpoint: str = msgspec.field(name="Mountpoint")
    name: str = msgspec.field(name="Name")
    options: Mapping[str, str] | None = msgspec.field(name="Options")
    scope: str = msgspec.field(name="Scope")
    status: Mapping[str, Any] | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="Status")
    usage_data: VolumeUsageData | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="UsageData")


class VolumesPruneReport(msgspec.Struct, frozen=True):
    """What pruning has removed."""

    volumes_deleted: tuple[str, ...] = msgspec.field(name="VolumesDeleted")
    space_reclaimed: int = msgspec.field(name="SpaceReclaimed")
