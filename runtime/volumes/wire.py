"""What goes over the wire between the engine and a volume plugin."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from runtime.volumes import rfc3339
from runtime.volumes.driver import Capability


class Request(msgspec.Struct, frozen=True, rename="pascal"):
    """A request without fields: List and Capabilities.

    Go:
        volume/drivers/proxy.go::volumeDriverProxyListRequest
        volume/drivers/proxy.go::volumeDriverProxyCapabilitiesRequest
    """


class CreateRequest(Request, frozen=True, rename="pascal"):
    """What Create is asked.

    Go:
        volume/drivers/proxy.go::volumeDriverProxyCreateRequest
    """

    name: str
    opts: Mapping[str, str] | None


class NameRequest(Request, frozen=True, rename="pascal"):
    """What Remove, Path and Get are asked.

    Go:
        volume/drivers/proxy.go::volumeDriverProxyRemoveRequest
        volume/drivers/proxy.go::volumeDriverProxyPathRequest
        volume/drivers/proxy.go::volumeDriverProxyGetRequest
    """

    name: str


class UseRequest(Request, frozen=True):
    """What Mount and Unmount are asked.

    Go:
        volume/drivers/proxy.go::volumeDriverProxyMountRequest
        volume/drivers/proxy.go::volumeDriverProxyUnmountRequest

    Differs:
        field ID: called ref, as everywhere here; on the wire it is ID.
        extra ref: moby's ID.
    """

    name: str = msgspec.field(name="Name")
    ref: str = msgspec.field(name="ID")


class Response(msgspec.Struct, frozen=True):
    """A reply that says whether it worked: Create, Remove and Unmount.

    Go:
        volume/drivers/proxy.go::volumeDriverProxyCreateResponse
        volume/drivers/proxy.go::volumeDriverProxyRemoveResponse
        volume/drivers/proxy.go::volumeDriverProxyUnmountResponse
    """

    err: str = msgspec.field(default="", name="Err")


class MountpointResponse(Response, frozen=True):
    """A reply with a path: Path and Mount.

    Go:
        volume/drivers/proxy.go::volumeDriverProxyPathResponse
        volume/drivers/proxy.go::volumeDriverProxyMountResponse
    """

    mountpoint: str = msgspec.field(default="", name="Mountpoint")


class ProxyVolume(msgspec.Struct, frozen=True):
    """A volume as a plugin describes it.

    Go:
        volume/drivers/adapter.go::proxyVolume

    Differs:
        extra created_text: CreatedAt as text, checked when it is decoded; `created_at` is the time.
        behaviour escapes: a time may be written with JSON's escapes; moby does not decode them.
    """

    name: str = msgspec.field(default="", name="Name")
    mountpoint: str = msgspec.field(default="", name="Mountpoint")
    created_text: str | None = msgspec.field(default=None, name="CreatedAt")
    status: Mapping[str, Any] | None = msgspec.field(default=None, name="Status")

    def __post_init__(self) -> None:
        """Refuse a time that Go does not read, and with it the whole answer."""
        if self.created_text is not None:
            rfc3339.parse(self.created_text)

    @property
    def created_at(self) -> datetime | None:
        """When the volume was created; None if the plugin does not say."""
        return None if self.created_text is None else rfc3339.parse(self.created_text)


class ListResponse(Response, frozen=True):
    """The volumes that a plugin has.

    Go:
        volume/drivers/proxy.go::volumeDriverProxyListResponse
    """

    volumes: tuple[ProxyVolume | None, ...] = msgspec.field(default=(), name="Volumes")


class GetResponse(Response, frozen=True):
    """One volume, if the plugin has it.

    Go:
        volume/drivers/proxy.go::volumeDriverProxyGetResponse
    """

    volume: ProxyVolume | None = msgspec.field(default=None, name="Volume")


class CapabilitiesResponse(Response, frozen=True):
    """What the plugin says of itself.

    Go:
        volume/drivers/proxy.go::volumeDriverProxyCapabilitiesResponse
    """

    capabilities: Capability = msgspec.field(default_factory=Capability, name="Capabilities")
