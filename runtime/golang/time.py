"""Times in JSON, as Go's `time.Time` parses them, and the clock of all waits."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_FORM: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d+))?"
    r"(?:Z|([+-])([+-]?\d{2}|[+-]\d):([+-]?\d{2}|[+-]\d))",
    re.ASCII,
)
_STRICT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
_MICROSECONDS: Final = 6


class Clock:
    """The machine's clock; tests have their own."""

    def now(self) -> float:
        """Return seconds on a clock that only goes forward."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; a clock may return early to end a wait, as at shutdown."""
        time.sleep(seconds)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event, for so many seconds at most; return whether it is set."""
        return event.wait(seconds)


class NotATime(ValueError):
    """A text that Go does not parse as a time."""


def parse(text: str) -> datetime | None:
    """Return the time, or None for one in the year 0, which Python cannot hold.

    As in Go 1.19, with which dockerd 20.10.24 is built: `Z` and `T` in upper case, an offset with a colon,
    hours of one digit, a fraction after a point or a comma, and offsets of any size.

    Raises:
        NotATime: Go does not parse it.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise NotATime(f"{text[:100]!a} is not a time such as 2006-01-02T15:04:05Z")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction = (match[7] or "")[:_MICROSECONDS].ljust(_MICROSECONDS, "0")
    try:
        # The year 4 stands for the year 0: both are leap years.
        local = datetime(year or 4, month, day, hour, minute, second, int(fraction), UTC)
    except ValueError as error:
        raise NotATime(f"{text[:100]!a} is not a time: {error}") from error
    return _in_zone(local, match) if year else None


def is_strict(text: str) -> bool:
    """Return whether Go 1.20 and later parse it, too: hours of two digits, a point, offsets below a day."""
    return _STRICT.fullmatch(text) is not None


def _in_zone(local: datetime, match: re.Match[str]) -> datetime | None:
    if match[8] is None:
        return local
    offset = timedelta(hours=int(match[9]), minutes=int(match[10]))
    offset = -offset if match[8] == "-" else offset
    try:
        if abs(offset) < timedelta(days=1):
            return local.replace(tzinfo=timezone(offset))
        return local - offset
    except OverflowError:
        return None
