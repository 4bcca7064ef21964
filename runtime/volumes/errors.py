"""The errors of the volume packages, with their kinds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import ClassVar

from runtime.errors import Conflict, EngineError, InvalidParameter, NotFound
from runtime.quoting import located


class VolumeInUse(Conflict):
    """Somebody still refers to the volume.

    Go:
        volume/service/errors.go::errVolumeInUse
    """

    def __init__(self) -> None:
        super().__init__("volume is in use")


class NoSuchVolume(NotFound):
    """No driver has the volume.

    Go:
        volume/service/errors.go::errNoSuchVolume
        volume/drivers/adapter.go::errNoSuchVolume

    Differs:
        behaviour kind: the adapter's has one too; moby's two errors of one text differ only there.
    """

    def __init__(self) -> None:
        super().__init__("no such volume")


class NameConflict(Conflict):
    """Another driver has a volume of that name.

    Go:
        volume/service/errors.go::errNameConflict
    """

    def __init__(self) -> None:
        super().__init__("volume name must be unique")


class VolumeNotFound(EngineError):
    """The local driver has no such volume.

    Go:
        volume/local/local.go::ErrNotFound
    """

    def __init__(self) -> None:
        super().__init__("volume not found")


class ContextCanceled(EngineError):
    """The caller gave up before the work was begun."""

    def __init__(self) -> None:
        super().__init__("context canceled")


class Unreachable(EngineError):
    """A driver did not answer, or not in a way that can be understood; nothing is known of its volumes."""


class DriverNotFound(NotFound):
    """There is no driver of that name, and no plugins to look among.

    Go:
        volume/drivers/extpoint.go::driverNotFoundError
        volume/drivers/extpoint.go::driverNotFoundError.Error
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"volume driver not found: {name}")


class ValidationError(InvalidParameter):
    """A name or an option that the local driver does not take.

    Go:
        volume/local/local.go::validationError
    """


class OpErr(EngineError):
    """An operation on a volume that failed: which one, on what, why, and who stood in the way.

    Args:
        err: The cause.
        op: The operation: `create`, `get`, `remove` or `list`.
        name: The volume or the driver.
        refs: Who refers to it.

    Go:
        volume/service/errors.go::OpErr
        volume/service/errors.go::OpErr.Error
        volume/service/errors.go::OpErr.Cause

    Differs:
        extra cause: the same as `err`, under the name that all our errors have.
        extra kind_name: it has no kind of its own; its cause's counts.
        error nil: Python has no nil error.
    """

    kind_name: ClassVar[str] = ""

    def __init__(self, err: BaseException, op: str, name: str = "", refs: Iterable[str] = ()) -> None:
        self.err = err
        self.op = op
        self.name = name
        self.refs = sorted(refs)
        what = f"{op} {name}" if name else op
        users = f" - [{', '.join(self.refs)}]" if self.refs else ""
        super().__init__(f"{what}: {located(err) if isinstance(err, OSError) else err}{users}", err)


@contextmanager
def operation(op: str, name: str) -> Iterator[None]:
    """Say of every error which operation failed on what."""
    try:
        yield
    except OpErr:
        raise
    except (EngineError, OSError) as error:
        raise OpErr(error, op, name) from error


def is_in_use(err: BaseException | None) -> bool:
    """Whether the error says that a volume is in use.

    Go:
        volume/service/errors.go::IsInUse
    """
    return _is_err(err, VolumeInUse)


def is_not_exist(err: BaseException | None) -> bool:
    """Whether the error says that a volume does not exist.

    Go:
        volume/service/errors.go::IsNotExist
    """
    return _is_err(err, NoSuchVolume)


def is_name_conflict(err: BaseException | None) -> bool:
    """Whether the error says that a volume's name is taken.

    Go:
        volume/service/errors.go::IsNameConflict
    """
    return _is_err(err, NameConflict)


def _is_err(err: BaseException | None, expected: type[EngineError]) -> bool:
    """Whether an error or one of its causes is of the class.

    Go:
        volume/service/errors.go::isErr
    """
    while err is not None:
        if isinstance(err, expected):
            return True
        err = err.cause if isinstance(err, EngineError) else err.__cause__
    return False
