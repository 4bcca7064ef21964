"""TOML files as checked values; an error names the file and the line."""

from __future__ import annotations

import ast
import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import msgspec
import msgspec.inspect
import tree_sitter_toml
from tree_sitter import Language, Parser

from annotator.errors import InvalidInput, shortened

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_BYTES = 4 * 1024 * 1024
"""Bytes of the largest file that is read."""

Path = tuple[str | int, ...]
"""The keys and the indexes that lead from a file's root to a value."""

T = TypeVar("T")

# TOML's reader takes quadratic time over a key of many parts, and no file of ours has one of so many.
_DEEP = re.compile(r"""(?<![\w"'-])(?:[\w"'-]++\s*+\.\s*+){64}""")
_TABLES = frozenset({"table", "table_array_element"})
_NOTHING = frozenset({"comment", "ERROR"})
_STEP = re.compile(r"\.([^.\[\]`]+)|\[(\d+)\]")


class Toml:
    """A TOML file."""

    def __init__(self, name: str, data: bytes, *, first: int = 1) -> None:
        """Read a file's bytes, or those of the part from the line `first` on that is TOML.

        Raises:
            InvalidInput: It is not TOML, or larger or deeper than any file that somebody wrote.
        """
        self.name = name
        self._first = first
        self._text = self._decoded(data)
        self._value = self._parsed()

    def get(self, *at: str) -> object | None:
        """Return the value at some keys, or None."""
        value: object = self._value
        for key in at:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def convert(self, kind: type[T], *at: str) -> T:
        """Return the table at some keys as a structure; raise InvalidInput if it does not fit."""
        try:
            return msgspec.convert(self.get(*at), kind)
        except msgspec.ValidationError as error:
            line = self.line(*at, *_path(str(error)))
            raise InvalidInput(f"{self.name}:{line}: {_told(str(error), kind)}") from error

    def line(self, *path: str | int) -> int:
        """Return the line of a value, or of the table it belongs in."""
        while path and path not in self._places:
            path = path[:-1]
        return self._places.get(path, self._first)

    def column(self, *path: str | int) -> int:
        """Return the 1-based column in characters of a value, or 0 if there is no such value."""
        return self._columns.get(path, 0)

    @cached_property
    def _nodes(self) -> Mapping[Path, Node]:
        return nodes(self._text)

    @cached_property
    def _places(self) -> Mapping[Path, int]:
        return {path: self._first + node.start_point.row for path, node in self._nodes.items()}

    @cached_property
    def _columns(self) -> Mapping[Path, int]:
        lines = self._text.encode().split(b"\n")
        return {
            path: len(lines[node.start_point.row][: node.start_point.column].decode(errors="replace")) + 1
            for path, node in self._nodes.items()
        }

    def _decoded(self, data: bytes) -> str:
        if len(data) > MAX_BYTES:
            raise InvalidInput(f"{self.name}:1: {len(data)} bytes are over the limit of {MAX_BYTES}")
        try:
            return data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            line = self._first + data.count(b"\n", 0, error.start)
            raise InvalidInput(f"{self.name}:{line}: not a text file in UTF-8; write it as TOML") from error

    def _parsed(self) -> dict[str, object]:
        if deep := _DEEP.search(self._text):
            raise self._too_deep(self._text.count("\n", 0, deep.start()))
        try:
            return tomllib.loads(self._text)
        except RecursionError as error:
            raise self._too_deep(0) from error
        except ValueError as error:  # also numbers of more digits than Python reads
            at = re.search(r"at line (\d+)", str(error))
            line = int(at[1]) if at else self._text.count("\n") + 1
            why = re.sub(r" \(at .*\)$", "", str(error))
            raise InvalidInput(
                f"{self.name}:{self._first - 1 + line}: not valid TOML: {shortened(why)}"
            ) from error

    def _too_deep(self, below: int) -> InvalidInput:
        return InvalidInput(f"{self.name}:{self._first + below}: nested too deeply to be meant")


def _path(message: str) -> Path:
    """Return the path to what a decoder's message is about."""
    trail = re.search(r"at `\$(.*?)`", message)
    steps = _STEP.findall(trail[1]) if trail else []
    named = re.search(r"(?:unknown|required) field `([^`]+)`", message)
    found = tuple(key or int(index) for key, index in steps)
    return (*found, named[1]) if named else found


def _told(message: str, kind: type) -> str:
    """Return a decoder's message, with the key that may be meant by an unknown one."""
    unknown = re.match(r"Object contains unknown field `([^`]+)`", message)
    if unknown is None:
        return shortened(message)
    fields = _fields(kind, _path(message)[:-1])
    near = difflib.get_close_matches(unknown[1].lower(), fields, 1, 0.5)
    hint = f"the nearest is `{near[0]}`" if near else f"the keys are {', '.join(fields)}"
    return f"{shortened(message)}; {hint}"


def _fields(kind: type, path: Path) -> list[str]:
    """Return the keys of the table that a path leads to in a structure."""
    info: msgspec.inspect.Type = msgspec.inspect.type_info(kind)
    for step in path:
        if isinstance(info, msgspec.inspect.VarTupleType):
            info = info.item_type
        elif isinstance(info, msgspec.inspect.StructType):
            info = next(field.type for field in info.fields if field.encode_name == step)
    return (
        [field.encode_name for field in info.fields] if isinstance(info, msgspec.inspect.StructType) else []
    )


def nodes(text: str) -> Mapping[Path, Node]:
    """Return each value, table and element of an array in sound TOML, with its place in the text's bytes.

    The readers of TOML do not say where a value stands.
    """
    root = Parser(Language(tree_sitter_toml.language())).parse(text.encode()).root_node
    found: dict[Path, Node] = {}
    elements: dict[Path, int] = {}  # the last index of each array of tables

    def last(path: Path) -> Path:
        return (*path, elements[path]) if path in elements else path

    for node in _children(root):
        table: Path = ()
        pairs = [node]
        if node.type in _TABLES:
            head, *pairs = _children(node)
            *outer, name = _keys(head)
            for key in outer:
                table = last((*table, key))
            table = (*table, name)
            if node.type == "table_array_element":
                elements[table] = elements.get(table, -1) + 1
            table = last(table)
            found[table] = node
        elif node.type != "pair":
            continue
        for pair in pairs:
            found.update(_inside(pair, table))
    return found


def _inside(node: Node, path: Path) -> Iterator[tuple[Path, Node]]:
    """Yield the value of a pair in a table, and all that is in it."""
    pending = [(node, path)]
    while pending:
        node, path = pending.pop()
        if node.type == "pair":
            key, node = _children(node)
            path = (*path, *_keys(key))
        yield path, node
        if node.type == "array":
            pending += [(each, (*path, at)) for at, each in enumerate(_children(node))]
        elif node.type == "inline_table":
            pending += [(pair, path) for pair in _children(node)]


def _children(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type not in _NOTHING]


def _keys(node: Node) -> list[str]:
    """Return the parts of a key."""
    if node.type == "dotted_key":
        return [key for part in _children(node) for key in _keys(part)]
    written = (node.text or b"").decode()
    return [_unquoted(written) if node.type == "quoted_key" else written]


def _unquoted(written: str) -> str:
    """Decode a quoted key; its escapes are Python's except the long ones."""
    try:
        return str(ast.literal_eval(written))
    except (SyntaxError, ValueError):
        return written[1:-1]
