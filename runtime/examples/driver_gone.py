"""Start without a driver: at once, with its volumes listed, which work again when it is back."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime import Config, Daemon, Timings
from runtime.examples._story import say, show_error, show_log
from runtime.examples.plugin import Server, Volumes
from runtime.pkg.plugins.transport import Timings as LegacyTimings

SHORT = 2.0
"""Seconds; dockerd takes 15 for each of its volumes."""
SOON = Timings(legacy=LegacyTimings(default_timeout=0.1))
"""A call that needs the driver waits for 0.1 s here, and for 15 s by default."""


def main() -> None:
    """Create volumes with a plugin, start the engine without it, and start the plugin again."""
    with tempfile.TemporaryDirectory(prefix="e") as temporary, show_log():
        folder = Path(temporary)
        sockets = folder / "plugins"
        sockets.mkdir()
        config = Config(root=folder / "root", plugin_folders=(sockets,), timings=SOON)
        socket = sockets / "tiny.sock"
        with plugin(socket), Daemon(config) as daemon:
            for number in range(4):
                daemon.volumes.create(f"photos-{number}", "tiny", labels={"year": str(2000 + number)})
            daemon.volumes.create("diary", "local")
            say("Four volumes of the plugin's, and one of our own", names(daemon))

        began = time.monotonic()
        with Daemon(config) as daemon:
            say("Without the plugin the engine starts at once", time.monotonic() - began < SHORT)
            say("All are listed", names(daemon))
            say("With their labels", daemon.volumes.list().volumes[-1].labels)
            say("And a warning", daemon.volumes.list().warnings)
            say("What needs no plugin works", daemon.volumes.get("diary").driver)
            show_error("What needs it says so", lambda: daemon.volumes.get("photos-0"))
            daemon.volumes.remove("photos-3", purge_on_error=True)
            say("By force one of them is forgotten", names(daemon))

            with plugin(socket):
                say("The plugin comes back, and the warning goes", daemon.volumes.list().warnings)
                say("With it the volumes", daemon.volumes.get("photos-0").labels)


@contextmanager
def plugin(socket: Path) -> Iterator[None]:
    """Run the example plugin, with its volumes next to its socket."""
    with Server(socket, Volumes(socket.with_suffix(".volumes")), show=lambda _: None) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            socket.unlink()


def names(daemon: Daemon) -> list[str]:
    """Return the names of all volumes."""
    return sorted(volume.name for volume in daemon.volumes.list().volumes)


if __name__ == "__main__":
    main()
