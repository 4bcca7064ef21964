"""What requests say beside their bodies."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from runtime.api.server import httputils
from runtime.errdefs import InvalidParameter


def request(**headers: str) -> Request:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": pairs})


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("", False),
        ("0", False),
        ("no", False),
        ("false", False),
        ("none", False),
        (" NO ", False),
        ("1", True),
        ("yes", True),
        ("true", True),
        ("one", True),
        ("100", True),
    ],
)
def test_most_words_mean_yes(text: str, means: bool) -> None:
    assert httputils.bool_value({"test": [text]}, "test") is means


@pytest.mark.parametrize(
    ("content_type", "matches"),
    [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("APPLICATION/JSON", True),
        ("dockerapplication/json", False),
        ("application/jsonx", False),
        ("", False),
        ("json", False),
    ],
)
def test_json_is_told_by_its_media_type(content_type: str, matches: bool) -> None:
    assert httputils.matches_content_type(content_type, "application/json") is matches


def test_a_request_without_a_body_needs_no_type() -> None:
    httputils.check_for_json(request(content_length="0"))
    httputils.check_for_json(request())


@pytest.mark.parametrize("headers", [{"content_length": "2"}, {"transfer_encoding": "chunked"}])
def test_a_body_needs_a_type(headers: dict[str, str]) -> None:
    with pytest.raises(InvalidParameter, match=r"Content-Type specified \(\) must be 'application/json'"):
        httputils.check_for_json(request(**headers))


@pytest.mark.parametrize(
    ("query", "form"),
    [
        (b"", {}),
        (b"a=1&a=2&b", {"a": ["1", "2"], "b": [""]}),
        (b"a;b=1", {"a": [""], "b": ["1"]}),
        (b"a=%20+%C3%A9", {"a": ["  é"]}),
        (b"a=%FF", {"a": ["\ufffd"]}),
    ],
)
def test_a_query_has_values_by_key(query: bytes, form: dict[str, list[str]]) -> None:
    assert httputils.parse_form(query) == form


@pytest.mark.parametrize("query", [b"a=%", b"a=%z", b"a=%zz", b"%4=1"])
def test_a_broken_escape_is_the_client_s_fault(query: bytes) -> None:
    with pytest.raises(InvalidParameter, match='invalid URL escape "%'):
        httputils.parse_form(query)
