"""How the engine's log looks: lines for people, or JSON for machines."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Final

import msgspec

_LEVELS: Final = {
    logging.DEBUG: "debug",
    logging.INFO: "info",
    logging.WARNING: "warning",
    logging.ERROR: "error",
    logging.CRITICAL: "fatal",
}
"""What moby's log calls them."""


class Text(logging.Formatter):
    """`time="…" level=info msg="…"`, as moby's log looks."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, followed by the trace if there is one."""
        message = msgspec.json.encode(_clean(record.getMessage())).decode()
        line = f'time="{_time(record)}" level={_level(record)} msg={message}'
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class Json(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, with the trace in it if there is one."""
        fields = {
            "time": _time(record),
            "level": _level(record),
            "msg": _clean(record.getMessage()),
            "logger": record.name,
        }
        if record.exc_info:
            fields["trace"] = _clean(self.formatException(record.exc_info))
        return msgspec.json.encode(fields).decode()


FORMATTERS: Final = {"text": Text, "json": Json}


def set_up(log_format: str, level: str) -> None:
    """Write the log to standard error.

    Args:
        log_format: `text` or `json`.
        level: `debug`, `info`, `warning` or `error`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FORMATTERS[log_format]())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    for chatty in ("uvicorn.error", "asyncio", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _time(record: logging.LogRecord) -> str:
    return (
        datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    )


def _level(record: logging.LogRecord) -> str:
    return _LEVELS.get(record.levelno, record.levelname.lower())


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
