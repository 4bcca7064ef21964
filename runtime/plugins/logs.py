"""What a plugin prints, as lines of the engine's log."""

from __future__ import annotations

import logging
from collections import deque
from typing import Protocol

from runtime.quoting import printable, quote

log = logging.getLogger("runtime.plugins.output")

LINE_LIMIT = 64 << 10
"""Bytes after which a line is cut, as in logrus."""


LAST_LINES = 5
LAST_LINE_LIMIT = 300
"""How many of a plugin's last lines an error shows, and how many characters of each."""


def failure(to: logging.Logger, message: str, error: BaseException, **fields: str) -> None:
    """Log an error that is dealt with: its text as a field beside the others, without a trace."""
    to.error(message, extra={**fields, "error": str(error) or type(error).__name__})


class WriteCloser(Protocol):
    """Where an executor puts what a plugin prints."""

    def write(self, data: bytes, /) -> object:
        """Take some bytes; never blocks for long."""
        ...

    def close(self) -> None:
        """Nothing more comes."""
        ...


class LastLines:
    """The last lines that a plugin printed on either stream, for the error that tells of its end."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=LAST_LINES)

    def add(self, line: str) -> None:
        """Add a line, cut to a bounded length; empty ones are skipped."""
        if line.strip():
            self._lines.append(line if len(line) <= LAST_LINE_LIMIT else f"{line[:LAST_LINE_LIMIT]}...")

    def __str__(self) -> str:
        """Return the lines as one quoted text; empty if there are none."""
        lines = self._lines.copy()
        return quote("\n".join(lines)) if lines else ""


class LineLogger:
    """Logs what is written to it, line by line, as from a plugin.

    Go:
        plugin/manager.go::logHook
        plugin/manager.go::logHook.Fire
        plugin/manager.go::logHook.Levels

    Differs:
        param entry: a line at a time is written, and logged with the plugin's id as an `extra` field; logrus
            shows its hook the finished entry.
        extra level: moby's hook is for all levels, and the stream's level is the logger's.
    """

    def __init__(self, plugin_id: str, level: int, last: LastLines | None = None) -> None:
        self.id = plugin_id
        self.level = level
        self._last = last
        self._rest = b""

    def write(self, data: bytes, /) -> int:
        """Log the lines that are whole by now, and keep the rest."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._log(line)
        while len(self._rest) >= LINE_LIMIT:
            self._log(self._rest[:LINE_LIMIT])
            self._rest = self._rest[LINE_LIMIT:]
        return len(data)

    def close(self) -> None:
        """Log what is left."""
        if self._rest:
            self._log(self._rest)
        self._rest = b""

    def _log(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip("\r")
        if self._last is not None:
            self._last.add(text)
        log.log(self.level, "%s", printable(text), extra={"plugin": self.id})


def make_logger_streams(plugin_id: str, last: LastLines | None = None) -> tuple[LineLogger, LineLogger]:
    """Return the sinks of a plugin's standard output and standard error: level info and level error.

    Go:
        plugin/manager.go::makeLoggerStreams

    Differs:
        extra last: keeps the last lines for error messages; moby's have none.
    """
    return LineLogger(plugin_id, logging.INFO, last), LineLogger(plugin_id, logging.ERROR, last)
