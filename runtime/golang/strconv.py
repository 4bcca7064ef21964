"""Conversions of texts and numbers, as in Go's strconv and in moby's messages."""

from __future__ import annotations

import os
import re
from typing import Final

from runtime.errdefs import EngineError

_INT64: Final = 1 << 63
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")

_SHORT: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}
_ONE_BYTE: Final = 0x80
_TWO_BYTES: Final = 0x10000
_ESCAPED_BYTES: Final = range(0xDC80, 0xDD00)
"""The code points that `os.fsdecode` uses for bytes that are not UTF-8."""


def quote(text: str) -> str:
    """Return the text as Go's %q: in double quotes, with unprintable characters escaped."""
    return f'"{"".join(map(_character, text))}"'


def printable(line: str) -> str:
    """Escape all unprintable characters of a line but tabs."""
    return "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in line)


def cause(error: OSError) -> str:
    """Return the text of an OSError as in Go: in lower case, without number and path."""
    return (error.strerror or str(error)).lower()


def located(error: OSError) -> str:
    """Return the path and the text of an OSError, without number."""
    where = error.filename
    return f"{os.fsdecode(where)}: {cause(error)}" if isinstance(where, (str, bytes)) else cause(error)


def parse_int(text: str, function: str) -> int:
    """Parse a number of 64 bits; errors name the given function of Go's strconv.

    Raises:
        EngineError: It is not a number, or too large.
    """
    if not _INTEGER.fullmatch(text):
        raise EngineError(f"strconv.{function}: parsing {quote(text)}: invalid syntax")
    number = int(text) if len(text) <= len(str(_INT64)) + 1 else _INT64
    if not -_INT64 <= number < _INT64:
        raise EngineError(f"strconv.{function}: parsing {quote(text)}: value out of range")
    return number


def _character(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code in _ESCAPED_BYTES:
        return f"\\x{code - 0xDC00:02x}"
    if code < _ONE_BYTE:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < _TWO_BYTES else f"\\U{code:08x}"
