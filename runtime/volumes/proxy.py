"""The calls that a volume plugin answers, made through its client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from runtime.errors import EngineError
from runtime.volumes import wire
from runtime.volumes.driver import Capability
from runtime.volumes.errors import Unreachable
from runtime.volumes.timings import DEFAULT, Timings
from runtime.volumes.wire import ProxyVolume

R = TypeVar("R", bound=wire.Response)


class Client(Protocol):
    """What calls a plugin.

    Go:
        volume/drivers/proxy.go::client
    """

    def call_with_options(self, service_method: str, args: object, ret: type[R], opts: Any) -> R:
        """Call a method and decode the reply."""
        ...


@dataclass(frozen=True, slots=True)
class RequestOpts:
    """How a call is made: the seconds of each try, and whether there is a second one."""

    timeout: float
    retry: bool = True


class VolumeDriver(Protocol):
    """The calls that a volume plugin answers.

    Go:
        volume/drivers/extpoint.go::volumeDriver
    """

    def create(self, name: str, opts: Mapping[str, str] | None) -> None:
        """Make a volume.

        Go:
            volume/drivers/extpoint.go::volumeDriver.Create
        """
        ...

    def remove(self, name: str) -> None:
        """Delete a volume.

        Go:
            volume/drivers/extpoint.go::volumeDriver.Remove
        """
        ...

    def path(self, name: str) -> str:
        """Where a volume is.

        Go:
            volume/drivers/extpoint.go::volumeDriver.Path
        """
        ...

    def mount(self, name: str, ref: str) -> str:
        """Make a volume ready for use, and tell where it is.

        Go:
            volume/drivers/extpoint.go::volumeDriver.Mount

        Differs:
            param id: called ref; `id` is a builtin.
            extra ref: moby's id; `id` is a builtin.
        """
        ...

    def unmount(self, name: str, ref: str) -> None:
        """End the use of a volume.

        Go:
            volume/drivers/extpoint.go::volumeDriver.Unmount

        Differs:
            param id: called ref; `id` is a builtin.
            extra ref: moby's id; `id` is a builtin.
        """
        ...

    def list(self, *, retry: bool = True) -> Sequence[ProxyVolume]:
        """All volumes.

        Go:
            volume/drivers/extpoint.go::volumeDriver.List

        Differs:
            extra retry: whether to try again when nobody answers.
        """
        ...

    def get(self, name: str) -> ProxyVolume | None:
        """One volume.

        Go:
            volume/drivers/extpoint.go::volumeDriver.Get
        """
        ...

    def capabilities(self) -> Capability:
        """What the driver says of itself.

        Go:
            volume/drivers/extpoint.go::volumeDriver.Capabilities
        """
        ...


class VolumeDriverProxy:
    """A plugin's methods, called through its client.

    Args:
        client: The plugin's; None as long as the plugin has not answered.
        timings: How long each call may take.

    Go:
        volume/drivers/proxy.go::volumeDriverProxy

    Differs:
        extra timings: the numbers, for tests.
        behaviour error: one that the plugin answered is told from one of a plugin that did not answer, or
            not in the protocol's words; of the latter nothing is concluded.
    """

    def __init__(self, client: Client | None, timings: Timings = DEFAULT) -> None:
        self.client = client
        self.timings = timings

    def create(self, name: str, opts: Mapping[str, str] | None) -> None:
        """Make a volume.

        Raises:
            EngineError: The plugin says why not.
            Unreachable: The plugin did not answer.

        Go:
            volume/drivers/proxy.go::volumeDriverProxy.Create

        Differs:
            call WithRequestTimeout: the options are a value of this package.
        """
        self._call(
            "VolumeDriver.Create", wire.CreateRequest(name, opts), wire.Response, self.timings.long_timeout
        )

    def remove(self, name: str) -> None:
        """Delete a volume.

        Raises:
            EngineError: The plugin says why not.
            Unreachable: The plugin did not answer.

        Go:
            volume/drivers/proxy.go::volumeDriverProxy.Remove

        Differs:
            call WithRequestTimeout: the options are a value of this package.
        """
        self._call("VolumeDriver.Remove", wire.NameRequest(name), wire.Response, self.timings.short_timeout)

    def path(self, name: str) -> str:
        """Where a volume is, in the plugin's view.

        Raises:
            EngineError: The plugin says why not.
            Unreachable: The plugin did not answer.

        Go:
            volume/drivers/proxy.go::volumeDriverProxy.Path

        Differs:
            call WithRequestTimeout: the options are a value of this package.
        """
        request = wire.NameRequest(name)
        return self._call(
            "VolumeDriver.Path", request, wire.MountpointResponse, self.timings.short_timeout
        ).mountpoint

    def mount(self, name: str, ref: str) -> str:
        """Make a volume ready for use, and tell where it is in the plugin's view.

        Raises:
            EngineError: The plugin says why not.
            Unreachable: The plugin did not answer.

        Go:
            volume/drivers/proxy.go::volumeDriverProxy.Mount

        Differs:
            param id: called ref, since `id` is Python's own.
            call WithRequestTimeout: the options are a value of this package.
            extra ref: moby's id; `id` is a builtin.
        """
        request = wire.UseRequest(name, ref)
        return self._call(
            "VolumeDriver.Mount", request, wire.MountpointResponse, self.timings.long_timeout
        ).mountpoint

    def unmount(self, name: str, ref: str) -> None:
        """End the use of a volume.

        Raises:
            EngineError: The plugin says why not.
            Unreachable: The plugin did not answer.

        Go:
            volume/drivers/proxy.go::volumeDriverProxy.Unmount

        Differs:
            param id: called ref, since `id` is Python's own.
            call WithRequestTimeout: the options are a value of this package.
            extra ref: moby's id; `id` is a builtin.
        """
        self._call(
            "VolumeDriver.Unmount", wire.UseRequest(name, ref), wire.Response, self.timings.short_timeout
        )

    def list(self, *, retry: bool = True) -> Sequence[ProxyVolume]:
        """All volumes.

        Raises:
            EngineError: The plugin says why not.
            Unreachable: The plugin did not answer.

        Go:
            volume/drivers/proxy.go::volumeDriverProxy.List

        Differs:
            extra retry: whether to try again when nobody answers.
            behaviour null: one among the volumes is left out; moby panics.
            call WithRequestTimeout: the options are a value of this package.
        """
        reply = self._call(
            "VolumeDriver.List",
            wire.Request(),
            wire.ListResponse,
            self.timings.short_timeout,
            retry=retry,
        )
        return tuple(volume for volume in reply.volumes if volume is not None)

    def get(self, name: str) -> ProxyVolume | None:
        """One volume.

        Raises:
            EngineError: The plugin says why not.
            Unreachable: The plugin did not answer.

        Go:
            volume/drivers/proxy.go::volumeDriverProxy.Get

        Differs:
            call WithRequestTimeout: the options are a value of this package.
        """
        request = wire.NameRequest(name)
        return self._call("VolumeDriver.Get", request, wire.GetResponse, self.timings.short_timeout).volume

    def capabilities(self) -> Capability:
        """What the plugin says of itself.

        Raises:
            EngineError: The plugin says why not.
            Unreachable: The plugin did not answer.

        Go:
            volume/drivers/proxy.go::volumeDriverProxy.Capabilities

        Differs:
            call WithRequestTimeout: the options are a value of this package.
        """
        reply = self._call(
            "VolumeDriver.Capabilities",
            wire.Request(),
            wire.CapabilitiesResponse,
            self.timings.short_timeout,
        )
        return reply.capabilities

    def _call(
        self, method: str, request: wire.Request, wanted: type[R], timeout: float, *, retry: bool = True
    ) -> R:
        if self.client is None:
            raise Unreachable(f"{method}: the plugin is not running")
        try:
            reply = self.client.call_with_options(method, request, wanted, RequestOpts(timeout, retry))
        except EngineError as error:
            if _is_answer(error):
                raise
            raise Unreachable(error) from error
        if reply.err:
            raise EngineError(reply.err)
        return reply


def _is_answer(error: EngineError) -> bool:
    """Whether the plugin itself answered so, with a status that is not 200."""
    return isinstance(getattr(error, "status", None), int)
