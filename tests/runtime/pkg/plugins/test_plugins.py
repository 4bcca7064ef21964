import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from runtime import errdefs
from runtime.errdefs import EngineError
from runtime.pkg.plugins.discovery import LocalRegistry
from runtime.pkg.plugins.errors import (
    BadReply,
    DeadlineExceeded,
    NotImplements,
    PluginNotFound,
    TransportError,
)
from runtime.pkg.plugins.plugins import Manifest, Plugin, Plugins
from runtime.pkg.plugins.transport import Timings
from runtime.workers import Workers


@pytest.fixture
def open_plugins(folder: Path) -> Iterator[Callable[..., Plugins]]:
    """Makes registries on the test's folder, closed in the end."""
    made = []

    def make(timings: Timings, workers: Workers | None = None) -> Plugins:
        made.append(Plugins(LocalRegistry.of_folders([folder], timings), timings, workers))
        return made[-1]

    yield make
    for plugins in made:
        plugins.close()


@pytest.fixture
def plugins(open_plugins: Callable[..., Plugins], timings: Timings) -> Plugins:
    """Under moby's numbers and a clock that costs no time."""
    return open_plugins(timings)


@pytest.fixture
def driver(serve: Callable[..., Any], folder: Path) -> Callable[..., Any]:
    """Starts a volume plugin whose socket is in the folder."""

    def start(name: str = "vol", manifest: object = None) -> Any:
        server = serve(folder / f"{name}.sock")
        server.on("/Plugin.Activate", manifest or {"Implements": ["VolumeDriver"]})
        return server

    return start


def test_a_known_plugin_is_returned(plugins: Plugins) -> None:
    fruit = plugins.plugins["fruit"] = Plugin("fruit", manifest=Manifest(("apple",)))
    got = plugins.get("fruit", "apple")
    assert (got, got.client, got.is_v1) == (fruit, None, True)


def test_a_plugin_that_does_something_else_is_an_error(plugins: Plugins) -> None:
    plugins.plugins["fruit"] = Plugin("fruit", manifest=Manifest(("apple",)))
    with pytest.raises(NotImplements, match=r"^Plugin does not implement the requested driver$") as raised:
        plugins.get("fruit", "banana")
    assert (raised.value.name, raised.value.capability) == ("fruit", "banana")


def test_an_unknown_plugin_is_looked_for_for_fifteen_seconds(plugins: Plugins, clock: Any) -> None:
    with pytest.raises(
        PluginNotFound, match=r"^could not find plugin vegetable in v1 plugin registry: plugin not found$"
    ):
        plugins.get("vegetable", "potato")
    assert clock.slept == [1, 2, 4, 8]


def test_a_plugin_that_appears_meanwhile_is_found(
    open_plugins: Callable[..., Plugins], driver: Callable[..., Any], clock: Any
) -> None:
    class Appearing(type(clock)):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if len(self.slept) == 2:
                driver("late")

    appearing = Appearing()
    assert open_plugins(Timings(clock=appearing)).get("late", "VolumeDriver").name == "late"
    assert appearing.slept == [1, 2]


def test_a_known_plugin_without_a_manifest_is_activated_on_first_use(
    plugins: Plugins, serve: Callable[..., Any], timings: Timings
) -> None:
    server = serve()
    server.on("/Plugin.Activate", {"Implements": ["apple"]})
    plugins.plugins["fruit"] = Plugin("fruit", server.addr, timings=timings)
    assert plugins.get("fruit", "apple").name == "fruit"
    assert server.asked[0].method == "POST"


def test_all_that_are_found_and_implement_it_are_listed(plugins: Plugins, folder: Path) -> None:
    (folder / "example.json").write_text('{"Name": "example", "Addr": "https://example.com/docker/plugin"}')
    example = plugins.registry.plugin("example")
    example.manifest = Manifest(("apple",))
    plugins.plugins["example"] = example
    assert plugins.get_all("apple") == [example]
    assert plugins.get_all("pear") == []


def test_a_plugin_is_activated_once_however_often_it_is_asked_for(
    plugins: Plugins, driver: Callable[..., Any]
) -> None:
    server = driver()
    first = plugins.get("vol", "VolumeDriver")
    assert plugins.get("vol", "VolumeDriver") is first
    assert plugins.get_all("VolumeDriver") == [first]
    assert server.paths() == ["/Plugin.Activate"]


def test_sixteen_threads_that_ask_at_once_share_one_plugin(
    plugins: Plugins, driver: Callable[..., Any]
) -> None:
    server = driver()
    with ThreadPoolExecutor(16) as pool:
        got = list(pool.map(lambda _: plugins.get("vol", "VolumeDriver"), range(64)))
    assert len(set(map(id, got))) == 1
    assert server.paths() == ["/Plugin.Activate"]


def test_a_dead_plugin_is_tried_for_half_a_minute_and_forgotten(
    plugins: Plugins, folder: Path, clock: Any
) -> None:
    (folder / "dead.spec").write_text("tcp://127.0.0.1:1")
    with pytest.raises(TransportError, match=r"plugin dead: Plugin.Activate: .*connection refused"):
        plugins.get("dead", "VolumeDriver")
    assert clock.slept == [1, 2, 4, 8]
    assert plugins.plugins == {}


def test_a_plugin_that_answered_garbage_is_asked_again_the_next_time(
    plugins: Plugins, driver: Callable[..., Any]
) -> None:
    server = driver()
    server.on("/Plugin.Activate", lambda exchange: exchange.reply(b"{"))
    with pytest.raises(BadReply, match=r"plugin vol: Plugin.Activate"):
        plugins.get("vol", "VolumeDriver")
    server.on("/Plugin.Activate", {"Implements": ["VolumeDriver"]})
    assert plugins.get("vol", "VolumeDriver").name == "vol"


def test_the_impatient_look_once(plugins: Plugins, folder: Path, clock: Any) -> None:
    (folder / "dead.spec").write_text("tcp://127.0.0.1:1")
    with pytest.raises(PluginNotFound):
        plugins.get("nobody", "VolumeDriver", patient=False)
    with pytest.raises(TransportError):
        plugins.get("dead", "VolumeDriver", patient=False)
    assert clock.slept == []


def test_the_impatient_find_what_is_there(plugins: Plugins, driver: Callable[..., Any]) -> None:
    driver()
    assert plugins.get("vol", "VolumeDriver", patient=False) is plugins.get(
        "vol", "VolumeDriver", patient=False
    )


@pytest.fixture
def bad_company(driver: Callable[..., Any], folder: Path, raw: Callable[..., Any]) -> Iterator[list[str]]:
    """Plugins that are gone, broken, slow or mute, by name."""
    mute = driver("mute")
    mute.on("/Plugin.Activate", mute.wait)
    driver("garbage").on("/Plugin.Activate", lambda exchange: exchange.reply(b"\0"))
    (folder / "dead.spec").write_text("tcp://127.0.0.1:1")
    (folder / "broken.json").write_text("{")
    over = threading.Event()
    (folder / "ssh.spec").write_text(raw(b"SSH-2.0\r\n", lambda _: over.wait()).addr)
    with socket.socket(socket.AF_UNIX) as nobody_accepts:
        nobody_accepts.bind(str(folder / "full.sock"))
        nobody_accepts.listen(0)
        yield ["mute", "garbage", "dead", "broken", "ssh", "full"]
    over.set()


def test_a_list_leaves_out_what_is_gone_broken_slow_or_mute_and_never_waits_long(
    open_plugins: Callable[..., Plugins],
    driver: Callable[..., Any],
    bad_company: list[str],
    quick: Timings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    driver("good")
    driver("other", {"Implements": ["NetworkDriver"]})
    found = open_plugins(quick).get_all("VolumeDriver")
    assert [plugin.name for plugin in found] == ["good"]
    assert [name for name in bad_company if name not in caplog.text] == []


def test_a_slow_plugin_blocks_neither_another_nor_a_new_handler(
    open_plugins: Callable[..., Plugins], driver: Callable[..., Any], timings: Timings
) -> None:
    plugins = open_plugins(timings)
    slow = driver("slow")
    asked = threading.Event()

    def answer(exchange: Any) -> None:
        asked.set()
        slow.wait(exchange)

    slow.on("/Plugin.Activate", answer)
    driver("good")
    pending = threading.Thread(target=_get_quietly, args=(plugins, "slow"))
    pending.start()
    asked.wait()
    ran = []
    plugins.handle("VolumeDriver", lambda name, _client: ran.append(name))
    assert plugins.get("good", "VolumeDriver").name == "good"
    assert ran == ["good"]
    slow.released.set()
    pending.join()


def _get_quietly(plugins: Plugins, name: str) -> None:
    with suppress(EngineError):
        plugins.get(name, "VolumeDriver")


def test_a_handler_hears_of_plugins_that_are_active_already(
    plugins: Plugins, driver: Callable[..., Any]
) -> None:
    driver()
    plugins.get("vol", "VolumeDriver")
    ran = []
    plugins.handle("VolumeDriver", lambda name, client: ran.append((name, client.call("Plugin.Activate"))))
    plugins.get("vol", "VolumeDriver")
    plugins.get("vol", "VolumeDriver")
    assert ran == [("vol", None)]


def test_the_impatient_run_handlers_that_came_since(plugins: Plugins, driver: Callable[..., Any]) -> None:
    driver()
    plugins.get("vol", "VolumeDriver")
    ran: list[str] = []
    plugins.handle("VolumeDriver", lambda name, _client: ran.append(name))
    plugins.get("vol", "VolumeDriver", patient=False)
    assert ran == ["vol"]


def test_what_was_found_is_known_before_it_has_answered(
    open_plugins: Callable[..., Plugins], driver: Callable[..., Any], quick: Timings
) -> None:
    plugins = open_plugins(quick)
    mute = driver("mute")
    mute.on("/Plugin.Activate", mute.wait)
    assert plugins.get_all("VolumeDriver") == []
    with pytest.raises(DeadlineExceeded):
        plugins.get("mute", "VolumeDriver", patient=False)


def test_a_pool_of_workers_can_be_given(
    open_plugins: Callable[..., Plugins], driver: Callable[..., Any], timings: Timings
) -> None:
    driver()
    with ThreadPoolExecutor(1) as pool:
        assert [plugin.name for plugin in open_plugins(timings, pool).get_all("VolumeDriver")] == ["vol"]


def test_none_of_these_errors_has_a_kind_until_the_store_calls_it_the_system_s(
    plugins: Plugins, folder: Path
) -> None:
    (folder / "spec.spec").write_text("x")
    for name in ("spec", "nobody"):
        with pytest.raises(EngineError) as raised:
            plugins.get(name, "VolumeDriver")
        assert errdefs.kind(raised.value) is None
        assert errdefs.kind(errdefs.System(raised.value).with_text("legacy plugin")) is errdefs.System


def test_after_close_nothing_is_known(plugins: Plugins, driver: Callable[..., Any]) -> None:
    driver()
    plugins.get("vol", "VolumeDriver")
    plugins.close()
    assert plugins.plugins == {}


def test_what_answers_after_close_is_closed_too(
    open_plugins: Callable[..., Plugins], driver: Callable[..., Any], timings: Timings
) -> None:
    plugins = open_plugins(timings)
    late = driver("late")
    asked, go_on = threading.Event(), threading.Event()

    def answer(exchange: Any) -> None:
        asked.set()
        go_on.wait()
        exchange.reply(b'{"Implements": ["VolumeDriver"]}')

    late.on("/Plugin.Activate", answer)
    pending = threading.Thread(target=_get_quietly, args=(plugins, "late"))
    pending.start()
    asked.wait()
    known = plugins.plugins["late"]
    plugins.plugins.clear()
    go_on.set()
    pending.join()
    assert known.client
    assert known.client.request_factory.pool.connections == []
