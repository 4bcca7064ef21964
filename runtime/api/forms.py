"""What a request says beside its body: the query, a form, and the type of the body."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from email.message import Message
from typing import Final, TypeAlias
from urllib.parse import parse_qs

from starlette.requests import Request

from runtime.errors import EngineError, InvalidParameter

Form: TypeAlias = Mapping[str, Sequence[str]]

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})[^%&;]{0,2}")
_FALSE = frozenset({"", "0", "no", "false", "none"})
_INT64: Final = 1 << 63
_INTEGER = re.compile(r"[+-]?[0-9]+")


def parse_form(query: bytes) -> Form:
    """The values of each key of a query or a form.

    Raises:
        InvalidParameter: An escape in it is broken.

    Go:
        api/server/httputils/httputils.go::ParseForm

    Differs:
        param query: the values of the query, not the request.
        result Form: the values, which Go leaves in the request.
        param r: the query alone; no client sends a form in a body.
    """
    if not query:
        return {}
    text = query.decode("latin-1")
    if (bad := _BAD_ESCAPE.search(text)) is not None:
        raise InvalidParameter(f'invalid URL escape "{bad[0]}"')
    return parse_qs(text.replace(";", "&"), keep_blank_values=True, errors="replace", max_num_fields=None)


def first(form: Form, key: str) -> str:
    """The first value of a key; empty if it has none."""
    values = form.get(key)
    return values[0] if values else ""


def bool_value(form: Form, key: str) -> bool:
    """Whether a key has a value that means yes; most do.

    Go:
        api/server/httputils/form.go::BoolValue

    Differs:
        param r: called `form`, the values of the query and not the request.
    """
    return first(form, key).strip().lower() not in _FALSE


def bool_value_or_default(form: Form, key: str, default: bool) -> bool:  # noqa: FBT001 - as the key's value
    """The same, with a default for a key that is not there.

    Go:
        api/server/httputils/form.go::BoolValueOrDefault

    Differs:
        param r: called `form`, the values of the query and not the request.
    """
    return bool_value(form, key) if key in form else default


def int64_value_or_zero(form: Form, key: str) -> int:
    """The number that is a key's value; 0 if there is none, or if it is no number.

    Go:
        api/server/httputils/form.go::Int64ValueOrZero

    Differs:
        param r: called `form`, the values of the query and not the request.
    """
    try:
        return int64_value_or_default(form, key, 0)
    except EngineError:
        return 0


def int64_value_or_default(form: Form, key: str, default: int) -> int:
    """The number that is a key's value, with a default for a key without one.

    Raises:
        EngineError: The value is no number, or too large.

    Go:
        api/server/httputils/form.go::Int64ValueOrDefault

    Differs:
        param r: called `form`, the values of the query and not the request.
        param field: called `key`, as in the other three.
    """
    text = first(form, key)
    return parse_int(text, "ParseInt") if text else default


def parse_int(text: str, function: str) -> int:
    """A number of 64 bits, as the function of Go's `strconv` of that name reads it.

    Raises:
        EngineError: It is no number, or too large.
    """
    if not _INTEGER.fullmatch(text):
        raise EngineError(f'strconv.{function}: parsing "{text}": invalid syntax')
    number = int(text) if len(text) <= len(str(_INT64)) + 1 else _INT64
    if not -_INT64 <= number < _INT64:
        raise EngineError(f'strconv.{function}: parsing "{text}": value out of range')
    return number


def check_for_json(request: Request) -> None:
    """Make sure that the body is said to be JSON; one without a body need not be.

    Raises:
        InvalidParameter: It is said to be something else.

    Go:
        api/server/httputils/httputils.go::CheckForJSON
    """
    content_type = request.headers.get("content-type", "")
    if not content_type and not _has_body(request):
        return
    if not matches_content_type(content_type, "application/json"):
        raise InvalidParameter(f"Content-Type specified ({content_type}) must be 'application/json'")


def matches_content_type(content_type: str, expected_type: str) -> bool:
    """Whether a media type is the expected one, whatever its parameters.

    Go:
        api/server/httputils/httputils.go::matchesContentType
    """
    header = Message()
    header["content-type"] = content_type.replace("\r", " ").replace("\n", " ")
    return bool(content_type) and header.get_content_type() == expected_type


def _has_body(request: Request) -> bool:
    length = request.headers.get("content-length")
    return "transfer-encoding" in request.headers if length is None else length.strip() != "0"
