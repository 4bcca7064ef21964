"""Runs tasks in background threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from typing import Final, ParamSpec, Protocol, TypeVar

from runtime.errdefs import InvalidParameter

P = ParamSpec("P")
T = TypeVar("T")

IDLE: Final = 3.0
"""Seconds that a thread waits for its next task."""

log = logging.getLogger(__name__)


class Workers(Protocol):
    """Starts each task at once: tasks wait for other tasks, which would block a pool of fixed size."""

    def submit(self, task: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> Future[T]:
        """Start a task and return its future."""
        ...


def check(workers: object) -> None:
    """Refuse workers that cannot start each task at once.

    Raises:
        InvalidParameter: It has no `submit`, or is a pool with a fixed number of threads or processes.
    """
    if isinstance(workers, Executor) and hasattr(workers, "_max_workers"):
        raise InvalidParameter(
            f"workers must start each task at once, which a {type(workers).__name__} does not when all its "
            "workers are busy; leave it out, or use runtime.workers.Threads()"
        )
    if not callable(getattr(workers, "submit", None)):
        raise InvalidParameter("workers must have a method submit(task, *args)")


class Threads:
    """A daemon thread for each task under way, so that a hanging task delays neither others nor the exit.

    A thread whose task has ended waits `IDLE` seconds for the next one: starting a thread takes longer than
    most tasks.
    """

    def __init__(self) -> None:
        self._mu = threading.Lock()
        self._tasks: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._idle = 0  # threads that wait for a task, without those for which one is in the queue

    def submit(self, task: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> Future[T]:
        """Start a task and return its future."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # so that `cancel` does not stop it

        def run() -> None:
            try:
                future.set_result(task(*args, **options))
            except BaseException as error:  # noqa: BLE001 - the future has it
                future.set_exception(error)

        with self._mu:
            is_idle = self._idle > 0
            self._idle -= is_idle
        if not is_idle:
            threading.Thread(target=self._work, name="worker", daemon=True).start()
        self._tasks.put(run)
        return future

    def _work(self) -> None:
        while (task := self._next()) is not None:
            task()
            del task  # free its references before the next one comes
            with self._mu:
                self._idle += 1

    def _next(self) -> Callable[[], None] | None:
        """Return the next task, or None if none has come for `IDLE` seconds."""
        while True:
            try:
                return self._tasks.get(timeout=IDLE)
            except Empty:
                with self._mu:
                    if self._idle > 0:  # else a task is on its way
                        self._idle -= 1
                        return None


def run(workers: Workers, task: Callable[[], None]) -> Future[None]:
    """Start a task and log its exception; the future never fails."""
    return workers.submit(_logged, task)


def _logged(task: Callable[[], None]) -> None:
    try:
        task()
    except Exception:
        log.exception("a task in the background failed")
