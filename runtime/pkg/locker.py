"""Locks by name, each of which exists only while it is held or awaited.

Go: pkg/locker/locker.go
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from runtime.errdefs import EngineError


class NoSuchLock(EngineError):
    """No lock of that name is held.

    Go: pkg/locker/locker.go::ErrNoSuchLock
    """

    def __init__(self) -> None:
        super().__init__("no such lock")


@dataclass(slots=True)
class LockCounter:
    """The lock of one name, and the number of threads that wait for it.

    Go: pkg/locker/locker.go::lockCtr
    """

    mu: threading.Lock = field(default_factory=threading.Lock)
    waiters: int = 0


class Locker:
    """Locks by name.

    Go: pkg/locker/locker.go::Locker, pkg/locker/locker.go::New
    """

    def __init__(self) -> None:
        self.mu = threading.Lock()
        self.locks: dict[str, LockCounter] = {}

    def lock(self, name: str) -> None:
        """Wait for the lock of a name and take it."""
        with self.mu:
            if (name_lock := self.locks.get(name)) is None:
                name_lock = self.locks[name] = LockCounter()
            # Counted under `mu`, so that `unlock` does not drop the lock before it is taken.
            name_lock.waiters += 1
        name_lock.mu.acquire()
        with self.mu:
            name_lock.waiters -= 1

    def unlock(self, name: str) -> None:
        """Release the lock of a name, and drop it unless a thread waits for it.

        Raises:
            NoSuchLock: It is not held.
        """
        with self.mu:
            if (name_lock := self.locks.get(name)) is None:
                raise NoSuchLock
            if name_lock.waiters == 0:
                del self.locks[name]
            name_lock.mu.release()

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold the lock of a name within a block."""
        self.lock(name)
        try:
            yield
        finally:
            self.unlock(name)
