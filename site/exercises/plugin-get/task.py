"""Find out why a plugin is never asked to create a volume."""

import tempfile
from pathlib import Path

from runtime import Config, Daemon
from runtime.examples.legacy import plugin_on
from runtime.examples.plugin import Refused


class Photos:
    """A volume plugin that keeps its volumes in a dictionary. Change this class."""

    def __init__(self) -> None:
        self.volumes = {}

    def call(self, method: str, request: dict) -> dict:
        """Answer a call; the reply to one that raises `Refused` is an error."""
        name = request.get("Name", "")
        match method:
            case "/Plugin.Activate":
                return {"Implements": ["VolumeDriver"]}
            case "/VolumeDriver.Capabilities":
                return {"Capabilities": {"Scope": "local"}}
            case "/VolumeDriver.Create":
                self.volumes[name] = request.get("Opts") or {}
                return {}
            case "/VolumeDriver.Get":
                return {"Volume": {"Name": name, "Mountpoint": f"/photos/{name}"}}
            case "/VolumeDriver.List":
                return {"Volumes": [{"Name": each} for each in self.volumes]}
            case "/VolumeDriver.Remove":
                del self.volumes[name]
                return {}
        raise Refused(f"no method {method}")


with tempfile.TemporaryDirectory(prefix="e") as temporary:
    sockets = Path(temporary) / "plugins"
    sockets.mkdir()
    photos = Photos()
    config = Config(root=Path(temporary) / "root", plugin_folders=(sockets,))
    with plugin_on(sockets / "photos.sock", photos) as calls, Daemon(config) as daemon:
        daemon.volumes.create("holiday", "photos", options={"size": "10m"})
        kept = dict(photos.volumes)
        for call in calls:
            print(call)

print("The plugin has", kept)
assert kept == {"holiday": {"size": "10m"}}, "the plugin was never asked to create the volume"
print("Solved: the engine asks first, and creates what is not there.")
