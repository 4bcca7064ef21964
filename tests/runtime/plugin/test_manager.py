"""The manager: what is on disk is loaded, what the API asks for is done, and errors are moby's."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtime import errdefs
from runtime.api.types.filters import Args
from runtime.api.types.plugin import Plugin as ApiPlugin
from runtime.api.types.plugin import (
    PluginConfig,
    PluginConfigInterface,
    PluginCreateOptions,
    PluginDisableConfig,
    PluginEnableConfig,
    PluginEnv,
    PluginFile,
    PluginInterfaceType,
    PluginRmConfig,
    PluginSettings,
)
from runtime.check import check
from runtime.cmd.dockerd.logs import Text
from runtime.pkg.plugingetter import ACQUIRE
from runtime.plugin.defs import Executor
from runtime.plugin.events import EventCreate, EventDisable, EventEnable, EventRemove
from runtime.plugin.manager import Manager
from runtime.plugin.store import Store
from runtime.plugin.v2.plugin import Plugin

if TYPE_CHECKING:
    from conftest import Home

FORCE_REMOVE = PluginRmConfig(force_remove=True)
FORCE_DISABLE = PluginDisableConfig(force_disable=True)


def refused(kind: type[errdefs.EngineError] | None, call: Callable[[], object]) -> str:
    """The text with which a call fails, whose error must be of a kind."""
    with pytest.raises(errdefs.EngineError) as error:
        call()
    assert errdefs.kind(error.value) is kind
    return str(error.value)


def test_an_empty_root_is_made(home: Home) -> None:
    manager = home.start()
    assert manager.list() == []
    assert sorted(path.name for path in home.root.iterdir()) == ["storage", "tmp"]
    assert home.exec_root.is_dir()


def test_a_place_for_sockets_that_cannot_be_made_stops_the_start(home: Home) -> None:
    home.exec_root.parent.mkdir(exist_ok=True)
    home.exec_root.write_text("a file")
    assert refused(None, home.start).startswith(f"failed to mkdir {home.exec_root}: ")


def test_a_root_that_cannot_be_made_has_no_plugins(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.root.parent.mkdir(exist_ok=True)
    home.root.write_text("a file")
    assert home.start().list() == []
    assert f"failed to mkdir {home.root}: " in caplog.text


def test_what_the_executors_maker_raises_stops_the_start_as_it_is(home: Home) -> None:
    def no_executor(_: object) -> Executor:
        raise errdefs.EngineError("no containerd")

    assert refused(None, lambda: home.start(create_executor=no_executor)) == "no containerd"


def test_a_plugin_on_disk_is_loaded(home: Home) -> None:
    written = home.write("one")
    assert home.start().get("one").to_file().plugin_obj == written.plugin_obj


BROKEN: dict[str, Callable[[Path], object]] = {
    "broken json": lambda path: (path / "config.json").write_text("{"),
    "no config": lambda path: (path / "config.json").unlink(),
    "wrong type": lambda path: (path / "config.json").write_text('{"plugin":[]}'),
    "another id": lambda path: (path / "config.json").write_text('{"plugin":{"Id":"../../../x"}}'),
    "no id": lambda path: (path / "config.json").write_text("{}"),
    "a directory for a file": lambda path: ((path / "config.json").unlink(), (path / "config.json").mkdir()),
    "a pipe for a file": lambda path: ((path / "config.json").unlink(), os.mkfifo(path / "config.json")),
    "a link for a file": lambda path: (
        (path / "config.json").rename(path / "real"),
        (path / "config.json").symlink_to("real"),
    ),
    "huge": lambda path: (path / "config.json").write_text(" " * (5 << 20)),
    "deep": lambda path: (path / "config.json").write_text("[" * 100_000),
    "a link for a directory": lambda path: (
        path.rename(path.with_name("elsewhere")),
        path.symlink_to("elsewhere"),
    ),
    "a file for a directory": lambda path: (path.rename(path.with_name("elsewhere")), path.touch()),
}


@pytest.mark.parametrize("damage", BROKEN)
def test_a_broken_plugin_is_logged_and_skipped_and_stops_no_other(
    home: Home, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = home.write("good"), home.write("bad")
    BROKEN[damage](home.root / bad.id)
    with caplog.at_level(logging.WARNING, "runtime.plugin"):
        manager = home.start()
    assert [plugin.id for plugin in manager.list()] == [good.id]
    (record,) = [record for record in caplog.records if record.name == "runtime.plugin.manager"]
    line = Text().format(record)
    assert f" id={bad.id}" in line
    assert " error=" in line
    expected = (
        "missing plugin config, skipping: "
        "this may be caused due to a failed remove and requires manual cleanup."
        if damage == "no config"
        else "error loading plugin, skipping"
    )
    assert record.getMessage() == expected


def test_foreign_names_below_the_root_are_left_alone(home: Home) -> None:
    for name in ("notes", "A" * 64, "a" * 63, "storage-removing", "..x"):
        (home.root / name).mkdir(parents=True)
    home.start()
    assert (home.root / "notes").is_dir()
    assert (home.root / "storage-removing").is_dir()


def test_what_is_left_of_a_removal_goes_at_the_start_and_links_are_not_followed(home: Home) -> None:
    outside = home.path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    home.root.mkdir()
    half = home.root / ("a" * 64 + "-removing")
    (half / "rootfs").mkdir(parents=True)
    (home.root / ("b" * 64 + "-removing")).symlink_to(outside)
    home.start(workers=AtOnce())
    assert not half.exists()
    assert not (home.root / ("b" * 64 + "-removing")).is_symlink()
    assert (outside / "precious").exists()


class AtOnce:
    """Runs background work in the caller."""

    def submit(self, task: Callable[..., object], /, *args: object, **options: object) -> object:
        from concurrent.futures import Future  # noqa: PLC0415

        done: Future[object] = Future()
        done.set_result(task(*args, **options))
        return done


def test_a_life_from_creation_to_removal(home: Home, source: Path) -> None:
    manager = home.start(workers=AtOnce())
    subscriber, end = manager.subscribe_events(8)
    plugin = manager.create_from_directory(source, PluginCreateOptions("me/test"))
    manager.enable("me/test")
    assert manager.inspect("me/test").enabled
    assert plugin.client is not None
    assert plugin.addr == f"unix://{home.exec_root / plugin.id / 'plugin.sock'}"
    manager.disable("me/test:latest")
    manager.set("me/test", ["DEBUG=1"])
    manager.remove(plugin.id[:8])
    assert [action for _, _, action in home.events] == ["create", "enable", "disable", "remove"]
    names = [name for _, name, _ in home.events]
    assert names == ["me/test:latest", "me/test", "me/test:latest", plugin.id[:8]]
    end()
    assert [type(event) for event in subscriber] == [EventCreate, EventEnable, EventDisable, EventRemove]
    assert manager.list() == []
    assert check(home.root, manager.config.store) == []
    assert [path for path in home.root.rglob("*") if path.is_file()] == []
    assert list(home.exec_root.iterdir()) == []


def test_events_can_be_asked_for_by_capability_and_plugin(home: Home, source: Path) -> None:
    manager = home.start()
    plugin = manager.create_from_directory(source, PluginCreateOptions("one"))
    volumes, _ = manager.subscribe_events(8, EventCreate(interfaces=frozenset({"volumedriver"})))
    networks, _ = manager.subscribe_events(8, EventCreate(interfaces=frozenset({"networkdriver"})))
    removed, _ = manager.subscribe_events(8, EventRemove(plugin.plugin_obj))
    manager.create_from_directory(source, PluginCreateOptions("two"))
    manager.remove("two")
    manager.remove("one")
    manager.publisher.close()
    assert [event.plugin.name for event in volumes if isinstance(event, EventCreate)] == ["two:latest"]
    assert list(networks) == []
    assert [event.plugin.name for event in removed if isinstance(event, EventRemove)] == ["one:latest"]


def test_an_enabled_plugin_is_on_disk_as_such(home: Home) -> None:
    written = home.write()
    home.start().enable("test")
    assert Manager.load_plugin(home.root, written.id).enabled


def test_enabling_and_disabling_twice_is_a_conflict(home: Home) -> None:
    home.write()
    manager = home.start()
    assert (
        refused(errdefs.Conflict, lambda: manager.disable("test"))
        == "plugin is already disabled: plugin test:latest found but disabled"
    )
    manager.enable("test")
    assert (
        refused(errdefs.Conflict, lambda: manager.enable("test"))
        == "plugin already enabled: plugin test:latest is enabled"
    )


@pytest.mark.parametrize("operation", ["enable", "disable", "inspect", "remove", "set"])
def test_an_unknown_plugin_is_not_found_whatever_is_asked(home: Home, operation: str) -> None:
    manager = home.start()
    arguments = (["x=1"],) if operation == "set" else ()
    text = refused(errdefs.NotFound, lambda: getattr(manager, operation)("nobody", *arguments))
    assert text == 'plugin "nobody" not found'


def test_a_plugin_in_use_is_neither_disabled_nor_removed(home: Home) -> None:
    home.write()
    manager = home.start()
    manager.enable("test")
    manager.config.store.get("test", "volumedriver", ACQUIRE)
    assert refused(errdefs.Conflict, lambda: manager.disable("test")) == "plugin test:latest is in use"
    assert refused(errdefs.Conflict, lambda: manager.remove("test")) == "plugin test:latest is in use"
    assert manager.inspect("test").enabled
    manager.disable("test", FORCE_DISABLE)
    assert not manager.inspect("test").enabled


def test_an_enabled_plugin_is_removed_only_by_force(home: Home) -> None:
    home.write()
    manager = home.start()
    manager.enable("test")
    assert refused(errdefs.Conflict, lambda: manager.remove("test")) == "plugin test:latest is enabled"
    manager.remove("test", FORCE_REMOVE)
    assert manager.list() == []
    assert home.executor.running == {}


def test_an_enabled_plugin_cannot_be_set(home: Home) -> None:
    home.write()
    manager = home.start()
    manager.enable("test")
    text = refused(None, lambda: manager.set("test", ["x=1"]))
    assert text == "cannot set on an active plugin, disable plugin before setting"


def test_a_setting_that_cannot_be_saved_is_not_made(home: Home) -> None:
    env = [PluginEnv(name="DEBUG", settable=["value"], value="0")]
    written = home.write(config=PluginConfig(env=env), settings=PluginSettings(env=["DEBUG=0"]))
    manager = home.start()
    (home.root / written.id).rename(home.root / "gone")
    assert "failed to write atomically plugin json" in refused(None, lambda: manager.set("test", ["DEBUG=1"]))
    assert manager.inspect("test").settings.env == ["DEBUG=0"]


def test_a_plugin_that_cannot_be_started_stays_disabled_and_can_be_removed(home: Home) -> None:
    home.write()
    manager = home.start()
    home.executor.fails = True
    assert refused(errdefs.Conflict, lambda: manager.enable("test")) == "Create failed"
    assert not manager.inspect("test").enabled
    manager.remove("test", FORCE_REMOVE)
    assert manager.list() == []


def test_a_plugin_that_does_not_listen_is_stopped_and_stays_disabled(home: Home) -> None:
    written = home.write()
    manager = home.start()
    home.executor.mute = True
    path = home.exec_root / written.id / "plugin.sock"
    text = refused(None, lambda: manager.enable("test"))
    assert text == f"dial unix {path}: connect: no such file or directory"
    assert home.executor.running == {}
    assert not manager.inspect("test").enabled


def test_the_time_out_of_enabling_is_that_of_calls(home: Home) -> None:
    home.write()
    manager = home.start()
    manager.enable("test", PluginEnableConfig(timeout=7))
    plugin = manager.get("test")
    assert plugin.timeout == 7
    client = plugin.client
    assert client is not None
    assert client.timeout == 7


def test_a_socket_name_does_not_lead_out_of_the_exec_root(home: Home) -> None:
    interface = PluginConfigInterface(socket="../../../victim.sock")
    home.write(config=PluginConfig(interface=interface))
    manager = home.start()
    assert str(home.exec_root) in refused(None, lambda: manager.enable("test"))
    assert manager.get("test").addr.startswith(f"unix://{home.exec_root}/")
    assert ".." not in manager.get("test").addr


def as_args(filters: dict[str, list[str]]) -> Args:
    return Args({key: dict.fromkeys(values, True) for key, values in filters.items()})


@pytest.fixture
def listed(home: Home) -> Manager:
    both = [
        PluginInterfaceType("authz", "docker", "1.0"),
        PluginInterfaceType("volumedriver", "docker", "1.0"),
    ]
    home.write("volume")
    home.write("both", config=PluginConfig(interface=PluginConfigInterface(socket="plugin.sock", types=both)))
    home.write("none", config=PluginConfig())
    manager = home.start()
    manager.enable("volume")
    return manager


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["both", "none", "volume"]),
        ({"enabled": ["true"]}, ["volume"]),
        ({"enabled": ["false"]}, ["both", "none"]),
        ({"capability": ["volumedriver"]}, ["both", "volume"]),
        ({"capability": ["authz"]}, ["both"]),
        ({"capability": ["networkdriver"]}, []),
        ({"capability": ["volumedriver"], "enabled": ["true"]}, ["volume"]),
    ],
)
def test_plugins_are_listed_by_state_and_capability(
    listed: Manager, filters: dict[str, list[str]], names: list[str]
) -> None:
    assert [plugin.name.removesuffix(":latest") for plugin in listed.list(as_args(filters))] == names


@pytest.mark.parametrize(
    ("filters", "text"),
    [({"enabled": ["x"]}, "Invalid filter 'enabled=[x]'"), ({"other": ["x"]}, "Invalid filter 'other'")],
)
def test_a_filter_that_is_none_is_refused(listed: Manager, filters: dict[str, list[str]], text: str) -> None:
    assert (
        refused(
            errdefs.InvalidParameter,
            lambda: listed.list(as_args(filters)),
        )
        == text
    )


class Authz:
    """The chain of authorization plugins."""

    def __init__(self) -> None:
        self.removed: list[str] = []

    def remove_plugin(self, name: str, /) -> None:
        self.removed.append(name)


def test_a_disabled_authorization_plugin_leaves_the_chain(home: Home) -> None:
    kinds = [PluginInterfaceType("authz", "docker", "1.0")]
    home.write(config=PluginConfig(interface=PluginConfigInterface(socket="plugin.sock", types=kinds)))
    authz = Authz()
    manager = home.start(authz_middleware=authz)
    manager.enable("test")
    manager.disable("test")
    assert authz.removed == ["test:latest"]


def test_a_plugins_directory_that_became_a_link_is_removed_and_not_followed(home: Home) -> None:
    written = home.write()
    manager = home.start()
    real = home.root / written.id
    outside = home.path / "outside"
    real.rename(outside)
    real.symlink_to(outside)
    manager.remove("test")
    assert (outside / "config.json").exists()
    assert not real.is_symlink()


def test_operations_on_one_plugin_from_many_threads_leave_it_whole(home: Home) -> None:
    home.write()
    manager = home.start()
    unexpected: list[Exception] = []

    def work(operation: Callable[[], object]) -> None:
        for _ in range(10):
            try:
                operation()
            except (errdefs.Conflict, errdefs.NotFound):
                pass
            except errdefs.EngineError as error:
                if errdefs.kind(error) not in (errdefs.Conflict, None):
                    unexpected.append(error)

    operations: list[Callable[[], object]] = [
        lambda: manager.enable("test"),
        lambda: manager.disable("test"),
        lambda: manager.set("test", []),
        lambda: manager.inspect("test"),
    ]
    threads = [threading.Thread(target=work, args=(operation,)) for operation in operations * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert unexpected == []
    assert manager.inspect("test").enabled == bool(home.executor.running)
    assert check_settings(home, manager) == []


def check_settings(home: Home, manager: Manager) -> list[str]:
    found = (str(finding) for finding in check(home.root, manager.config.store))
    return [finding for finding in found if "settings" in finding or "store" in finding]


def test_what_dockerd_wrote_keeps_every_field_through_a_change(home: Home) -> None:
    written = home.write(settings=PluginSettings(env=["DEBUG=0"]))
    path = home.root / written.id / "config.json"
    document = json.loads(path.read_text())
    document["plugin"]["Config"]["Future"] = {"a": 1}
    document["plugin"]["Config"]["Env"] = [{"Name": "DEBUG", "Settable": ["value"], "Value": "0", "New": 2}]
    document["Later"] = [1, 2]
    path.write_text(json.dumps(document))
    home.start().set("test", ["DEBUG=1"])
    after = json.loads(path.read_text())
    assert after["plugin"]["Settings"]["Env"] == ["DEBUG=1"]
    assert after["Later"] == [1, 2]
    assert after["plugin"]["Config"]["Future"] == {"a": 1}
    assert after["plugin"]["Config"]["Env"][0]["New"] == 2


def test_a_plugin_without_an_executor_is_not_started(home: Home) -> None:
    home.write(enabled=True)
    manager = home.start(create_executor=lambda _: None)
    assert manager.inspect("test").enabled
    manager.disable("test")
    assert refused(None, lambda: manager.enable("test")) == "plugins are not supported on this platform"


def test_removing_one_plugin_leaves_the_others_files(home: Home) -> None:
    home.write("one")
    two = home.write("two")
    manager = home.start()
    manager.remove("one")
    assert (home.root / two.id / "config.json").exists()
    assert [plugin.name for plugin in manager.list()] == ["two:latest"]


def test_an_exit_of_a_plugin_that_was_never_started_does_nothing(home: Home) -> None:
    written = home.write()
    manager = home.start()
    plugin: Plugin = manager.get("test")
    manager.set_controller(plugin, None)
    manager.handle_exit_event(written.id)
    assert home.executor.specs == []
    assert refused(errdefs.NotFound, lambda: manager.handle_exit_event("0" * 64))


def test_every_operation_takes_the_beginning_of_an_id(home: Home) -> None:
    plugin_id = home.write().id
    manager = home.start()
    for length, operation in ((6, manager.enable), (8, manager.inspect), (10, manager.disable)):
        operation(plugin_id[:length])
    manager.set(plugin_id[:12], [])
    manager.remove(plugin_id[:5])
    assert manager.list() == []


@pytest.mark.parametrize("asked", ["id", "prefix", "name", "name with tag"])
def test_a_plugin_is_inspected_by_id_and_name_until_it_is_removed(home: Home, asked: str) -> None:
    plugin = home.write("name")
    spelled = {
        "id": plugin.id,
        "prefix": plugin.id[:7],
        "name": "name",
        "name with tag": "name:latest",
    }
    manager = home.start()
    assert manager.inspect(spelled[asked]).id == plugin.id
    manager.remove(spelled[asked])
    text = refused(errdefs.NotFound, lambda: manager.inspect(spelled[asked]))
    assert text == f'plugin "{spelled[asked]}" not found'


def with_a_mount(home: Home, source: Path, config_source: str, settings_source: str) -> Path:
    """A plugin whose author wrote `/author` for a mount; its config.json is as dockerd has left it."""
    described = json.loads((source / "config.json").read_text())
    described["mounts"] = [
        {"name": "m", "source": "/author", "destination": "/m", "settable": ["source"]},
        {"source": "/unnamed1", "destination": "/1"},
        {"source": "/unnamed2", "destination": "/2"},
    ]
    (source / "config.json").write_text(json.dumps(described))
    manager = home.start()
    plugin = manager.create_from_directory(source, PluginCreateOptions("test"))
    manager.shutdown()
    path = home.root / plugin.id / "config.json"
    document = json.loads(path.read_text())
    document["plugin"]["Config"]["Mounts"][0]["Source"] = config_source
    document["plugin"]["Settings"]["Mounts"][0]["Source"] = settings_source
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize("settings_source", ["/author", "/set"], ids=["set after a restart", "set before"])
def test_a_mount_that_dockerd_has_set_counts_and_the_authors_config_is_shown(
    home: Home, source: Path, settings_source: str
) -> None:
    with_a_mount(home, source, "/set", settings_source)
    plugin = home.start().inspect("test")
    assert [mount.source for mount in plugin.config.mounts or ()] == ["/author", "/unnamed1", "/unnamed2"]
    assert [mount.source for mount in plugin.settings.mounts or ()] == ["/set", "/unnamed1", "/unnamed2"]


def test_a_mount_that_is_set_here_is_where_dockerd_looks_for_it(home: Home, source: Path) -> None:
    path = with_a_mount(home, source, "/author", "/author")
    manager = home.start()
    manager.set("test", ["m=/ours"])
    written = json.loads(path.read_text())["plugin"]
    assert written["Config"]["Mounts"][0]["Source"] == "/ours"
    assert written["Settings"]["Mounts"][0]["Source"] == "/ours"
    assert (manager.inspect("test").config.mounts or [])[0].source == "/author"
    assert check(home.root, manager.config.store) == []


def test_a_plugin_that_dies_when_a_user_enables_it_is_an_error_at_once(home: Home) -> None:
    home.write()
    manager = home.start()
    home.executor.dies = True
    assert "the plugin ended before it listened on " in refused(None, lambda: manager.enable("test"))
    assert not manager.inspect("test").enabled
    controller = manager.controller(manager.get("test"))
    assert controller is not None
    assert not controller.restart


def test_a_client_stays_the_same_while_its_plugin_is_restarted(home: Home) -> None:
    home.write()
    manager = home.start()
    manager.enable("test")
    client = manager.get("test").client
    manager.disable("test")
    manager.enable("test")
    assert manager.get("test").client is client


@pytest.mark.parametrize("operation", ["enable", "remove"])
@pytest.mark.parametrize("plugin_id", ["", "..", "../../x", "A" * 64])
def test_an_id_that_is_none_never_leads_to_a_removal(home: Home, plugin_id: str, operation: str) -> None:
    manager = home.start()
    (home.root / "precious").touch()
    manager.config.store.add(Plugin(PluginFile(ApiPlugin(id=plugin_id, name="bad:latest"))))
    assert "invalid plugin id" in refused(None, lambda: getattr(manager, operation)("bad"))
    assert (home.root / "precious").exists()
    assert home.exec_root.is_dir()
    manager.config.store.set_all({})


def test_a_socket_path_that_is_too_long_is_refused_and_nothing_runs_on(home: Home) -> None:
    interface = PluginConfigInterface(socket="s" * 108)
    home.write(config=PluginConfig(interface=interface))
    manager = home.start()
    home.executor.mute = True
    text = refused(None, lambda: manager.enable("test"))
    assert text.startswith('Unix socket path "')
    assert text.endswith('" is too long')
    assert home.executor.running == {}
    assert not manager.inspect("test").enabled


def test_a_failed_start_leaves_no_directory_below_the_exec_root(home: Home) -> None:
    home.write()
    manager = home.start()
    home.executor.fails = True
    refused(errdefs.Conflict, lambda: manager.enable("test"))
    assert list(home.exec_root.iterdir()) == []


def test_whoever_waits_for_a_plugin_and_fails_does_not_keep_it_from_starting(home: Home) -> None:
    home.write()
    manager = home.start()
    heard: list[str] = []

    def fail(_name: str, _client: object) -> None:
        raise errdefs.EngineError("no room")

    manager.config.store.handle("volumedriver", fail)
    manager.config.store.handle("volumedriver", lambda name, _: heard.append(name))
    manager.enable("test")
    assert manager.inspect("test").enabled
    assert heard == ["test:latest"]


class TellingStore(Store):
    """Tells when somebody has looked a plugin up."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()

    def get_v2_plugin(self, ref_or_id: str) -> Plugin:
        found = super().get_v2_plugin(ref_or_id)
        self.asked.set()
        return found


def test_a_plugin_that_is_removed_while_somebody_waits_for_it_is_not_found(home: Home) -> None:
    home.write()
    store = TellingStore()
    manager = home.start(store=store)
    plugin = store.get_v2_plugin("test")
    store.asked.clear()
    answers: list[str] = []

    def enable() -> None:
        answers.append(refused(errdefs.NotFound, lambda: manager.enable("test")))

    with plugin.turn:
        late = threading.Thread(target=enable)
        late.start()
        assert store.asked.wait(30)
        manager.remove("test")
    late.join(30)
    assert answers == ['plugin "test" not found']
    assert home.executor.running == {}


def test_leftovers_of_a_killed_creation_are_removed(home: Home) -> None:
    plugin = home.write()
    unpacked, blob = home.root / "tmp" / ".rootfs123", home.root / "storage/blobs/tmp" / ".insertion456"
    for directory in (unpacked / "etc", blob.parent):
        directory.mkdir(parents=True)
    (unpacked / "etc" / "passwd").write_text("x")
    blob.write_bytes(b"half a blob")
    foreign = home.root / "tmp" / "notes"
    foreign.touch()
    manager = home.start()
    deadline = threading.Event()
    while (unpacked.exists() or blob.exists()) and not deadline.wait(0.01):
        pass
    assert foreign.exists()
    assert manager.get("test").id == plugin.id
    assert not [finding for finding in check(home.root) if "left over" in finding.what]


def test_errors_name_the_cause_without_its_number(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    broken, plugin = home.write("broken"), home.write()
    (home.root / broken.id / "config.json").unlink()
    (home.root / broken.id / "config.json").mkdir()
    manager = home.start()
    (home.root / plugin.id / "config.json").unlink()
    (home.root / plugin.id / "config.json").mkdir()
    (home.root / plugin.id / "config.json" / "x").touch()
    text = refused(None, lambda: manager.set("test", []) or manager.enable("test"))
    assert "is a directory" in text
    assert "Errno" not in text
    assert not [record for record in caplog.records if "Errno" in str(record.__dict__)]
