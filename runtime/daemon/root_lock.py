"""Locks on a root and an exec root, so that no two engines share one."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final, Self

from runtime.errdefs import Conflict, EngineError

ROOT_MODE: Final = 0o711
VOLUMES_MODE: Final = 0o700

VOLUMES: Final = "volumes"
METADATA: Final = "metadata.db"
"""dockerd's volume records, ROOT/volumes/metadata.db, which dockerd locks while it runs."""

OTHER_DATABASES: Final = (
    "containerd/daemon/io.containerd.metadata.v1.bolt/meta.db",
    "buildkit/*.db",
    "builder/fscache.db",
    "network/files/local-kv.db",
)
"""Bolt databases that dockerd locks earlier in its start than its volume records."""

WAIT: Final = 1.0
"""Seconds to wait until another engine has ended."""
RETRY: Final = 0.05
"""Seconds between two tries."""

_HELD: Final = (errno.EWOULDBLOCK, errno.EINTR)


class InUse(Conflict):
    """Another engine uses the directory."""

    def __init__(self, directory: Path) -> None:
        super().__init__(f"another engine uses {directory}")


class RootLock:
    """The lock on an engine's root, held until each holder has released it.

    It is two locks of the kernel, which end with the process: one on the directory, and one on the file that
    dockerd locks, so that neither engine starts on the other's root.

    Args:
        root: The root.
        wait: Seconds to wait until another engine has ended.
        retry: Seconds between two tries.
        create: Whether to create a missing root and file.

    Raises:
        InUse: Another engine uses the root.
        EngineError: The root cannot be created or opened.
    """

    def __init__(self, root: Path, wait: float = WAIT, retry: float = RETRY, *, create: bool = True) -> None:
        self._holders = 1
        with ExitStack() as stack, _named(root):
            if create:
                root.mkdir(ROOT_MODE, parents=True, exist_ok=True)
            deadline = time.monotonic() + wait
            stack.enter_context(_locked(root, root, deadline, retry))
            # If damage makes the file unusable, the lock on the directory must suffice.
            with suppress(OSError):
                if create:
                    (root / VOLUMES).mkdir(VOLUMES_MODE, exist_ok=True)
                flags = os.O_CREAT if create else 0
                stack.enter_context(_locked(root / VOLUMES / METADATA, root, deadline, retry, flags))
            for path in (path for pattern in OTHER_DATABASES for path in root.glob(pattern)):
                with suppress(OSError), _locked(path, root, deadline, retry):
                    pass
            self._locks = stack.pop_all()

    def hold(self) -> RootLock:
        """Count one more holder, which must release the lock too."""
        self._holders += 1
        return self

    def release(self) -> None:
        """Count one holder less, and release the lock after the last one."""
        self._holders -= 1
        if self._holders == 0:
            self._locks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


@contextmanager
def locked_directory(directory: Path, wait: float = WAIT, retry: float = RETRY) -> Iterator[None]:
    """Hold the lock on a directory.

    Raises:
        InUse: Another engine uses it.
        EngineError: It cannot be opened.
    """
    with _named(directory), _locked(directory, directory, time.monotonic() + wait, retry):
        yield


@contextmanager
def _named(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EngineError(f"cannot use {directory}: {error.strerror}", error) from error


@contextmanager
def _locked(path: Path, root: Path, deadline: float, retry: float, flags: int = 0) -> Iterator[None]:
    """Hold the lock on a file or a directory; nothing is written to it."""
    import fcntl  # noqa: PLC0415 - a browser's Python has no such module

    flags |= os.O_RDONLY | os.O_NOFOLLOW * (path != root) | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in _HELD:
                    raise
            if time.monotonic() >= deadline:
                raise InUse(root)
            time.sleep(retry)
        yield
    finally:
        os.close(descriptor)
