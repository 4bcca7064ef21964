"""Discover a legacy plugin: put its socket into a folder, where the engine finds it."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from runtime.examples._story import say, show_error, show_log
from runtime.examples.plugin import Plugin, Server, Volumes
from runtime.pkg.plugins.discovery import LocalRegistry
from runtime.pkg.plugins.plugins import Plugins

REQUESTS: Final[list[str]] = []
"""What the plugins of `plugin_on` were asked in this process, for `snapshot`."""


def main() -> None:
    """Find three plugins, of which one works, and call it."""
    with tempfile.TemporaryDirectory(prefix="rt") as temporary, show_log():
        folder = Path(temporary)
        plugins = Plugins(LocalRegistry.of_folders([folder]))
        say("In an empty folder there is no plugin", plugins.registry.scan())

        (folder / "typo.spec").write_text("localhost:8080")
        (folder / "gone.spec").write_text("tcp://127.0.0.1:1")
        with plugin_on(folder / "tiny.sock") as calls:
            say("A socket and two specs are three names", plugins.registry.scan())

            plugins.handle(
                "VolumeDriver", lambda name, _: say("Whoever waits for volume drivers hears of", name)
            )
            tiny = plugins.get("tiny", "VolumeDriver")
            say("The handshake says what it implements", tiny.manifest)
            if tiny.client is not None:
                say("From then on it can be called", tiny.client.call("VolumeDriver.List", {}, dict))

            drivers = plugins.get_all("VolumeDriver")
            say("Listing asks those that are not known, once", [plugin.name for plugin in drivers])
            refuse("It drives no networks", plugins, "tiny", "NetworkDriver")
            refuse("This one is not there", plugins, "gone", "VolumeDriver")
            refuse("This one cannot be reached by anybody", plugins, "typo", "VolumeDriver")
            refuse("And this one nobody knows", plugins, "none", "VolumeDriver")
            say("All that the plugin was ever asked", calls)
        plugins.close()


def refuse(what: str, plugins: Plugins, name: str, capability: str) -> None:
    """Show the error of a look-up, without the 15 s of retries."""
    show_error(what, lambda: plugins.get(name, capability, patient=False))


@contextmanager
def plugin_on(path: Path, volumes: Plugin | None = None) -> Iterator[list[str]]:
    """Run the example plugin on a socket, or another one, and record its calls."""
    calls: list[str] = []

    def show(call: str) -> None:
        calls.append(call)
        REQUESTS.append(call)

    with (
        tempfile.TemporaryDirectory() as root,
        Server(path, volumes or Volumes(Path(root)), show) as server,
    ):
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield calls
        finally:
            server.shutdown()
            thread.join()


if __name__ == "__main__":
    main()
