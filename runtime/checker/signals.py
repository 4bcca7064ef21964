"""Signals that end a check, after what it made has been removed."""

from __future__ import annotations

import os
import signal
from types import FrameType, TracebackType
from typing import Final, Self

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXIT_BASE: Final = 128


class Stopped(BaseException):
    """A signal asked for the end."""


class Stops:
    """While it is entered, the first signal raises `Stopped`, unless the clean-up has begun.

    Further signals are ignored, but for Ctrl-C, which ends the program at once.
    """

    def __init__(self) -> None:
        self.number = 0
        self._cleaning = False
        self._before: dict[signal.Signals, object] = {}

    @property
    def exit_code(self) -> int:
        """The exit code after a signal, as a shell has it."""
        return EXIT_BASE + self.number

    def begin_clean_up(self) -> None:
        """Let no signal interrupt what follows."""
        self._cleaning = True

    def __enter__(self) -> Self:
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type] # what `signal.signal` returned

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        if self.number:
            if number == signal.SIGINT:
                os._exit(EXIT_BASE + number)
            return
        self.number = number
        if not self._cleaning:
            raise Stopped
