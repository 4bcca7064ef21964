"""Locks that have names: one for each, made when first asked for and gone with its last holder."""

from __future__ import annotations

import threading


class _Lock:
    __slots__ = ("lock", "waiters")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiters = 0


class Locker:
    """A set of locks by name."""

    def __init__(self) -> None:
        self.locks: dict[str, _Lock] = {}
        self._mu = threading.Lock()

    def lock(self, name: str) -> None:
        """Wait for the lock of that name and take it."""
        with self._mu:
            entry = self.locks.setdefault(name, _Lock())
            entry.waiters += 1
        entry.lock.acquire()

    def unlock(self, name: str) -> None:
        """Give the lock of that name back."""
        with self._mu:
            entry = self.locks[name]
            entry.waiters -= 1
            if entry.waiters == 0:
                del self.locks[name]
        entry.lock.release()
