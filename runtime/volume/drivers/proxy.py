"""The protocol of volume plugins: requests, replies, and the proxy that sends and reads them.

Go: volume/drivers/proxy.go, volume/drivers/extpoint.go, volume/drivers/adapter.go
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from runtime.errdefs import EngineError
from runtime.golang import time
from runtime.pkg.plugins.client import Client, with_request_timeout
from runtime.pkg.plugins.errors import StatusError
from runtime.volume.volume import Capability, Unreachable


class Request(msgspec.Struct, frozen=True, rename="pascal"):
    """A request without fields: List and Capabilities.

    Go:
        volume/drivers/proxy.go::volumeDriverProxyListRequest
        volume/drivers/proxy.go::volumeDriverProxyCapabilitiesRequest
    """


class CreateRequest(Request, frozen=True, rename="pascal"):
    """The request of Create.

    Go: volume/drivers/proxy.go::volumeDriverProxyCreateRequest
    """

    name: str
    opts: Mapping[str, str] | None


class NameRequest(Request, frozen=True, rename="pascal"):
    """The request of Remove, Path and Get.

    Go: volume/drivers/proxy.go::volumeDriverProxyRemoveRequest,
        volume/drivers/proxy.go::volumeDriverProxyPathRequest,
        volume/drivers/proxy.go::volumeDriverProxyGetRequest
    """

    name: str


class UseRequest(Request, frozen=True):
    """The request of Mount and Unmount.

    Go:
        volume/drivers/proxy.go::volumeDriverProxyMountRequest
        volume/drivers/proxy.go::volumeDriverProxyUnmountRequest
    """

    name: str = msgspec.field(name="Name")
    ref: str = msgspec.field(name="ID")


class Response(msgspec.Struct, frozen=True):
    """A reply with an error or none: Create, Remove and Unmount.

    Go: volume/drivers/proxy.go::volumeDriverProxyCreateResponse,
        volume/drivers/proxy.go::volumeDriverProxyRemoveResponse,
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


class ListResponse(Response, frozen=True):
    """The reply to List.

    Go: volume/drivers/proxy.go::volumeDriverProxyListResponse
    """

    volumes: tuple[ProxyVolume | None, ...] = msgspec.field(default=(), name="Volumes")


class GetResponse(Response, frozen=True):
    """The reply to Get.

    Go: volume/drivers/proxy.go::volumeDriverProxyGetResponse
    """

    volume: ProxyVolume | None = msgspec.field(default=None, name="Volume")


class CapabilitiesResponse(Response, frozen=True):
    """The reply to Capabilities.

    Go: volume/drivers/proxy.go::volumeDriverProxyCapabilitiesResponse
    """

    capabilities: Capability = msgspec.field(default_factory=Capability, name="Capabilities")


@dataclass(frozen=True, slots=True)
class Timings:
    """Time limits, in seconds.

    Args:
        long_timeout: One try of a plugin's Create or Mount.
        short_timeout: One try of any other call of a plugin.
        start: How long drivers that do not answer may delay the start, all together; moby waits for the
            slowest, 15 s for a missing one.
        probe: How long all drivers together may take to answer in a list; moby waits for the slowest.
        database_lock: How long to wait until another engine releases the root.
        database_retry: The pause between two tries to lock the root.

    Go:
        volume/drivers/proxy.go::longTimeout
        volume/drivers/proxy.go::shortTimeout
    """

    long_timeout: float = 120.0
    short_timeout: float = 60.0
    start: float = 1.0
    probe: float = 10.0
    database_lock: float = 1.0
    database_retry: float = 0.05


DEFAULT = Timings()

R = TypeVar("R", bound=Response)


class VolumeDriverProxy:
    """A plugin's methods, called through its client.

    Each method raises the error that the plugin answers as EngineError, and Unreachable if the plugin does
    not answer or its reply cannot be understood.

    Args:
        client: The plugin's client; None as long as the plugin has not answered.
        timings: How long each call may take.

    Differs:
        behaviour error: moby does not tell these two apart, and takes both for the plugin's answer.
    """

    def __init__(self, client: Client | None, timings: Timings = DEFAULT) -> None:
        self.client = client
        self.timings = timings

    def create(self, name: str, opts: Mapping[str, str] | None) -> None:
        """Create a volume."""
        self._call("VolumeDriver.Create", CreateRequest(name, opts), Response, self.timings.long_timeout)

    def remove(self, name: str) -> None:
        """Delete a volume."""
        self._call("VolumeDriver.Remove", NameRequest(name), Response, self.timings.short_timeout)

    def path(self, name: str) -> str:
        """Return the path of a volume in the plugin's view."""
        request = NameRequest(name)
        return self._call(
            "VolumeDriver.Path", request, MountpointResponse, self.timings.short_timeout
        ).mountpoint

    def mount(self, name: str, ref: str) -> str:
        """Mount a volume for the user `ref`, and return its path in the plugin's view."""
        request = UseRequest(name, ref)
        return self._call(
            "VolumeDriver.Mount", request, MountpointResponse, self.timings.long_timeout
        ).mountpoint

    def unmount(self, name: str, ref: str) -> None:
        """End the use of a volume by `ref`."""
        self._call("VolumeDriver.Unmount", UseRequest(name, ref), Response, self.timings.short_timeout)

    def list(self, *, retry: bool = True) -> Sequence[ProxyVolume]:
        """Return all volumes.

        Differs:
            behaviour null: one among the volumes is left out; moby panics.
        """
        reply = self._call(
            "VolumeDriver.List",
            Request(),
            ListResponse,
            self.timings.short_timeout,
            retry=retry,
        )
        return tuple(volume for volume in reply.volumes if volume is not None)

    def get(self, name: str) -> ProxyVolume | None:
        """Return a volume, or None."""
        request = NameRequest(name)
        return self._call("VolumeDriver.Get", request, GetResponse, self.timings.short_timeout).volume

    def capabilities(self) -> Capability:
        """Return the capabilities of the plugin."""
        reply = self._call(
            "VolumeDriver.Capabilities",
            Request(),
            CapabilitiesResponse,
            self.timings.short_timeout,
        )
        return reply.capabilities

    def _call(
        self, method: str, request: Request, wanted: type[R], timeout: float, *, retry: bool = True
    ) -> R:
        if self.client is None:
            raise Unreachable(f"{method}: the plugin is not running")
        try:
            opts = replace(with_request_timeout(timeout), retry=retry)
            reply = self.client.call_with_options(method, request, wanted, opts)
        except StatusError:
            raise  # the plugin's own answer
        except EngineError as error:
            raise Unreachable(error) from error
        if reply.err:
            raise EngineError(reply.err)
        return reply


class ProxyVolume(msgspec.Struct, frozen=True):
    """A volume as a plugin describes it.

    Differs:
        behaviour escapes: a time may be written with JSON's escapes, which moby does not decode.
    """

    name: str = msgspec.field(default="", name="Name")
    mountpoint: str = msgspec.field(default="", name="Mountpoint")
    created_text: str | None = msgspec.field(default=None, name="CreatedAt")
    status: Mapping[str, Any] | None = msgspec.field(default=None, name="Status")

    def __post_init__(self) -> None:
        """Refuse a time that Go cannot parse, and with it the whole answer."""
        if self.created_text is not None:
            time.parse(self.created_text)

    @property
    def created_at(self) -> datetime | None:
        """The time of creation, or None if the plugin does not report it."""
        return None if self.created_text is None else time.parse(self.created_text)
