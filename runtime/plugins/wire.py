"""JSON as Go's decoder reads it: keys in any case, null for nothing, unknown keys ignored."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from msgspec import inspect

from runtime import gojson
from runtime.errors import EngineError, InvalidParameter

T = TypeVar("T")


class NotDecodable(EngineError):
    """The text is not JSON, or not of the type; the message says what and where."""


def encode(value: object) -> bytes:
    """One line of JSON, with its newline.

    Raises:
        NotDecodable: The value has no form in JSON.
    """
    try:
        return msgspec.json.encode(value) + b"\n"
    except (TypeError, ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise NotDecodable(str(error)) from error


def decode(raw: bytes, wanted: type[T]) -> T:
    """The value that a text of JSON holds.

    A field that is absent or null keeps its default, as in Go, where it keeps its zero value.

    Raises:
        NotDecodable: The text is no JSON, or something in it is of another type than wanted.
    """
    if not raw.strip():
        raise NotDecodable("EOF")
    try:
        document = gojson.first_value(raw, alone=True)
        return gojson.convert(_fold(document, _type_of(cast("Hashable", wanted))), wanted)
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
