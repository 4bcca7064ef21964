"""JSON of others, read as Go's decoder reads it and refused in its words."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, NoReturn, TypeAlias, TypeVar, cast, get_args, get_origin

import msgspec
from msgspec import inspect
from msgspec.structs import FieldInfo

from runtime.api.types.plugin import ApiValue, PluginInterfaceType
from runtime.errdefs import EngineError, InvalidParameter

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


def decode_body(data: bytes, kind: type[T]) -> T:
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
        # A type that checks its own text, such as a time, has its own words.
        own_words = str(error.__cause__) if isinstance(error.__cause__, ValueError) else ""
        raise InvalidParameter(own_words or _type_error(str(error))) from error
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


SIZE_LIMIT = 4 << 20
"""Bytes of JSON that are read at most; moby has no limit."""

Value = TypeVar("Value", bound=ApiValue)

_ESCAPES = {b"\\b": b"\\u0008", b"\\f": b"\\u000c"}
_NOT_IN_HTML = {"<": b"\\u003c", ">": b"\\u003e", "&": b"\\u0026", "\u2028": b"\\u2028", "\u2029": b"\\u2029"}


class TrailingData(EngineError):
    """Something follows the JSON."""


def parse(data: bytes) -> object:
    """The JSON document in `data`.

    Raises:
        TrailingData: something follows it.
        EngineError: it is too large, too deep, or no JSON.
    """
    if len(data) > SIZE_LIMIT:
        raise EngineError(f"the JSON is larger than {SIZE_LIMIT} bytes")
    try:
        return msgspec.json.decode(data)
    except RecursionError as error:
        raise EngineError("the JSON is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeError) as error:
        kind = TrailingData if "trailing characters" in str(error) else EngineError
        try:
            first_value(data, alone=True)
        except EngineError as told:
            raise kind(str(told), error) from error
        raise kind(str(error), error) from error


def decode(document: object, kind: type[Value]) -> Value:
    """The value that a parsed document holds.

    As in Go, a key matches a field whatever its case, unknown keys are passed over, and null leaves the
    default.

    Raises:
        EngineError: a field has another type.
    """
    try:
        return msgspec.convert(_canonical({} if document is None else document, kind), kind)
    except msgspec.ValidationError as error:
        raise EngineError(str(error), error) from error
    except RecursionError as error:
        raise EngineError("the JSON is nested too deeply") from error


def encode(value: ApiValue, read: object = None) -> bytes:
    """A value as Go writes it, with the keys of `read`, the document it came from, that no field has."""
    written = to_document(value)
    if read is not None:
        _keep_unknown(written, read, type(value))
    text = msgspec.json.encode(written)
    text = re.sub(rb"\\.", lambda found: _ESCAPES.get(found[0], found[0]), text)
    for character, escape in _NOT_IN_HTML.items():
        text = text.replace(character.encode(), escape)
    return text


def to_document(value: object) -> Any:
    """A value as dicts and lists, under Go's names and in Go's order, without what Go leaves out."""
    match value:
        case PluginInterfaceType():
            return str(value)
        case ApiValue():
            return {
                field.encode_name: to_document(getattr(value, field.name))
                for field in _fields(type(value))[0].values()
                if field.name not in value.OMIT_EMPTY or getattr(value, field.name)
            }
        case list():
            return [to_document(item) for item in value]
        case _:
            return value


@cache
def _fields(kind: type[ApiValue]) -> tuple[dict[str, FieldInfo], dict[str, str]]:
    """A type's fields by name, in order, and their names by what a key is matched with."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    return fields, {name.casefold(): name for name in fields}


def _canonical(document: object, kind: type[ApiValue]) -> object:
    """The document with known keys under their exact names and nulls left out."""
    if kind is PluginInterfaceType:
        return _interface_type(document)
    if not isinstance(document, dict):
        return document
    fields, folded = _fields(kind)
    known: dict[str, object] = {}
    for key, value in document.items():
        name = key if key in fields else folded.get(key.casefold())
        if name is not None and value is not None:
            known[name] = _canonical_field(value, fields[name].type)
    return known


def _canonical_field(value: object, annotation: Any) -> object:
    inner, many = _inner(annotation)
    if inner is None:
        return _without_nulls(value) if many else value
    if not many:
        return _canonical(value, inner)
    if not isinstance(value, list):
        return value
    return [
        _canonical({} if item is None and inner is not PluginInterfaceType else item, inner) for item in value
    ]


def _without_nulls(value: object) -> object:
    """Go reads a null in a list of strings as the empty string."""
    return ["" if item is None else item for item in value] if isinstance(value, list) else value


def _inner(annotation: Any) -> tuple[type[ApiValue] | None, bool]:
    """The API value that an annotation holds, if any, and whether it holds a list."""
    if isinstance(annotation, UnionType):
        annotation = next(part for part in get_args(annotation) if part is not NoneType)
    many = get_origin(annotation) is list
    if many:
        annotation = get_args(annotation)[0]
    inner = annotation if isinstance(annotation, type) and issubclass(annotation, ApiValue) else None
    return inner, many


def _interface_type(document: object) -> object:
    if not isinstance(document, str):
        raw = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        raise EngineError(f"{json.dumps(raw, ensure_ascii=False)} is not a plugin interface type")
    found = PluginInterfaceType.parse(document)
    return {"Capability": found.capability, "Prefix": found.prefix, "Version": found.version}


def _keep_unknown(written: Any, read: object, kind: type[ApiValue]) -> None:
    if not isinstance(written, dict) or not isinstance(read, dict):
        return
    fields, folded = _fields(kind)
    for key, value in read.items():
        name = folded.get(key.casefold())
        if name is None:
            written[key] = value
        elif name in written:
            _keep_in_field(written[name], value, fields[name].type)


def _keep_in_field(written: Any, read: object, annotation: Any) -> None:
    inner, many = _inner(annotation)
    if inner is None or inner is PluginInterfaceType:
        return
    if not many:
        _keep_unknown(written, read, inner)
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for after, before in zip(written, read, strict=True):
            _keep_unknown(after, before, inner)


class NotDecodable(EngineError):
    """The text is not JSON, or not of the type; the message says what and where."""


def encode_reply(value: object) -> bytes:
    """One line of JSON, with its newline.

    Raises:
        NotDecodable: The value has no form in JSON.
    """
    try:
        return msgspec.json.encode(value) + b"\n"
    except (TypeError, ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise NotDecodable(str(error)) from error


def decode_reply(raw: bytes, wanted: type[T]) -> T:
    """The value that a text of JSON holds.

    A field that is absent or null keeps its default, as in Go, where it keeps its zero value.

    Raises:
        NotDecodable: The text is no JSON, or something in it is of another type than wanted.
    """
    if not raw.strip():
        raise NotDecodable("EOF")
    try:
        document = first_value(raw, alone=True)
        return convert(_fold(document, _type_of(cast("Hashable", wanted))), wanted)
    except InvalidParameter as error:
        raise NotDecodable(str(error)) from None  # it is not the client's parameter that is not valid
    except RecursionError as error:
        raise NotDecodable("exceeded max depth") from error


@cache
def _type_of(wanted: Hashable) -> inspect.Type:
    return inspect.type_info(wanted)


def _fold(value: Any, kind: inspect.Type) -> Any:
    """The same value with each object's keys spelt as its type spells them, and without nulls."""
    match kind:
        case inspect.StructType():
            return _fold_fields({} if value is None else value, kind)
        case inspect.ListType() | inspect.VarTupleType() if isinstance(value, list):
            return [_fold(item, kind.item_type) for item in value]
        case inspect.DictType() if isinstance(value, dict):
            return {key: _fold(item, kind.value_type) for key, item in value.items()}
        case inspect.UnionType() if value is not None:
            return _fold_member(value, kind)
    return value


def _fold_fields(value: Any, kind: inspect.StructType) -> Any:
    if not isinstance(value, dict):
        return value
    fields = {field.encode_name.lower(): field for field in kind.fields}
    known = ((fields.get(key.lower()), item) for key, item in value.items() if item is not None)
    return {field.encode_name: _fold(item, field.type) for field, item in known if field is not None}


def _fold_member(value: Any, kind: inspect.UnionType) -> Any:
    structs = [member for member in kind.types if isinstance(member, inspect.StructType)]
    return _fold(value, structs[0]) if structs and isinstance(value, dict) else value
