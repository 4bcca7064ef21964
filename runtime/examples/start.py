"""Start an engine on an empty root, and show each step with its Go original."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

from runtime import Config, Daemon
from runtime.examples._story import say, steps


def main() -> None:
    """Start and stop an engine, and print the Go originals of its functions."""
    with tempfile.TemporaryDirectory() as temporary:
        config = Config(root=Path(temporary) / "root", plugin_folders=())
        say("Starting")
        with steps(tell):
            daemon = Daemon(config)
        say("What it knows", {"plugins": daemon.plugins.list(), "drivers": daemon.volumes.get_driver_list()})
        say("On disk", sorted(str(path.relative_to(config.root)) for path in config.root.rglob("*/")))
        say(
            "The getter of plugins behind the volumes is the inventory that the start began with",
            daemon.volumes.vs.drivers.plugin_getter is daemon.plugin_store,
        )
        say("Stopping, in reverse")
        with steps(tell):
            daemon.shutdown()


def tell(depth: int, name: str, go: str) -> None:
    """Print a step of the main thread with its Go original."""
    if threading.current_thread() is threading.main_thread():
        say(f"{'  ' * (depth + 1)}{name}", go)


if __name__ == "__main__":
    main()
