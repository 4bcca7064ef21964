"""The store of plugins: looks them up by name, id or capability, and counts their users.

Go: plugin/store.go, pkg/plugins/plugins.go, plugin/defs.go
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

from msgspec.structs import replace

from runtime import oci
from runtime.errdefs import EngineError, System
from runtime.golang.strconv import quote
from runtime.pkg.plugingetter import LOOKUP, RELEASE, CompatPlugin
from runtime.pkg.plugins import errors as legacy_errors
from runtime.pkg.plugins.plugins import Handler, Plugins
from runtime.pkg.stringid import VALID_FULL_ID
from runtime.plugin.errors import Ambiguous, Disabled, InUse, NameTaken, PluginNotFound, failure
from runtime.plugin.v2.plugin import InadequateCapability, Plugin, SpecOpt
from runtime.vendor import reference


def plugin_type(capability: str) -> str:
    """Return the interface type of a capability, such as `docker.volumedriver/1.0`."""
    return f"docker.{capability.lower()}/{DEFAULT_API_VERSION}"


log = logging.getLogger(__name__)


class Store:
    """The loaded plugins; safe to use from several threads.

    Go: plugin/defs.go::Store, plugin/defs.go::NewStore, plugin/store.go::allowV1PluginsFallback
    Differs:
        field RWMutex: an `RLock`, which a thread may take twice; moby deadlocks when a writer waits.
        extra legacy: looks up legacy plugins; None turns that off, as moby's `allowV1PluginsFallback`.
    """

    def __init__(self, legacy: Plugins | None = None) -> None:
        self.lock = threading.RLock()
        self.plugins: dict[str, Plugin] = {}
        self.spec_opts: dict[str, list[SpecOpt]] = {}
        self.handlers: dict[str, list[Handler]] = {}
        self.legacy = legacy

    def get_v2_plugin(self, ref_or_id: str) -> Plugin:
        """Return the plugin with this name, id or prefix of an id.

        Raises:
            PluginNotFound: there is none.
            Ambiguous: the prefix is that of several.
        """
        with self.lock:
            plugin = self.plugins.get(self._resolve_plugin_id(ref_or_id))
        if plugin is None:
            raise PluginNotFound(ref_or_id)
        return plugin

    def validate_name(self, name: str) -> None:
        """Check that no plugin has this full name.

        Raises:
            NameTaken: one has.

        Differs:
            behaviour lock: taken here; in moby callers should take it, and none does.
        """
        with self.lock:
            if any(plugin.name == name for plugin in self.plugins.values()):
                raise NameTaken(name)

    def get_all(self) -> dict[str, Plugin]:
        """Return all plugins by id.

        Differs:
            result map: a copy; moby returns its own map, which may change while it is read.
        """
        with self.lock:
            return dict(self.plugins)

    def has(self, p: Plugin) -> bool:
        """Return whether this very plugin is still in the store."""
        with self.lock:
            return self.plugins.get(p.id) is p

    def set_all(self, plugins: Mapping[str, Plugin]) -> None:
        """Set all plugins, at the start."""
        with self.lock:
            for plugin in plugins.values():
                self._set_spec_opts(plugin)
            self.plugins = dict(plugins)

    def set_state(self, p: Plugin, *, state: bool) -> None:
        """Mark a plugin as enabled or not, in memory."""
        with self.lock, p.mu:
            p.plugin_obj = replace(p.plugin_obj, enabled=state)

    def retire(self, p: Plugin, *, force: bool) -> None:
        """Mark a plugin as disabled unless it is in use, in one step.

        Raises:
            InUse: it is in use, and `force` is not set.
        """
        with self.lock, p.mu:
            if p.ref_count > 0 and not force:
                raise InUse(p.name)
            self.set_state(p, state=False)

    def add(self, p: Plugin) -> None:
        """Add a plugin.

        Raises:
            EngineError: another plugin has the same id.
        """
        with self.lock:
            other = self.plugins.get(p.id)
            if other is not None:
                raise EngineError(f"plugin {quote(p.name)} has the same ID {p.id} as {quote(other.name)}")
            self._set_spec_opts(p)
            self.plugins[p.id] = p

    def remove(self, p: Plugin) -> None:
        """Remove a plugin."""
        with self.lock:
            self.plugins.pop(p.id, None)

    def get(self, name: str, capability: str, mode: int) -> CompatPlugin:
        """Return the enabled plugin of a name with a capability, and add `mode` to its count of users.

        Raises:
            PluginNotFound: there is none, managed or legacy.
            Ambiguous: the name is a prefix of several ids.
            Disabled: it is disabled; a legacy plugin of the same name is no substitute.
            InadequateCapability: it does not have the capability.
            EngineError: `legacy plugin: …` of kind system; the legacy plugin does not work.

        Differs:
            behaviour release: also releases a plugin that was disabled by force, unlike moby.
            order AddRefCount: under the same lock as the look-up, so that no `disable` comes between.
        """
        try:
            return self._get_managed(name, capability, mode)
        except PluginNotFound:
            if self.legacy is None:
                raise
        return self._get_legacy(name, capability)

    def problem(self, name: str, capability: str) -> EngineError | None:
        """Return why a plugin cannot be used, without asking it.

        Returns:
            PluginNotFound if there is none of that name, managed or legacy; Disabled, InadequateCapability,
            or the last error of a legacy plugin; None if no reason is known.
        """
        try:
            self._get_managed(name, capability, LOOKUP)
        except PluginNotFound as error:
            problem = error if self.legacy is None else self.legacy.problem(name)
            return error if isinstance(problem, legacy_errors.PluginNotFound) else problem
        except EngineError as error:
            return error
        return None

    def get_all_by_cap(self, capability: str, *, patient: bool = False) -> list[CompatPlugin]:
        """Return the enabled plugins with a capability, managed ones first.

        Args:
            capability: Such as `volumedriver`.
            patient: Whether to wait for legacy plugins that are slow to activate.

        Raises:
            EngineError: `legacy plugin: …` of kind system; legacy plugins cannot be listed.

        Differs:
            behaviour lock: taken once; moby takes it twice and can deadlock with a writer.
        """
        managed = self._get_all_by_cap(capability)
        if self.legacy is None:
            return managed
        try:
            return [*managed, *self.legacy.get_all(capability, patient=patient)]
        except (EngineError, OSError) as error:
            failure = System(error)
            raise failure.with_text("legacy plugin") from failure

    def handle(self, capability: str, callback: Handler) -> None:
        """Call a function with name and client of each plugin that has a capability and is enabled."""
        with self.lock:
            self.handlers.setdefault(plugin_type(capability), []).append(callback)
        if self.legacy is not None:
            self.legacy.handle(capability, callback)

    def register_runtime_opt(self, capability: str, *opts: SpecOpt) -> None:
        """Register functions that change the specs of plugins with a capability."""
        with self.lock:
            self.spec_opts.setdefault(plugin_type(capability), []).extend(opts)

    def call_handler(self, p: Plugin) -> None:
        """Call the handlers of an enabled plugin's capabilities.

        Differs:
            order Client: read first, since a plugin of another protocol has none, and no handler is called.
            behaviour lock: held while the handlers are read; not so in moby.
            behaviour handler: an error is logged, and the next handler called.
        """
        client = p.client
        if client is None:
            return
        with self.lock:
            callbacks = [call for kind in p.types for call in self.handlers.get(str(kind), ())]
        for callback in callbacks:
            try:
                callback(p.name, client)
            except EngineError as error:
                failure(log, f"a handler failed for plugin {p.name}: {error}", error)

    def _get_managed(self, name: str, capability: str, mode: int) -> Plugin:
        with self.lock:
            plugin = self.get_v2_plugin(name)
            with plugin.mu:
                if not plugin.enabled and mode != RELEASE:
                    raise Disabled(name)
                plugin.filter_by_cap(capability)
                plugin.add_ref_count(mode)
                return plugin

    def _get_legacy(self, name: str, capability: str) -> CompatPlugin:
        if self.legacy is None:
            raise PluginNotFound(name)
        try:
            return self.legacy.get(name, capability)
        except legacy_errors.PluginNotFound as error:
            raise PluginNotFound(name) from error
        except (EngineError, OSError) as error:
            failure = System(error)
            raise failure.with_text("legacy plugin") from failure

    def _get_all_by_cap(self, capability: str) -> list[CompatPlugin]:
        """Return the enabled managed plugins with a capability.

        Go: plugin/store.go::Store.getAllByCap
        """
        with self.lock:
            enabled = [plugin for plugin in self.plugins.values() if plugin.enabled]
        return [plugin for plugin in enabled if _provides(plugin, capability)]

    def _set_spec_opts(self, p: Plugin) -> None:
        """Set the spec options that are registered for a plugin's capabilities.

        Go: plugin/store.go::Store.setSpecOpts
        """
        opts = [opt for kind in p.types for opt in self.spec_opts.get(str(kind), ())]

        def modify(spec: oci.Spec) -> None:
            for opt in opts:
                opt(spec)

        p.set_spec_opt_modifier(modify)

    def _resolve_plugin_id(self, id_or_name: str) -> str:
        """Resolve an id, a name or a prefix of an id to the id.

        Go: plugin/store.go::Store.resolvePluginID
        Differs:
            order TagNameOnly: before FamiliarString, as in moby; an earlier FamiliarString is in the warning.
        """
        if VALID_FULL_ID.fullmatch(id_or_name):
            return id_or_name
        try:
            ref = reference.parse_normalized_named(id_or_name)
        except EngineError as error:
            raise PluginNotFound(id_or_name) from error
        if ref.canonical:
            log.warning("canonical references cannot be resolved: %s", reference.familiar_string(ref))
            raise PluginNotFound(id_or_name)
        name = reference.familiar_string(reference.tag_name_only(ref))
        for plugin_id, plugin in self.plugins.items():
            if plugin.name == name:
                return plugin_id
        return self._by_prefix(id_or_name)

    def _by_prefix(self, prefix: str) -> str:
        ids = [plugin_id for plugin_id in self.plugins if plugin_id.startswith(prefix)]
        if len(ids) > 1:
            raise Ambiguous(prefix)
        if not ids:
            raise PluginNotFound(prefix)
        return ids[0]


def _provides(plugin: Plugin, capability: str) -> bool:
    try:
        plugin.filter_by_cap(capability)
    except InadequateCapability:
        return False
    return True


DEFAULT_API_VERSION = "1.0"
"""The version of the plugin API for volumes, networks, IPAM and authorization.

Go: plugin/store.go::defaultAPIVersion
"""
