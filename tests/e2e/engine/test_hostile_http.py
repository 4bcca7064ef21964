"""Requests that no honest client sends: each is refused, and the engine answers the next one."""

from __future__ import annotations

import socket
from typing import Any

import pytest

pytestmark = pytest.mark.slow

POST = b"POST /volumes/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"

CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

REQUESTS: dict[str, tuple[bytes, bytes]] = {
    "a chunk without a length": (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
    "two lengths": (
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"400",
    ),
    "a negative length": (POST + b"Content-Length: -5\r\n\r\n", b"400"),
    "a path that is no text": (b"GET /\xff\xfe HTTP/1.1\r\n\r\n", b"400"),
    "another protocol": (b"CONNECT x:1 HTTP/1.1\r\n\r\n", b"400"),
    "no HTTP at all": (b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n", b"400"),
    "a zero in a name": (b"GET /volumes/a%00b HTTP/1.1\r\nHost: d\r\n\r\n", b"404"),
    "a zero in a new name": (POST + b'Content-Length: 19\r\n\r\n{"Name":"a\\u0000b"}', b"400"),
    "half a character in a name": (b"GET /volumes/%ED%A0%80 HTTP/1.1\r\nHost: d\r\n\r\n", b"404"),
    "a way out": (b"GET /plugins/..%2f..%2fetc/json HTTP/1.1\r\nHost: d\r\n\r\n", b"301"),
    "deep JSON": (POST + b"Content-Length: 100000\r\n\r\n" + b"[" * 100_000, b"400"),
    "two lengths that are the same": (POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", b"400"),
    "a length with a sign": (POST + b"Content-Length: +2\r\n\r\n{}", b"400"),
    "a length beyond all numbers": (POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}", b"400"),
    "two encodings": (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
    "an encoding that nobody knows": (POST + b"Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n", b"400"),
    "a chunk beyond all numbers": (CHUNKED + b"ffffffffffffffffff\r\n{}", b"400"),
    "a chunk of negative length": (CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n", b"400"),
    "a chunk that is longer than it says": (CHUNKED + b"1\r\n{}\r\n0\r\n\r\n", b"400"),
    "a chunk that is shorter than it says": (CHUNKED + b"5\r\n{}\r\n0\r\n\r\n", b"400"),
    "a trailer without a colon": (CHUNKED + b"2\r\n{}\r\n0\r\nnocolon\r\n\r\n", b"400"),
    "a folded header": (b"GET /_ping HTTP/1.1\r\nHost: d\r\nX: a\r\n b\r\n\r\n", b"400"),
    "a blank before a colon": (b"GET /_ping HTTP/1.1\r\nHost : d\r\n\r\n", b"400"),
    "a zero in a header": (b"GET /_ping HTTP/1.1\r\nX: a\x00b\r\n\r\n", b"400"),
    "a header's name that is no text": (b"GET /_ping HTTP/1.1\r\nX\xff: y\r\n\r\n", b"400"),
    "many headers": (b"GET /_ping HTTP/1.1\r\n" + b"X: y\r\n" * 2000 + b"\r\n", b"200"),
    "an authority": (b"GET d:80 HTTP/1.1\r\nHost: d\r\n\r\n", b"400"),
    "another host's address": (b"GET http://x/_ping HTTP/1.1\r\nHost: d\r\n\r\n", b"200"),
    "a later protocol": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
    "an earlier protocol": (b"GET /_ping\r\n\r\n", b"200"),
    "an upgrade": (
        b"GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"200",
    ),
    "a line break for a header": (b"GET //x/%0d%0aX:y/.. HTTP/1.1\r\nHost: d\r\n\r\n", b"301"),
    "a body that is no text": (POST + b'Content-Length: 15\r\n\r\n{"Name":"\xff\xfe\xc3\x28"}', b"400"),
    "deep JSON in a map": (POST + b"Content-Length: 500000\r\n\r\n" + b'{"a":' * 100_000, b"400"),
    "a number of a hundred thousand digits": (
        POST + b"Content-Length: 100006\r\n\r\n" + b'{"a":' + b"9" * 100_000 + b"}",
        b"400",
    ),
    "a key that comes twice": (POST + b'Content-Length: 25\r\n\r\n{"Name":"k1","Name":"k2"}', b"201"),
    "the name of the engine's own file": (
        POST + b'Content-Length: 35\r\n\r\n{"Name":"metadata.sqlite3-journal"} ',
        b"400",
    ),
    "a pattern that would take long": (
        b"GET /volumes?filters=%7B%22name%22:%5B%22" + b"(a*)*" * 5000 + b"%22%5D%7D HTTP/1.1\r\n\r\n",
        b"200",
    ),
    "a pattern that is none": (
        b"GET /volumes?filters=%7B%22name%22%3A%5B%22(%22%5D%7D HTTP/1.1\r\nHost: d\r\n\r\n",
        b"200",
    ),
}


def answer(engine: Any, request: bytes) -> bytes:
    """What comes back; nothing if the connection is closed before the request is sent."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(engine.host.removeprefix("unix://"))
        try:
            client.sendall(request)
            return client.recv(65536)
        except (BrokenPipeError, ConnectionResetError):
            return b""


@pytest.mark.parametrize("name", REQUESTS)
def test_what_no_honest_client_sends_is_answered_without_a_trace(engine: Any, name: str) -> None:
    request, status = REQUESTS[name]
    told = answer(engine, request)
    assert told.startswith(b"HTTP/1.1 " + status)
    assert b"Traceback" not in told
    assert engine.ask("GET", "/_ping").body == b"OK"


def test_a_connection_that_asked_for_an_upgrade_ends_with_the_answer(engine: Any) -> None:
    request = REQUESTS["an upgrade"][0]
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(engine.host.removeprefix("unix://"))
        client.sendall(request)
        assert client.makefile("rb").read().endswith(b"connection: close\r\n\r\nOK")


def test_a_client_that_says_that_it_is_done_is_still_answered(engine: Any) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(engine.host.removeprefix("unix://"))
        client.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        assert client.makefile("rb").readline() == b"HTTP/1.1 200 OK\r\n"


def test_requests_may_come_one_after_the_other_without_waiting(engine: Any) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(engine.host.removeprefix("unix://"))
        client.sendall(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n" * 20 + b"GET /_ping HTTP/1.0\r\n\r\n")
        told = client.makefile("rb").read()
    assert told.count(b"HTTP/1.1 200 OK") == 21
