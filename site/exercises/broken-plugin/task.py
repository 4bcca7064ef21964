"""Make a manager skip a plugin that cannot be loaded."""

import tempfile
from pathlib import Path

from runtime.errdefs import EngineError
from runtime.examples.load import BROKEN, EMPTY, WHOLE, write_plugin
from runtime.pkg.stringid import VALID_FULL_ID
from runtime.plugin.defs import ManagerConfig
from runtime.plugin.executor import process
from runtime.plugin.manager import Manager
from runtime.plugin.store import Store

skipped = []


class Strict(Manager):
    """A manager with a reload of its own."""

    def reload(self) -> None:
        """Load all plugins of the root. Change this function."""
        plugins = {}
        for entry in sorted(self.config.root.iterdir()):
            if VALID_FULL_ID.fullmatch(entry.name):
                plugin = self.load_plugin(self.config.root, entry.name)
                plugins[plugin.id] = plugin
        self.config.store.set_all(plugins)


def start(folder: Path) -> list[str]:
    """Start a manager, and return the names of its plugins."""
    run = folder / "run"
    config = ManagerConfig(Store(), folder / "plugins", run, lambda exits: process.new(run, exits))
    manager = Strict(config)
    names = sorted(plugin.name for plugin in manager.list())
    manager.shutdown()
    return names


with tempfile.TemporaryDirectory() as temporary:
    root = Path(temporary) / "plugins"
    write_plugin(root, WHOLE, "photos")
    write_plugin(root, BROKEN, "broken")
    write_plugin(root, EMPTY, "films")
    (root / BROKEN / "config.json").write_text("{")
    try:
        names = start(Path(temporary))
    except EngineError as error:
        print("It does not start:", str(error).partition(temporary)[0], "...")
        names = []

print("Loaded", names)
print("Skipped", skipped)
assert names == ["films:latest", "photos:latest"], "the two whole plugins must be loaded"
assert skipped == [BROKEN], "the broken one must be noted"
print("Solved: one broken plugin does not stop the engine.")
