"""Signals that end the service or a command, once they have cleaned up."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Final, Self

_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXIT_BASE: Final = 128

_FAULTS: Final = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}
"""What the kernel sends for a fault of the process; it would be sent again as soon as a handler returns."""

_HARMLESS: Final = {
    signal.SIGCHLD,
    signal.SIGCONT,
    signal.SIGURG,
    signal.SIGWINCH,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGPIPE,
    signal.SIGXFSZ,
}
"""What ends no process, or is ignored by Python already."""

_IGNORED: Final = {signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2}
"""With dockerd SIGHUP reloads the configuration, and there is none to reload; SIGUSR1 writes stacks."""

CAUGHT: Final = frozenset(signal.valid_signals() - _FAULTS - _HARMLESS - {signal.SIGKILL, signal.SIGSTOP})
"""Every other signal, which would end the process at once."""


class Signals:
    """Catches signals from before the start of the engine until after its end.

    One that arrives before somebody listens is kept.
    """

    def __init__(self) -> None:
        self.stops = 0
        self._listener: Callable[[], None] | None = None

    def listen(self, listener: Callable[[], None] | None) -> None:
        """Have a function called in the main thread for every signal to stop, at once if one has come."""
        self._listener = listener
        if listener is not None and self.stops:
            listener()

    def receive(self, number: int, _frame: FrameType | None) -> None:
        """Take a signal, as its handler."""
        if number in _IGNORED:
            return
        self.stops += 1
        if self._listener is not None:
            self._listener()


@contextmanager
def caught() -> Iterator[Signals]:
    """Catch every signal that would end the process; those that are ignored stay so.

    Handlers, unlike ignored signals, are not inherited by the programs that the engine starts.
    """
    signals = Signals()
    before = {}
    for number in CAUGHT:
        if signal.getsignal(number) not in (signal.SIG_IGN, None) or number in (
            signal.SIGTERM,
            signal.SIGINT,
        ):
            before[number] = signal.signal(number, signals.receive)
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def unwinding() -> None:
    """Let SIGTERM and its like end the program as an exception does, so that it cleans up after itself."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _exit)


def _exit(number: int, _frame: FrameType | None) -> None:
    for caught_one in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(caught_one, signal.SIG_IGN)  # once is enough; what is cleaned up now takes a moment
    raise SystemExit(EXIT_BASE + number)


class Stopped(BaseException):
    """A signal to stop has come."""


class Stops:
    """Context in which the first signal to stop raises `Stopped`, unless the clean-up has begun.

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
        for number in _ENDING:
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
