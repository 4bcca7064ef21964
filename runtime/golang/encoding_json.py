"""JSON as in Go's encoding/json.

Keys match fields regardless of case, null leaves a field's default, unknown keys are ignored, and lone
surrogates are replaced. Errors have Go's texts.
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
"""Bytes of the largest JSON file that is read; moby has no limit."""

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
"""Characters of an integer that fits 64 bits; a longer one becomes a float, as in a Go interface."""


class Struct(msgspec.Struct, frozen=True, rename="pascal"):
    """A value with Go's field names; `OMIT_EMPTY` lists fields that are omitted when empty."""

    OMIT_EMPTY: ClassVar[frozenset[str]] = frozenset()


class Text(Struct, frozen=True):
    """A struct that is encoded as the string that `str` returns."""

    @classmethod
    def parse(cls, value: object) -> Self:
        """Return the struct for a JSON value.

        Raises:
            EngineError: The value is not a string, or not valid for this type.
        """
        raise NotImplementedError


def decode(data: bytes, wanted: type[T], *, alone: bool = True, limit: int = 0) -> T:
    """Decode JSON as a value of a type.

    Args:
        data: The JSON.
        wanted: The type.
        alone: Whether data after the value are an error, as in `json.Unmarshal` but not in `Decoder.Decode`.
        limit: The largest number of bytes; 0 for no limit.

    Raises:
        UnexpectedEnd: The data end within the value, or before it.
        TrailingData: Data follow the value.
        DecodeError: The data are too long, not JSON, or of another type.
    """
    return convert(parse(data, alone=alone, limit=limit), wanted)


def parse(data: bytes, *, alone: bool = True, limit: int = 0) -> Any:
    """Parse JSON as dicts, lists and scalars, with the arguments and errors of `decode`."""
    if limit and len(data) > limit:
        raise DecodeError(f"the JSON is larger than {limit} bytes")
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        text = data.decode("utf-8", "surrogateescape")
    # Go may accept what msgspec refuses, and its errors have other texts.
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
    """Convert parsed JSON to a value of a type.

    Raises:
        DecodeError: A value is of another type.
    """
    try:
        return msgspec.convert(_fit(document, _type_of(cast("Hashable", wanted)), _Place()), wanted)
    except msgspec.ValidationError as error:
        # The cause is the error of a struct that checks its fields, such as a time.
        raise DecodeError(str(error.__cause__ or error)) from error
    except RecursionError as error:
        raise DecodeError("exceeded max depth") from error


class _Place(NamedTuple):
    """The place in a document: the innermost struct's name and the path of fields to it."""

    struct: str = ""
    fields: tuple[str, ...] = ()

    def mismatch(self, value: object, kind: inspect.Type) -> DecodeError:
        """Return Go's UnmarshalTypeError."""
        names: dict[type, str] = {str: "string", bool: "bool", list: "array", dict: "object"}
        actual = names.get(type(value), "number")
        if actual == "number" and isinstance(kind, inspect.IntType):
            actual = f"number {value}"
        where = f"Go struct field {'.'.join((self.struct, *self.fields))}" if self.fields else "Go value"
        return DecodeError(f"json: cannot unmarshal {actual} into {where} of type {_go_name(kind)}")


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
            # A Go package is a directory, not a file: a class in a file for a whole package names it.
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
    """Return a document with the type's keys, and zero values for nulls in lists and maps."""
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
    """Encode a value as Go's `json.Marshal` does.

    Args:
        value: The value.
        read: The document that it was decoded from, whose unknown keys are kept.

    Raises:
        EngineError: The value cannot be encoded, such as a text with a lone surrogate.
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
    """Convert a value to dicts and lists, with Go's names and order, without omitted fields."""
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
    """Copy unknown keys from the original document to the new one."""
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
