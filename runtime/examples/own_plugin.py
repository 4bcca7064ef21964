"""Create a volume with your own plugin, and read its calls and replies."""

from __future__ import annotations

import tempfile
import textwrap
from pathlib import Path

from runtime import Config, Daemon
from runtime.examples._story import say, show_error, show_log
from runtime.examples.legacy import plugin_on

SHOWN = 70


def main() -> None:
    """Run a plugin on a socket, which the engine finds when a volume needs it."""
    with tempfile.TemporaryDirectory(prefix="e") as temporary, show_log():
        folder = Path(temporary)
        sockets = folder / "plugins"
        sockets.mkdir()
        with plugin_on(sockets / "tiny.sock") as asked, Daemon(engine(folder, sockets)) as daemon:
            say("Before anybody asks for it, the plugin was asked", asked)

            volume = daemon.volumes.create("photos", "tiny", labels={"owner": "me"})
            say("The volume", f"{volume.name} of driver {volume.driver}, labels {volume.labels}")
            said(asked, "That took")

            path = daemon.volumes.mount(volume, "container-1")
            say("It is mounted in", "the plugin's own directory" if Path(path).is_dir() else path)
            said(asked, "That took")

            say("The engine lists it with those of all drivers", names(daemon))
            said(asked, "That took")

            daemon.volumes.unmount(volume, "container-1")
            daemon.volumes.remove("photos")
            said(asked, "Ending its use and removing it took")

            show_error("Then it is gone", lambda: daemon.volumes.get("photos"))
            say("The way there", way(daemon))


def engine(folder: Path, sockets: Path) -> Config:
    """Return the settings of an engine that looks for plugins in one folder."""
    return Config(root=folder / "root", plugin_folders=(sockets,))


def said(asked: list[str], what: str) -> None:
    """Print the calls of the plugin since the last time."""
    say(what, None if asked else "nothing")
    for line in asked:
        method, _, rest = line.partition(" ")
        request, _, reply = rest.rpartition(" -> ")
        say(f"  {method}", f"{request or '(nothing)'} -> {textwrap.shorten(reply, SHOWN)}")
    asked.clear()


def names(daemon: Daemon) -> list[str]:
    """Return the names of all volumes."""
    return [volume.name for volume in daemon.volumes.list().volumes]


def way(daemon: Daemon) -> str:
    """Return the classes between the daemon and the store of plugins."""
    store = daemon.volumes.vs
    parts = (daemon, daemon.volumes, store, store.drivers, store.drivers.plugin_getter)
    return " → ".join(type(part).__name__ for part in parts)


if __name__ == "__main__":
    main()
