"""The API's filters."""

from __future__ import annotations

import pytest

from runtime.api.types.filters import (
    Args,
    InvalidFilter,
    arg,
    from_json,
    new_args,
    to_json,
)
from runtime.errdefs import InvalidParameter

CREATED = {"created": {"today": True}}
LABELS = {"key1": "value1", "key2": "value2", "key3": "value3"}


def of(**fields: str | list[str]) -> Args:
    args = Args()
    for key, values in fields.items():
        for value in [values] if isinstance(values, str) else values:
            args.add(key, value)
    return args


def test_filters_are_encoded() -> None:
    assert to_json(Args({**CREATED, "image.name": {"ubuntu*": True, "*untu": True}})) == (
        '{"created":{"today":true},"image.name":{"*untu":true,"ubuntu*":true}}'
    )


@pytest.mark.parametrize(
    "text",
    [
        *("anything", "['a','list']", "{'key': 'value'}", '{"key": "value"}', '{"key": 1}'),
        *('["a"]', '{"a":{"b":"c"}}', '{"a":[1]}', "[" * 100_000, '{"a":["b"],"c":{"d":true}}', '"\\ud800"'),
    ],
)
def test_a_text_in_neither_form_is_an_invalid_parameter(text: str) -> None:
    with pytest.raises(InvalidParameter):
        from_json(text)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ('{"key": ["value"]}', {"key": {"value": True}}),
        ('{"key": {"value": true}}', {"key": {"value": True}}),
        ('{"key": ["value1", "value2"]}', {"key": {"value1": True, "value2": True}}),
        ('{"key1": ["value1"], "key2": ["value2"]}', {"key1": {"value1": True}, "key2": {"value2": True}}),
        ("null", {}),
        ("{}", {}),
    ],
)
def test_both_forms_decode_to_the_same(text: str, fields: dict[str, dict[str, bool]]) -> None:
    assert from_json(text).fields == fields


def test_no_filters_are_an_empty_text_and_back() -> None:
    assert to_json(Args()) == ""
    assert len(from_json("")) == 0


def test_without_a_filter_all_match_and_with_one_none_without_sources() -> None:
    assert Args().match_kv_list("created", {})
    assert not Args(CREATED).match_kv_list("created", {})
    assert not Args(CREATED).match_kv_list("created", None)


@pytest.mark.parametrize(
    ("values", "matches"),
    [
        ([], True),
        (["key1"], True),
        (["key1=value1"], True),
        (["key1", "key2=value2"], True),
        (["key4"], False),
        (["key1=value3"], False),
        (["key1", "key4"], False),
    ],
)
def test_all_labels_of_a_filter_must_be_there(values: list[str], matches: bool) -> None:
    assert of(labels=values).match_kv_list("labels", LABELS) == matches


@pytest.mark.parametrize("values", [[], ["today"], ["to*"], ["to(.*)"], ["tod"], ["anything", "to*"]])
def test_a_value_matches_as_it_is_or_as_a_pattern(values: list[str]) -> None:
    assert of(created=values).match("created", "today")


@pytest.mark.parametrize(
    "values", [["tomorrow"], ["to(day"], ["tom(.*)"], ["tom"], ["today1"], ["(?<=to)day"], ["\ud800"]]
)
def test_another_value_and_a_broken_pattern_do_not_match(values: list[str]) -> None:
    assert not of(created=values).match("created", "today")


def test_no_pattern_takes_long() -> None:
    assert not of(name="(a+)+$").match("name", "a" * 5000 + "b")


def test_a_pattern_for_itself_is_of_linear_time_too() -> None:
    assert not of(name="a*a*a*a*a*a*a*a*c").match("name", "a" * 255)


def test_values_are_added() -> None:
    args = new_args(arg("status", "running"))
    args.add("status", "paused")
    assert sorted(args.get("status")) == ["paused", "running"]


def test_a_key_goes_with_its_last_value() -> None:
    args = of(status=["running", "paused"])
    args.delete("status", "running")
    assert args.get("status") == ("paused",)
    args.delete("status", "paused")
    args.delete("status", "unknown")
    assert not args.contains("status")


def test_keys_are_counted() -> None:
    assert (len(Args()), len(of(status="running", name="x"))) == (0, 2)


def test_one_of_several_values_matches_exactly() -> None:
    assert Args().exact_match("status", "running")
    args = of(status=["running", "pause*"])
    assert args.exact_match("status", "running")
    assert not args.exact_match("status", "paused")


def test_a_key_is_contained_once_it_is_added() -> None:
    args = Args()
    assert not args.contains("status")
    args.add("status", "running")
    assert args.contains("status")


def test_an_unknown_key_is_an_invalid_filter() -> None:
    args = of(status="running")
    args.validate({"status", "dangling"})
    args.add("bogus", "running")
    with pytest.raises(InvalidFilter, match="Invalid filter 'bogus'"):
        args.validate({"status", "dangling"})


@pytest.mark.parametrize(
    ("source", "matches"), [("foo", True), ("foobar", True), ("barfoo", False), ("bar", False)]
)
def test_a_value_may_be_the_beginning(source: str, matches: bool) -> None:
    assert of(container="foo").fuzzy_match("container", source) == matches
