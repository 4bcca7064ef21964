"""Which status each kind of error becomes."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from runtime import errdefs
from runtime.api.server.httputils import STATUS, get_http_error_status_code
from runtime.errdefs import EngineError


def test_every_kind_has_a_status() -> None:
    assert set(STATUS) == set(errdefs.KINDS)


@pytest.mark.parametrize("kind", STATUS)
def test_a_kind_counts_through_every_text_around_it(kind: type[EngineError]) -> None:
    assert get_http_error_status_code(kind("x").with_text("around").with_text("more")) == STATUS[kind]


@pytest.mark.parametrize("error", [EngineError("x"), OSError("x"), ValueError("x")])
def test_what_has_no_kind_is_an_internal_error(error: BaseException) -> None:
    assert get_http_error_status_code(error) is HTTPStatus.INTERNAL_SERVER_ERROR


def test_the_outer_kind_hides_the_inner_one() -> None:
    assert get_http_error_status_code(errdefs.Conflict(errdefs.NotFound("x"))) is HTTPStatus.CONFLICT
