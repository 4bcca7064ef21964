"""How long the plugin manager waits for what, and the clock it looks at."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Timings:
    """Every wait of the plugin manager, in seconds, with moby's numbers unless said otherwise."""

    first_dial: float = 0.5
    """Given to a plugin that has just started, to listen on its socket."""
    next_dial: float = 3.0
    """After each dial that fails."""
    max_retries: int = 3
    """Dials after the first."""
    probe: float = 0.05
    """Between two dials within that time; ours, moby dials four times in all."""
    terminate: float = 10.0
    """Given to a plugin after SIGTERM, before SIGKILL."""
    kill: float = 10.0
    """Given to it after SIGKILL."""
    restart_first: float = 1.0
    """Before a plugin that crashed is started again; ours, moby restarts at once."""
    restart_max: float = 60.0
    """The wait doubles up to this; ours."""
    restart_steady: float = 10.0
    """A plugin that ran this long has not crashed on start, so the wait begins anew; ours."""
    start: float = 1.0
    """What plugins together may delay the start of the engine; ours, moby waits for all of them."""

    @property
    def listening(self) -> float:
        """Seconds in which a plugin must listen on its socket, or it is disabled; 12.5 by default."""
        return self.first_dial + (self.max_retries + 1) * self.next_dial

    def restart_wait(self, crashes: int) -> float:
        """The wait after this many crashes in a row, counted from 1."""
        return min(self.restart_first * 2.0 ** min(crashes - 1, 30), self.restart_max)


class Clock(Protocol):
    """The time, and waiting for something until a time."""

    def now(self) -> float:
        """Seconds on a clock that only goes forward."""
        ...

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until the event is set, or so many seconds; whether it is set."""
        ...


class RealClock:
    """The machine's clock."""

    def now(self) -> float:
        """Seconds on a clock that only goes forward."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until the event is set, or so many seconds; whether it is set."""
        return event.wait(seconds)
