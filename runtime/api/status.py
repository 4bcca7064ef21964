"""Which HTTP status an error becomes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from runtime import errors
from runtime.errors import EngineError

STATUS: Final[dict[type[EngineError], HTTPStatus]] = {
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.InvalidParameter: HTTPStatus.BAD_REQUEST,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.AlreadyExists: HTTPStatus.CONFLICT,
    errors.Unauthorized: HTTPStatus.UNAUTHORIZED,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotModified: HTTPStatus.NOT_MODIFIED,
    errors.NotImplementedHere: HTTPStatus.NOT_IMPLEMENTED,
    errors.System: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.Unknown: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.DataLoss: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.Deadline: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.Cancelled: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The status of each kind; an error without a kind is an internal one."""


def get_http_error_status_code(err: BaseException) -> HTTPStatus:
    """The status of an error, by the kind that its chain of causes has.

    Go:
        api/server/httputils/errors.go::GetHTTPErrorStatusCode
        api/server/httputils/errors.go::causer

    Differs:
        call IsNotFound: a table by kind, for one question that goes down the chain of causes once.
        call IsInvalidParameter: a table by kind, for one question that goes down the chain of causes once.
        call IsConflict: a table by kind, for one question that goes down the chain of causes once.
        call IsAlreadyExists: a table by kind, for one question that goes down the chain of causes once.
        call IsUnauthorized: a table by kind, for one question that goes down the chain of causes once.
        call IsUnavailable: a table by kind, for one question that goes down the chain of causes once.
        call IsForbidden: a table by kind, for one question that goes down the chain of causes once.
        call IsNotModified: a table by kind, for one question that goes down the chain of causes once.
        call IsNotImplemented: a table by kind, for one question that goes down the chain of causes once.
        call IsSystem: a table by kind, for one question that goes down the chain of causes once.
        call IsUnknown: a table by kind, for one question that goes down the chain of causes once.
        call IsDataLoss: a table by kind, for one question that goes down the chain of causes once.
        call IsDeadline: a table by kind, for one question that goes down the chain of causes once.
        call IsCancelled: a table by kind, for one question that goes down the chain of causes once.
        call getImplementer: a table by kind, for one question that goes down the chain of causes once.
        call statusCodeFromGRPCError: nothing here speaks gRPC.
        error nil: an error is always given.
    """
    kind = errors.kind(err)
    return STATUS[kind] if kind is not None else HTTPStatus.INTERNAL_SERVER_ERROR
