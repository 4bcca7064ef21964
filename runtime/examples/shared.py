"""Share one volume between two containers: its users are counted by name, not by call."""

from __future__ import annotations

import tempfile
from pathlib import Path

from runtime import Config, Daemon
from runtime.api.types.filters import arg, new_args
from runtime.examples._story import say, show_error


def main() -> None:
    """Create a volume with one container, use it in another, and remove it after both."""
    config = Config(root=Path("root"), plugin_folders=())
    with tempfile.TemporaryDirectory() as temporary, Daemon(replaced(config, Path(temporary))) as daemon:
        volumes = daemon.volumes
        volume = volumes.create("shared", "local", reference="web")
        volumes.get("shared", reference="worker")
        one, two = (Path(volumes.mount(volume, ref)) for ref in ("web", "worker"))
        (one / "queue").write_text("a job of web's")
        say("The second reads what the first wrote", (two / "queue").read_text())

        volumes.get("shared", reference="web")
        show_error("Both are named, each once", lambda: volumes.remove("shared"))
        say("Volumes that nobody uses", dangling(daemon, "true"))
        say("Volumes that somebody uses", dangling(daemon, "false"))

        volumes.unmount(volume, "web")
        volumes.release("shared", "web")
        show_error("The first is gone, the second is not", lambda: volumes.remove("shared"))

        volumes.unmount(volume, "worker")
        volumes.release("shared", "worker")
        volumes.release("shared", "somebody else")
        say("Volumes that nobody uses", dangling(daemon, "true"))
        volumes.remove("shared")
        say("After the last it can go", dangling(daemon, "true"))


def replaced(config: Config, folder: Path) -> Config:
    """Return the same settings for another folder."""
    return Config(root=folder / config.root, plugin_folders=config.plugin_folders)


def dangling(daemon: Daemon, value: str) -> list[str]:
    """Return the names of the volumes that are in use, or of the others."""
    return [volume.name for volume in daemon.volumes.list(new_args(arg("dangling", value))).volumes]


if __name__ == "__main__":
    main()
