"""The formats of the engine's log: text as in logrus, or JSON."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import msgspec

from runtime.golang.strconv import printable, quote

_LEVELS: Final = {
    logging.DEBUG: "debug",
    logging.INFO: "info",
    logging.WARNING: "warning",
    logging.ERROR: "error",
    logging.CRITICAL: "fatal",
}
"""The names of levels in moby's log."""

_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {
    "asctime",
    "message",
    "taskName",
    "color_message",
}
"""Attributes of every record, and uvicorn's coloured message; all others are fields."""

_PLAIN: Final = re.compile(r"[a-zA-Z0-9._/@^+-]*")
"""The pattern of values that logrus does not quote."""


class Text(logging.Formatter):
    """The format of logrus, `time="..." level=info msg="..." key=value`, with sorted fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record as one line; an indented traceback may follow."""
        own = {"time": _time(record), "level": _level(record), "msg": record.getMessage()}
        line = " ".join(f"{_word(key)}={_word(value)}" for key, value in (own | _fields(record, own)).items())
        if not record.exc_info:
            return line
        trace = self.formatException(record.exc_info).splitlines()
        return "\n".join([line, *(f"    {printable(frame)}" for frame in trace)])


class Json(logging.Formatter):
    """One JSON object a line, with `time`, `level`, `msg`, `logger` and the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record as one line, with its traceback."""
        own = {
            "time": _time(record),
            "level": _level(record),
            "msg": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info:
            own["trace"] = self.formatException(record.exc_info)
        fields = own | _fields(record, own)
        return msgspec.json.encode({_clean(key): _clean(value) for key, value in fields.items()}).decode()


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


def _fields(record: logging.LogRecord, own: Iterable[str]) -> dict[str, str]:
    """Return the fields of `extra=`, sorted; names that are taken get a prefix, as in logrus."""
    extra = {key: str(value) for key, value in record.__dict__.items() if key not in _STANDARD}
    return {f"fields.{key}" if key in own else key: value for key, value in sorted(extra.items())}


def _word(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else quote(text)


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
