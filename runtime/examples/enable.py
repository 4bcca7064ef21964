"""Enable and disable a managed plugin: create it from a directory, run it as a process, use and stop it."""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
from pathlib import Path

from runtime.api.types.plugin import PluginCreateOptions
from runtime.examples import plugin
from runtime.examples._story import say, show_error, show_log
from runtime.pkg.plugingetter import ACQUIRE
from runtime.plugin.defs import ManagerConfig
from runtime.plugin.executor import process
from runtime.plugin.manager import Manager
from runtime.plugin.store import Store

CONFIG = {
    "description": "The example volume plugin",
    "entrypoint": ["/plugin", "--socket", "/run/docker/plugins/tiny.sock", "--root", "/data"],
    "interface": {"socket": "tiny.sock", "types": ["docker.volumedriver/1.0"]},
    "propagatedMount": "/data",
    "env": [{"name": "GREETING", "settable": ["value"], "value": "hello"}],
}


def main() -> None:
    """Create, set, enable, use, disable and remove a plugin."""
    with tempfile.TemporaryDirectory(prefix="rt") as temporary, show_log():
        manager = start(Path(temporary))
        manager.config.store.handle(
            "VolumeDriver", lambda name, _: say("  whoever waits for it hears of", name)
        )
        manager.create_from_directory(write_source(Path(temporary) / "source"), PluginCreateOptions("tiny"))
        say("Made from config.json and rootfs", state(manager))
        manager.set("tiny", ["GREETING=hi"])
        say("A setting that its author allows", manager.inspect("tiny").settings.env)

        manager.enable("tiny")
        say("Enabled, it listens", state(manager))
        show_error("It cannot be enabled twice", lambda: manager.enable("tiny"))
        show_error("Nor set while it runs", lambda: manager.set("tiny", ["GREETING=hey"]))
        use(manager)

        manager.disable("tiny")
        say("Disabled, its process is gone", state(manager))
        manager.remove("tiny")
        say("Removed, nothing is listed", list(manager.list()))
        manager.shutdown()


def start(path: Path) -> Manager:
    """Start a plugin manager on a root below a path, as the engine does."""
    exec_root = path / "exec"
    return Manager(
        ManagerConfig(
            store=Store(),
            root=path / "plugins",
            exec_root=exec_root,
            create_executor=lambda manager: process.new(exec_root, manager),
        )
    )


def use(manager: Manager) -> None:
    """Use the plugin, as a volume does."""
    used = manager.config.store.get("tiny", "VolumeDriver", ACQUIRE)
    show_error("While somebody uses it, it stays", lambda: manager.disable("tiny"))
    if used.client is not None:
        used.client.call("VolumeDriver.Create", {"Name": "mine"}, dict)
        reply = used.client.call("VolumeDriver.List", None, dict)
        say("It answers calls", [volume["Name"] for volume in reply["Volumes"]])
    manager.get("tiny").release()


def write_source(directory: Path) -> Path:
    """Write a directory for `docker plugin create`, with the example plugin as its program."""
    rootfs = directory / "rootfs"
    rootfs.mkdir(parents=True)
    (rootfs / "plugin.py").write_text(Path(plugin.__file__).read_text())
    program = rootfs / "plugin"
    # A line `#!PATH` ends at the first space of the path; the shell does not.
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$0.py" "$@"\n')
    program.chmod(0o755)
    (directory / "config.json").write_text(json.dumps(CONFIG))
    return directory


def state(manager: Manager) -> str:
    """Return whether the plugin is enabled, as text."""
    tiny = manager.inspect("tiny")
    return f"{tiny.name} is {'enabled' if tiny.enabled else 'disabled'}"


if __name__ == "__main__":
    main()
