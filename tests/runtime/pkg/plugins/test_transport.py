from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errdefs import EngineError
from runtime.pkg.plugins import transport
from runtime.pkg.plugins.client import Client
from runtime.pkg.plugins.transport import Timings, http_scheme


def test_requests_are_posts() -> None:
    made = transport.new_transport("http://0.0.0.0", None)
    assert made.new_request("", b"").method == b"POST"
    made.close()


@pytest.mark.parametrize(
    ("addr", "scheme"),
    [
        ("tcp://127.0.0.1:8080", "http"),
        ("unix:///usr/local/plugins/foo", "http"),
        ("http://127.0.0.1:8080", "http"),
        ("https://127.0.0.1:8080", "https"),
    ],
)
def test_all_but_https_is_spoken_to_in_http(addr: str, scheme: str) -> None:
    assert http_scheme(urlsplit(addr)) == scheme


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("Plugin.Activate", b"/Plugin.Activate"),
        ("/Plugin.Activate", b"/Plugin.Activate"),
        ("A B\r\nX: y?#", b"/A%20B%0D%0AX:%20y%3F%23"),
        ("é", b"/%C3%A9"),
    ],
)
def test_a_method_becomes_a_path_and_cannot_break_the_request(path: str, target: bytes) -> None:
    made = transport.new_transport("unix:///x.sock", None)
    assert made.new_request(path, b"").url.target == target
    made.close()


@pytest.mark.parametrize(
    ("addr", "text"),
    [
        ("", "Unknown protocol"),
        ("localhost:8080", "Unknown protocol"),
        ("127.0.0.1:8080", "Unknown protocol"),
        ("ftp://host", "Unknown protocol"),
        ("npipe:////./pipe/x", "protocol not available"),
        ("tcp://", "parse 'tcp://': invalid host or port"),
        ("tcp://h:0", "parse 'tcp://h:0': invalid host or port"),
        ("tcp://h:99999", "parse 'tcp://h:99999': Port out of range 0-65535"),
        ("tcp://h:x", "parse 'tcp://h:x': Port could not be cast to integer value as 'x'"),
        ("tcp://[::1", "parse 'tcp://[::1': Invalid IPv6 URL"),
        ("tcp://hö:1", "parse 'tcp://hö:1': invalid host or port"),
        ("unix://", "parse 'unix://': invalid path"),
        ("unix:///a\0b", "parse 'unix:///a\\x00b': invalid path"),
        ("unix:///" + "x" * 108, f'Unix socket path "/{"x" * 108}" is too long'),
        ("unix:///" + "é" * 54, f'Unix socket path "/{"é" * 54}" is too long'),
    ],
)
def test_an_address_that_nobody_can_have_is_refused_at_once(addr: str, text: str) -> None:
    with pytest.raises(EngineError) as raised:
        transport.new_transport(addr, None)
    assert str(raised.value) == text


@given(
    st.text() | st.sampled_from(["tcp://", "unix://", "https://"]).flatmap(lambda s: st.text().map(s.__add__))
)
@settings(deadline=None)
def test_any_text_is_an_address_or_an_error(addr: str) -> None:
    try:
        made = transport.new_transport(addr.replace("https", "http"), None)
    except EngineError:
        return
    made.new_request("A.B", b"")
    made.close()


def test_a_unix_path_of_108_bytes_is_accepted() -> None:
    made = transport.new_transport("unix:///" + "x" * 107, None)
    assert made.address == "unix /" + "x" * 107
    made.close()


def test_a_unix_path_is_taken_as_it_stands(
    folder: Path, serve: Callable[..., Any], connect: Callable[..., Client], timings: Timings
) -> None:
    server = serve(folder / "a b%20?#.sock")
    server.on("/A.B", {})
    connect(server.addr, timings).call("A.B", {}, dict)
    assert server.paths() == ["/A.B"]


def test_a_path_that_has_no_bytes_is_refused() -> None:
    with pytest.raises(EngineError, match="surrogates not allowed"):
        transport.new_transport("unix:///\ud800", None)
