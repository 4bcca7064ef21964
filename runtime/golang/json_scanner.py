"""A syntax check of JSON, with the error texts of Go's encoding/json/scanner.go."""

from __future__ import annotations

import re
from typing import Final, NoReturn

from runtime.errdefs import EngineError

MAX_DEPTH: Final = 10_000
"""The deepest nesting of values, as in Go."""

_SPACE: Final = " \t\r\n"
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_LITERALS: Final = {"t": "true", "f": "false", "n": "null"}
_HEX: Final = frozenset("0123456789abcdefABCDEF")


class DecodeError(EngineError):
    """A text is not JSON, or does not fit the type; the message is as in Go."""


class UnexpectedEnd(DecodeError):
    """A text ends within a value, or before it."""


class TrailingData(DecodeError):
    """Data follow the value."""


class Scanner:
    """Finds the end of a JSON value, or the first wrong character.

    Args:
        text: A text that begins with the value.
        alone: Whether data after the value are an error.
    """

    def __init__(self, text: str, *, alone: bool = False) -> None:
        self.text = text
        self.at = 0
        self.alone = alone
        self.open: list[str] = []

    def end_of_value(self) -> int:
        """Return the offset at which the first value ends.

        Raises:
            UnexpectedEnd: The text ends too early; the message is "EOF" without any value.
            TrailingData: Data follow the value, and `alone` is set.
            DecodeError: A character is wrong.
        """
        self._skip_space()
        if self.at == len(self.text):
            raise UnexpectedEnd("unexpected end of JSON input" if self.alone else "EOF")
        self._value()
        while self.open:
            self._rest()
        end = self.at
        self._skip_space()
        if self.alone and self.at < len(self.text):
            raise TrailingData(self._unexpected("after top-level value"))
        return end

    def _value(self) -> None:
        """Read a scalar, or open brackets up to the first scalar within."""
        while self._opens():
            if self.open[-1] == "{":
                self._key()

    def _opens(self) -> bool:
        """Read a scalar or an opening bracket; return whether a bracket was opened."""
        self._skip_space()
        character = self._peek()
        if character in "{[":
            return self._begin(character)
        if character == '"':
            self._string()
        elif character in _LITERALS:
            self._literal(_LITERALS[character])
        elif character == "-" or character.isdecimal():
            self._number()
        else:
            self._refuse("looking for beginning of value")
        return False

    def _begin(self, bracket: str) -> bool:
        """Read a bracket; return whether there is something within."""
        if len(self.open) == MAX_DEPTH:
            raise DecodeError("exceeded max depth")
        self.at += 1
        self._skip_space()
        closing = "}" if bracket == "{" else "]"
        if self._peek() == closing:
            self.at += 1
            return False
        self.open.append(bracket)
        return True

    def _rest(self) -> None:
        """Read what follows a value within an array or an object."""
        self._skip_space()
        inside, character = self.open[-1], self._peek()
        if character == ("}" if inside == "{" else "]"):
            self.at += 1
            self.open.pop()
        elif character == ",":
            self.at += 1
            if inside == "{":
                self._key()
            self._value()
        else:
            self._refuse("after object key:value pair" if inside == "{" else "after array element")

    def _key(self) -> None:
        self._skip_space()
        if self._peek() != '"':
            self._refuse("looking for beginning of object key string")
        self._string()
        self._skip_space()
        if self._peek() != ":":
            self._refuse("after object key")
        self.at += 1

    def _string(self) -> None:
        self.at += 1
        while True:
            self.at = _PLAIN.match(self.text, self.at).end()  # type: ignore[union-attr] # it matches nothing, too
            character = self._peek()
            self.at += 1
            if character == '"':
                return
            if character != "\\":
                self.at -= 1
                self._refuse("in string literal")
            self._escape()

    def _escape(self) -> None:
        character = self._peek()
        if character not in 'bfnrt\\/"u':
            self._refuse("in string escape code")
        self.at += 1
        for _ in range(4 if character == "u" else 0):
            if self._peek() not in _HEX:
                self._refuse("in \\u hexadecimal character escape")
            self.at += 1

    def _literal(self, word: str) -> None:
        for letter in word:
            if self._peek() != letter:
                self._refuse(f"in literal {word} (expecting {quote_char(letter)})")
            self.at += 1

    def _number(self) -> None:
        if (number := _NUMBER.match(self.text, self.at)) is None:
            self.at += 1
            self._peek()
            self._refuse("in numeric literal")
        self.at = number.end()
        rest = self.text[self.at : self.at + 1]
        if rest == "." and number[2] is None and number[3] is None:
            self._broken_number("after decimal point in numeric literal")
        if rest in {"e", "E"} and number[3] is None:
            self.at += self.text[self.at + 1 : self.at + 2] in {"+", "-"}
            self._broken_number("in exponent of numeric literal")

    def _broken_number(self, where: str) -> NoReturn:
        self.at += 1
        self._peek()
        self._refuse(where)

    def _skip_space(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in _SPACE:
            self.at += 1

    def _peek(self) -> str:
        if self.at == len(self.text):
            raise UnexpectedEnd("unexpected end of JSON input" if self.alone else "unexpected EOF")
        return self.text[self.at]

    def _refuse(self, where: str) -> NoReturn:
        raise DecodeError(self._unexpected(where))

    def _unexpected(self, where: str) -> str:
        # Go looks at one byte at a time.
        byte = chr(self.text[self.at].encode("utf-8", "surrogateescape")[0])
        return f"invalid character {quote_char(byte)} {where}"


def quote_char(character: str) -> str:
    """Return one of the first 256 characters as Go's decoder shows it."""
    special = {"'": r"'\''", '"': "'\"'", "\\": r"'\\'", "\a": r"'\a'", "\b": r"'\b'", "\f": r"'\f'"}
    special |= {"\n": r"'\n'", "\r": r"'\r'", "\t": r"'\t'", "\v": r"'\v'"}
    if character in special:
        return special[character]
    if character.isprintable():
        return f"'{character}'"
    return f"'\\x{ord(character):02x}'" if ord(character) < 0x80 else f"'\\u{ord(character):04x}'"  # noqa: PLR2004 - ASCII
