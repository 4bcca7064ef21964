"""The engine's start and end, with real plugins as processes and on sockets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from runtime import Config, Daemon, Timings
from runtime.api.types.plugin import PluginCreateOptions
from runtime.errdefs import EngineError
from runtime.examples.packing import pack
from runtime.examples.plugin import Server, Volumes
from runtime.pkg.plugins.transport import Timings as LegacyTimings
from runtime.plugin.store import Store
from runtime.volume.drivers.proxy import Timings as VolumeTimings

BRIEF = Timings(
    start=5.0,
    legacy=LegacyTimings(first_wait=0.01, default_timeout=0.05),
    volumes=VolumeTimings(probe=5.0, database_lock=0.1, database_retry=0.01),
)


@pytest.fixture
def root() -> Iterator[Path]:
    """A directory with a short path, as sockets need it."""
    with TemporaryDirectory(prefix="e") as made:
        yield Path(made)


@pytest.fixture
def config(root: Path) -> Config:
    (root / "sockets").mkdir()
    return Config(root=root / "r", exec_root=root / "x", plugin_folders=(root / "sockets",), timings=BRIEF)


@pytest.fixture
def legacy(root: Path) -> Iterator[Callable[[str], list[str]]]:
    """Runs the example plugin under a name, and tells what it is asked."""
    with ExitStack() as stack:

        def run(name: str) -> list[str]:
            asked: list[str] = []
            (root / f"data-{name}").mkdir(exist_ok=True)
            server = Server(root / "sockets" / f"{name}.sock", Volumes(root / f"data-{name}"), asked.append)
            stack.callback(server.server_close)
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            stack.callback(server.shutdown)
            return asked

        yield run


def test_the_plugin_getter_behind_the_volumes_is_the_plugin_store(config: Config) -> None:
    with Daemon(config) as daemon:
        assert daemon.volumes.vs.drivers.plugin_getter is daemon.plugin_store
        assert daemon.volumes.ds is daemon.volumes.vs.drivers
        assert daemon.plugins.config.store is daemon.plugin_store


def test_an_inventory_that_is_brought_along_is_the_one_that_is_used(config: Config) -> None:
    store = Store()
    with Daemon(config, store) as daemon:
        assert daemon.plugin_store is store
        assert daemon.volumes.vs.drivers.plugin_getter is store


def test_an_empty_root_gets_its_directories(config: Config) -> None:
    with Daemon(config):
        assert sorted(path.name for path in config.root.iterdir()) == ["plugins", "volumes"]


def test_creating_a_volume_reaches_our_own_plugin(config: Config, legacy: Callable[[str], list[str]]) -> None:
    asked = legacy("tiny")
    with Daemon(config) as daemon:
        volume = daemon.volumes.create("data", "tiny", options={})
        assert (volume.driver, volume.scope) == ("tiny", "local")
        mounted = Path(daemon.volumes.mount(volume, "c1"))
        (mounted / "file").write_text("x")
        daemon.volumes.unmount(volume, "c1")
    methods = [line.split()[0].rsplit("/", 1)[-1] for line in asked]
    assert [method for method in methods if method.endswith(("Activate", "Create", "Mount", "Unmount"))] == [
        "Plugin.Activate",
        "VolumeDriver.Create",
        "VolumeDriver.Mount",
        "VolumeDriver.Unmount",
    ]


def test_a_volume_of_a_plugin_is_there_after_a_restart(
    config: Config, legacy: Callable[[str], list[str]]
) -> None:
    legacy("tiny")
    with Daemon(config) as daemon:
        daemon.volumes.create("data", "tiny", labels={"a": "1"})
    with Daemon(config) as daemon:
        assert daemon.volumes.get("data").labels == {"a": "1"}
        assert "data" in daemon.volumes.vs.names


@pytest.mark.slow
def test_a_managed_plugin_serves_volumes_and_cannot_be_disabled_while_it_has_some(
    config: Config, root: Path
) -> None:
    bundle = root / "bundle"
    pack(bundle)
    with Daemon(config) as daemon:
        daemon.plugins.create_from_directory(bundle, PluginCreateOptions(repo_name="me/tiny:v1"))
        daemon.plugins.enable("me/tiny:v1")
        daemon.volumes.create("data", "me/tiny:v1", labels={"a": "1"})
        with pytest.raises(EngineError, match="plugin me/tiny:v1 is in use"):
            daemon.plugins.disable("me/tiny:v1")
    with Daemon(config) as daemon:
        assert daemon.volumes.get("data").labels == {"a": "1"}
        with pytest.raises(EngineError, match="plugin me/tiny:v1 is in use"):
            daemon.plugins.disable("me/tiny:v1")
        daemon.volumes.remove("data")
        daemon.plugins.disable("me/tiny:v1")


def test_events_of_volumes_and_plugins_are_kept_and_sent(config: Config) -> None:
    with Daemon(config) as daemon:
        _, listener = daemon.subscribe_to_events()
        daemon.volumes.create("data", "local")
        daemon.log_plugin_event("id", "me/tiny:v1", "enable")
        daemon.volumes.remove("data")
        seen = [listener.get(timeout=5) for _ in range(3)]
        daemon.unsubscribe_from_events(listener)
        past, _ = daemon.subscribe_to_events(since=1)
    assert [(event.type, event.action, event.actor.id) for event in seen if event] == [
        ("volume", "create", "data"),
        ("plugin", "enable", "id"),
        ("volume", "destroy", "data"),
    ]
    assert past[0].actor.attributes == {"driver": "local"}


def test_the_size_of_volumes_is_told_to_one_at_a_time(config: Config) -> None:
    with Daemon(config) as daemon:
        volume = daemon.volumes.create("data", "local")
        (Path(volume.mountpoint) / "file").write_bytes(b"x" * 10)
        (only,) = daemon.system_disk_usage()
        assert only.usage_data.size == 10
        with (
            daemon.disk_usage_running,
            pytest.raises(EngineError, match="usage operation is already running"),
        ):
            daemon.system_disk_usage()


def test_two_engines_cannot_share_a_root_and_the_second_leaves_nothing_running(config: Config) -> None:
    with Daemon(config) as daemon:
        with pytest.raises(EngineError, match="another engine uses "):
            Daemon(config)
        assert daemon.volumes.create("data", "local").name == "data"


def test_a_start_that_fails_gives_the_root_free(config: Config, root: Path) -> None:
    (root / "x").write_text("in the way")
    with pytest.raises(EngineError, match="couldn't create plugin manager: failed to mkdir"):
        Daemon(config)
    (root / "x").unlink()
    with Daemon(config) as daemon:
        assert daemon.volumes.list().volumes == ()


def test_stopping_twice_is_as_good_as_once(config: Config) -> None:
    daemon = Daemon(config)
    daemon.shutdown()
    daemon.shutdown()


def test_the_volume_store_is_closed_before_the_plugins_are_stopped(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    daemon = Daemon(config)
    for name, part in (("volumes", daemon.volumes), ("plugins", daemon.plugins)):
        stop = part.shutdown
        monkeypatch.setattr(part, "shutdown", lambda name=name, stop=stop: (order.append(name), stop()))
    daemon.shutdown()
    assert order == ["volumes", "plugins"]


def test_options_and_handlers_are_registered_before_a_plugin_is_loaded(
    config: Config, legacy: Callable[[str], list[str]]
) -> None:
    from dataclasses import replace  # noqa: PLC0415 - one use

    legacy("tiny")
    heard: list[str] = []
    hooked = replace(config, handlers={"VolumeDriver": [lambda name, _: heard.append(name)]})
    with Daemon(hooked) as daemon:
        daemon.volumes.create("data", "tiny")
        assert heard == ["tiny"]
