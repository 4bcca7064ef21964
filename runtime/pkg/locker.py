"""Locks by name, which exist only as long as somebody holds or wants them.

Go: pkg/locker/locker.go
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from runtime.errdefs import EngineError


class NoSuchLock(EngineError):
    """Nobody holds a lock of that name.

    Go: pkg/locker/locker.go::ErrNoSuchLock
    """

    def __init__(self) -> None:
        super().__init__("no such lock")


class LockCounter:
    """One name's lock and how many wait for it.

    Go: pkg/locker/locker.go::lockCtr
    """

    def __init__(self) -> None:
        self.mu = threading.Lock()
        self.waiters = 0
        self._counting = threading.Lock()

    def inc(self) -> None:
        """Count one who waits.

        Go: pkg/locker/locker.go::lockCtr.inc
        """
        with self._counting:
            self.waiters += 1

    def dec(self) -> None:
        """Count one less.

        Go: pkg/locker/locker.go::lockCtr.dec
        """
        with self._counting:
            self.waiters -= 1

    def count(self) -> int:
        """How many wait.

        Go: pkg/locker/locker.go::lockCtr.count
        """
        with self._counting:
            return self.waiters

    def lock(self) -> None:
        """Wait for the lock and take it.

        Go: pkg/locker/locker.go::lockCtr.Lock
        """
        self.mu.acquire()

    def unlock(self) -> None:
        """Give the lock back; any thread may.

        Go: pkg/locker/locker.go::lockCtr.Unlock
        """
        self.mu.release()


class Locker:
    """Locks by name.

    Go:
        pkg/locker/locker.go::Locker
        pkg/locker/locker.go::New
    Differs:
        extra locked: Python's way to give back what was taken, whatever happens.
    """

    def __init__(self) -> None:
        self.mu = threading.Lock()
        self.locks: dict[str, LockCounter] = {}

    def lock(self, name: str) -> None:
        """Wait for the lock of that name and take it."""
        with self.mu:
            name_lock = self.locks.setdefault(name, LockCounter())
            # Counted while nobody can unlock, so that the lock is not thrown away before it is taken.
            name_lock.inc()
        name_lock.lock()
        name_lock.dec()

    def unlock(self, name: str) -> None:
        """Give back the lock of that name, and forget it if nobody waits for it.

        Raises:
            NoSuchLock: Nobody holds it.
        """
        with self.mu:
            name_lock = self.locks.get(name)
            if name_lock is None:
                raise NoSuchLock
            if name_lock.count() == 0:
                del self.locks[name]
            name_lock.unlock()

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold the lock of that name within a block."""
        self.lock(name)
        try:
            yield
        finally:
            self.unlock(name)
