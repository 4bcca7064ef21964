"""Runs tasks in background threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, Protocol, TypeVar

from runtime.errdefs import InvalidParameter

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)


class Workers(Protocol):
    """Runs tasks, each at once: tasks wait for other tasks, so a pool of fixed size could wait for itself."""

    def submit(self, task: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> Future[T]:
        """Begin a task and return its future at once."""
        ...


def check(workers: object) -> None:
    """Refuse what cannot begin each task at once.

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
    """A daemon thread for each task, so that a hanging task delays neither others nor the exit."""

    def submit(self, task: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> Future[T]:
        """Begin a task and return its future at once."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # whoever stops waiting does not stop the task

        def run() -> None:
            try:
                future.set_result(task(*args, **options))
            except BaseException as error:  # noqa: BLE001 - the future has it
                future.set_exception(error)

        threading.Thread(target=run, name="worker", daemon=True).start()
        return future


def run(workers: Workers, task: Callable[[], None]) -> Future[None]:
    """Begin a task and log the exception that it may raise; the future never fails."""
    return workers.submit(_logged, task)


def _logged(task: Callable[[], None]) -> None:
    try:
        task()
    except Exception:
        log.exception("a task in the background failed")
