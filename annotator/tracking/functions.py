"""Where a function that begins at an offset ends, told by its braces: it need not be parsed for that."""

from __future__ import annotations

import re

# What may hold a brace that is none, the braces, and what begins a string or comment that does not end.
_LEXEME = re.compile(
    rb"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|'(?:\\.[^'\n]*|[^'\\\n])'|[{}]|/\*|[\"`']", re.DOTALL
)
_BRACES = {b"{": 1, b"}": -1}
_UNENDED = frozenset({b"/*", b'"', b"`", b"'"})
_LINE_ENDS = (b"\n", b"\r", b"")
# What follows a brace within a signature: `interface{}, `, `struct{})`, `func() interface{} {`.
_GOES_ON = (b",", b")", b" {")


def end(data: bytes, start: int) -> int | None:
    """The offset behind a function's last brace; None if that is not clear.

    In Go nothing but its end follows a brace outside of all others in a signature or body, and ends the line.
    """
    depth = 0
    for match in _LEXEME.finditer(data, start):
        lexeme = match[0]
        if lexeme in _UNENDED:
            return None
        depth += _BRACES.get(lexeme, 0)
        if lexeme != b"}" or depth > 0:
            continue
        at = match.end()
        if depth == 0 and data[at : at + 1] in _LINE_ENDS:
            return at
        if depth < 0 or not data.startswith(_GOES_ON, at):
            return None
    return None
