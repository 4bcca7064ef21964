"""Requests as handlers get them, and answers as clients expect them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, ParamSpec, TypeAlias, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from runtime import gojson
from runtime.api.forms import Form, parse_form
from runtime.api.status import get_http_error_status_code
from runtime.errors import InvalidParameter
from runtime.filters import Args, from_json
from runtime.versions import greater_than
from runtime.workers import Workers

P = ParamSpec("P")
T = TypeVar("T")

FIRST_API_VERSION_WITH_JSON_ERRORS: Final = "1.23"
"""The last version, in truth, whose errors are plain text.

Go:
    api/server/httputils/errors.go::apiVersionSupportsJSONErrors
"""

BODY_LIMIT: Final = 4 << 20
"""Bytes of JSON that a request may have; moby has no limit."""

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way to its handler.

    Args:
        request: What the client sent.
        vars: What the path says, by the names in the route.
        version: The version of the API that is spoken.
        headers: What the answer will have besides its own.
        workers: Where work is done that may take a while.

    Go:
        api/server/httputils/httputils.go::APIVersionKey
    """

    request: Request
    vars: Mapping[str, str]
    version: str
    workers: Workers
    headers: dict[str, str] = field(default_factory=dict)

    def form(self) -> Form:
        """The values of the query.

        Raises:
            InvalidParameter: An escape in it is broken.
        """
        return parse_form(self.request.scope["query_string"])

    async def run(self, work: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> T:
        """Have work done in a thread, to its end even if the client goes away."""
        # As `asyncio.wrap_future` under a shield, at two thirds of the time.
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[T] = loop.create_future()

        def hand_over(done: Future[T]) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_settle, waiting, done)

        self.workers.submit(work, *args, **options).add_done_callback(hand_over)
        return await waiting

    async def body(self) -> bytes:
        """The whole body of a request that should be small.

        Raises:
            InvalidParameter: It is not small.
        """
        body = bytearray()
        async for chunk in self.request.stream():
            body += chunk
            if len(body) > BODY_LIMIT:
                raise InvalidParameter(f"the request body is larger than {BODY_LIMIT} bytes")
        return bytes(body)


def _settle(waiting: asyncio.Future[T], done: Future[T]) -> None:
    if waiting.cancelled():
        return
    if (error := done.exception()) is not None:
        waiting.set_exception(error)
    else:
        waiting.set_result(done.result())


Handler: TypeAlias = Callable[[Call], Awaitable[Response]]
"""Answers one kind of request.

Go:
    api/server/httputils/httputils.go::APIFunc
"""


async def json_body(call: Call) -> Any:
    """The JSON value that the body begins with.

    Raises:
        InvalidParameter: It is none.
    """
    try:
        return gojson.first_value(await call.body())
    except gojson.UnexpectedEnd as error:
        raise InvalidParameter(str(error) or "got EOF while reading request body") from error


def filters_of(form: Form) -> Args:
    """The filters that a client sent, in either form.

    Raises:
        InvalidParameter: The text is in neither form.
    """
    text = form.get("filters", ("",))[0]
    try:
        return from_json(text)
    except InvalidParameter:
        gojson.filters(gojson.first_value(text.encode("utf-8", "surrogateescape"), alone=True))
        raise


def encode(value: Any) -> bytes:
    """A value as Go's encoder writes it for clients: keys of maps sorted, and a newline at the end."""
    try:
        body = msgspec.json.encode(value, order="deterministic")
    except UnicodeEncodeError:
        body = msgspec.json.encode(_without_surrogates(msgspec.to_builtins(value)), order="deterministic")
    if b"\xe2\x80\xa8" in body or b"\xe2\x80\xa9" in body:
        body = body.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return body + b"\n"


def write_json(call: Call, code: HTTPStatus, value: Any) -> Response:
    """An answer in JSON.

    Go:
        api/server/httputils/httputils_write_json.go::WriteJSON
    """
    return Response(encode(value), code, {**call.headers, "Content-Type": "application/json"})


def write_header(call: Call, code: HTTPStatus) -> Response:
    """An answer without a body."""
    return Response(status_code=code, headers=call.headers)


def api_version_supports_json_errors(version: str) -> bool:
    """Whether errors are sent as JSON.

    Go:
        api/server/httputils/errors.go::apiVersionSupportsJSONErrors
    """
    return version == "" or greater_than(version, FIRST_API_VERSION_WITH_JSON_ERRORS)


def error_response(err: BaseException, version: str, headers: Mapping[str, str]) -> Response:
    """The answer that tells a client of an error.

    Args:
        err: The error.
        version: The version in the request's path; empty if there is none.
        headers: What the answer has besides its own.

    Go:
        api/server/httputils/errors.go::MakeErrorHandler
        api/types/error_response.go::ErrorResponse

    Differs:
        call WriteJSON: the answer is made in place; its headers are the caller's.
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
    """Names of files that are no Unicode have U+FFFD for what cannot be shown."""
    match value:
        case str():
            return _SURROGATE.sub("\ufffd", value)
        case dict():
            return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
        case list() | tuple():
            return [_without_surrogates(item) for item in value]
        case _:
            return value
