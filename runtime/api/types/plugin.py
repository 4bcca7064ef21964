"""The API's plugin types: frozen values with the fields of Go's structs, in Go's order.

Go:
    api/types/plugin.go
    api/types/plugin_responses.go
    api/types/configs.go
    api/types/client.go
    api/types/plugin_device.go
    api/types/plugin_env.go
    api/types/plugin_interface_type.go
    api/types/plugin_mount.go
"""

from __future__ import annotations

import json
from typing import Annotated, ClassVar, Self

import msgspec

from runtime.errdefs import EngineError
from runtime.golang.encoding_json import Struct, Text

UInt32 = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]


class PluginInterfaceType(Text, frozen=True):
    """What a plugin can do: `docker.volumedriver/1.0` is prefix, capability and version."""

    capability: str = ""
    prefix: str = ""
    version: str = ""

    @classmethod
    def parse(cls, value: object) -> Self:
        """Return the type that a text names; the last dot before the first slash ends the prefix.

        Raises:
            EngineError: The value is no text.

        Go: api/types/plugin_responses.go::PluginInterfaceType.UnmarshalJSON
        Differs:
            param p: called `value`, already decoded from JSON.
            result PluginInterfaceType: a new value; Go fills in the receiver.
            behaviour slash: without "/" the capability ends with the text; moby adds one stray byte and the
                quote.
            behaviour dot: without "." the whole text is the capability; moby loses the first letter.
        """
        if not isinstance(value, str):
            raw = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            raise EngineError(f"{json.dumps(raw, ensure_ascii=False)} is not a plugin interface type")
        name, _, version = value.partition("/")
        prefix, _, capability = name.rpartition(".")
        return cls(capability=capability, prefix=prefix, version=version)

    def __str__(self) -> str:
        """Return the text form, `prefix.capability/version`.

        Go:
            api/types/plugin_responses.go::PluginInterfaceType.String
            api/types/plugin_responses.go::PluginInterfaceType.MarshalJSON
        """
        return f"{self.prefix}.{self.capability}/{self.version}"


class PluginEnv(Struct, frozen=True):
    """An environment variable of a plugin; one without a default has no `value`."""

    description: str = ""
    name: str = ""
    settable: list[str] | None = None
    value: str | None = None


class PluginMount(Struct, frozen=True):
    """A mount that a plugin requests; the user may have to set its `source`."""

    description: str = ""
    destination: str = ""
    name: str = ""
    options: list[str] | None = None
    settable: list[str] | None = None
    source: str | None = None
    type: str = ""


class PluginDevice(Struct, frozen=True):
    """A device that a plugin requests; the user may have to set its `path`."""

    description: str = ""
    name: str = ""
    path: str | None = None
    settable: list[str] | None = None


class PluginConfigArgs(Struct, frozen=True):
    """The arguments that follow the entrypoint."""

    description: str = ""
    name: str = ""
    settable: list[str] | None = None
    value: list[str] | None = None


class PluginConfigInterface(Struct, frozen=True):
    """How the engine reaches a plugin: the protocol, the socket's file name and the types it serves."""

    OMIT_EMPTY: ClassVar[frozenset[str]] = frozenset({"protocol_scheme"})

    protocol_scheme: str = ""
    socket: str = ""
    types: list[PluginInterfaceType] | None = None


class PluginConfigLinux(Struct, frozen=True):
    """Devices and capabilities beyond the default."""

    allow_all_devices: bool = False
    capabilities: list[str] | None = None
    devices: list[PluginDevice] | None = None


class PluginConfigNetwork(Struct, frozen=True):
    """The network a plugin runs in: `host`, `bridge`, `none`, `null` or nothing."""

    type: str = ""


class PluginConfigRootfs(Struct, frozen=True, rename=None):
    """The layers of a plugin's root file system, as digests of their uncompressed tars."""

    OMIT_EMPTY: ClassVar[frozenset[str]] = frozenset({"type"})

    diff_ids: list[str] | None = None
    type: str = ""


class PluginConfigUser(Struct, frozen=True):
    """The user and group a plugin asks for; moby keeps them and does not use them."""

    OMIT_EMPTY: ClassVar[frozenset[str]] = frozenset({"gid", "uid"})

    gid: UInt32 = msgspec.field(default=0, name="GID")
    uid: UInt32 = msgspec.field(default=0, name="UID")


class PluginConfig(Struct, frozen=True):
    """What a plugin's author wrote down."""

    OMIT_EMPTY: ClassVar[frozenset[str]] = frozenset({"docker_version", "rootfs"})

    args: PluginConfigArgs = PluginConfigArgs()
    description: str = ""
    docker_version: str = ""
    documentation: str = ""
    entrypoint: list[str] | None = None
    env: list[PluginEnv] | None = None
    interface: PluginConfigInterface = PluginConfigInterface()
    ipc_host: bool = False
    linux: PluginConfigLinux = PluginConfigLinux()
    mounts: list[PluginMount] | None = None
    network: PluginConfigNetwork = PluginConfigNetwork()
    pid_host: bool = False
    propagated_mount: str = ""
    user: PluginConfigUser = PluginConfigUser()
    work_dir: str = ""
    rootfs: PluginConfigRootfs | None = msgspec.field(default=None, name="rootfs")


class PluginSettings(Struct, frozen=True):
    """What a user may change, with the values in force."""

    args: list[str] | None = None
    devices: list[PluginDevice] | None = None
    env: list[str] | None = None
    mounts: list[PluginMount] | None = None


class Plugin(Struct, frozen=True):
    """A plugin as the API shows it."""

    OMIT_EMPTY: ClassVar[frozenset[str]] = frozenset({"id", "plugin_reference"})

    config: PluginConfig = PluginConfig()
    enabled: bool = False
    id: str = ""
    name: str = ""
    plugin_reference: str = ""
    settings: PluginSettings = PluginSettings()


class PluginPrivilege(Struct, frozen=True):
    """A permission that a user has to accept before a plugin is installed."""

    name: str = ""
    description: str = ""
    value: list[str] | None = None


class PluginFile(Struct, frozen=True):
    """The content of ROOT/plugins/ID/config.json: the stored form of a `plugin.Plugin`."""

    plugin_obj: Plugin = msgspec.field(default=Plugin(), name="plugin")
    rootfs: str = ""
    config: str = ""
    blobsums: list[str] | None = None
    swarm_service_id: str = msgspec.field(default="", name="SwarmServiceID")


class PluginRmConfig(Struct, frozen=True):
    """How to remove a plugin."""

    force_remove: bool = False


class PluginEnableConfig(Struct, frozen=True):
    """How to enable a plugin; `timeout` is that of each call to it, in seconds, 0 for none."""

    timeout: int = 0


class PluginDisableConfig(Struct, frozen=True):
    """How to disable a plugin."""

    force_disable: bool = False


class PluginCreateOptions(Struct, frozen=True):
    """How to create a plugin: the name, with or without a tag."""

    repo_name: str = ""
