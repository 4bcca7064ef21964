"""Plugins on disk and in memory, executors that are quick, and managers that are shut down."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from runtime.api.types.plugin import (
    Plugin,
    PluginConfig,
    PluginConfigInterface,
    PluginFile,
    PluginInterfaceType,
)
from runtime.errdefs import Conflict, NotFound
from runtime.golang import encoding_json
from runtime.oci import Spec
from runtime.pkg.stringid import generate_random_id
from runtime.plugin.defs import ExitHandler, ManagerConfig, Timings, WriteCloser
from runtime.plugin.manager import Manager
from runtime.plugin.store import Store
from runtime.plugin.v2.plugin import Plugin as ManagedPlugin

QUICK = Timings(
    first_dial=0.1,
    next_dial=0.1,
    max_retries=1,
    probe=0.01,
    terminate=5.0,
    kill=5.0,
    restart_first=0.01,
    restart_max=0.02,
    start=60.0,
)

LISTENS = """#!{python}
import os, signal, socket, sys
print("listening on", sys.argv[1], flush=True)
print("complaint", file=sys.stderr, flush=True)
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
while True:
    connection, _ = listener.accept()
    connection.close()
"""
"""A plugin that does nothing but listen; it dies of SIGTERM."""


class Listener:
    """Someone who listens on a socket, as a plugin would."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()
        self.path.unlink(missing_ok=True)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            connection.close()


@dataclass
class FakeExecutor:
    """Runs nothing: a plugin that runs is a socket that someone listens on."""

    root: Path
    fails: bool = False
    mute: bool = False
    dies: bool = False
    stubborn: bool = False
    specs: list[Spec] = field(default_factory=list)
    signals: list[int] = field(default_factory=list)
    exit_handler: ExitHandler | None = None
    running: dict[str, Listener | None] = field(default_factory=dict)

    def create(self, plugin_id: str, spec: Spec, stdout: WriteCloser, stderr: WriteCloser) -> None:
        del stdout, stderr
        self.specs.append(spec)
        if self.fails:
            raise Conflict("Create failed")
        self.start(plugin_id)
        if self.dies:
            self.end(plugin_id)

    def start(self, plugin_id: str) -> None:
        self.running[plugin_id] = None if self.mute else Listener(self.root / plugin_id / "plugin.sock")

    def is_running(self, plugin_id: str) -> bool:
        return plugin_id in self.running

    def restore(self, plugin_id: str, stdout: WriteCloser, stderr: WriteCloser) -> bool:
        del stdout, stderr
        return plugin_id in self.running

    def signal(self, plugin_id: str, number: int, /) -> None:
        if plugin_id not in self.running:
            raise NotFound(f"plugin {plugin_id} is not running")
        self.signals.append(number)
        if number == signal.SIGKILL or not self.stubborn:
            self.end(plugin_id)

    def close(self) -> None:
        """There are no threads."""

    def end(self, plugin_id: str) -> None:
        listener = self.running.pop(plugin_id)
        if listener is not None:
            listener.close()
        if self.exit_handler is not None:
            self.exit_handler.handle_exit_event(plugin_id)


class Home:
    """A plugins' root and what lives there, for one engine after the other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path / "plugins"
        self.exec_root = path / "exec"
        self.executor = FakeExecutor(self.exec_root)
        self.events: list[tuple[str, str, str]] = []
        self._managers: list[Manager] = []

    def config(self, **changes: Any) -> ManagerConfig:
        def create_executor(exit_handler: ExitHandler) -> FakeExecutor:
            self.executor.exit_handler = exit_handler
            return self.executor

        config = ManagerConfig(
            store=Store(),
            root=self.root,
            exec_root=self.exec_root,
            create_executor=create_executor,
            log_plugin_event=lambda *event: self.events.append(event),
            timings=QUICK,
        )
        return replace(config, **changes)

    def start(self, **changes: Any) -> Manager:
        manager = Manager(self.config(**changes))
        self._managers.append(manager)
        return manager

    def stop(self) -> None:
        while self._managers:
            self._managers.pop().shutdown()
        for plugin_id in list(self.executor.running):
            self.executor.exit_handler = None
            self.executor.end(plugin_id)

    def write(self, name: str = "test", **changes: Any) -> ManagedPlugin:
        """A plugin on disk that no engine has loaded yet."""
        plugin = make_plugin(name, **changes)
        (self.root / plugin.id / "rootfs").mkdir(parents=True)
        (self.root / plugin.id / "config.json").write_bytes(encoding_json.encode(plugin.to_file()))
        return plugin


def make_plugin(name: str = "test", capability: str = "volumedriver", **changes: Any) -> ManagedPlugin:
    kinds = [PluginInterfaceType(capability, "docker", "1.0")]
    given = {
        "config": PluginConfig(interface=PluginConfigInterface(socket="plugin.sock", types=kinds))
    } | changes
    return ManagedPlugin(PluginFile(Plugin(id=generate_random_id(), name=f"{name}:latest", **given)))


@pytest.fixture
def new_plugin() -> Callable[..., ManagedPlugin]:
    return make_plugin


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A directory whose name is short enough for sockets below it."""
    path = Path(tempfile.mkdtemp(prefix="p"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def home(short_path: Path) -> Iterator[Home]:
    found = Home(short_path)
    yield found
    found.stop()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A directory from which a plugin can be made; its program listens on the socket it is told."""
    made = tmp_path / "source"
    (made / "rootfs").mkdir(parents=True)
    program = made / "rootfs" / "plugin"
    program.write_text(LISTENS.format(python=sys.executable))
    program.chmod(0o755)
    config = {
        "description": "listens",
        "entrypoint": ["/plugin", "/run/docker/plugins/plugin.sock"],
        "interface": {"socket": "plugin.sock", "types": ["docker.volumedriver/1.0"]},
        "env": [{"name": "DEBUG", "settable": ["value"], "value": "0"}],
    }
    (made / "config.json").write_text(json.dumps(config))
    return made
