"""JSON is read as Go reads it, and refused in Go's words."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.golang import encoding_json, json_scanner
from runtime.golang.encoding_json import DecodeError


class Body(msgspec.Struct, frozen=True):
    name: str = msgspec.field(default="", name="Name")
    labels: dict[str, str] = msgspec.field(default_factory=dict, name="Labels")


# What dockerd answered to these.
WORDS = {
    b"{": "unexpected EOF",
    b"}": "invalid character '}' looking for beginning of value",
    b"nul": "unexpected EOF",
    b"nulx": "invalid character 'x' in literal null (expecting 'l')",
    b"truth": "invalid character 't' in literal true (expecting 'e')",
    b"-": "unexpected EOF",
    b"-x": "invalid character 'x' in numeric literal",
    b"1.": "unexpected EOF",
    b"1.x": "invalid character 'x' after decimal point in numeric literal",
    b"1ex": "invalid character 'x' in exponent of numeric literal",
    b"{a}": "invalid character 'a' looking for beginning of object key string",
    b'{"a"}': "invalid character '}' after object key",
    b'{"a":1 "b"}': "invalid character '\"' after object key:value pair",
    b'{"a":1,}': "invalid character '}' looking for beginning of object key string",
    b"[1 2]": "invalid character '2' after array element",
    b"[1,]": "invalid character ']' looking for beginning of value",
    b'{"a":"\x01"}': "invalid character '\\x01' in string literal",
    b'{"a":"\n"}': "invalid character '\\n' in string literal",
    b'{"a":"\\x"}': "invalid character 'x' in string escape code",
    b'{"a":"\\u12g4"}': "invalid character 'g' in \\u hexadecimal character escape",
    b"'": "invalid character '\\'' looking for beginning of value",
    b"\xff": "invalid character 'ÿ' looking for beginning of value",
    b"\x00": "invalid character '\\x00' looking for beginning of value",
}


@pytest.mark.parametrize("text", WORDS)
def test_what_is_no_json_is_refused_in_go_s_words(text: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        encoding_json.parse(text, alone=False)
    assert str(caught.value) == WORDS[text]


@pytest.mark.parametrize("text", [b"", b"  \n"])
def test_nothing_at_all_is_told_apart(text: bytes) -> None:
    with pytest.raises(encoding_json.UnexpectedEnd) as caught:
        encoding_json.parse(text, alone=False)
    assert str(caught.value) == "EOF"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a":1}{"b":2}', {"a": 1}),
        (b"[1] x", [1]),
        (b"1 2", 1),
        (b'"\xff"', "\ufffd"),
        (b'"\\ud800"', "\ufffd"),
        (b"null", None),
    ],
)
def test_the_first_value_counts_and_what_is_no_character_is_replaced(text: bytes, value: Any) -> None:
    assert encoding_json.parse(text, alone=False) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"{}x", "invalid character 'x' after top-level value"),
        (b"{", "unexpected end of JSON input"),
        (b"", "unexpected end of JSON input"),
    ],
)
def test_a_value_that_must_be_alone_is(text: bytes, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        encoding_json.parse(text)


def test_a_value_that_is_too_deep_is_refused() -> None:
    with pytest.raises(DecodeError, match="exceeded max depth"):
        encoding_json.parse(b"[" * 100_000, alone=False)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_are_refused(text: bytes) -> None:
    try:
        value = encoding_json.parse(text, alone=False)
    except DecodeError:
        return
    json.dumps(value, ensure_ascii=False).encode()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_the_scanner_finds_the_end_of_every_value(value: Any) -> None:
    text = json.dumps(value)
    assert json_scanner.Scanner(text + " x").end_of_value() == len(text)


@pytest.mark.parametrize(
    ("document", "body"),
    [
        (None, Body()),
        ({"Name": "a"}, Body("a")),
        ({"name": "a", "LABELS": {"b": None}}, Body("a", {"b": ""})),
        ({"Name": None, "other": 1}, Body()),
        ({"Name": "a", "name": "b"}, Body("b")),
        ({"Name": "a", "name": None}, Body("a")),
    ],
)
def test_keys_match_whatever_their_case(document: Any, body: Body) -> None:
    assert encoding_json.convert(document, Body) == body


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "json: cannot unmarshal array into Go value of type golang.Body"),
        (1, "json: cannot unmarshal number into Go value of type golang.Body"),
        ({"Name": True}, "json: cannot unmarshal bool into Go struct field Body.Name of type string"),
        (
            {"Labels": "x"},
            "json: cannot unmarshal string into Go struct field Body.Labels of type map[string]string",
        ),
        (
            {"Labels": {"a": {}}},
            "json: cannot unmarshal object into Go struct field Body.Labels of type string",
        ),
    ],
)
def test_another_type_is_refused_in_go_s_words(document: Any, words: str) -> None:
    with pytest.raises(DecodeError) as caught:
        encoding_json.convert(document, Body)
    assert str(caught.value) == words


def test_a_list_of_strings_has_no_nulls() -> None:
    assert encoding_json.convert(["a", None], list[str]) == ["a", ""]
    assert encoding_json.convert(None, list[str]) == []
    with pytest.raises(DecodeError, match=r"cannot unmarshal number into Go value of type string"):
        encoding_json.convert([1], list[str])


@pytest.mark.parametrize(("text", "value"), [(b'["\\ud800", ' + b"9" * 30 + b"]", ["\ufffd", 1e30])])
def test_large_integers_become_floats(text: bytes, value: Any) -> None:
    assert encoding_json.parse(text) == value
    assert encoding_json.parse(encoding_json.encode(value)) == value


def test_a_number_beyond_a_float_is_refused() -> None:
    with pytest.raises(DecodeError, match="cannot unmarshal number 1e999 into Go value of type float64"):
        encoding_json.parse(b"[1e999]")


def test_maps_are_written_sorted() -> None:
    assert encoding_json.encode({"b": 1, "a": {"d": 1, "c": 2}}) == b'{"a":{"c":2,"d":1},"b":1}'
