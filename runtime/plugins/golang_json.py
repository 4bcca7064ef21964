"""JSON as Go's encoding/json reads and writes it, for the API's values, with unknown keys kept."""

from __future__ import annotations

import json
import re
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo

from runtime import gojson
from runtime.errors import EngineError
from runtime.plugins.api_types import ApiValue, PluginInterfaceType

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
            gojson.first_value(data, alone=True)
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
