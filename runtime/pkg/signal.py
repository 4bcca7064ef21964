"""Handlers of the signals that end the service or a command after a clean-up."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, Self

_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXIT_BASE: Final = 128

_FAULTS: Final = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}
"""Signals for a fault of the process, which the kernel sends again when a handler returns."""

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
"""Signals that end no process, or that Python ignores."""

_IGNORED: Final = {signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2}
"""In dockerd SIGHUP reloads the configuration and SIGUSR1 writes stacks; neither exists here."""

CAUGHT: Final = frozenset(signal.valid_signals() - _FAULTS - _HARMLESS - {signal.SIGKILL, signal.SIGSTOP})
"""All other signals, which would end the process at once."""


class Signals:
    """Catches signals from before the start of the engine until after its end.

    A signal that arrives before `listen` is delivered by it.
    """

    def __init__(self) -> None:
        self.stops = 0
        self._listener: Callable[[], None] | None = None

    def listen(self, listener: Callable[[], None] | None) -> None:
        """Call a function in the main thread for every signal, and now for an earlier one."""
        self._listener = listener
        if listener is not None and self.stops:
            listener()

    def receive(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        if number in _IGNORED:
            return
        self.stops += 1
        if self._listener is not None:
            self._listener()


@contextmanager
def caught() -> Iterator[Signals]:
    """Catch every signal that would end the process; ignored ones stay ignored.

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
    """Make SIGTERM, SIGHUP and SIGQUIT raise SystemExit, so that the program cleans up."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _exit)


def _exit(number: int, _frame: FrameType | None) -> None:
    for other in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(other, signal.SIG_IGN)  # the clean-up takes a moment
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
        """The exit code after a signal, as in a shell."""
        return EXIT_BASE + self.number

    def begin_clean_up(self) -> None:
        """Ignore signals from now on."""
        self._cleaning = True

    def __enter__(self) -> Self:
        for number in _ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
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
