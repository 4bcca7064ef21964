"""Find out who uses a volume, and give back what was forgotten."""

import tempfile
from pathlib import Path

from runtime import Config, Daemon
from runtime.errdefs import EngineError


def release_forgotten(daemon: Daemon, name: str, running: set[str]) -> None:
    """Give back the references of containers that do not run. Write this function."""


def try_to_remove(daemon: Daemon, name: str) -> str:
    """Return what comes of removing a volume."""
    try:
        daemon.volumes.remove(name)
    except EngineError as error:
        return str(error)
    return "removed"


with tempfile.TemporaryDirectory() as temporary:
    with Daemon(Config(root=Path(temporary) / "root", plugin_folders=())) as daemon:
        daemon.volumes.create("data", "local", reference="web")
        for user in ("backup", "test-run"):
            daemon.volumes.get("data", reference=user)
        print("At first:", try_to_remove(daemon, "data"))
        release_forgotten(daemon, "data", running={"web"})
        second = try_to_remove(daemon, "data")
        print("Without those that are gone:", second)
        release_forgotten(daemon, "data", running=set())
        third = try_to_remove(daemon, "data")
        print("After the last container has ended:", third)

assert "web" in second, "the container that runs must keep its volume"
assert "backup" not in second, "the references of containers that are gone must be given back"
assert third == "removed", "without a user it can be removed"
print("Solved: a volume is in use as long as one reference is held.")
