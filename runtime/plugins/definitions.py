"""What the store and the manager are told about plugins: options, and where legacy plugins come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from runtime.errors import EngineError
from runtime.plugins import oci
from runtime.plugins.getter import CompatPlugin, Handler
from runtime.plugins.plugin import Plugin, SpecOpt

DEFAULT_API_VERSION = "1.0"
"""The version of the plugin API for volumes, networks, IPAM and authorization.

Go:
    plugin/store.go::defaultAPIVersion
"""

CreateOpt = Callable[[Plugin], None]
"""Changes a plugin while it is created.

Go:
    plugin/defs.go::CreateOpt
"""


class LegacyPlugins(Protocol):
    """Where plugins that are not managed come from; `legacy.Plugins` is one."""

    def get(self, name: str, imp: str, /) -> CompatPlugin:
        """The plugin of this name, if it implements what is asked.

        Go:
            pkg/plugins/plugins.go::Get
        """
        ...

    def problem(self, name: str, /) -> EngineError | None:
        """Return why a plugin cannot be used, as far as that is known without asking it."""
        ...

    def get_all(self, imp: str, /, *, patient: bool = False) -> Sequence[CompatPlugin]:
        """All plugins that implement it.

        Go:
            pkg/plugins/plugins.go::GetAll

        Differs:
            extra patient: a list must not wait for the slowest; a search for one volume must.
        """
        ...

    def handle(self, iface: str, fn: Handler, /) -> None:
        """Call back for every one that is activated.

        Go:
            pkg/plugins/plugins.go::Handle
        """
        ...


def with_swarm_service(service_id: str) -> CreateOpt:
    """Mark a plugin as managed by a swarm service.

    Go:
        plugin/defs.go::WithSwarmService
    """

    def mark(plugin: Plugin) -> None:
        plugin.swarm_service_id = service_id

    return mark


def with_spec_mounts(mounts: Sequence[oci.Mount]) -> SpecOpt:
    """Add mounts to a spec.

    Go:
        plugin/defs.go::WithSpecMounts
    """

    def add(spec: oci.Spec) -> None:
        spec.mounts.extend(mounts)

    return add


def plugin_type(capability: str) -> str:
    """The interface type that stands for a capability.

    Go:
        plugin/store.go::pluginType
    """
    return f"docker.{capability.lower()}/{DEFAULT_API_VERSION}"
