"""JSON of others, read as Go's decoder reads it and refused in its words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn, TypeAlias, TypeVar

import msgspec

from runtime.errors import InvalidParameter

T = TypeVar("T")

MAX_DEPTH: Final = 10_000
"""How deep values may be nested; as in Go."""

Fields: TypeAlias = Mapping[str, str]
"""The type of each field of a Go struct: `string` or `map[string]string`."""

_SPACE: Final = " \t\r\n"
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LITERALS: Final = {"t": "true", "f": "false", "n": "null"}
_AT = re.compile(r" - at `\$(.*)`$")
_EXPECTED = re.compile(r"^Expected `([^`]+)`, got `([^`]+)`")
_TYPES: Final = {"str": "string", "int": "number", "float": "number", "datetime": "time"}
_HEX: Final = frozenset("0123456789abcdefABCDEF")


class UnexpectedEnd(InvalidParameter):
    """The text ends within a value, or before it."""


def first_value(data: bytes, *, alone: bool = False) -> Any:
    """The first JSON value in a text; what follows it is not looked at, unless it must be alone.

    Raises:
        UnexpectedEnd: The text has no value; its message is empty then, as with Go's `io.EOF`.
        InvalidParameter: It is no JSON.
    """
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        text = data.decode("utf-8", "surrogateescape")
    end = Scanner(text, alone=alone).end_of_value()
    try:
        return _without_surrogates(json.loads(text[:end]))
    except (ValueError, RecursionError) as error:
        raise InvalidParameter("exceeded max depth") from error


def decode(data: bytes, kind: type[T]) -> T:
    """Return the value of a type that a text of JSON holds.

    Characters that are none, as a lone surrogate, are replaced, as Go's decoder does.

    Raises:
        InvalidParameter: It is no JSON, or something in it is of another type.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return convert(first_value(data, alone=True), kind)


def convert(document: Any, kind: type[T]) -> T:
    """Return a document as a value of a type.

    Raises:
        InvalidParameter: Something in it is of another type.
    """
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise InvalidParameter(_type_error(str(error))) from error
    except RecursionError as error:
        raise InvalidParameter("exceeded max depth") from error


def _type_error(text: str) -> str:
    """Return msgspec's complaint about a type in the words of Go's decoder."""
    path = _AT.search(text)
    where = f"Go struct field {path[1].strip('.')}" if path and path[1] else "Go value"
    if (found := _EXPECTED.search(text)) is None:
        return f"json: cannot unmarshal the value of {where}"
    wanted, given = (_TYPES.get(name, name) for name in (text.split(" ")[0] for text in found.groups()))
    return f"json: cannot unmarshal {given} into {where} of type {wanted}"


def struct(document: Any, name: str, package: str, fields: Fields) -> dict[str, Any]:
    """The fields of a Go struct that a document has; keys match whatever their case, nulls count as absent.

    Raises:
        InvalidParameter: A field has another type.
    """
    if document is None:
        return {}
    if not isinstance(document, dict):
        _mismatch(_kind(document), f"Go value of type {package}.{name}")
    folded = {field.casefold(): field for field in fields}
    found: dict[str, Any] = {}
    for key, value in document.items():
        field = key if key in fields else folded.get(key.casefold())
        if field is not None and value is not None:
            found[field] = _field(value, fields[field], f"Go struct field {name}.{field}")
    return found


def strings(document: Any) -> list[str]:
    """A list of strings; nulls are empty ones.

    Raises:
        InvalidParameter: It is none.
    """
    if document is None:
        return []
    if not isinstance(document, list):
        _mismatch(_kind(document), "Go value of type []string")
    return [_string(item, "Go value") for item in document]


def filters(document: Any) -> None:
    """Check that a document has the form of filters: an object of objects with true and false.

    Raises:
        InvalidParameter: It has another form.
    """
    for values in _object(document, "map[string]map[string]bool").values():
        for item in _object(values, "map[string]bool").values():
            if not isinstance(item, bool | None):
                _mismatch(_kind(item), "Go value of type bool")


def _object(document: Any, kind: str) -> dict[str, Any]:
    if document is None:
        return {}
    if not isinstance(document, dict):
        _mismatch(_kind(document), f"Go value of type {kind}")
    return document


def _field(value: Any, kind: str, where: str) -> Any:
    if kind == "string":
        return _string(value, where)
    if not isinstance(value, dict):
        _mismatch(_kind(value), f"{where} of type {kind}")
    return {key: _string(item, where) for key, item in value.items()}


def _string(value: Any, where: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        _mismatch(_kind(value), f"{where} of type string")
    return value


def _mismatch(kind: str, where: str) -> NoReturn:
    raise InvalidParameter(f"json: cannot unmarshal {kind} into {where}")


def _kind(value: Any) -> str:
    kinds: dict[type, str] = {str: "string", bool: "bool", list: "array", dict: "object"}
    return kinds.get(type(value), "number")


def _without_surrogates(value: Any) -> Any:
    """The value with what is no character replaced, as Go does."""
    return json.loads(_SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False)))


class Scanner:
    """Finds where a JSON value ends, or says in Go's words why it is none.

    Args:
        text: What has the value.
        alone: Whether nothing may follow the value.
    """

    def __init__(self, text: str, *, alone: bool = False) -> None:
        self.text = text
        self.at = 0
        self.alone = alone
        self.open: list[str] = []

    def end_of_value(self) -> int:
        """Where the first value ends.

        Raises:
            UnexpectedEnd: The text ends before.
            InvalidParameter: There is something else.
        """
        self._skip_space()
        if self.at == len(self.text):
            raise UnexpectedEnd("unexpected end of JSON input" if self.alone else "")
        self._value()
        while self.open:
            self._rest()
        end = self.at
        self._skip_space()
        if self.alone and self.at < len(self.text):
            self._refuse("after top-level value")
        return end

    def _value(self) -> None:
        """One value, or the beginning of one that has others in it, up to the first that has none."""
        while self._opens():
            if self.open[-1] == "{":
                self._key()

    def _opens(self) -> bool:
        """Take one value; whether it has others in it, so that the first of those comes now."""
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
        """Take a bracket; whether there is something within."""
        if len(self.open) == MAX_DEPTH:
            raise InvalidParameter("exceeded max depth")
        self.at += 1
        self._skip_space()
        closing = "}" if bracket == "{" else "]"
        if self._peek() == closing:
            self.at += 1
            return False
        self.open.append(bracket)
        return True

    def _rest(self) -> None:
        """What follows a value within an array or an object."""
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
        # Go looks at one byte at a time.
        byte = chr(self.text[self.at].encode("utf-8", "surrogateescape")[0])
        raise InvalidParameter(f"invalid character {quote_char(byte)} {where}")


def quote_char(character: str) -> str:
    """A character as Go's decoder shows it.

    Args:
        character: One of the first 256.
    """
    special = {"'": r"'\''", '"': "'\"'", "\\": r"'\\'", "\a": r"'\a'", "\b": r"'\b'", "\f": r"'\f'"}
    special |= {"\n": r"'\n'", "\r": r"'\r'", "\t": r"'\t'", "\v": r"'\v'"}
    if character in special:
        return special[character]
    if character.isprintable():
        return f"'{character}'"
    return f"'\\x{ord(character):02x}'" if ord(character) < 0x80 else f"'\\u{ord(character):04x}'"  # noqa: PLR2004 - ASCII
