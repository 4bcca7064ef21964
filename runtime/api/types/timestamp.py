"""Times as clients send them: seconds since 1970, with a fraction."""

from __future__ import annotations

from typing import NamedTuple

from runtime.golang.strconv import parse_int

NANO_DIGITS = 9


class Timestamp(NamedTuple):
    """A time since 1970."""

    seconds: int
    nanoseconds: int


def parse_timestamps(value: str, default: int) -> Timestamp:
    """Read a time; an empty text is so many seconds.

    Raises:
        EngineError: It is no time.

    Go:
        api/types/time/timestamp.go::ParseTimestamps
        api/types/time/timestamp.go::parseTimestamp
    Differs:
        behaviour precision: exact; moby goes through a floating-point number.
    """
    if not value:
        return Timestamp(default, 0)
    whole, separator, fraction = value.partition(".")
    seconds = parse_int(whole, "ParseInt")
    if not separator:
        return Timestamp(seconds, 0)
    nanoseconds = parse_int(fraction, "ParseInt")
    shift = NANO_DIGITS - len(fraction)
    return Timestamp(seconds, nanoseconds * 10**shift if shift >= 0 else nanoseconds // 10**-shift)
