"""What a plugin prints, as lines of the engine's log."""

from __future__ import annotations

import logging
from typing import Protocol

log = logging.getLogger("runtime.plugins.output")

LINE_LIMIT = 64 << 10
"""Bytes after which a line is cut, as in logrus."""


def failure(to: logging.Logger, message: str, error: BaseException, **fields: str) -> None:
    """Log an error that is dealt with: its text as a field beside the others, without a trace."""
    to.error(message, extra={**fields, "error": str(error)})


class WriteCloser(Protocol):
    """Where an executor puts what a plugin prints."""

    def write(self, data: bytes, /) -> object:
        """Take some bytes; never blocks for long."""
        ...

    def close(self) -> None:
        """Nothing more comes."""
        ...


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

    def __init__(self, plugin_id: str, level: int) -> None:
        self.id = plugin_id
        self.level = level
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
        log.log(self.level, "%s", _printable(line), extra={"plugin": self.id})


def _printable(line: bytes) -> str:
    """The line with what could move a cursor or forge another line escaped."""
    text = line.decode("utf-8", "replace").rstrip("\r")
    return "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in text)


def make_logger_streams(plugin_id: str) -> tuple[LineLogger, LineLogger]:
    """Where a plugin's standard output and standard error go: level info and level error.

    Go:
        plugin/manager.go::makeLoggerStreams
    """
    return LineLogger(plugin_id, logging.INFO), LineLogger(plugin_id, logging.ERROR)
