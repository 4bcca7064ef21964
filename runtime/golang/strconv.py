"""Texts as moby's messages show them."""

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
"""What `os.fsdecode` makes of bytes that are not UTF-8."""


def quote(text: str) -> str:
    """Return the text as Go's %q shows it: in double quotes, with what cannot be printed escaped."""
    return f'"{"".join(map(_character, text))}"'


def printable(line: str) -> str:
    """Return a line with what could move a cursor or forge another line escaped; tabs stay."""
    return "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in line)


def cause(error: OSError) -> str:
    """Return what the system says of a failure, as Go words it: in lower case, without number and path."""
    return (error.strerror or str(error)).lower()


def located(error: OSError) -> str:
    """Return what the system says of a failure, and of which file, without number."""
    where = error.filename
    return f"{os.fsdecode(where)}: {cause(error)}" if isinstance(where, (str, bytes)) else cause(error)


def parse_int(text: str, function: str) -> int:
    """Return a number of 64 bits, as the function of Go's strconv of that name reads it.

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
