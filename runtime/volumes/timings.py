"""The numbers of the volume packages, so that a test can shorten each of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timings:
    """How long what may take, in seconds.

    Args:
        long_timeout: One try of a plugin's Create or Mount.
        short_timeout: One try of any other call of a plugin.
        start: What drivers that do not answer may delay the start by, all of them together; moby waits for
            the slowest, which is a quarter of a minute for one that is gone.
        probe: What all drivers together may take to answer in a list; moby waits for the slowest.
        database_lock: The wait for another engine to give the root free.
        database_retry: The pause between two tries of that.

    Go:
        volume/drivers/proxy.go::longTimeout
        volume/drivers/proxy.go::shortTimeout
    """

    long_timeout: float = 120.0
    short_timeout: float = 60.0
    start: float = 1.0
    probe: float = 10.0
    database_lock: float = 1.0
    database_retry: float = 0.05


DEFAULT = Timings()
