"""A Go file read declaration by declaration: what nobody asks for is not parsed."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import NamedTuple

from tree_sitter import Node

from annotator.model import Declaration
from annotator.reading import golang, gosyntax

# What begins a line with a declaration or a comment, brackets, and what may hold either without meaning it.
# Each begins with one of a few characters, by which the search skips all others.
_LEXEME = re.compile(
    rb"\n[ \t\r]*(?:(?:func|type|var|const)\b|(?=/[/*]))|\{|\}|\(|\)|;"
    rb"|\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|'(?:\\.|[^'\\\n])+'"
    rb"|//[^\n]*|/\*.*?\*/(?:[ \t\r]*(?:func|type|var|const)\b)?|\"|`|'|/\*",
    re.DOTALL,
)
# A declaration where the package clause belongs.
_FIRST = re.compile(rb"[ \t\r]*(?:func|type|var|const)\b")
_BRACKETS = {b"{": 1, b"(": 1, b"}": -1, b")": -1}
_UNENDED = frozenset({b'"', b"`", b"'", b"/*"})
# A comment may stand before any word, and hold what looks like another.
_WORD = rb"([\w\x80-\xff]+)(?![\w\x80-\xff])"
_FUNCTION = re.compile(rb"func[ \t]*(?:\([^()/]*\)[ \t]*)?" + _WORD)
_ONE = re.compile(rb"(?:type|var|const)[ \t]+" + _WORD + rb"(?![ \t\r]*[,/])")
# The largest real files have some 2,000; a file of many more is read whole at once.
_MOST = 10_000


class _Head(NamedTuple):
    """Where a declaration begins: the comments above it, and its keyword."""

    start: int
    keyword: int


@dataclass(frozen=True, eq=False)
class Piece:
    """A stretch of a file with its tree, in the whole file's offsets and rows."""

    root: Node
    declarations: tuple[Declaration, ...]

    @cached_property
    def places(self) -> Mapping[tuple[int, int], Declaration]:
        """Declarations and members by the line and column of their names."""
        return golang.by_place(self.declarations)


class Pieces:
    """The declarations of a file whose brackets and quotes match, each parsed when it is first asked for."""

    def __init__(self, data: bytes, heads: list[_Head]) -> None:
        """Take a file, and where its declarations begin."""
        self._data, self._heads = data, heads
        self._starts = [head.start for head in heads]
        self._read: dict[int, Piece | None] = {}

    def naming(self, name: str) -> Iterator[Piece | None]:
        """The pieces that may declare a name, as reading the whole file tells them; None for a broken one."""
        word = name.encode()
        named, others = self._named
        holding = (number for number in others if self._data.find(word, *self._bounds(number)) >= 0)
        yield from map(self._piece, sorted((*named.get(word, ()), *holding)))

    def at(self, offset: int) -> Piece | None:
        """The piece that an offset lies in; None if it is broken, or there is none."""
        number = bisect(self._starts, offset) - 1
        return self._piece(number) if number >= 0 else None

    def _piece(self, number: int) -> Piece | None:
        if number not in self._read:
            root = gosyntax.whole_piece(self._data, *self._bounds(number), self._rows[number])
            found = Piece(root, tuple(golang.declarations(self._data, root))) if root is not None else None
            self._read[number] = found
        return self._read[number]

    def _bounds(self, number: int) -> tuple[int, int]:
        following = self._starts[number + 1 : number + 2]
        return self._starts[number], following[0] if following else len(self._data)

    @cached_property
    def _rows(self) -> list[int]:
        """The 0-based rows in which the pieces begin."""
        pairs = pairwise([0, *self._starts])
        return list(accumulate(self._data.count(b"\n", *pair) for pair in pairs))

    @cached_property
    def _named(self) -> tuple[dict[bytes, list[int]], list[int]]:
        """The pieces that declare one name, by it; and those that may declare several."""
        named: dict[bytes, list[int]] = {}
        others: list[int] = []
        for number, (_, keyword) in enumerate(self._heads):
            found = _FUNCTION.match(self._data, keyword) or _ONE.match(self._data, keyword)
            if found is not None:
                named.setdefault(found[1], []).append(number)
            else:
                others.append(number)
        return named, others


def cut(data: bytes) -> Pieces | None:
    """A file's declarations one by one; None if it has to be read whole.

    It has to where brackets or quotes do not match, where declarations share a line, and where it is not Go.
    """
    if len(data) > gosyntax.MAX_BYTES or b"\0" in data[: gosyntax.BINARY_PROBE] or _FIRST.match(data):
        return None
    heads = _heads(data)
    return Pieces(data, heads) if heads is not None else None


def _heads(data: bytes) -> list[_Head] | None:
    """Where declarations begin outside of all brackets, strings and comments; None if that is not clear."""
    heads: list[_Head] = []
    depth, comments = 0, -1
    for match in _LEXEME.finditer(data):
        lexeme = match[0]
        if lexeme in _BRACKETS:
            depth += _BRACKETS[lexeme]
            if depth < 0:
                return None
        elif lexeme in _UNENDED:
            return None
        elif depth:
            continue
        elif _shares_a_line(lexeme):
            return None
        elif lexeme.startswith(b"\n"):
            keyword = match.end() - len(lexeme.lstrip())
            if comments < 0:
                comments = keyword
            if keyword < match.end():
                heads.append(_Head(comments, keyword))
                comments = -1
    return heads if not depth and len(heads) <= _MOST else None


def _shares_a_line(lexeme: bytes) -> bool:
    """Whether another declaration may follow on the line."""
    return lexeme == b";" or (lexeme.startswith(b"/*") and not lexeme.endswith(b"*/"))
