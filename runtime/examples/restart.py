"""Survive a restart: what an engine has acknowledged is there when the next one starts."""

from __future__ import annotations

import tempfile
from pathlib import Path

from runtime import Config, Daemon
from runtime.check import inspect
from runtime.examples._story import say


def main() -> None:
    """Create a volume, stop the engine, and use the volume with another one."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "root"
        with Daemon(Config(root=root, plugin_folders=())) as daemon:
            daemon.volumes.create("kept", "local", labels={"owner": "me"}, reference="container-1")
            (Path(daemon.volumes.get("kept").mountpoint) / "file").write_text("still here")

        with Daemon(Config(root=root, plugin_folders=())) as daemon:
            kept = daemon.volumes.get("kept")
            say("After a restart it has its labels", kept.labels)
            say("And its data", (Path(kept.mountpoint) / "file").read_text())
            say("Who uses it is for whoever runs containers to say again", users(daemon))
        say("And nothing is wrong on disk", inspect(root) == ())


def users(daemon: Daemon) -> int:
    """Return the number of users of the volume."""
    return daemon.volumes.vs.count_references(daemon.volumes.vs.get("kept"))


if __name__ == "__main__":
    main()
