"""Who runs what goes on beside the caller: a thread for each task, or the caller itself where there are no threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol


class Workers(Protocol):
    """Runs tasks; the Future tells when one has ended. `concurrent.futures` pools satisfy it too."""

    def submit(self, task: Callable[[], None], /) -> Future[None]:
        """Start a task."""
        ...


class Threads:
    """A thread of its own for every task, so that one that hangs never keeps another from running."""

    def submit(self, task: Callable[[], None], /) -> Future[None]:
        """Start a task in a new thread that does not keep the process alive."""
        done: Future[None] = Future()
        threading.Thread(target=_run, args=(task, done), daemon=True).start()
        return done


class Inline:
    """Runs each task at once, in the caller."""

    def submit(self, task: Callable[[], None], /) -> Future[None]:
        """Run the task, then return."""
        done: Future[None] = Future()
        _run(task, done)
        return done


def _run(task: Callable[[], None], done: Future[None]) -> None:
    try:
        task()
    except BaseException as error:  # noqa: BLE001 -- a Future hands every error to whoever asks for the result
        done.set_exception(error)
    else:
        done.set_result(None)
