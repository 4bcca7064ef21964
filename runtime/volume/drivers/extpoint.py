"""The store of volume drivers: the local one, and plugins.

The interface `VolumeDriver`, from which moby generates the proxy, is in `proxy.py`.

Go: volume/drivers/extpoint.go
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Final

from runtime.errdefs import EngineError, InvalidParameter, NotFound
from runtime.golang.strconv import quote
from runtime.pkg.locker import Locker
from runtime.pkg.plugingetter import ACQUIRE, LOOKUP, RELEASE, CompatPlugin, Mode, PluginGetter
from runtime.volume.drivers.adapter import VolumeDriverAdapter
from runtime.volume.drivers.proxy import DEFAULT, Timings, VolumeDriverProxy
from runtime.volume.local.local import Root
from runtime.volume.volume import SCOPES, Driver


class DriverNotFound(NotFound):
    """There is no driver of that name.

    Go:
        volume/drivers/extpoint.go::driverNotFoundError
        volume/drivers/extpoint.go::driverNotFoundError.Error
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"volume driver not found: {name}")


log = logging.getLogger(__name__)

EXT_NAME: Final = "VolumeDriver"
"""The capability of plugins that drive volumes.

Go: volume/drivers/extpoint.go::extName
"""


class Store:
    """The registered drivers by name; others are looked up among the plugins.

    Args:
        pg: Looks up plugins; None for no plugins.
        timings: How long calls of plugins may take.

    Differs:
        extra adapters: caches the driver of a managed plugin while its client is the same, so that its
            capabilities are asked once; moby asks at each look-up.
    """

    def __init__(self, pg: PluginGetter | None, timings: Timings = DEFAULT) -> None:
        self.extensions: dict[str, Driver] = {}
        self.mu = threading.Lock()
        self.driver_lock = Locker()
        self.plugin_getter = pg
        self.timings = timings
        self.adapters: dict[str, tuple[object, VolumeDriverAdapter]] = {}

    def register(self, d: Driver, name: str) -> bool:
        """Register a driver; return False if the name is taken or the scope invalid."""
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
        return self._lookup(name, LOOKUP)

    def create_driver(self, name: str) -> Driver:
        """Return the driver of a name, and take a reference on it."""
        return self._lookup(name, ACQUIRE)

    def release_driver(self, name: str) -> Driver:
        """Return the driver of a name, and release a reference on it."""
        return self._lookup(name, RELEASE)

    def get_driver_list(self) -> Sequence[str]:
        """Return the names of the registered drivers, sorted."""
        with self.mu:
            return tuple(sorted(self.extensions))

    def get_all_drivers(self, *, patient: bool = False) -> Sequence[Driver]:
        """Return the registered drivers, and all plugins that drive volumes.

        Args:
            patient: Whether to wait for plugins that are slow to activate.

        Raises:
            EngineError: The plugins cannot be listed, or one did not answer and `patient` is set.
        """
        plugins = self._all_plugins(patient=patient)
        names = {p.name for p in plugins}
        with self.mu:
            drivers = dict(self.extensions)
            self.adapters = {name: entry for name, entry in self.adapters.items() if name in names}
        for p in plugins:
            if p.name not in drivers:
                drivers[p.name] = self._keep(p, self._make_plugin_adapter(p))
        return tuple(drivers.values())

    def registered_drivers(self) -> Sequence[Driver]:
        """Return the registered drivers, sorted by name."""
        with self.mu:
            return [self.extensions[name] for name in sorted(self.extensions)]

    def close(self) -> None:
        """Close the drivers of this process."""
        for d in self.registered_drivers():
            if isinstance(d, Root):
                d.close()

    def problem(self, name: str) -> EngineError | None:
        """Return why a driver cannot be used, without asking it.

        Returns:
            DriverNotFound if there is none at all; None if no reason is known.
        """
        with self.mu:
            driver = self.extensions.get(name)
        if driver is not None and not isinstance(driver, VolumeDriverAdapter):
            return None
        if self.plugin_getter is None:
            return DriverNotFound(name)
        error = self.plugin_getter.problem(name, EXT_NAME)
        return DriverNotFound(name) if isinstance(error, NotFound) else error

    def is_gone(self, name: str) -> bool:
        """Return whether there is no driver of a name, not even a plugin that is slow, broken or disabled.

        Volumes of such a driver can be removed by force, and their names used again.
        """
        if not isinstance(self.problem(name), DriverNotFound):
            return False
        with self.mu:
            driver = self.extensions.get(name)
        # A plugin whose socket was deleted may still answer on an open connection.
        return not (isinstance(driver, VolumeDriverAdapter) and driver.is_reachable())

    def _all_plugins(self, *, patient: bool) -> Sequence[CompatPlugin]:
        if self.plugin_getter is None:
            return ()
        try:
            return self.plugin_getter.get_all_by_cap(EXT_NAME, patient=patient)
        except EngineError as error:
            raise EngineError(f"error listing plugins: {error}") from error

    def _lookup(self, name: str, mode: Mode) -> Driver:
        """Return the driver of a name; look for a plugin if none is registered.

        Go: volume/drivers/extpoint.go::Store.lookup
        """
        if not name:
            raise InvalidParameter("driver name cannot be empty")
        with self.mu:
            driver = self.extensions.get(name)
        if driver is not None:
            return driver
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
            if mode is ACQUIRE:
                _give_back(getter, name)
            raise
        return self._keep(p, d)

    def _keep(self, p: CompatPlugin, d: VolumeDriverAdapter) -> Driver:
        """Register the driver of a legacy plugin, unless another thread has done so."""
        if not p.is_v1:
            return d
        with self.mu:
            return self.extensions.setdefault(p.name, d)

    def _make_plugin_adapter(self, p: CompatPlugin) -> VolumeDriverAdapter:
        """Return a plugin as a driver.

        Go: volume/drivers/extpoint.go::makePluginAdapter
        Differs:
            order Client: read before the name, to see whether the cached adapter is still valid.
        """
        client = p.client
        with self.mu:
            cached = self.adapters.get(p.name)
            if cached is not None and client is not None and cached[0] is client:
                return cached[1]
            adapter = VolumeDriverAdapter(p.name, p.scoped_path, VolumeDriverProxy(client, self.timings))
            if not p.is_v1:  # that of a legacy plugin is kept among the extensions
                self.adapters[p.name] = (client, adapter)
            return adapter


def new_store(pg: PluginGetter | None, timings: Timings = DEFAULT) -> Store:
    """Return a store without drivers."""
    return Store(pg, timings)


def _validate_driver(vd: Driver) -> None:
    """Check that the driver's scope is valid.

    Go: volume/drivers/extpoint.go::validateDriver
    """
    if vd.scope not in SCOPES:
        raise EngineError(f"Driver {quote(vd.name)} provided an invalid capability scope: {vd.scope}")


def _give_back(getter: PluginGetter, name: str) -> None:
    try:
        getter.get(name, EXT_NAME, RELEASE)
    except EngineError as error:
        log.error("error releasing reference to plugin %s: %s", name, error)  # noqa: TRY400 - no trace
