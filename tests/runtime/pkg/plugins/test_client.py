import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.errdefs import EngineError
from runtime.pkg.plugins import client as plugin_client
from runtime.pkg.plugins import transport
from runtime.pkg.plugins.client import Client, RequestOpts, new_client_with_timeout
from runtime.pkg.plugins.errors import BadReply, DeadlineExceeded, StatusError, TransportError
from runtime.pkg.plugins.plugins import Manifest
from runtime.pkg.plugins.transport import Timings, abort, backoff

MANIFEST = Manifest(("VolumeDriver", "NetworkDriver"))
NOBODY = "tcp://127.0.0.1:1"
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def raw_once(raw: Callable[..., Any], connect: Callable[..., Client], quick: Timings) -> tuple[Any, Client]:
    """A server of raw bytes and a client of it, for many examples."""
    server = raw(b"")
    return server, connect(server.addr, quick)


def echo(exchange: Any) -> None:
    exchange.reply(exchange.body)


def test_without_retry_a_refused_connection_is_an_error_at_once(
    connect: Callable[..., Client], timings: Timings, clock: Any
) -> None:
    with pytest.raises(TransportError, match=r"dial tcp 127.0.0.1:1: connect: connection refused"):
        connect(NOBODY, timings).call_with_retry("Service.Method", b"", retry=False)
    assert clock.slept == []


def test_with_retry_there_are_five_tries_within_fifteen_seconds(
    connect: Callable[..., Client], timings: Timings, clock: Any
) -> None:
    with pytest.raises(TransportError, match=r"connection refused"):
        connect(NOBODY, timings).call("Service.Method")
    assert clock.slept == [1, 2, 4, 8]


def test_a_plugin_that_drops_the_first_request_is_asked_again(
    serve: Callable[..., Any], connect: Callable[..., Client], timings: Timings, clock: Any
) -> None:
    server = serve()
    server.on("/Test.FailOnce", lambda exchange: exchange.drop() if not clock.slept else exchange.reply(b""))
    with connect(server.addr, timings).call_with_retry("Test.FailOnce", b"body") as reply:
        assert reply.status == 200
    assert clock.slept == [1]


def test_each_try_sends_the_whole_body(
    serve: Callable[..., Any], connect: Callable[..., Client], timings: Timings, clock: Any
) -> None:
    server = serve()
    server.on("/Test.FailOnce", lambda exchange: exchange.drop() if not clock.slept else echo(exchange))
    connect(server.addr, timings).call("Test.FailOnce", {"Name": "v"}, dict)
    assert [exchange.body for exchange in server.asked] == [b'{"Name":"v"}\n'] * 2


def test_a_value_goes_out_as_json_and_comes_back_equal(
    serve: Callable[..., Any], connect: Callable[..., Client], timings: Timings
) -> None:
    server = serve()
    server.on("/Test.Echo", echo)
    client = connect(server.addr, timings)
    assert client.call("Test.Echo", MANIFEST, Manifest) == MANIFEST
    assert client.call("Test.Echo", None, None) is None
    assert [(exchange.method, exchange.body) for exchange in server.asked] == [
        ("POST", b'{"Implements":["VolumeDriver","NetworkDriver"]}\n'),
        ("POST", b""),
    ]


@pytest.mark.parametrize(("retries", "seconds"), [(0, 1), (1, 2), (2, 4), (4, 16), (6, 30), (10, 30)])
def test_the_wait_doubles_up_to_half_a_minute(retries: int, seconds: float) -> None:
    assert backoff(retries) == seconds


@pytest.mark.parametrize("wait", [1, 2, 10, 29.9])
def test_a_try_within_half_a_minute_is_made(timings: Timings, clock: Any, wait: float) -> None:
    assert not abort(clock.now(), wait, timings)


@pytest.mark.parametrize("wait", [30, 40])
def test_a_try_that_would_begin_after_half_a_minute_is_not_made(
    timings: Timings, clock: Any, wait: float
) -> None:
    assert abort(clock.now(), wait, timings)


def test_a_client_whose_time_out_is_shorter_than_the_reply_gives_up(
    serve: Callable[..., Any], clock: Any
) -> None:
    server = serve()
    server.on("/Test.Echo", server.wait)

    class Ticking(type(clock)):
        """Time passes with each look at the clock, so that a wait in the test is short."""

        def now(self) -> float:
            self.time += 0.01
            return self.time

    ticking = Ticking()
    client = new_client_with_timeout(server.addr, None, 0.05, timings=Timings(clock=ticking))
    with pytest.raises(DeadlineExceeded, match=r"context deadline exceeded"):
        client.call("Test.Echo", MANIFEST, Manifest)
    client.close()
    assert ticking.slept == [1, 2, 4, 8]


def test_a_request_s_own_time_out_ends_it(
    serve: Callable[..., Any], connect: Callable[..., Client], quick: Timings
) -> None:
    server = serve()
    server.on("/Plugin.Hello", server.wait)
    client = connect(server.addr, quick)
    with pytest.raises(DeadlineExceeded, match=r"Plugin.Hello: context deadline exceeded"):
        client.call_with_retry("/Plugin.Hello", b"", retry=False, opts=RequestOpts(timeout=0.02))


@pytest.mark.parametrize(
    ("client_limit", "call_limit"),
    [(0.02, 0.0), (0.0, 0.02), (0.02, 60.0), (60.0, 0.02), (-1.0, 0.02), (0.02, -1.0)],
)
def test_shorter_limit_of_client_and_call_wins(
    serve: Callable[..., Any], quick: Timings, client_limit: float, call_limit: float
) -> None:
    server = serve()
    server.on("/Plugin.Hello", server.wait)
    client = new_client_with_timeout(server.addr, None, client_limit, timings=quick)
    with pytest.raises(DeadlineExceeded, match=r"Plugin.Hello: context deadline exceeded"):
        client.call_with_options("Plugin.Hello", None, dict, RequestOpts(call_limit, retry=False))
    client.close()


@pytest.mark.parametrize("client_limit", [0.0, -1.0, -(2.0**63), 2.0**63, 1e300])
def test_limit_that_is_none_or_huge_ends_no_call(
    serve: Callable[..., Any], quick: Timings, client_limit: float
) -> None:
    server = serve()
    server.on("/Test.Echo", echo)
    client = new_client_with_timeout(server.addr, None, client_limit, timings=quick)
    assert client.call("Test.Echo", MANIFEST, Manifest) == MANIFEST
    client.close()


@pytest.mark.parametrize("head", [b"", OK, OK + b"Content-Length: 1000\r\n\r\n"])
def test_a_reply_that_trickles_for_ever_ends_at_the_deadline(
    raw: Callable[..., Any], connect: Callable[..., Client], quick: Timings, head: bytes
) -> None:
    over = threading.Event()

    def trickle(connection: socket.socket) -> None:
        while not over.wait(0.005):
            connection.send(b"x")

    server = raw(head, trickle)
    client = connect(server.addr, quick)
    try:
        with pytest.raises(DeadlineExceeded):
            client.call_with_options("A.B", None, dict, RequestOpts(0.05, retry=False))
    finally:
        over.set()


def test_a_reply_without_end_is_an_error_that_names_the_plugin(
    raw: Callable[..., Any], connect: Callable[..., Client]
) -> None:
    def pour(connection: socket.socket) -> None:
        while connection.send(b"10000\r\n" + b" " * 0x10000 + b"\r\n"):
            pass

    server = raw(OK + b"Transfer-Encoding: chunked\r\n\r\n", pour)
    client = connect(server.addr, Timings(reply_limit=1_000_000), name="fat")
    with pytest.raises(BadReply, match=r"plugin fat: A\.B: the reply is larger than 1000000 bytes"):
        client.call("A.B", None, dict)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (b"", "EOF"),
        (b"{", "unexpected end of JSON input"),
        (b"{}trailing", "invalid character 't' after top-level value"),
        (b"\xff\xfe", "invalid character"),
        (
            b'{"Implements": "VolumeDriver"}',
            "cannot unmarshal string into Go struct field Manifest.Implements of type \\[\\]string",
        ),
        (b'{"Implements": [1]}', "cannot unmarshal number into Go struct field"),
        (b"[]", "cannot unmarshal array into Go value of type"),
        (b"[" * 100_000, "max depth"),
    ],
)
def test_a_reply_that_cannot_be_used_is_an_error_that_names_the_plugin(
    serve: Callable[..., Any], connect: Callable[..., Client], timings: Timings, reply: bytes, told: str
) -> None:
    server = serve()
    server.on("/Plugin.Activate", lambda exchange: exchange.reply(reply))
    with pytest.raises(BadReply, match=rf"^plugin odd: Plugin.Activate: .*({told})"):
        connect(server.addr, timings, name="odd").call("Plugin.Activate", None, Manifest)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "reply", [b"null", b"{}", b'{"implements": null, "Other": 1}', b'{"IMPLEMENTS": []}\n\n']
)
def test_what_is_absent_or_null_keeps_its_default(
    serve: Callable[..., Any], connect: Callable[..., Client], timings: Timings, reply: bytes
) -> None:
    server = serve()
    server.on("/Plugin.Activate", lambda exchange: exchange.reply(reply))
    assert connect(server.addr, timings).call("Plugin.Activate", None, Manifest) == Manifest()


@pytest.mark.parametrize(
    "case",
    [
        (500, b'{"Err":"no space"}', "A.B: no space"),
        (500, b'{"Err":""}', 'A.B: {"Err":""}'),
        (500, b'{"Err":5}', 'A.B: {"Err":5}'),
        (404, b"404 page not found\n", "A.B: 404 page not found\n"),
        (500, b"", "A.B: "),
        (204, b"", "A.B: "),
        (302, b"elsewhere", "A.B: elsewhere"),
        (500, b"\xff", "A.B: \ufffd"),
    ],
)
def test_another_status_than_200_is_an_error_with_what_the_plugin_said(
    serve: Callable[..., Any], connect: Callable[..., Client], timings: Timings, case: tuple[int, bytes, str]
) -> None:
    status, body, text = case
    server = serve()
    server.on("/A.B", lambda exchange: exchange.reply(body, status))
    with pytest.raises(StatusError) as raised:
        connect(server.addr, timings).call("A.B", {}, dict)
    assert str(raised.value) == text
    assert raised.value.status == status
    assert len(server.asked) == 1


def test_an_error_of_enormous_length_is_cut_off(
    serve: Callable[..., Any], connect: Callable[..., Client], timings: Timings
) -> None:
    server = serve()
    server.on("/A.B", lambda exchange: exchange.reply(b"x" * 1_000_000, 500))
    with pytest.raises(StatusError) as raised:
        connect(server.addr, timings).call("A.B", {}, dict)
    assert raised.value.err == "x" * 65_536


def test_an_error_reply_that_breaks_off_is_still_that_status(
    raw: Callable[..., Any], connect: Callable[..., Client], timings: Timings
) -> None:
    server = raw(b"HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nshort")
    with pytest.raises(StatusError) as raised:
        connect(server.addr, timings).call("A.B", None, dict)
    assert raised.value.status == 503


def test_a_good_reply_that_breaks_off_is_an_error_and_not_asked_again(
    raw: Callable[..., Any], connect: Callable[..., Client], timings: Timings, clock: Any
) -> None:
    server = raw(OK + b'Content-Length: 100\r\n\r\n{"Implements":')
    with pytest.raises(TransportError, match=r"plugin cut: A.B: "):
        connect(server.addr, timings, name="cut").call("A.B", None, dict)
    assert clock.slept == []


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0" * 5000,
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        OK + b"a: b\r\n" * 50_000,
        OK + b":\r\n\r\n",
    ],
)
def test_what_is_no_http_is_an_error_that_names_the_plugin(
    raw: Callable[..., Any], connect: Callable[..., Client], timings: Timings, clock: Any, garbage: bytes
) -> None:
    server = raw(garbage)
    with pytest.raises(TransportError, match=r"plugin ssh: A.B: "):
        connect(server.addr, timings, name="ssh").call("A.B", None, dict)
    assert clock.slept == [1, 2, 4, 8]


@given(
    reply=st.sampled_from(
        [
            OK + b'Content-Length: 31\r\n\r\n{"Implements":["VolumeDriver"]}',
            OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            b'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 X\r\nA: b\r\n\r\n{"Err":"x"}',
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nx",
        ]
    ),
    at=st.floats(0, 1, exclude_max=True),
    cut=st.integers(0, 10),
    put=st.binary(max_size=10),
)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_reply_that_was_damaged_on_its_way_is_a_value_or_an_error(
    raw_once: Any, reply: bytes, at: float, cut: int, put: bytes
) -> None:
    server, client = raw_once
    place = int(at * len(reply))
    server.sent = reply[:place] + put + reply[place + cut :]
    try:
        got = client.call_with_options("A.B", None, Manifest, RequestOpts(retry=False))
    except EngineError:
        return
    assert isinstance(got, Manifest)


def test_calls_share_a_connection_that_is_kept_open(
    serve: Callable[..., Any], connect: Callable[..., Client], timings: Timings, folder: Path
) -> None:
    server = serve(folder / "x.sock")
    server.on("/A.B", {})
    client = connect(server.addr, timings)
    for _ in range(5):
        client.call("A.B", {}, dict)
    assert len(server.connections) == 1


def test_a_connection_that_the_plugin_closed_meanwhile_is_made_again(
    serve: Callable[..., Any], connect: Callable[..., Client], timings: Timings, clock: Any
) -> None:
    server = serve()

    def once(exchange: Any) -> None:
        exchange.reply(b"{}")
        exchange.drop()

    server.on("/A.B", once)
    client = connect(server.addr, timings)
    client.call("A.B", {}, dict)
    while server.connections[0].fileno() >= 0:
        time.sleep(0.001)
    client.call("A.B", {}, dict)
    assert (len(server.connections), clock.slept) == (2, [])


def test_sixteen_threads_share_a_client(
    serve: Callable[..., Any], connect: Callable[..., Client], timings: Timings
) -> None:
    server = serve()
    server.on("/Test.Echo", echo)
    client = connect(server.addr, timings)
    seen = []

    def call(number: int) -> None:
        seen.extend(client.call("Test.Echo", {"n": f"{number}.{turn}"}, dict)["n"] for turn in range(10))

    threads = [threading.Thread(target=call, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted(f"{number}.{turn}" for number in range(16) for turn in range(10))


def test_a_client_has_moby_s_headers_alone(
    serve: Callable[..., Any], connect: Callable[..., Client], timings: Timings, folder: Path
) -> None:
    server = serve(folder / "x.sock")
    server.on("/VolumeDriver.Create", {})
    connect(server.addr, timings).call("VolumeDriver.Create", {"Name": "v", "Opts": None}, dict)
    assert server.asked[0].headers == {
        "Host": "plugin.moby.localhost",
        "Accept": "application/vnd.docker.plugins.v1.2+json",
        "Content-Length": "25",
    }


def test_the_client_of_an_https_plugin_reads_the_tls_files(timings: Timings) -> None:
    with pytest.raises(Exception, match=r'could not read CA certificate "/nowhere\.pem"'):
        plugin_client.new_client(
            "https://127.0.0.1:1", transport.Options(ca_file="/nowhere.pem"), timings=timings
        )


def test_what_has_no_form_in_json_is_refused_before_anything_is_sent(
    serve: Callable[..., Any], connect: Callable[..., Client], timings: Timings
) -> None:
    server = serve()
    with pytest.raises(Exception, match=r"object is unsupported"):
        connect(server.addr, timings).call("A.B", {"x": object()})
    assert server.asked == []


def test_a_reply_of_nested_types_is_read_in_any_case(
    serve: Callable[..., Any], connect: Callable[..., Client], timings: Timings
) -> None:
    class Volume(msgspec.Struct, frozen=True):
        name: str = msgspec.field(default="", name="Name")

    class Reply(msgspec.Struct, frozen=True):
        volumes: list[Volume] = msgspec.field(default_factory=list, name="Volumes")
        one: Volume | None = msgspec.field(default=None, name="Volume")

    server = serve()
    server.on("/VolumeDriver.List", {"volumes": [{"NAME": "a"}, None], "volume": {"name": "b", "x": 1}})
    reply = connect(server.addr, timings).call("VolumeDriver.List", {}, Reply)
    assert reply == Reply([Volume("a"), Volume()], Volume("b"))


def test_call_that_waits_fails_when_its_client_is_closed(folder: Path) -> None:
    client = new_client_with_timeout(f"unix://{folder}/nobody.sock", None, 0.0)
    with ThreadPoolExecutor(1) as calls:
        call = calls.submit(client.call, "Test.Echo", None)
        client.close()
        with pytest.raises(TransportError):
            call.result(timeout=10)
