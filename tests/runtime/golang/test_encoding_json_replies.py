from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errdefs import kind
from runtime.golang import encoding_json
from runtime.volume.drivers.proxy import Response


class Inner(msgspec.Struct, frozen=True):
    """A value within another."""

    name: str = msgspec.field(default="", name="Name")
    count: int = msgspec.field(default=0, name="Count")


class Outer(msgspec.Struct, frozen=True):
    """Each shape that a reply can have."""

    one: Inner | None = msgspec.field(default=None, name="One")
    many: list[Inner] = msgspec.field(default_factory=list, name="Many")
    words: tuple[str, ...] = msgspec.field(default=(), name="Words")
    by_name: dict[str, Inner] = msgspec.field(default_factory=dict, name="ByName")
    free: dict[str, Any] = msgspec.field(default_factory=dict, name="Free")


inners = st.builds(Inner, st.text(), st.integers(-(2**60), 2**60))
outers = st.builds(
    Outer,
    st.none() | inners,
    st.lists(inners, max_size=3),
    st.lists(st.text(), max_size=3).map(tuple),
    st.dictionaries(st.text(), inners, max_size=3),
    st.dictionaries(st.text(), st.integers(-9, 9) | st.text() | st.booleans(), max_size=3),
)


@settings(deadline=None)
@given(value=outers)
def test_what_is_written_is_read_back(value: Outer) -> None:
    assert encoding_json.decode(encoding_json.encode(value), Outer) == value


@settings(deadline=None)
@given(value=outers, change=st.sampled_from([str.upper, str.lower, str.swapcase]))
def test_the_case_of_a_key_is_no_matter(value: Outer, change: Any) -> None:
    document = msgspec.json.decode(msgspec.json.encode(value))
    raw = msgspec.json.encode({change(key): item for key, item in document.items()})
    assert encoding_json.decode(raw, Outer) == value


@settings(deadline=None)
@given(raw=st.binary() | st.recursive(st.none() | st.text(), st.lists).map(msgspec.json.encode))
def test_any_bytes_are_a_value_or_an_error(raw: bytes) -> None:
    try:
        assert isinstance(encoding_json.decode(raw, Outer), Outer)
    except encoding_json.DecodeError:
        return


@pytest.mark.parametrize("raw", [b"null", b"{}", b'{"One": null, "Many": null, "Other": {"x": [1]}}'])
def test_what_is_absent_null_or_unknown_leaves_the_default(raw: bytes) -> None:
    assert encoding_json.decode(raw, Outer) == Outer()


def test_of_two_keys_the_last_counts() -> None:
    assert encoding_json.decode(b'{"Name": "a", "NAME": "b"}', Inner) == Inner("b")


def test_a_null_within_a_list_is_an_empty_value() -> None:
    assert encoding_json.decode(b'{"Many": [null, {"Name": "b"}]}', Outer).many == [Inner(), Inner("b")]


def test_the_error_says_where() -> None:
    with pytest.raises(encoding_json.DecodeError, match=r"string into Go struct field Inner\.Many\.Count"):
        encoding_json.decode(b'{"many": [{}, {"count": "x"}]}', Outer)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (rb'{"Err": "a\ud800b"}', "a\ufffdb"),
        (rb'{"Err": "\udc00\ud83d\ude00"}', "\ufffd\U0001f600"),
        (b'{"Err": "a\xffb"}', "a\ufffdb"),
    ],
)
def test_text_that_is_no_unicode_is_replaced_as_in_go(raw: bytes, text: str) -> None:
    assert encoding_json.decode(raw, Response).err == text


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"<html>", "invalid character '<' looking for beginning of value"),
        (b'{"Err": "x"', "unexpected end of JSON input"),
        (b'{"Err": "x"} y', "invalid character 'y' after top-level value"),
        (b'{"Err": 3}', "json: cannot unmarshal number into Go struct field Response.Err of type string"),
    ],
)
def test_reply_that_is_no_json_is_explained_as_in_go(raw: bytes, words: str) -> None:
    with pytest.raises(encoding_json.DecodeError) as error:
        encoding_json.decode(raw, Response)
    assert str(error.value) == words
    assert kind(error.value) is None
