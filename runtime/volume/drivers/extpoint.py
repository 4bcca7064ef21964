"""The store of volume drivers: the local one, and plugins.

Go: volume/drivers/extpoint.go
"""

from __future__ import annotations

import enum
import logging
import threading
from collections.abc import Sequence
from typing import Any, Final, Protocol

from runtime.errdefs import EngineError, InvalidParameter, NotFound
from runtime.golang.strconv import quote
from runtime.pkg.locker import Locker
from runtime.volume.drivers.adapter import VolumeDriverAdapter
from runtime.volume.drivers.proxy import DEFAULT, Client, Timings, VolumeDriverProxy
from runtime.volume.local.local import Root
from runtime.volume.volume import SCOPES, Driver


class DriverNotFound(NotFound):
    """There is no driver of that name, and no plugins to look among.

    Go:
        volume/drivers/extpoint.go::driverNotFoundError
        volume/drivers/extpoint.go::driverNotFoundError.Error
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"volume driver not found: {name}")


log = logging.getLogger(__name__)

EXT_NAME: Final = "VolumeDriver"
"""What a plugin must be able to do.

Go: volume/drivers/extpoint.go::extName
"""


class Mode(enum.IntEnum):
    """What a look-up does to the number of a plugin's users."""

    LOOKUP = 0
    ACQUIRE = 1
    RELEASE = -1


class Plugin(Protocol):
    """What is needed of a plugin."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def client(self) -> Client | None:
        """What calls it."""
        ...

    def scoped_path(self, path: str, /) -> str:
        """Where on the host a path in its view is."""
        ...

    @property
    def is_v1(self) -> bool:
        """Whether it is a legacy plugin."""
        ...


class PluginGetter(Protocol):
    """Where plugins come from."""

    def get(self, name: str, capability: str, mode: Any, /) -> Plugin:
        """Return the plugin of a name; if there is none this takes up to a quarter of a minute."""
        ...

    def problem(self, name: str, capability: str, /) -> EngineError | None:
        """Return why a plugin cannot be used, as far as that is known without asking it."""
        ...

    def get_all_by_cap(self, capability: str, /, *, patient: bool = False) -> Sequence[Plugin]:
        """Return all plugins that can do something; those slow to activate only if `patient` is set."""
        ...


class Store:
    """The drivers by name, and the plugins to look among for others.

    Args:
        pg: Where plugins come from; None if there are none.
        timings: How long calls of plugins may take.

    Differs:
        extra adapters: the driver of a managed plugin is kept as long as its client is the same, so that its
            capabilities are asked once; moby asks them with every look-up.
        extra is_gone: the volumes of such a driver can be removed by force, and their names used again.
    """

    def __init__(self, pg: PluginGetter | None, timings: Timings = DEFAULT) -> None:
        self.extensions: dict[str, Driver] = {}
        self.mu = threading.Lock()
        self.driver_lock = Locker()
        self.plugin_getter = pg
        self.timings = timings
        self.adapters: dict[str, tuple[object, VolumeDriverAdapter]] = {}

    def register(self, d: Driver, name: str) -> bool:
        """Register a driver; return whether that was possible.

        Differs:
            call validateDriver: the scope is compared here, since there is no error to raise.
        """
        with self.mu:
            if not name or name in self.extensions or d.scope not in SCOPES:
                return False
            self.extensions[name] = d
            return True

    def get_driver(self, name: str) -> Driver:
        """Return the driver of a name.

        Raises:
            EngineError: There is none.
        """
        return self._lookup(name, Mode.LOOKUP)

    def create_driver(self, name: str) -> Driver:
        """Return the driver of a name, and count one more user.

        Raises:
            EngineError: There is none.
        """
        return self._lookup(name, Mode.ACQUIRE)

    def release_driver(self, name: str) -> Driver:
        """Return the driver of a name, and count one user less.

        Raises:
            EngineError: There is none.
        """
        return self._lookup(name, Mode.RELEASE)

    def get_driver_list(self) -> Sequence[str]:
        """Return the names of the registered drivers, sorted."""
        with self.mu:
            return tuple(sorted(self.extensions))

    def get_all_drivers(self, *, patient: bool = False) -> Sequence[Driver]:
        """Return the drivers that are registered, and all plugins that can be one.

        Args:
            patient: Whether to wait for plugins that are slow to activate.

        Raises:
            EngineError: The plugins cannot be listed, or one did not answer and `patient` is set.

        Differs:
            call PluginGetter.GetAllByCap: through a protocol that this package states for itself.
        """
        plugins = self._all_plugins(patient=patient)
        names = {p.name for p in plugins}
        with self.mu:
            found = dict(self.extensions)
            self.adapters = {name: made for name, made in self.adapters.items() if name in names}
        for p in plugins:
            if p.name not in found:
                found[p.name] = self._keep(p, self._make_plugin_adapter(p))
        return tuple(found.values())

    def registered_drivers(self) -> Sequence[Driver]:
        """Return the drivers that need no look for plugins, sorted by name."""
        with self.mu:
            return [self.extensions[name] for name in sorted(self.extensions)]

    def close(self) -> None:
        """Close the drivers of this process."""
        for d in self.registered_drivers():
            if isinstance(d, Root):
                d.close()

    def problem(self, name: str) -> EngineError | None:
        """Return why a driver cannot be used, as far as that is known without asking it.

        Returns:
            DriverNotFound if there is none at all; None if nothing is known against it.
        """
        with self.mu:
            known = self.extensions.get(name)
        if known is not None and not isinstance(known, VolumeDriverAdapter):
            return None
        if self.plugin_getter is None:
            return DriverNotFound(name)
        found = self.plugin_getter.problem(name, EXT_NAME)
        return DriverNotFound(name) if isinstance(found, NotFound) else found

    def is_gone(self, name: str) -> bool:
        """Return whether there is no driver of a name: no plugin that is slow, broken or disabled either."""
        if not isinstance(self.problem(name), DriverNotFound):
            return False
        with self.mu:
            known = self.extensions.get(name)
        # One whose socket was deleted may answer still, on a connection that is open.
        return not (isinstance(known, VolumeDriverAdapter) and known.is_reachable())

    def _all_plugins(self, *, patient: bool) -> Sequence[Plugin]:
        if self.plugin_getter is None:
            return ()
        try:
            return self.plugin_getter.get_all_by_cap(EXT_NAME, patient=patient)
        except EngineError as error:
            raise EngineError(f"error listing plugins: {error}") from error

    def _lookup(self, name: str, mode: Mode) -> Driver:
        """Return the driver of a name; look for a plugin if none is registered.

        Go: volume/drivers/extpoint.go::Store.lookup
        Differs:
            call PluginGetter.Get: through a protocol that this package states for itself.
        """
        if not name:
            raise InvalidParameter("driver name cannot be empty")
        with self.mu:
            known = self.extensions.get(name)
        if known is not None:
            return known
        with self.driver_lock.locked(name):
            if name in self.extensions:
                return self.extensions[name]
            if self.plugin_getter is None:
                raise DriverNotFound(name)
            return self._plugin_driver(self.plugin_getter, name, mode)

    def _plugin_driver(self, getter: PluginGetter, name: str, mode: Mode) -> Driver:
        try:
            p = getter.get(name, EXT_NAME, mode)
        except EngineError as error:
            raise error.with_text(f"error looking up volume plugin {name}") from error
        d = self._make_plugin_adapter(p)
        try:
            _validate_driver(d)
        except EngineError:
            if mode is Mode.ACQUIRE:
                _give_back(getter, name)
            raise
        return self._keep(p, d)

    def _keep(self, p: Plugin, d: VolumeDriverAdapter) -> Driver:
        """Remember the driver of a legacy plugin; another thread may have been first."""
        if not p.is_v1:
            return d
        with self.mu:
            return self.extensions.setdefault(p.name, d)

    def _make_plugin_adapter(self, p: Plugin) -> VolumeDriverAdapter:
        """Return a plugin as a driver.

        Go: volume/drivers/extpoint.go::makePluginAdapter
        Differs:
            order Client: read before the name, to see whether the adapter of an earlier look-up still serves.
        """
        client = p.client
        with self.mu:
            known = self.adapters.get(p.name)
            if known is not None and client is not None and known[0] is client:
                return known[1]
            adapter = VolumeDriverAdapter(p.name, p.scoped_path, VolumeDriverProxy(client, self.timings))
            if not p.is_v1:  # that of a legacy plugin is kept among the extensions
                self.adapters[p.name] = (client, adapter)
            return adapter


def new_store(pg: PluginGetter | None, timings: Timings = DEFAULT) -> Store:
    """Return a store without drivers."""
    return Store(pg, timings)


def _validate_driver(vd: Driver) -> None:
    """Make sure that the driver's scope is one.

    Go: volume/drivers/extpoint.go::validateDriver
    """
    if vd.scope not in SCOPES:
        raise EngineError(f"Driver {quote(vd.name)} provided an invalid capability scope: {vd.scope}")


def _give_back(getter: PluginGetter, name: str) -> None:
    try:
        getter.get(name, EXT_NAME, Mode.RELEASE)
    except EngineError as error:
        log.error("error releasing reference to plugin %s: %s", name, error)  # noqa: TRY400 - no trace
