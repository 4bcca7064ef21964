from typing import Never

import pytest

from runtime import errors
from runtime.errors import EngineError


@pytest.mark.parametrize("wanted", errors.KINDS, ids=lambda wanted: wanted.__name__)
def test_wrapping_sets_the_kind_and_keeps_the_cause(wanted: type[EngineError]) -> None:
    test = RuntimeError("this is a test")
    wrapped = wanted(test)
    assert not errors.is_kind(test, wanted)
    assert errors.is_kind(wrapped, wanted)
    assert (wrapped.cause, str(wrapped)) == (test, "this is a test")


@pytest.mark.parametrize("wanted", errors.KINDS, ids=lambda wanted: wanted.__name__)
def test_the_kind_is_found_through_further_texts(wanted: type[EngineError]) -> None:
    deep = wanted("inner").with_text("middle").with_text("outer")
    assert str(deep) == "outer: middle: inner"
    assert errors.kind(deep) is wanted
    assert str(errors.root(deep)) == "inner"


@pytest.mark.parametrize("wanted", errors.KINDS, ids=lambda wanted: wanted.__name__)
def test_a_subclass_has_the_kind_of_its_base(wanted: type[EngineError]) -> None:
    special = type("Special", (wanted,), {})
    assert errors.kind(special("x")) is wanted


def test_the_fourteen_kinds_are_told_apart() -> None:
    assert len({wanted.kind_name for wanted in errors.KINDS}) == 14
    for wanted in errors.KINDS:
        assert [other for other in errors.KINDS if errors.is_kind(wanted("x"), other)] == [wanted]


def test_the_outermost_kind_hides_the_inner_one() -> None:
    assert errors.kind(errors.System(errors.NotFound("x"))) is errors.System
    assert (
        errors.kind(errors.InvalidParameter("x", errors.Conflict("y")).with_text("z"))
        is errors.InvalidParameter
    )


def test_an_error_without_a_kind_and_no_error_are_of_no_kind() -> None:
    assert errors.kind(EngineError("x")) is None
    assert errors.kind(ValueError("x")) is None
    assert not errors.is_kind(None, errors.NotFound)


def test_a_cause_given_by_raise_from_counts() -> Never:
    with pytest.raises(EngineError) as raised:
        raise EngineError("outer") from errors.NotFound("inner")
    assert errors.kind(raised.value) is errors.NotFound
    assert str(raised.value.cause) == "inner"
