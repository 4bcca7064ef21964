"""The kinds of error that a caller can tell apart: the outermost known kind of a chain counts."""

from __future__ import annotations

from typing import ClassVar


class EngineError(Exception):
    """An error with a text for people and, in most subclasses, a kind.

    `cause` is the wrapped error, if any; `kind()` walks from the outside to the first error that has one.

    Go:
        errdefs/is.go::causer
    """

    kind_name: ClassVar[str] = ""

    def __init__(self, text: str | BaseException, cause: BaseException | None = None) -> None:
        super().__init__(str(text))
        self.cause = text if isinstance(text, BaseException) else cause
        self.__cause__ = self.cause

    def with_text(self, prefix: str) -> EngineError:
        """The same error under a longer text, `prefix: text`; the kind stays that of the chain."""
        return EngineError(f"{prefix}: {self}", self)


class NotFound(EngineError):
    """The requested object does not exist.

    Go:
        errdefs/helpers.go::errNotFound
    """

    kind_name = "not found"


class InvalidParameter(EngineError):
    """A parameter is not valid.

    Go:
        errdefs/helpers.go::errInvalidParameter
    """

    kind_name = "invalid parameter"


class Conflict(EngineError):
    """The request is in conflict with the object's state.

    Go:
        errdefs/helpers.go::errConflict
    """

    kind_name = "conflict"


class Unauthorized(EngineError):
    """The caller is not known.

    Go:
        errdefs/helpers.go::errUnauthorized
    """

    kind_name = "unauthorized"


class Unavailable(EngineError):
    """The service cannot answer now.

    Go:
        errdefs/helpers.go::errUnavailable
    """

    kind_name = "unavailable"


class Forbidden(EngineError):
    """The caller is known and may not.

    Go:
        errdefs/helpers.go::errForbidden
    """

    kind_name = "forbidden"


class System(EngineError):
    """Something in the system below failed.

    Go:
        errdefs/helpers.go::errSystem
    """

    kind_name = "system"


class NotModified(EngineError):
    """The object is as requested already.

    Go:
        errdefs/helpers.go::errNotModified
    """

    kind_name = "not modified"


class AlreadyExists(EngineError):
    """The object exists already.

    Go:
        errdefs/helpers.go::errAlreadyExists
    """

    kind_name = "already exists"


class NotImplementedHere(EngineError):
    """The request is understood and not implemented.

    Go:
        errdefs/helpers.go::errNotImplemented
    """

    kind_name = "not implemented"


class Unknown(EngineError):
    """A failure whose kind is not known.

    Go:
        errdefs/helpers.go::errUnknown
    """

    kind_name = "unknown"


class Cancelled(EngineError):
    """The caller gave up.

    Go:
        errdefs/helpers.go::errCancelled
    """

    kind_name = "cancelled"


class Deadline(EngineError):
    """The caller's deadline passed.

    Go:
        errdefs/helpers.go::errDeadline
    """

    kind_name = "deadline"


class DataLoss(EngineError):
    """Data is lost or damaged.

    Go:
        errdefs/helpers.go::errDataLoss
    """

    kind_name = "data loss"


def kind(error: BaseException) -> type[EngineError] | None:
    """The kind of an error: the class of the first error down its chain of causes that has one, or None.

    Go:
        errdefs/is.go::getImplementer
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, EngineError):
            if seen.kind_name:
                return next(base for base in type(seen).__mro__ if base.__dict__.get("kind_name"))
            seen = seen.cause
        else:
            seen = seen.__cause__
    return None
