"""JSON is read as Go reads it, and refused in Go's words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errdefs import InvalidParameter
from runtime.golang import encoding_json

FIELDS = {"Name": "string", "Labels": "map[string]string"}

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
    with pytest.raises(InvalidParameter) as caught:
        encoding_json.first_value(text)
    assert str(caught.value) == WORDS[text]


@pytest.mark.parametrize("text", [b"", b"  \n"])
def test_nothing_at_all_is_told_apart(text: bytes) -> None:
    with pytest.raises(encoding_json.UnexpectedEnd) as caught:
        encoding_json.first_value(text)
    assert str(caught.value) == ""


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
    assert encoding_json.first_value(text) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"{}x", "invalid character 'x' after top-level value"),
        (b"{", "unexpected end of JSON input"),
        (b"", "unexpected end of JSON input"),
    ],
)
def test_a_value_that_must_be_alone_is(text: bytes, words: str) -> None:
    with pytest.raises(InvalidParameter, match=words):
        encoding_json.first_value(text, alone=True)


def test_a_value_that_is_too_deep_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="exceeded max depth"):
        encoding_json.first_value(b"[" * 100_000)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_are_refused(text: bytes) -> None:
    try:
        value = encoding_json.first_value(text)
    except InvalidParameter:
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
    assert encoding_json.Scanner(text + " x").end_of_value() == len(text)


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (None, {}),
        ({"Name": "a"}, {"Name": "a"}),
        ({"name": "a", "LABELS": {"b": None}}, {"Name": "a", "Labels": {"b": ""}}),
        ({"Name": None, "other": 1}, {}),
        ({"Name": "a", "name": "b"}, {"Name": "b"}),
    ],
)
def test_keys_match_whatever_their_case(document: Any, found: dict[str, Any]) -> None:
    assert encoding_json.struct(document, "Body", "volume", FIELDS) == found


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "json: cannot unmarshal array into Go value of type volume.Body"),
        (1, "json: cannot unmarshal number into Go value of type volume.Body"),
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
    with pytest.raises(InvalidParameter) as caught:
        encoding_json.struct(document, "Body", "volume", FIELDS)
    assert str(caught.value) == words


def test_a_list_of_strings_has_no_nulls() -> None:
    assert encoding_json.strings(["a", None]) == ["a", ""]
    assert encoding_json.strings(None) == []
    with pytest.raises(InvalidParameter, match=r"cannot unmarshal number into Go value of type string"):
        encoding_json.strings([1])
