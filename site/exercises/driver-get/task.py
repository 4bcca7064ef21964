"""Write the method by which the volume store finds a driver's volume."""

import tempfile
from pathlib import Path

from runtime import Config, Daemon
from runtime.errdefs import EngineError


class MemoryVolume:
    """A volume that is only a name."""

    driver_name = "memory"

    def __init__(self, name: str) -> None:
        self.name = name

    def path(self) -> str:
        """Return where its files are."""
        return f"/memory/{self.name}"

    cached_path = path

    def mount(self, ref: str) -> str:
        """Mount it for a user."""
        return self.path()

    def unmount(self, ref: str) -> None:
        """End a use."""

    def created_at(self) -> None:
        """Return that the time is not known."""

    def status(self) -> None:
        """Return that there is no status."""


class MemoryDriver:
    """A driver whose volumes are in a dictionary."""

    name = "memory"
    scope = "local"

    def __init__(self) -> None:
        self.volumes = {}

    def get(self, name: str) -> MemoryVolume:
        """Return the volume of a name. Write this function."""
        raise NotImplementedError

    def create(self, name: str, opts: object) -> MemoryVolume:
        """Create a volume."""
        return self.volumes.setdefault(name, MemoryVolume(name))

    def list(self) -> list[MemoryVolume]:
        """Return all volumes."""
        return list(self.volumes.values())

    def remove(self, vol: MemoryVolume) -> None:
        """Remove a volume."""
        del self.volumes[vol.name]


with tempfile.TemporaryDirectory() as temporary:
    with Daemon(Config(root=Path(temporary) / "root", plugin_folders=())) as daemon:
        daemon.volumes.vs.drivers.register(MemoryDriver(), "memory")
        volume = daemon.volumes.create("photos", "memory")
        print("Created", volume.name, "with", volume.driver)
        again = daemon.volumes.get("photos")
        print("Found", again.name, "in", daemon.volumes.mount(again, "container-1"))
        try:
            daemon.volumes.get("films")
            error = None
        except EngineError as caught:
            error = str(caught)
        print("Another name:", error)
        daemon.volumes.remove("photos")
        left = [volume.name for volume in daemon.volumes.list().volumes]

assert again.name == "photos", "the volume of that name must be returned"
assert error == "get films: no such volume", "a name that is not there is no volume"
assert left == [], "the volume must be gone in the end"
print("Solved: the store finds what your driver has.")
