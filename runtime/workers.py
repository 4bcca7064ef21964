"""Threads for work that may hang: each task has its own, and none of them keeps the process alive."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Workers(Protocol):
    """Where work is done beside the caller's; each `concurrent.futures.Executor` is one."""

    def submit(self, task: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> Future[T]:
        """Begin a task and return at once."""
        ...


class Threads:
    """One new thread for each task, so that a task that hangs never holds up another."""

    def submit(self, task: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> Future[T]:
        """Begin a task and return at once."""
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(task(*args, **options))
            except BaseException as error:  # noqa: BLE001 - whoever waits for the future gets it
                future.set_exception(error)

        threading.Thread(target=run, name=getattr(task, "__qualname__", "task"), daemon=True).start()
        return future
