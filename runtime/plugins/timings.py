"""The numbers of the legacy plugins' protocol, so that a test can shorten each of them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final, Protocol

DEFAULT_TIME_OUT: Final = 30.0
"""No try begins later than this after the first; seconds.

Go:
    pkg/plugins/client.go::defaultTimeOut
"""


class Clock(Protocol):
    """What tells the time and lets it pass; a `sleep` that returns early ends a wait, as at shutdown."""

    def now(self) -> float:
        """Seconds that only ever grow."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds, or earlier."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Seconds since some moment in the past."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Timings:
    """How long, how often and how much, in seconds and bytes, and the clock that counts them.

    Args:
        first_wait: The wait before the second try; each further one is twice as long.
        default_timeout: No try begins later than this after the first.
        dial: How long a connection may take to be made.
        activate: How long one activation request may take; moby sets no bound.
        call: How long a call without a bound of its own may take; moby sets no bound.
        scan: How long listing waits for all plugins together; moby waits for the slowest.
        reply_limit: The size that a reply may have, in bytes; moby sets no bound.
        idle_connections: How many unused connections are kept open for the next call.
        clock: What tells the time.
    """

    first_wait: float = 1.0
    default_timeout: float = DEFAULT_TIME_OUT
    dial: float = 32.0
    activate: float = 30.0
    call: float = 120.0
    scan: float = 1.0
    reply_limit: int = 16 * 1024 * 1024
    idle_connections: int = 2
    clock: Clock = field(default_factory=SystemClock)


DEFAULT = Timings()


def backoff(retries: int, timings: Timings = DEFAULT) -> float:
    """How many seconds to wait after so many retries: 1, 2, 4, 8, 16, and never more than 30.

    Go:
        pkg/plugins/client.go::backoff

    Differs:
        extra timings: time-outs and waits, which tests shorten; moby has constants.
    """
    wait = timings.first_wait
    while wait < timings.default_timeout and retries > 0:
        wait *= 2
        retries -= 1
    return min(wait, timings.default_timeout)


def abort(start: float, time_off: float, timings: Timings = DEFAULT) -> bool:
    """Whether the next try would begin too late.

    Go:
        pkg/plugins/client.go::abort

    Differs:
        extra timings: time-outs, waits and the clock, which tests replace; moby has constants.
    """
    return time_off + timings.clock.now() - start >= timings.default_timeout
