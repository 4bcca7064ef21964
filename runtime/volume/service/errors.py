"""The errors of the volume packages, with their kinds.

`NoSuchVolume` is in `drivers/adapter.py`.

Go: volume/service/errors.go
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from runtime.errdefs import Conflict, EngineError
from runtime.golang.strconv import located
from runtime.volume.drivers.adapter import NoSuchVolume


class VolumeInUse(Conflict):
    """The volume still has users.

    Go: volume/service/errors.go::errVolumeInUse
    """

    def __init__(self) -> None:
        super().__init__("volume is in use")


class NameConflict(Conflict):
    """Another driver has a volume of that name.

    Go: volume/service/errors.go::errNameConflict
    """

    def __init__(self) -> None:
        super().__init__("volume name must be unique")


class OpErr(EngineError):
    """A failed operation on a volume: its name, the volume, the cause and the volume's users.

    Args:
        err: The cause.
        op: The operation: `create`, `get`, `remove` or `list`.
        name: The volume or the driver.
        refs: The users of the volume.

    Go: volume/service/errors.go::OpErr, volume/service/errors.go::OpErr.Error,
        volume/service/errors.go::OpErr.Cause
    """

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
    """Raise every error of the block as an OpErr."""
    try:
        yield
    except OpErr:
        raise
    except (EngineError, OSError) as error:
        raise OpErr(error, op, name) from error


def is_in_use(err: BaseException | None) -> bool:
    """Return whether the cause is a volume in use."""
    return _is_err(err, VolumeInUse)


def is_not_exist(err: BaseException | None) -> bool:
    """Return whether the cause is a volume that does not exist."""
    return _is_err(err, NoSuchVolume)


def _is_err(err: BaseException | None, expected: type[EngineError]) -> bool:
    """Return whether an error or one of its causes is of the class.

    Go: volume/service/errors.go::isErr
    """
    while err is not None:
        if isinstance(err, expected):
            return True
        err = err.cause if isinstance(err, EngineError) else err.__cause__
    return False
