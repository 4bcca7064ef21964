"""Progress on standard error: one changing line on a terminal; elsewhere one line for each long stage.

The stages are the messages that the loggers below `annotator` write at level INFO.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

from annotator.errors import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

PATIENCE = 1.0
"""Seconds that a stage may take without being shown."""

_TICK = 0.2
_LOGGER = "annotator"
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Display(logging.Handler):
    """Shows the stage that runs, once it has run for a while."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(logging.INFO)
        self._stream, self._clock = stream, clock
        self._is_live = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._live: Live | None = None
        self._is_drawing = False
        self._ticks = 0
        self._stage, self._done, self._total = "", 0, 0
        self._since, self._is_shown = clock(), False

    def emit(self, record: logging.LogRecord) -> None:
        """Note the stage that a message names; one that is logged with `always` is a line of its own."""
        if record.levelno == logging.INFO:
            self.tell(record.getMessage(), getattr(record, "done", 0), getattr(record, "total", 0))
            if getattr(record, "always", False):
                self._write_line()

    def tell(self, stage: str, done: int, total: int) -> None:
        """Note the stage that runs and how far it is; a total of 0 is not known."""
        if stage != self._stage:
            self._stage, self._since, self._is_shown = stage, self._clock(), False
        if not stage:
            self.clear()
        self._done, self._total = done, total

    def tick(self) -> None:
        """Show the stage if it has run for long."""
        if not self._stage or self._is_drawing or self._clock() - self._since < PATIENCE:
            return
        self._is_drawing = True
        try:
            if self._is_live:
                self._draw()
            elif not self._is_shown:
                self._write_line()
        finally:
            self._is_drawing = False

    def _write_line(self) -> None:
        self.clear()
        self._is_shown = True
        self._stream.write(f"annotator: {printable(self._stage)}\n")
        self._stream.flush()

    def clear(self) -> None:
        """Remove the changing line, so that another one can be written; the next tick draws it again."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _draw(self) -> None:
        from rich import live, text  # noqa: PLC0415 - loaded only for work that takes long

        if self._live is None:
            self._live = live.Live(
                console=plain_console(self._stream),
                transient=True,
                auto_refresh=False,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        line = text.Text(self._line(), no_wrap=True, overflow="ellipsis")
        self._live.update(line, refresh=True)

    def _line(self) -> str:
        self._ticks += 1
        share = f" {100 * self._done // self._total} %" if self._total else ""
        seconds = f" ({self._clock() - self._since:.0f} s)"
        return f"{_FRAMES[self._ticks % len(_FRAMES)]} {printable(self._stage)}{share}{seconds}"


def plain_console(stream: TextIO | None = None) -> Console:
    """Return a console that changes no text and colours only styled parts."""
    from rich.console import Console  # noqa: PLC0415 - most output needs none

    return Console(file=stream, highlight=False, markup=False, emoji=False)


def report(stage: str, done: int, total: int) -> None:
    """Log a stage with its progress; an empty stage ends the display."""
    logging.getLogger(_LOGGER).info("%s", stage, extra={"done": done, "total": total})


def is_shown() -> bool:
    """Whether progress is shown at all."""
    return any(isinstance(handler, Display) for handler in logging.getLogger(_LOGGER).handlers)


def clear() -> None:
    """Remove the changing line before something else is written to the terminal."""
    for handler in logging.getLogger(_LOGGER).handlers:
        if isinstance(handler, Display):
            handler.clear()


@contextmanager
def progress() -> Iterator[None]:
    """Show the stages of the work in this block on one line, which is erased at the end.

    A timer of the system interrupts the main thread, as work that forks must not have threads.
    """
    display = Display(sys.stderr)
    logger, level = logging.getLogger(_LOGGER), logging.getLogger(_LOGGER).level
    logger.addHandler(display)
    logger.setLevel(logging.INFO)
    # Windows has no such timer: the stages are not shown there.
    is_timed = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGALRM, lambda _number, _frame: _tick(display)) if is_timed else None
    if is_timed:
        signal.setitimer(signal.ITIMER_REAL, _TICK, _TICK)
    try:
        yield
    finally:
        if is_timed:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        display.clear()
        logger.removeHandler(display)
        logger.setLevel(level)


def _tick(display: Display) -> None:
    with suppress(OSError, ValueError):  # nobody reads standard error any more
        display.tick()
