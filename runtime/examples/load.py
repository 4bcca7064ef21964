"""Load plugins from disk, some of them broken: the engine starts with the rest, and logs the others."""

from __future__ import annotations

import tempfile
from pathlib import Path

from runtime.api.types.plugin import (
    Plugin,
    PluginConfig,
    PluginConfigInterface,
    PluginFile,
    PluginInterfaceType,
)
from runtime.examples._story import say, show_log
from runtime.golang import encoding_json
from runtime.plugin.defs import ManagerConfig
from runtime.plugin.executor import process
from runtime.plugin.manager import Manager
from runtime.plugin.store import Store

WHOLE, BROKEN, EMPTY, HALF = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)


def main() -> None:
    """Create a damaged directory of plugins, and start on it."""
    with tempfile.TemporaryDirectory() as temporary, show_log():
        root = Path(temporary) / "plugins"
        write_plugin(root, WHOLE, "whole")
        write_plugin(root, BROKEN, "broken")
        (root / BROKEN / "config.json").write_text('{"plugin": {"Enabled": "perhaps"}}')
        (root / EMPTY).mkdir()
        (root / f"{HALF}-removing" / "rootfs").mkdir(parents=True)
        (root / "notes").mkdir()
        say("On disk are a whole plugin, a broken one, an empty directory, half a removal and a stranger")

        manager = start(Path(temporary))
        say("The engine starts with", [plugin.name for plugin in manager.list()])
        say(
            "It is found by name, by id and by the beginning of its id",
            found(manager, "whole", WHOLE, "aaaa"),
        )
        say("The broken one is kept for whoever can mend it", (root / BROKEN / "config.json").exists())
        say("What does not look like a plugin is left alone", (root / "notes").is_dir())

        manager.shutdown()
        (root / BROKEN / "config.json").unlink()
        write_plugin(root, BROKEN, "mended")
        manager = start(Path(temporary))
        say("Mended, it is there after the next start", [plugin.name for plugin in manager.list()])
        manager.shutdown()


def write_plugin(root: Path, plugin_id: str, name: str) -> None:
    """Write a plugin's directory as an engine leaves it."""
    (root / plugin_id / "rootfs").mkdir(parents=True, exist_ok=True)
    kinds = [PluginInterfaceType("volumedriver", "docker", "1.0")]
    config = PluginConfig(interface=PluginConfigInterface(socket="plugin.sock", types=kinds))
    plugin = Plugin(id=plugin_id, name=f"{name}:latest", config=config)
    (root / plugin_id / "config.json").write_bytes(encoding_json.encode(PluginFile(plugin)))


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


def found(manager: Manager, *names: str) -> bool:
    """Return whether all names resolve to one plugin."""
    return len({manager.get(name) for name in names}) == 1


if __name__ == "__main__":
    main()
