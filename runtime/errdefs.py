"""The kinds of error; the outermost one in a chain of causes counts."""

from __future__ import annotations


class EngineError(Exception):
    """An error with a text for people and, in most subclasses, a kind.

    A subclass is the counterpart of moby's interface of a kind, its error type, the function that wraps an
    error in it, and the test for it, which is `except` here.

    Args:
        text: The whole text, or an error with that text, which becomes the cause.
        cause: The wrapped error, if any; `raise ... from cause` does the same.
    """

    def __init__(self, text: str | BaseException, cause: BaseException | None = None) -> None:
        super().__init__(str(text))
        self.__cause__ = text if isinstance(text, BaseException) else cause

    @property
    def cause(self) -> BaseException | None:
        """The error that this one wraps, or None.

        Go: errdefs/is.go::causer
        """
        return self.__cause__

    def with_text(self, prefix: str) -> EngineError:
        """Return an error with the text `prefix: text` and this one as its cause, so that the kind stays."""
        return EngineError(f"{prefix}: {self}", self)


class NotFound(EngineError):
    """The requested object does not exist.

    Go: errdefs/defs.go::ErrNotFound, errdefs/helpers.go::errNotFound,
        errdefs/helpers.go::errNotFound.NotFound, errdefs/helpers.go::errNotFound.Cause,
        errdefs/helpers.go::NotFound, errdefs/is.go::IsNotFound
    """


class InvalidParameter(EngineError):
    """A parameter is not valid.

    Go: errdefs/defs.go::ErrInvalidParameter, errdefs/helpers.go::errInvalidParameter,
        errdefs/helpers.go::errInvalidParameter.InvalidParameter,
        errdefs/helpers.go::errInvalidParameter.Cause, errdefs/helpers.go::InvalidParameter,
        errdefs/is.go::IsInvalidParameter
    """


class Conflict(EngineError):
    """The request is in conflict with the object's state; a change of that state can clear it.

    Go: errdefs/defs.go::ErrConflict, errdefs/helpers.go::errConflict,
        errdefs/helpers.go::errConflict.Conflict, errdefs/helpers.go::errConflict.Cause,
        errdefs/helpers.go::Conflict, errdefs/is.go::IsConflict
    """


class Unauthorized(EngineError):
    """The caller is not known.

    Go: errdefs/defs.go::ErrUnauthorized, errdefs/helpers.go::errUnauthorized,
        errdefs/helpers.go::errUnauthorized.Unauthorized, errdefs/helpers.go::errUnauthorized.Cause,
        errdefs/helpers.go::Unauthorized, errdefs/is.go::IsUnauthorized
    """


class Unavailable(EngineError):
    """The service cannot answer now.

    Go: errdefs/defs.go::ErrUnavailable, errdefs/helpers.go::errUnavailable,
        errdefs/helpers.go::errUnavailable.Unavailable, errdefs/helpers.go::errUnavailable.Cause,
        errdefs/helpers.go::Unavailable, errdefs/is.go::IsUnavailable
    """


class Forbidden(EngineError):
    """The request can never be allowed; a caller should not try again.

    Go: errdefs/defs.go::ErrForbidden, errdefs/helpers.go::errForbidden,
        errdefs/helpers.go::errForbidden.Forbidden, errdefs/helpers.go::errForbidden.Cause,
        errdefs/helpers.go::Forbidden, errdefs/is.go::IsForbidden
    """


class System(EngineError):
    """Something in the system below failed.

    Go: errdefs/defs.go::ErrSystem, errdefs/helpers.go::errSystem, errdefs/helpers.go::errSystem.System,
        errdefs/helpers.go::errSystem.Cause, errdefs/helpers.go::System, errdefs/is.go::IsSystem
    """


class NotModified(EngineError):
    """The object is as requested already.

    Go: errdefs/defs.go::ErrNotModified, errdefs/helpers.go::errNotModified,
        errdefs/helpers.go::errNotModified.NotModified, errdefs/helpers.go::errNotModified.Cause,
        errdefs/helpers.go::NotModified, errdefs/is.go::IsNotModified
    """


class AlreadyExists(EngineError):
    """The object exists already.

    Go: errdefs/defs.go::ErrAlreadyExists, errdefs/helpers.go::errAlreadyExists,
        errdefs/helpers.go::errAlreadyExists.AlreadyExists, errdefs/helpers.go::errAlreadyExists.Cause,
        errdefs/helpers.go::AlreadyExists, errdefs/is.go::IsAlreadyExists
    """


class NotImplementedHere(EngineError):
    """The request is understood and not implemented.

    Go: errdefs/defs.go::ErrNotImplemented, errdefs/helpers.go::errNotImplemented,
        errdefs/helpers.go::errNotImplemented.NotImplemented, errdefs/helpers.go::errNotImplemented.Cause,
        errdefs/helpers.go::NotImplemented, errdefs/is.go::IsNotImplemented
    """


class Unknown(EngineError):
    """A failure whose kind is not known.

    Go: errdefs/defs.go::ErrUnknown, errdefs/helpers.go::errUnknown, errdefs/helpers.go::errUnknown.Unknown,
        errdefs/helpers.go::errUnknown.Cause, errdefs/helpers.go::Unknown, errdefs/is.go::IsUnknown
    """


class Cancelled(EngineError):
    """The caller gave up.

    Go: errdefs/defs.go::ErrCancelled, errdefs/helpers.go::errCancelled,
        errdefs/helpers.go::errCancelled.Cancelled, errdefs/helpers.go::errCancelled.Cause,
        errdefs/helpers.go::Cancelled, errdefs/is.go::IsCancelled
    """


class Deadline(EngineError):
    """The caller's deadline passed.

    Go: errdefs/defs.go::ErrDeadline, errdefs/helpers.go::errDeadline,
        errdefs/helpers.go::errDeadline.DeadlineExceeded, errdefs/helpers.go::errDeadline.Cause,
        errdefs/helpers.go::Deadline, errdefs/is.go::IsDeadline
    """


class DataLoss(EngineError):
    """Data is lost or damaged.

    Go: errdefs/defs.go::ErrDataLoss, errdefs/helpers.go::errDataLoss,
        errdefs/helpers.go::errDataLoss.DataLoss, errdefs/helpers.go::errDataLoss.Cause,
        errdefs/helpers.go::DataLoss, errdefs/is.go::IsDataLoss
    """


KINDS: tuple[type[EngineError], ...] = (
    NotFound,
    InvalidParameter,
    Conflict,
    Unauthorized,
    Unavailable,
    Forbidden,
    System,
    NotModified,
    AlreadyExists,
    NotImplementedHere,
    Unknown,
    Cancelled,
    Deadline,
    DataLoss,
)


def kind(err: BaseException) -> type[EngineError] | None:
    """Return the first kind in a chain of causes, or None.

    Go: errdefs/is.go::getImplementer
    """
    link: BaseException | None = err
    while link is not None:
        for kind_class in KINDS:
            if isinstance(link, kind_class):
                return kind_class
        link = link.__cause__
    return None


def root(err: BaseException) -> BaseException:
    """Return the innermost error of a chain of causes."""
    link = err
    while link.__cause__ is not None:
        link = link.__cause__
    return link
