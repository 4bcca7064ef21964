"""Reads and writes JSON as Go's encoding/json does.

A key matches a field whatever its case, null leaves a field's default, unknown keys are passed over, and lone
surrogates are replaced. Errors have Go's words.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Hashable, Mapping
from functools import cache
from types import NoneType
from typing import Any, ClassVar, Final, NamedTuple, Self, TypeVar, cast

import msgspec
from msgspec import inspect

from runtime.errdefs import EngineError
from runtime.golang.json_scanner import DecodeError, Scanner, TrailingData, UnexpectedEnd

__all__ = [
    "SIZE_LIMIT",
    "DecodeError",
    "Struct",
    "Text",
    "TrailingData",
    "UnexpectedEnd",
    "convert",
    "decode",
    "encode",
    "parse",
    "to_document",
]

T = TypeVar("T")

SIZE_LIMIT: Final = 4 << 20
"""Bytes that a file of JSON may have; moby has no limit."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPES: Final = {b"\\b": b"\\u0008", b"\\f": b"\\u000c"}
_NOT_IN_HTML: Final = {
    "<": b"\\u003c",
    ">": b"\\u003e",
    "&": b"\\u0026",
    "\u2028": b"\\u2028",
    "\u2029": b"\\u2029",
}
_INTEGER_DIGITS: Final = 19
"""Characters of an integer that surely has 64 bits; a longer one becomes a float, as in a Go interface."""


class Struct(msgspec.Struct, frozen=True, rename="pascal"):
    """A value under Go's field names; `OMIT_EMPTY` lists the fields that are left out when empty."""

    OMIT_EMPTY: ClassVar[frozenset[str]] = frozenset()


class Text(Struct, frozen=True):
    """A struct that is a string in JSON, the one that `str` returns."""

    @classmethod
    def parse(cls, value: object) -> Self:
        """Return the struct for a JSON value.

        Raises:
            EngineError: The value is no string, or none of this kind.
        """
        raise NotImplementedError


def decode(data: bytes, wanted: type[T], *, alone: bool = True, limit: int = 0) -> T:
    """Return the value of a type that a text of JSON holds.

    Args:
        data: The text.
        wanted: The type.
        alone: Whether nothing may follow the value, as in `json.Unmarshal`; `Decoder.Decode` stops behind it.
        limit: Bytes that the text may have, 0 for any number.

    Raises:
        UnexpectedEnd: The text ends within the value, or before it.
        TrailingData: Something follows the value.
        DecodeError: The text is too long, not JSON, or has another type in some place.
    """
    return convert(parse(data, alone=alone, limit=limit), wanted)


def parse(data: bytes, *, alone: bool = True, limit: int = 0) -> Any:
    """Return a text of JSON as dicts, lists and scalars; arguments and errors are those of `decode`."""
    if limit and len(data) > limit:
        raise DecodeError(f"the JSON is larger than {limit} bytes")
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        text = data.decode("utf-8", "surrogateescape")
    # What msgspec refuses, Go may accept or refuse in other words.
    end = Scanner(text, alone=alone).end_of_value()
    try:
        value = json.loads(text[:end], parse_int=_integer, parse_float=_float)
        return json.loads(_SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False)))
    except RecursionError as error:
        raise DecodeError("exceeded max depth") from error


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= _INTEGER_DIGITS else _float(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise DecodeError(f"json: cannot unmarshal number {digits[:100]} into Go value of type float64")
    return value


def convert(document: Any, wanted: type[T]) -> T:
    """Return a parsed document as a value of a type.

    Raises:
        DecodeError: The document has another type in some place.
    """
    try:
        return msgspec.convert(_fit(document, _type_of(cast("Hashable", wanted)), _Place()), wanted)
    except msgspec.ValidationError as error:
        # A struct that checks its fields, such as a time, has its own words.
        raise DecodeError(str(error.__cause__ or error)) from error
    except RecursionError as error:
        raise DecodeError("exceeded max depth") from error


class _Place(NamedTuple):
    """Where the decoder is: the innermost struct's name and the fields on the way to it."""

    struct: str = ""
    fields: tuple[str, ...] = ()

    def mismatch(self, value: object, kind: inspect.Type) -> DecodeError:
        """Return Go's UnmarshalTypeError."""
        names: dict[type, str] = {str: "string", bool: "bool", list: "array", dict: "object"}
        given = names.get(type(value), "number")
        if given == "number" and isinstance(kind, inspect.IntType):
            given = f"number {value}"
        where = f"Go struct field {'.'.join((self.struct, *self.fields))}" if self.fields else "Go value"
        return DecodeError(f"json: cannot unmarshal {given} into {where} of type {_go_name(kind)}")


@cache
def _type_of(wanted: Hashable) -> inspect.Type:
    return inspect.type_info(wanted)


@cache
def _fields_of(cls: type[msgspec.Struct]) -> dict[str, inspect.Field]:
    """Return a struct's fields by their folded names."""
    kind = cast("inspect.StructType", _type_of(cast("Hashable", cls)))
    return {field.encode_name.casefold(): field for field in kind.fields}


def _go_name(kind: inspect.Type) -> str:
    match kind:
        case inspect.StrType():
            return "string"
        case inspect.BoolType():
            return "bool"
        case inspect.IntType():
            return "int" if kind.ge is None else "uint32"
        case inspect.ListType() | inspect.VarTupleType():
            return f"[]{_go_name(kind.item_type)}"
        case inspect.DictType():
            return f"map[{_go_name(kind.key_type)}]{_go_name(kind.value_type)}"
        case inspect.StructType():
            # A Go package is a directory, not a file; a class whose file stands for a directory says so.
            package = getattr(kind.cls, "go_package", kind.cls.__module__.split(".")[-2:][0])
            return f"{package}.{kind.cls.__name__.lstrip('_')}"
        case inspect.UnionType():
            return _go_name(_not_none(kind))
        case _:
            return "interface {}"


def _not_none(kind: inspect.Type) -> inspect.Type:
    """Return the type of an optional value."""
    if isinstance(kind, inspect.UnionType):
        return next(member for member in kind.types if not isinstance(member, inspect.NoneType))
    return kind


def _fit(value: Any, kind: inspect.Type, place: _Place) -> Any:
    """Return a document with the type's spelling of keys, and zero values for nulls in lists and maps."""
    if value is None and isinstance(kind, inspect.UnionType):
        return None
    kind = _not_none(kind)
    match kind:
        case inspect.StructType():
            return _fit_struct(value, kind, place)
        case inspect.StrType():
            fits, fitted = isinstance(value, str | NoneType), value or ""
        case inspect.BoolType():
            fits, fitted = isinstance(value, bool | NoneType), bool(value)
        case inspect.IntType():
            fits, fitted = _is_integer(value, kind), value or 0
        case inspect.ListType() | inspect.VarTupleType():
            fits = isinstance(value, list | NoneType)
            fitted = [_fit(item, kind.item_type, place) for item in value or ()] if fits else ()
        case inspect.DictType():
            fits = isinstance(value, dict | NoneType)
            items = (value or {}).items() if fits else ()
            fitted = {key: _fit(item, kind.value_type, place) for key, item in items}
        case _:
            return value
    if not fits:
        raise place.mismatch(value, kind)
    return fitted


def _is_integer(value: object, kind: inspect.IntType) -> bool:
    if value is None:
        return True
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return (kind.ge is None or value >= kind.ge) and (kind.le is None or value <= kind.le)


def _fit_struct(value: Any, kind: inspect.StructType, place: _Place) -> Any:
    if issubclass(kind.cls, Text):
        return kind.cls.parse(value)
    if not isinstance(value, dict | NoneType):
        raise place.mismatch(value, kind)
    fields, name = _fields_of(kind.cls), kind.cls.__name__.lstrip("_")
    fitted: dict[str, Any] = {}
    for key, item in (value or {}).items():
        field = fields.get(key.casefold())
        if field is not None and item is not None:
            inner = _Place(name, (*place.fields, field.encode_name))
            fitted[field.encode_name] = _fit(item, field.type, inner)
    return fitted


def encode(value: object, read: object = None) -> bytes:
    """Return a value as Go's `json.Marshal` writes it.

    Args:
        value: The value.
        read: The document that it was decoded from; keys that no field has are written again.

    Raises:
        EngineError: The value has no form in JSON, as a text with a lone surrogate.
    """
    written = to_document(value)
    if read is not None:
        _keep_unknown(written, read, _type_of(cast("Hashable", type(value))))
    try:
        text = msgspec.json.encode(written)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        raise EngineError(str(error)) from error
    text = re.sub(rb"\\.", lambda match: _ESCAPES.get(match[0], match[0]), text)
    for character, escape in _NOT_IN_HTML.items():
        text = text.replace(character.encode(), escape)
    return text


def to_document(value: object) -> Any:
    """Return a value as dicts and lists, under Go's names and in Go's order, without what Go leaves out."""
    match value:
        case Text():
            return str(value)
        case msgspec.Struct():
            omitted = value.OMIT_EMPTY if isinstance(value, Struct) else frozenset()
            items = ((field, getattr(value, field.name)) for field in _fields_of(type(value)).values())
            return {
                field.encode_name: to_document(item)
                for field, item in items
                if item or field.name not in omitted
            }
        case Mapping():
            return {key: to_document(value[key]) for key in sorted(value)}
        case list() | tuple():
            return [to_document(item) for item in value]
        case _:
            return value


def _keep_unknown(written: Any, read: object, kind: inspect.Type) -> None:
    """Add the keys of what was read that no field has to what is written."""
    match _not_none(kind):
        case inspect.StructType(cls=cls) if isinstance(written, dict) and isinstance(read, dict):
            fields = _fields_of(cls)
            for key, value in read.items():
                field = fields.get(key.casefold())
                if field is None:
                    written[key] = value
                elif field.encode_name in written:
                    _keep_unknown(written[field.encode_name], value, field.type)
        case inspect.ListType(item_type=item) if isinstance(written, list) and isinstance(read, list):
            if len(written) == len(read):
                for after, before in zip(written, read, strict=True):
                    _keep_unknown(after, before, item)
