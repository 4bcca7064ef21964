"""Adapts volume plugins to the interfaces `Driver` and `Volume`.

`ProxyVolume` is in `proxy.py`.

Go: volume/drivers/adapter.go, volume/service/errors.go
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from runtime.errdefs import EngineError, NotFound
from runtime.volume.drivers.proxy import ProxyVolume, VolumeDriverProxy
from runtime.volume.volume import LOCAL_SCOPE, SCOPES, Capability, Unreachable, Volume


class NoSuchVolume(NotFound):
    """No driver has the volume.

    Go:
        volume/service/errors.go::errNoSuchVolume
        volume/drivers/adapter.go::errNoSuchVolume
    Differs:
        behaviour kind: always NotFound; of moby's two errors with this text the adapter's has no kind.
    """

    def __init__(self) -> None:
        super().__init__("no such volume")


log = logging.getLogger(__name__)


class VolumeDriverAdapter:
    """A plugin as a volume driver.

    Methods that call the plugin raise its error as EngineError, and Unreachable if it does not answer.

    Args:
        name: The plugin's name.
        scope_path: Maps a path in the plugin's view to one on the host.
        proxy: The plugin's methods.
    """

    def __init__(self, name: str, scope_path: Callable[[str], str], proxy: VolumeDriverProxy) -> None:
        self.name = name
        self.scope_path = scope_path
        self.proxy = proxy
        self.known_capabilities: Capability | None = None

    @property
    def scope(self) -> str:
        """The scope that the plugin has declared.

        Go: volume/drivers/adapter.go::volumeDriverAdapter.Scope
        """
        return self.get_capabilities().scope

    def create(self, name: str, opts: Mapping[str, str] | None) -> VolumeAdapter:
        """Make a volume."""
        self.proxy.create(name, opts)
        return VolumeAdapter(self.proxy, name, self.name, self.scope_path)

    def remove(self, vol: Volume) -> None:
        """Delete a volume."""
        self.proxy.remove(vol.name)

    def list(self) -> Sequence[VolumeAdapter]:
        """Return all volumes.

        Differs:
            behaviour CreatedAt: as the plugin reports it; moby shows the zero time in lists.
        """
        return self._list(retry=True)

    def list_once(self) -> Sequence[VolumeAdapter]:
        """Return all volumes, without retries if the plugin refuses connections."""
        return self._list(retry=False)

    def is_reachable(self) -> bool:
        """Return whether the plugin answers; it may, even if its socket was deleted."""
        try:
            self.list_once()
        except Unreachable:
            return False
        except EngineError:
            return True
        return True

    def get(self, name: str) -> VolumeAdapter:
        """Return a volume.

        Raises:
            NoSuchVolume: The plugin has none of that name.

        Differs:
            behaviour eMount: the path on the host, as in lists; moby shows the path inside the plugin.
            behaviour name: the requested one; moby shows the name in the plugin's answer.
        """
        volume = self.proxy.get(name)
        if volume is None:
            raise NoSuchVolume
        return self._adapt(volume, name)

    def get_capabilities(self) -> Capability:
        """Return the plugin's capabilities, or those of a local driver until it answers."""
        if self.known_capabilities is not None:
            return self.known_capabilities
        try:
            scope = self.proxy.capabilities().scope.lower() or LOCAL_SCOPE
        except EngineError as error:
            log.debug(
                "Volume driver returned an error while trying to query its capabilities, using default "
                "capabilities: driver %s: %s",
                self.name,
                error,
            )
            return Capability(LOCAL_SCOPE)
        if scope not in SCOPES:
            log.warning("Volume driver returned an invalid scope: driver %s, scope %s", self.name, scope)
            scope = LOCAL_SCOPE
        self.known_capabilities = Capability(scope)
        return self.known_capabilities

    def _list(self, *, retry: bool) -> Sequence[VolumeAdapter]:
        volumes = self.proxy.list(retry=retry)
        return tuple(self._adapt(volume, volume.name) for volume in volumes if volume.name)

    def _adapt(self, volume: ProxyVolume, name: str) -> VolumeAdapter:
        return VolumeAdapter(
            self.proxy,
            name,
            self.name,
            self.scope_path,
            e_mount=self.scope_path(volume.mountpoint) if volume.mountpoint else "",
            created_at=volume.created_at,
            status=volume.status,
        )


class VolumeAdapter:
    """A volume of a plugin.

    Differs:
        behaviour eMount: empty if the plugin reports no path; in lists moby then shows the plugin's root.
    """

    __slots__ = ("created", "driver_name", "e_mount", "name", "proxy", "reported_status", "scope_path")

    def __init__(  # noqa: PLR0913 - what a plugin reports
        self,
        proxy: VolumeDriverProxy,
        name: str,
        driver_name: str,
        scope_path: Callable[[str], str],
        *,
        e_mount: str = "",
        created_at: datetime | None = None,
        status: Mapping[str, Any] | None = None,
    ) -> None:
        self.proxy = proxy
        self.name = name
        self.driver_name = driver_name
        self.scope_path = scope_path
        self.e_mount = e_mount
        self.created = created_at
        self.reported_status = status

    def path(self) -> str:
        """Return the path on the host; ask the plugin unless it is cached."""
        if not self.e_mount:
            try:
                mountpoint = self.proxy.path(self.name)
            except EngineError as error:
                log.debug(
                    "volume %s: driver %s does not tell its path: %s", self.name, self.driver_name, error
                )
                return ""
            self.e_mount = self.scope_path(mountpoint) if mountpoint else ""
        return self.e_mount

    def cached_path(self) -> str:
        """Return the cached path on the host, or an empty text."""
        return self.e_mount

    def mount(self, ref: str) -> str:
        """Mount it for the user `ref`, and return its path on the host."""
        mountpoint = self.proxy.mount(self.name, ref)
        self.e_mount = self.scope_path(mountpoint) if mountpoint else ""
        return self.e_mount

    def unmount(self, ref: str) -> None:
        """End the use by `ref`."""
        self.proxy.unmount(self.name, ref)
        self.e_mount = ""

    def created_at(self) -> datetime | None:
        return self.created

    def status(self) -> Mapping[str, Any]:
        return dict(self.reported_status or {})
