"""Mount a volume, use it and release it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from runtime import Config, Daemon
from runtime.examples._story import say, show_error, show_log


def main() -> None:
    """Show what a container's start and end do to its volume."""
    with tempfile.TemporaryDirectory() as temporary, show_log(), Daemon(engine(Path(temporary))) as daemon:
        volumes = daemon.volumes
        volume = volumes.create("data", "local", reference="container-1")
        say("A container asks for a volume, and is its user from the beginning", users(daemon))

        path = Path(volumes.mount(volume, "container-1"))
        say("Its data are in the root", path.relative_to(temporary))
        (path / "diary").write_text("dear diary")
        show_error("As long as it is used it cannot be removed", lambda: volumes.remove("data"))
        show_error("Nor by force", lambda: volumes.remove("data", purge_on_error=True))

        volumes.unmount(volume, "container-1")
        volumes.release("data", "container-1")
        say("The container ends; the volume has no user any more", users(daemon))
        say("What was written is still there", (path / "diary").read_text())

        volumes.remove("data")
        say("Now it can be removed, and its data with it", not path.exists())

        options = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}
        scratch = volumes.create("scratch", "local", options=options)
        say("One with options is mounted with its first user, which needs root", scratch.options)


def engine(folder: Path) -> Config:
    """Return the settings of an engine without plugins."""
    return Config(root=folder / "root", plugin_folders=())


def users(daemon: Daemon) -> int:
    """Return the number of users of the volume."""
    return daemon.volumes.vs.count_references(daemon.volumes.vs.get("data"))


if __name__ == "__main__":
    main()
