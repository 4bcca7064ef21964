"""Settings as users write them."""

from __future__ import annotations

import pytest

from runtime.plugin.v2.settable import (
    ALLOWED_SETTABLE_FIELDS_ENV,
    InvalidFormat,
    MultipleFields,
    Settable,
    new_settable,
    new_settables,
    update_settings_env,
)


@pytest.mark.parametrize(
    ("arg", "name", "field", "value"),
    [
        ("name=value", "name", "", "value"),
        ("name", "name", "", ""),
        ("name.field=value", "name", "field", "value"),
        ("name.field", "name", "field", ""),
        (".name=value", ".name", "", "value"),
        ("a.b.c=d.e=f", "a.b", "c", "d.e=f"),
        ("name=", "name", "", ""),
    ],
)
def test_a_setting_is_a_name_with_a_field_and_a_value(arg: str, name: str, field: str, value: str) -> None:
    assert new_settable(arg) == Settable(name, field, value)


@pytest.mark.parametrize("arg", ["=value", "="])
def test_a_setting_without_a_name_is_refused(arg: str) -> None:
    with pytest.raises(InvalidFormat, match=r"^invalid format, must be <name>\[\.<field>\]\[=<value>\]$"):
        new_settables(["fine=1", arg])


@pytest.mark.parametrize(
    ("setting", "settable", "result"),
    [
        (Settable(), [], False),
        (Settable(field="value"), [], False),
        (Settable(), ["value"], True),
        (Settable(field="value"), ["value"], True),
        (Settable(field="foo"), ["value"], False),
        (Settable(field="foo"), ["foo"], False),
    ],
)
def test_a_field_is_settable_if_it_is_allowed_and_listed(
    setting: Settable, settable: list[str], *, result: bool
) -> None:
    assert setting.is_settable(ALLOWED_SETTABLE_FIELDS_ENV, settable) is result


def test_several_settable_fields_and_none_named_is_an_error() -> None:
    with pytest.raises(MultipleFields, match=r"^multiple fields are settable, one must be specified$"):
        Settable().is_settable(ALLOWED_SETTABLE_FIELDS_ENV, ["value1", "value2"])


@pytest.mark.parametrize(
    ("env", "after"),
    [
        ([], ["DEBUG=1"]),
        (["DEBUG=0"], ["DEBUG=1"]),
        (["FOO=0"], ["FOO=0", "DEBUG=1"]),
        (["FOO=0", "DEBUG=0"], ["FOO=0", "DEBUG=1"]),
        (["FOO=0", "DEBUG=0", "BAR=1"], ["FOO=0", "DEBUG=1", "BAR=1"]),
    ],
)
def test_a_variable_is_replaced_where_it_stands_or_added(env: list[str], after: list[str]) -> None:
    assert update_settings_env(env, Settable("DEBUG", value="1")) == after
