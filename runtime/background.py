"""Tasks that run in the background; their failures go to the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future

from runtime.workers import Workers

log = logging.getLogger(__name__)


def run(workers: Workers, task: Callable[[], None]) -> Future[None]:
    """Begin a task. An exception that it raises is logged; the future never fails."""
    return workers.submit(_logged, task)


def _logged(task: Callable[[], None]) -> None:
    try:
        task()
    except Exception:
        log.exception("a task in the background failed")
