"""Helpers of handlers: read requests, run work in threads, write answers and errors.

Go:
    api/server/httputils/errors.go
    api/server/httputils/httputils.go
    api/server/httputils/form.go
    api/server/httputils/httputils_write_json.go
    api/types/error_response.go
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from typing import Any, Final, ParamSpec, TypeAlias, TypeVar
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from runtime.api.types.filters import Args, from_json
from runtime.api.types.versions import greater_than
from runtime.errdefs import (
    AlreadyExists,
    Cancelled,
    Conflict,
    DataLoss,
    Deadline,
    EngineError,
    Forbidden,
    InvalidParameter,
    NotFound,
    NotImplementedHere,
    NotModified,
    System,
    Unauthorized,
    Unavailable,
    Unknown,
)
from runtime.errdefs import kind as error_kind
from runtime.golang import encoding_json
from runtime.golang.context import Context
from runtime.workers import Workers

Form: TypeAlias = Mapping[str, Sequence[str]]

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})[^%&;]{0,2}")
_FALSE = frozenset({"", "0", "no", "false", "none"})


def parse_form(query: bytes) -> Form:
    """Return the values of each key of a query or a form.

    Raises:
        InvalidParameter: An escape in it is broken.

    Differs:
        params r, query: the query alone; no client sends a form in a body.
        result Form: the values; Go stores them in the request.
    """
    if not query:
        return {}
    text = query.decode("latin-1")
    if (bad := _BAD_ESCAPE.search(text)) is not None:
        raise InvalidParameter(f'invalid URL escape "{bad[0]}"')
    return parse_qs(text.replace(";", "&"), keep_blank_values=True, errors="replace", max_num_fields=None)


def first(form: Form, key: str) -> str:
    """Return the first value of a key; empty if it has none."""
    values = form.get(key)
    return values[0] if values else ""


def bool_value(form: Form, key: str) -> bool:
    """Return whether a key has a value that means yes; most do.

    Differs:
        param r: called `form`, the values of the query.
    """
    return first(form, key).strip().lower() not in _FALSE


def check_for_json(request: Request) -> None:
    """Refuse a request with a body unless its Content-Type is JSON.

    Raises:
        InvalidParameter: It is another type.
    """
    content_type = request.headers.get("content-type", "")
    if not content_type and not _has_body(request):
        return
    if not matches_content_type(content_type, "application/json"):
        raise InvalidParameter(f"Content-Type specified ({content_type}) must be 'application/json'")


def matches_content_type(content_type: str, expected_type: str) -> bool:
    """Return whether a media type is the expected one; its parameters do not count."""
    if content_type == expected_type:
        return True
    header = Message()
    header["content-type"] = content_type.replace("\r", " ").replace("\n", " ")
    return bool(content_type) and header.get_content_type() == expected_type


def _has_body(request: Request) -> bool:
    length = request.headers.get("content-length")
    return "transfer-encoding" in request.headers if length is None else length.strip() != "0"


STATUS: Final[dict[type[EngineError], HTTPStatus]] = {
    NotFound: HTTPStatus.NOT_FOUND,
    InvalidParameter: HTTPStatus.BAD_REQUEST,
    Conflict: HTTPStatus.CONFLICT,
    AlreadyExists: HTTPStatus.CONFLICT,
    Unauthorized: HTTPStatus.UNAUTHORIZED,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotModified: HTTPStatus.NOT_MODIFIED,
    NotImplementedHere: HTTPStatus.NOT_IMPLEMENTED,
    System: HTTPStatus.INTERNAL_SERVER_ERROR,
    Unknown: HTTPStatus.INTERNAL_SERVER_ERROR,
    DataLoss: HTTPStatus.INTERNAL_SERVER_ERROR,
    Deadline: HTTPStatus.INTERNAL_SERVER_ERROR,
    Cancelled: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The status of each kind of error; one without a kind is an internal error."""


def get_http_error_status_code(err: BaseException) -> HTTPStatus:
    """Return the HTTP status of an error, by the kind of its chain of causes.

    Go:
        api/server/httputils/errors.go::GetHTTPErrorStatusCode
        api/server/httputils/errors.go::causer
    Differs:
        call statusCodeFromGRPCError: nothing here speaks gRPC.
        error nil: `err` is never None.
    """
    kind = error_kind(err)
    return STATUS[kind] if kind is not None else HTTPStatus.INTERNAL_SERVER_ERROR


P = ParamSpec("P")
T = TypeVar("T")

FIRST_API_VERSION_WITH_JSON_ERRORS: Final = "1.23"
"""As in moby, off by one: errors of 1.23 itself are still plain text.

Go: api/server/httputils/errors.go::apiVersionSupportsJSONErrors
"""

BODY_LIMIT: Final = 4 << 20
"""Bytes of JSON that a request may have; moby has no limit."""

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class Call:
    """A request on its way to its handler.

    Args:
        request: What the client sent.
        vars: The variables of the path, by the names in the route.
        version: The version of the API that the client uses; empty in a path without one, until
            `VersionMiddleware` sets the default.
        headers: Headers to add to the answer.
        workers: Threads for work that may block.

    Go: api/server/httputils/httputils.go::APIVersionKey
    """

    request: Request
    vars: Mapping[str, str]
    version: str
    workers: Workers
    headers: dict[str, str] = field(default_factory=dict)

    def form(self) -> Form:
        """Return the values of the query.

        Raises:
            InvalidParameter: An escape in it is broken.
        """
        return parse_form(self.request.scope["query_string"])

    async def run(self, work: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> T:
        """Run work in a thread, to its end even if the client disconnects."""
        # `asyncio.to_thread` has a fixed number of threads and waits for them at the end: a few plugins that
        # hang would hold up every request and the shutdown.
        return await asyncio.wrap_future(self.workers.submit(work, *args, **options))

    async def body(self) -> bytes:
        """Read the body of a request, which must be small.

        Raises:
            InvalidParameter: It has more than BODY_LIMIT bytes.
        """
        body = bytearray()
        async for chunk in self.request.stream():
            body += chunk
            if len(body) > BODY_LIMIT:
                raise InvalidParameter(f"the request body is larger than {BODY_LIMIT} bytes")
        return bytes(body)


@contextmanager
def cancelling() -> Iterator[Context]:
    """Return a context that is cancelled with the request, so that its work in a thread stops too."""
    ctx = Context()
    try:
        yield ctx
    except asyncio.CancelledError:
        ctx.cancel()
        raise


Handler: TypeAlias = Callable[[Call], Awaitable[Response]]
"""Answers requests of one route.

Go: api/server/httputils/httputils.go::APIFunc
"""


async def json_body(call: Call, wanted: type[T]) -> T:
    """Return the JSON value that the body begins with.

    Raises:
        InvalidParameter: The body is not JSON, or of another type.
    """
    data = await call.body()
    if not data.strip():
        raise InvalidParameter("got EOF while reading request body")
    try:
        return encoding_json.decode(data, wanted, alone=False)
    except encoding_json.DecodeError as error:
        raise InvalidParameter(str(error)) from error


def filters_of(form: Form) -> Args:
    """Return the filters of a query, in the form of lists or of objects.

    Raises:
        InvalidParameter: The text has neither form.
    """
    text = form.get("filters", ("",))[0]
    try:
        return from_json(text)
    except InvalidParameter:
        try:
            encoding_json.decode(text.encode("utf-8", "surrogateescape"), dict[str, dict[str, bool]])
        except encoding_json.DecodeError as error:
            raise InvalidParameter(str(error)) from error
        raise


def encode(value: Any) -> bytes:
    """Encode a value as Go does for clients: keys of maps sorted, a newline at the end."""
    try:
        body = msgspec.json.encode(value, order="deterministic")
    except UnicodeEncodeError:
        body = msgspec.json.encode(_without_surrogates(msgspec.to_builtins(value)), order="deterministic")
    if b"\xe2\x80\xa8" in body or b"\xe2\x80\xa9" in body:
        body = body.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return body + b"\n"


def write_json(call: Call, code: HTTPStatus, value: Any) -> Response:
    """Return an answer in JSON."""
    return Response(encode(value), code, {**call.headers, "Content-Type": "application/json"})


def write_header(call: Call, code: HTTPStatus) -> Response:
    """Return an answer without a body."""
    return Response(status_code=code, headers=call.headers)


def api_version_supports_json_errors(version: str) -> bool:
    """Return whether errors are sent as JSON."""
    return version == "" or greater_than(version, FIRST_API_VERSION_WITH_JSON_ERRORS)


def error_response(err: BaseException, version: str, headers: Mapping[str, str]) -> Response:
    """Return the answer for an error.

    Args:
        err: The error.
        version: The version in the request's path; empty if there is none.
        headers: Headers to add to the answer.

    Go:
        api/server/httputils/errors.go::MakeErrorHandler
        api/types/error_response.go::ErrorResponse
    Differs:
        call WriteJSON: the answer is built here with the caller's headers.
        call ErrorDesc: nothing here speaks gRPC.
    """
    code = get_http_error_status_code(err)
    if api_version_supports_json_errors(version):
        body, kind = encode({"message": str(err)}), {"Content-Type": "application/json"}
    else:
        body = f"{err}\n".encode("utf-8", "replace")
        kind = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
    return Response(body, code, {**headers, **kind})


def _without_surrogates(value: Any) -> Any:
    """Replace lone surrogates by U+FFFD: they come from names of files that are not Unicode."""
    match value:
        case str():
            return _SURROGATE.sub("\ufffd", value)
        case dict():
            return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
        case list() | tuple():
            return [_without_surrogates(item) for item in value]
        case _:
            return value
