"""Ends a program that has stopped coming on, since not every program's own time-outs can be relied on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self


class Watch:
    """Ends something that shows no new sign of life for a while; a context manager."""

    def __init__(self, end: Callable[[], None], seconds: float) -> None:
        """Prepare to call `end` after so many seconds without a new sign."""
        self.has_ended_it = False
        self._end = end
        self._seconds = seconds
        self._last = ""
        self._seen = threading.Event()
        self._is_over = False
        self._thread = threading.Thread(target=self._wait, daemon=True)

    def saw(self, sign: str) -> None:
        """Count a sign of life, unless it is the last one again."""
        if sign != self._last:
            self._last = sign
            self._seen.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._seen.set()
        self._thread.join()

    def _wait(self) -> None:
        while self._seen.wait(self._seconds):
            self._seen.clear()
            if self._is_over:
                return
        self.has_ended_it = True
        self._end()
