"""TOML files as checked values; what is wrong in one is said with its file and line."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TypeVar

import msgspec

from annotator.errors import InvalidInput, shortened

MAX_BYTES = 4 * 1024 * 1024
"""Bytes of the largest file that is read."""

Path = tuple[str | int, ...]
"""The keys and the indexes that lead from a file's root to a value."""

T = TypeVar("T")

# TOML's reader takes quadratic time over a key of many parts, and no file of ours has one of so many.
_DEEP = re.compile(r"""(?<![\w"'-])(?:[\w"'-]++\s*+\.\s*+){64}""")
_TOKEN = re.compile(
    r'(?P<string>"""(?s:(?:\\.|[^\\])*?)"{3,5}|\'\'\'(?s:.*?)\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\')'
    r"|#[^\n]*|(?P<word>[^\s\[\]{},=.#\"']+)|(?P<mark>[\[\]{},=]|\n)"
)
_STEP = re.compile(r"\.([^.\[\]`]+)|\[(\d+)\]")


class Toml:
    """A TOML file."""

    def __init__(self, name: str, data: bytes, *, first: int = 1) -> None:
        """Read a file's bytes.

        Args:
            name: The file's name, for people.
            data: Its bytes, or those of the part that is TOML.
            first: The line of the file at which that part begins.

        Raises:
            InvalidInput: It is not TOML, or larger or deeper than any file that somebody wrote.
        """
        self.name = name
        self._first = first
        self._text = self._decoded(data)
        self._value = self._parsed()

    def get(self, *at: str) -> object | None:
        """What some keys lead to; None if nothing is there."""
        value: object = self._value
        for key in at:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def convert(self, kind: type[T], *at: str) -> T:
        """The table that some keys lead to, as a structure; InvalidInput if it does not fit."""
        try:
            return msgspec.convert(self.get(*at), kind)
        except msgspec.ValidationError as error:
            line = self.line(*at, *_path(str(error)))
            raise InvalidInput(f"{self.name}:{line}: {shortened(str(error))}") from error

    def line(self, *path: str | int) -> int:
        """The line at which a value is given, or else what it would be in."""
        while path and path not in self._places:
            path = path[:-1]
        return self._places.get(path, self._first)

    @cached_property
    def _places(self) -> Mapping[Path, int]:
        return dict(_Places(self._first).found(self._text))

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
    """The path to what a decoder's message is about."""
    trail = re.search(r"at `\$(.*?)`", message)
    steps = _STEP.findall(trail[1]) if trail else []
    named = re.search(r"(?:unknown|required) field `([^`]+)`", message)
    found = tuple(key or int(index) for key, index in steps)
    return (*found, named[1]) if named else found


class _Open:
    """An array or an inline table that has not ended; `index` is the present element of an array."""

    __slots__ = ("index", "path")

    def __init__(self, path: Path, index: int | None) -> None:
        self.path, self.index = path, index

    @property
    def element(self) -> Path:
        return self.path if self.index is None else (*self.path, self.index)


class _Places:
    """Walks over the tokens of sound TOML, since its readers do not say where a value stands."""

    def __init__(self, first: int) -> None:
        self._line = first
        self._table: Path = ()
        self._elements: dict[Path, int] = {}
        self._open: list[_Open] = []
        self._key: list[str] = []
        self._value: Path | None = None
        self._brackets = 0

    def found(self, text: str) -> Iterator[tuple[Path, int]]:
        """Each key and each element of an array, with the line at which it begins."""
        for token in _TOKEN.finditer(text):
            mark = token["mark"]
            if mark:
                yield from self._MARKS[mark](self)
            elif token["string"] or token["word"]:
                yield from self._said(token[0])
            self._line += token[0].count("\n")

    def _said(self, written: str) -> Iterator[tuple[Path, int]]:
        if self._value is None:
            self._key += [_unquoted(written)] if written[0] in "\"'" else [written]
        else:
            yield self._value, self._line

    def _equals(self) -> Iterator[tuple[Path, int]]:
        inside = self._open[-1].element if self._open else self._table
        self._value, self._key = (*inside, *self._key), []
        yield self._value, self._line

    def _bracket(self) -> Iterator[tuple[Path, int]]:
        if self._value is None:
            self._brackets += 1
            return
        yield self._value, self._line
        self._open.append(_Open(self._value, 0))
        self._value = (*self._value, 0)

    def _brace(self) -> Iterator[tuple[Path, int]]:
        if self._value is not None:
            yield self._value, self._line
            self._open.append(_Open(self._value, None))
            self._value = None

    def _comma(self) -> Iterator[tuple[Path, int]]:
        if self._open:
            last = self._open[-1]
            last.index = None if last.index is None else last.index + 1
            self._value = None if last.index is None else last.element
        yield from ()

    def _end(self) -> Iterator[tuple[Path, int]]:
        if self._open:
            self._value = self._open.pop().path
        elif self._brackets:
            yield self._headed(), self._line
            self._brackets = 0
        self._key = []

    def _newline(self) -> Iterator[tuple[Path, int]]:
        if not self._open:
            self._key, self._value = [], None
        yield from ()

    def _headed(self) -> Path:
        """The path of the table that a header opens; of several with that name, the next."""
        path: Path = ()
        for key in self._key[:-1]:
            path = self._last((*path, key))
        path = (*path, *self._key[-1:])
        if self._brackets > 1:
            self._elements[path] = self._elements.get(path, -1) + 1
        path = self._last(path)
        self._table = path
        return path

    def _last(self, path: Path) -> Path:
        """A table, or the last one so far of an array of tables."""
        return (*path, self._elements[path]) if path in self._elements else path

    _MARKS: Mapping[str, Callable[[_Places], Iterator[tuple[Path, int]]]] = {
        "=": _equals,
        "[": _bracket,
        "{": _brace,
        ",": _comma,
        "]": _end,
        "}": _end,
        "\n": _newline,
    }


def _unquoted(written: str) -> str:
    """A quoted key; its escapes are Python's, but for the long ones."""
    try:
        return str(ast.literal_eval(written))
    except (SyntaxError, ValueError):
        return written[1:-1]
