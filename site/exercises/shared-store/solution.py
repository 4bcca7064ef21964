"""Let the volumes find the plugins that the manager loads."""

import tempfile
from pathlib import Path

from runtime.examples.load import WHOLE, write_plugin
from runtime.plugin.defs import ManagerConfig
from runtime.plugin.executor import process
from runtime.plugin.manager import Manager
from runtime.plugin.store import Store
from runtime.volume.service.service import VolumesService, new_volume_service

built = []


def start(folder: Path) -> tuple[Manager, VolumesService]:
    """Build the two parts. Change this function."""
    store = Store()
    manager = new_manager(folder, store)
    volumes = new_volumes(folder, store)
    return manager, volumes


def new_manager(folder: Path, store: Store) -> Manager:
    """Return a manager, which loads the plugins of the folder into the store."""
    built.append("plugins")
    run = folder / "run"
    return Manager(ManagerConfig(store, folder / "plugins", run, lambda exits: process.new(run, exits)))


def new_volumes(folder: Path, store: Store) -> VolumesService:
    """Return a volume service, which looks for plugins in the store."""
    built.append("volumes")
    return new_volume_service(folder, store, Silent())


class Silent:
    """Hears of events and keeps them to itself."""

    def log_volume_event(self, *event: object) -> None:
        """Do nothing."""


with tempfile.TemporaryDirectory() as temporary:
    write_plugin(Path(temporary) / "plugins", WHOLE, "photos")
    manager, volumes = start(Path(temporary))
    loaded = [plugin.name for plugin in manager.config.store.get_all().values()]
    found = [plugin.name for plugin in volumes.vs.drivers.plugin_getter.get_all().values()]
    volumes.shutdown()
    manager.shutdown()

print("The manager has loaded", loaded)
print("The volumes find", found)
print("Built in the order", built)
assert found == loaded, "the volumes ask a store that nobody fills"
assert built == ["plugins", "volumes"], "the volumes were built before there was a plugin to find"
print("Solved: one store, filled by one part and asked by the other.")
