"""A managed plugin: what is written down of it, whether it is enabled, who uses it, and how it is reached."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from runtime.errors import EngineError
from runtime.plugins import oci, settings
from runtime.plugins.activation import PROTOCOL_SCHEME_HTTP_V1
from runtime.plugins.api_types import Plugin as ApiPlugin
from runtime.plugins.api_types import PluginConfig, PluginFile, PluginInterfaceType
from runtime.plugins.spec import init_spec
from runtime.quoting import quote

if TYPE_CHECKING:
    from runtime.plugins.client import Client

log = logging.getLogger(__name__)

PROPAGATED_MOUNT = "propagated-mount"
"""The directory beside a plugin's root file system that holds what the plugin mounts for others."""

SpecOpt = Callable[[oci.Spec], None]
"""Changes the spec of a plugin before it starts.

Go:
    plugin/defs.go::SpecOpt
"""


class InadequateCapability(EngineError):
    """The plugin cannot do what it is asked for.

    Go:
        plugin/v2/plugin.go::ErrInadequateCapability
        plugin/v2/plugin.go::ErrInadequateCapability.Error
    """

    def __init__(self, capability: str) -> None:
        super().__init__(f"plugin does not provide {quote(capability)} capability")
        self.cap = capability


class Plugin:
    """A managed plugin; safe to use from several threads.

    Go:
        plugin/v2/plugin.go::Plugin

    Differs:
        behaviour PluginObj: a frozen value that is replaced as a whole, so that nobody sees half a change.
        extra turn: held while the plugin is started, stopped, changed or removed, so that these never mix.
        extra read: the document that config.json held, whose unknown keys are written back.
        extra written: what config.json says; it is written again only when there is something else to say.
    """

    def __init__(self, file: PluginFile, read: object = None) -> None:
        self.mu = threading.RLock()
        self.turn = threading.RLock()
        self.plugin_obj = file.plugin_obj
        self.p_client: Client | None = None
        self.ref_count = 0
        self.rootfs = file.rootfs
        self.config = file.config
        self.blobsums = file.blobsums
        self.modify_runtime_spec: SpecOpt | None = None
        self.swarm_service_id = file.swarm_service_id
        self.read = read
        self.written: PluginFile | None = None
        self._timeout = 0.0
        self._addr = ""

    def to_file(self) -> PluginFile:
        """What config.json is to hold; as with moby, its config has the sources and paths that are set."""
        with self.mu:
            obj = self.plugin_obj
            obj = replace(obj, config=settings.with_sources(obj.config, obj.settings))
            return PluginFile(obj, self.rootfs, self.config, self.blobsums, self.swarm_service_id)

    def restore_config(self, original: PluginConfig) -> None:
        """Put back what the author wrote, where config.json has what was set."""
        with self.mu:
            config = settings.as_written(self.plugin_obj.config, original)
            self.plugin_obj = replace(self.plugin_obj, config=config)

    def scoped_path(self, path: str) -> str:
        """Where a path that the plugin names is found on the host.

        Go:
            plugin/v2/plugin.go::Plugin.ScopedPath

        Differs:
            param s: called `path`, which says what it is.
            behaviour own: a path below the plugin's own directory stays, since without a container it sees
                the host's.
            behaviour prefix: `/mntx` is not below the propagated mount `/mnt`.
            behaviour escape: `..` does not lead out of the plugin's directories.
        """
        own = Path(self.rootfs).parent
        if self.rootfs and Path(path).is_relative_to(own) and ".." not in Path(path).parts:
            return path
        clean = os.path.normpath(f"/{path.lstrip('/')}")
        propagated = self.plugin_obj.config.propagated_mount
        if propagated and Path(clean).is_relative_to(propagated):
            return str(own / PROPAGATED_MOUNT / Path(clean).relative_to(propagated))
        return self.scoped_rootfs_path(clean)

    def scoped_rootfs_path(self, path: str) -> str:
        """Where a path below the plugin's root file system is found on the host."""
        return (self.rootfs + os.path.normpath("/" + path.lstrip("/"))).rstrip("/")

    @property
    def client(self) -> Client | None:
        """The client, or None until the plugin was started, or if it speaks another protocol.

        Go:
            plugin/v2/plugin.go::Plugin.Client
        """
        with self.mu:
            return self.p_client

    def set_p_client(self, client: Client | None) -> None:
        """Set the client.

        Go:
            plugin/v2/plugin.go::Plugin.SetPClient

        Differs:
            behaviour close: the client that it replaces is closed.
        """
        with self.mu:
            before, self.p_client = self.p_client, client
        if before is not None and before is not client:
            before.close()

    def is_v1(self) -> bool:
        """Whether this is a legacy plugin.

        Go:
            plugin/v2/plugin.go::Plugin.IsV1
        """
        return False

    @property
    def name(self) -> str:
        """The name, with its tag.

        Go:
            plugin/v2/plugin.go::Plugin.Name
        """
        return self.plugin_obj.name

    def filter_by_cap(self, capability: str) -> Plugin:
        """The plugin itself, if it can do what is asked.

        Go:
            plugin/v2/plugin.go::Plugin.FilterByCap

        Raises:
            InadequateCapability: it cannot.
        """
        capability = capability.lower()
        for kind in self.get_types():
            if kind.capability == capability and kind.prefix == "docker":
                return self
        raise InadequateCapability(capability)

    def init_empty_settings(self) -> None:
        """Set all settings to what the config says.

        Go:
            plugin/v2/plugin.go::Plugin.InitEmptySettings
        """
        with self.mu:
            self.plugin_obj = replace(self.plugin_obj, settings=settings.from_config(self.plugin_obj.config))

    def set(self, args: Iterable[str]) -> None:
        """Change settings, all of them or none.

        Go:
            plugin/v2/plugin.go::Plugin.Set

        Differs:
            behaviour several: if one of them cannot be set, none is; moby keeps those before it, unsaved.
            behaviour mounts: the settings change, not the config, which moby changes through a shared
                pointer.

        Raises:
            EngineError: the plugin is enabled, or a setting is malformed, unknown or not settable.
        """
        with self.mu:
            if self.plugin_obj.enabled:
                raise EngineError("cannot set on an active plugin, disable plugin before setting")
            changed = settings.apply(self.plugin_obj.config, self.plugin_obj.settings, args)
            self.plugin_obj = replace(self.plugin_obj, settings=changed)

    def is_enabled(self) -> bool:
        """Whether it is to run.

        Go:
            plugin/v2/plugin.go::Plugin.IsEnabled
        """
        with self.mu:
            return self.plugin_obj.enabled

    def get_id(self) -> str:
        """The id.

        Go:
            plugin/v2/plugin.go::Plugin.GetID
        """
        with self.mu:
            return self.plugin_obj.id

    def get_socket(self) -> str:
        """The file name of its socket.

        Go:
            plugin/v2/plugin.go::Plugin.GetSocket
        """
        with self.mu:
            return self.plugin_obj.config.interface.socket

    def get_types(self) -> list[PluginInterfaceType]:
        """What it can do.

        Go:
            plugin/v2/plugin.go::Plugin.GetTypes
        """
        with self.mu:
            return list(self.plugin_obj.config.interface.types or ())

    def get_ref_count(self) -> int:
        """How often it is in use.

        Go:
            plugin/v2/plugin.go::Plugin.GetRefCount
        """
        with self.mu:
            return self.ref_count

    def add_ref_count(self, count: int) -> None:
        """Add to the count of users.

        Go:
            plugin/v2/plugin.go::Plugin.AddRefCount

        Differs:
            behaviour zero: the count is never below it; one release too many is logged and does not free
                another user's plugin.
        """
        with self.mu:
            self.ref_count += count
            if self.ref_count < 0:
                self.ref_count = 0
                log.error("plugin released more often than acquired", extra={"id": self.plugin_obj.id})

    def acquire(self) -> None:
        """Count one more user.

        Go:
            plugin/v2/plugin.go::Plugin.Acquire
        """
        self.add_ref_count(1)

    def release(self) -> None:
        """Count one user less.

        Go:
            plugin/v2/plugin.go::Plugin.Release
        """
        self.add_ref_count(-1)

    def set_spec_opt_modifier(self, modify: SpecOpt) -> None:
        """Set what changes the spec before the plugin starts.

        Go:
            plugin/v2/plugin.go::Plugin.SetSpecOptModifier

        Differs:
            param f: called `modify`, for what it does to the spec.
        """
        with self.mu:
            self.modify_runtime_spec = modify

    @property
    def timeout(self) -> float:
        """How many seconds each try of a call may take; 0 for no bound of its own.

        Go:
            plugin/v2/plugin.go::Plugin.Timeout
        """
        with self.mu:
            return self._timeout

    def set_timeout(self, seconds: float) -> None:
        """Set the time-out of calls.

        Go:
            plugin/v2/plugin.go::Plugin.SetTimeout

        Differs:
            param t: called `seconds`, a number of them; Go has a type for durations.
        """
        with self.mu:
            self._timeout = seconds

    @property
    def addr(self) -> str:
        """The address, `unix://PATH`; empty until the plugin was started.

        Go:
            plugin/v2/plugin.go::Plugin.Addr

        Differs:
            result net.Addr: one text for network and path.
        """
        with self.mu:
            return self._addr

    def set_addr(self, addr: str) -> None:
        """Set the address.

        Go:
            plugin/v2/plugin.go::Plugin.SetAddr
        """
        with self.mu:
            self._addr = addr

    def protocol(self) -> str:
        """The protocol that it speaks.

        Go:
            plugin/v2/plugin.go::Plugin.Protocol
        """
        return self.plugin_obj.config.interface.protocol_scheme or PROTOCOL_SCHEME_HTTP_V1

    def init_spec(self, exec_root: Path) -> oci.Spec:
        """The spec to start it with, spec options included.

        Go:
            plugin/v2/plugin_linux.go::Plugin.InitSpec

        Differs:
            behaviour mounts: the mounts of the settings are used, which moby reaches through shared
                pointers.
            error device: a device without a path is refused; moby crashes.
            behaviour dev: only defaults below /dev/ give way to the user's mount; moby drops the user's own
                too.

        Raises:
            EngineError: a mount has no source, or a device no path or is none.
            OSError: EXEC/ID cannot be made.
        """
        with self.mu:
            spec = init_spec(self.plugin_obj, self.rootfs, exec_root)
            modify = self.modify_runtime_spec
        if modify is not None:
            modify(spec)
        return spec


def api_plugin(plugin: Plugin) -> ApiPlugin:
    """The plugin as the API shows it now."""
    with plugin.mu:
        return plugin.plugin_obj
