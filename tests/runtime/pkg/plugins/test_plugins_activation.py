import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runtime.errdefs import EngineError
from runtime.pkg.plugingetter import CompatPlugin
from runtime.pkg.plugins.client import Client
from runtime.pkg.plugins.discovery import LocalRegistry
from runtime.pkg.plugins.errors import BadReply, DeadlineExceeded
from runtime.pkg.plugins.plugins import ExtpointHandlers, Manifest, Plugin, Plugins
from runtime.pkg.plugins.transport import Timings


@pytest.fixture
def handlers() -> ExtpointHandlers:
    return ExtpointHandlers()


@pytest.fixture
def plugin(serve: Callable[..., Any], timings: Timings) -> Iterator[Plugin]:
    """A plugin that has not been activated."""
    server = serve()
    server.on("/Plugin.Activate", {"Implements": ["VolumeDriver", "apple"]})
    made = Plugin("fruit", server.addr, timings=timings)
    made.server = server
    yield made
    made.close()


def test_a_handler_that_comes_later_blocks_nobody_who_waits() -> None:
    plugins = Plugins(LocalRegistry())
    active = plugins.plugins["qwerty"] = Plugin("qwerty", manifest=Manifest(("bananas",)))
    active.wait_active(timeout=0)
    plugins.handle("bananas", lambda _name, _client: None)
    active.wait_active(timeout=0)


def test_waiting_for_a_plugin_whose_activation_failed_returns() -> None:
    plugin = Plugin("bad")
    plugin.activate_err = EngineError("some junk happened")
    with pytest.raises(EngineError, match=r"some junk happened"):
        plugin.wait_active(timeout=0)


def test_activation_is_an_empty_post_and_happens_once(plugin: Plugin, handlers: ExtpointHandlers) -> None:
    plugin.activate(handlers)
    plugin.activate(handlers)
    assert [(e.path, e.method, e.body) for e in plugin.server.asked] == [("/Plugin.Activate", "POST", b"")]
    assert plugin.implements("VolumeDriver")
    assert not plugin.implements("volumedriver")


def test_a_plugin_before_activation_implements_nothing_and_has_no_client(plugin: Plugin) -> None:
    assert not plugin.implements("VolumeDriver")
    assert plugin.client is None
    assert isinstance(plugin, CompatPlugin)
    assert (plugin.name, plugin.is_v1, plugin.protocol) == ("fruit", True, "moby.plugins.http/v1")
    assert plugin.scoped_path("/some/path") == "/some/path"


def test_each_handler_of_what_is_implemented_runs_once(plugin: Plugin, handlers: ExtpointHandlers) -> None:
    ran = []
    handlers.add("apple", lambda name, client: ran.append(("first", name, client)))
    handlers.add("pear", lambda name, client: ran.append(("never", name, client)))
    plugin.activate(handlers)
    handlers.add("apple", lambda name, client: ran.append(("later", name, client)))
    plugin.activate(handlers)
    plugin.activate(handlers)
    assert ran == [("first", "fruit", plugin.client), ("later", "fruit", plugin.client)]


def test_a_handler_may_ask_for_its_own_plugin(plugin: Plugin, handlers: ExtpointHandlers) -> None:
    ran = []

    def ask(name: str, _client: Client) -> None:
        plugin.activate(handlers)
        plugin.wait_active()
        ran.append(name)

    handlers.add("apple", ask)
    plugin.activate(handlers)
    assert ran == ["fruit"]


def test_a_handler_that_raises_leaves_the_plugin_usable(plugin: Plugin, handlers: ExtpointHandlers) -> None:
    handlers.add("apple", lambda _name, _client: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        plugin.activate(handlers)
    plugin.activate(handlers)
    plugin.wait_active(timeout=0)


def test_those_who_wait_share_the_outcome_of_a_failed_activation(
    serve: Callable[..., Any], timings: Timings, handlers: ExtpointHandlers
) -> None:
    server = serve()
    asked, go_on = threading.Event(), threading.Event()

    def answer(exchange: Any) -> None:
        asked.set()
        go_on.wait()
        exchange.reply(b"garbage")

    server.on("/Plugin.Activate", answer)
    plugin = Plugin("slow", server.addr, timings=timings)
    errors = []

    def activate() -> None:
        try:
            plugin.activate(handlers)
        except BadReply as error:
            errors.append(str(error))

    threads = [threading.Thread(target=activate) for _ in range(8)]
    threads[0].start()
    asked.wait()
    for thread in threads[1:]:
        thread.start()
    waiters = plugin.activate_wait._waiters
    while len(waiters) < 7:
        asked.wait(0.001)
    go_on.set()
    for thread in threads:
        thread.join()
    assert len(server.asked) == 1
    assert len(errors) == 8
    assert len(set(errors)) == 1


def test_a_plugin_that_failed_can_be_activated_later(
    serve: Callable[..., Any], timings: Timings, handlers: ExtpointHandlers
) -> None:
    server = serve()
    server.on("/Plugin.Activate", lambda exchange: exchange.reply(b"garbage"))
    plugin = Plugin("late", server.addr, timings=timings)
    with pytest.raises(BadReply):
        plugin.activate(handlers)
    server.on("/Plugin.Activate", {"Implements": ["VolumeDriver"]})
    plugin.activate(handlers)
    plugin.wait_active(timeout=0)
    assert plugin.implements("VolumeDriver")
    plugin.close()


def test_a_plugin_that_never_answers_is_given_up(
    serve: Callable[..., Any], quick: Timings, handlers: ExtpointHandlers
) -> None:
    server = serve()
    server.on("/Plugin.Activate", server.wait)
    plugin = Plugin("mute", server.addr, timings=quick)
    with pytest.raises(DeadlineExceeded, match=r"plugin mute: Plugin.Activate: context deadline exceeded"):
        plugin.activate(handlers)


def test_waiting_for_an_activation_that_does_not_end_is_bounded(plugin: Plugin) -> None:
    with pytest.raises(DeadlineExceeded, match=r"plugin fruit: not active within 0\.01s"):
        plugin.wait_active(timeout=0.01)
