"""Walk through a whole life: create plugins and volumes, use them after a restart, and remove them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from runtime import Config, Daemon
from runtime.api.types.plugin import PluginCreateOptions
from runtime.examples._story import say, show_log
from runtime.examples.enable import write_source
from runtime.examples.legacy import plugin_on


def main() -> None:
    """Fill a root with a managed plugin and volumes of three drivers, then start on it again."""
    with tempfile.TemporaryDirectory(prefix="w") as temporary, show_log():
        folder = Path(temporary)
        sockets = folder / "plugins"
        sockets.mkdir()
        config = Config(root=folder / "root", plugin_folders=(sockets,))
        with plugin_on(sockets / "old.sock"):
            with Daemon(config) as daemon:
                fill(daemon, write_source(folder / "source"))
            with Daemon(config) as daemon:
                use(daemon)


def fill(daemon: Daemon, source: Path) -> None:
    """Create a managed plugin, and a volume of each driver."""
    daemon.plugins.create_from_directory(source, PluginCreateOptions("tiny"))
    daemon.plugins.enable("tiny")
    for name, driver in (("here", "local"), ("there", "old"), ("elsewhere", "tiny")):
        daemon.volumes.create(name, driver)
    say("Made", [volume.name for volume in daemon.volumes.list().volumes])


def use(daemon: Daemon) -> None:
    """Use and remove the volumes after a restart."""
    say("After a restart", [volume.name for volume in daemon.volumes.list().volumes])
    for name in ("here", "there", "elsewhere"):
        volume = daemon.volumes.get(name)
        daemon.volumes.mount(volume, "container-1")
        daemon.volumes.unmount(volume, "container-1")
        daemon.volumes.remove(name)
    say("Left", [volume.name for volume in daemon.volumes.list().volumes])


if __name__ == "__main__":
    main()
