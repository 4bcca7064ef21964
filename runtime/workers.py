"""Tasks that run in the background; their failures go to the log."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from typing import Final, ParamSpec, Protocol, TypeAlias, TypeVar

from runtime.errdefs import InvalidParameter

P = ParamSpec("P")
T = TypeVar("T")

IDLE: Final = 3.0
"""Seconds that a thread without a task waits for the next one."""

Tasks: TypeAlias = SimpleQueue[Callable[[], None]]
"""How a thread gets its tasks, one at a time."""


class Workers(Protocol):
    """Where tasks run in the background: each at once, in a thread of its own or in the caller's.

    Tasks wait for other tasks, so that a pool with a fixed number of threads could wait for itself for ever.
    """

    def submit(self, task: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> Future[T]:
        """Begin a task and return at once."""
        ...


def check(workers: object) -> None:
    """Refuse what cannot run tasks as they need it.

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
    """A thread for each task that is under way, so that a task that hangs never holds up another.

    One that is done with its task stays for a while: to start one takes longer than most tasks do.
    (When the process ends, a `ThreadPoolExecutor` waits for its threads, and so for a task that hangs.)
    """

    def __init__(self) -> None:
        self._mu = threading.Lock()
        self._idle: list[Tasks] = []

    def submit(self, task: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> Future[T]:
        """Begin a task and return at once."""
        future: Future[T] = Future()

        def run() -> None:
            try:
                result = task(*args, **options)
            except BaseException as error:  # noqa: BLE001 - whoever waits for the future gets it
                future.set_exception(error)
            else:
                future.set_result(result)

        self._thread().put(run)
        return future

    def _thread(self) -> Tasks:
        """A thread that has nothing to do, the one that had last; a new one if there is none."""
        with self._mu:
            if self._idle:
                return self._idle.pop()
        tasks: Tasks = SimpleQueue()
        threading.Thread(target=self._work, args=(tasks,), name="worker", daemon=True).start()
        return tasks

    def _work(self, tasks: Tasks) -> None:
        while (task := self._next(tasks)) is not None:
            task()
            del task  # what it holds must not live until the next one comes
            with self._mu:
                self._idle.append(tasks)

    def _next(self, tasks: Tasks) -> Callable[[], None] | None:
        """The next task; None if none has come for so long that the thread may end."""
        while True:
            try:
                return tasks.get(timeout=IDLE)
            except Empty:
                with self._mu:
                    if tasks in self._idle:
                        self._idle.remove(tasks)
                        return None


log = logging.getLogger(__name__)


def run(workers: Workers, task: Callable[[], None]) -> Future[None]:
    """Begin a task. An exception that it raises is logged; the future never fails."""
    return workers.submit(_logged, task)


def _logged(task: Callable[[], None]) -> None:
    try:
        task()
    except Exception:
        log.exception("a task in the background failed")
