"""Texts as moby's messages show them."""

from __future__ import annotations

import os
from typing import Final

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
