from typing import Never

import pytest

from runtime import errdefs
from runtime.errdefs import EngineError


@pytest.mark.parametrize("wanted", errdefs.KINDS, ids=lambda wanted: wanted.__name__)
def test_wrapping_sets_the_kind_and_keeps_the_cause(wanted: type[EngineError]) -> None:
    test = RuntimeError("this is a test")
    wrapped = wanted(test)
    assert errdefs.kind(test) is None
    assert errdefs.kind(wrapped) is wanted
    assert (wrapped.cause, str(wrapped)) == (test, "this is a test")


@pytest.mark.parametrize("wanted", errdefs.KINDS, ids=lambda wanted: wanted.__name__)
def test_the_kind_is_found_through_further_texts(wanted: type[EngineError]) -> None:
    deep = wanted("inner").with_text("middle").with_text("outer")
    assert str(deep) == "outer: middle: inner"
    assert errdefs.kind(deep) is wanted
    assert str(errdefs.root(deep)) == "inner"


@pytest.mark.parametrize("wanted", errdefs.KINDS, ids=lambda wanted: wanted.__name__)
def test_a_subclass_has_the_kind_of_its_base(wanted: type[EngineError]) -> None:
    special = type("Special", (wanted,), {})
    assert errdefs.kind(special("x")) is wanted


def test_the_fourteen_kinds_are_told_apart() -> None:
    assert len(errdefs.KINDS) == 14
    for wanted in errdefs.KINDS:
        assert errdefs.kind(wanted("x")) is wanted


def test_the_outermost_kind_hides_the_inner_one() -> None:
    assert errdefs.kind(errdefs.System(errdefs.NotFound("x"))) is errdefs.System
    assert (
        errdefs.kind(errdefs.InvalidParameter("x", errdefs.Conflict("y")).with_text("z"))
        is errdefs.InvalidParameter
    )


def test_error_without_a_kind_has_none() -> None:
    assert errdefs.kind(EngineError("x")) is None
    assert errdefs.kind(ValueError("x")) is None


def test_a_cause_given_by_raise_from_counts() -> Never:
    with pytest.raises(EngineError) as raised:
        raise EngineError("outer") from errdefs.NotFound("inner")
    assert errdefs.kind(raised.value) is errdefs.NotFound
    assert str(raised.value.cause) == "inner"
