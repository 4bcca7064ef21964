"""Signals of the service: none that can be caught ends it without stopping its plugins."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

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
    raise SystemExit(128 + number)
