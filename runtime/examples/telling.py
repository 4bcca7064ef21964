"""How examples tell their story: a line for each step, the engine's log among them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from runtime.errors import EngineError


def say(what: str, shown: object = None) -> None:
    """One line of the story."""
    print(what if shown is None else f"{what}: {shown}")  # noqa: T201 -- an example shows what it does


def show_error(what: str, attempt: Callable[[], object]) -> None:
    """Try what must fail, and show how it is refused."""
    try:
        attempt()
    except EngineError as error:
        say(what, error)
    else:
        raise AssertionError(f"{what}: was not refused")


@contextmanager
def show_log() -> Iterator[None]:
    """Make the engine's warnings and errors a part of the story."""

    class Shown(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say(f"  the log, {record.levelname.lower()}", record.getMessage())

    log, handler = logging.getLogger("runtime"), Shown(logging.WARNING)
    before, propagated = log.handlers[:], log.propagate
    log.handlers, log.propagate = [handler], False
    try:
        yield
    finally:
        log.handlers, log.propagate = before, propagated
