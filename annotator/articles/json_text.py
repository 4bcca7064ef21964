"""Reads the values of a JSON text with the places where they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null|[\[\]{},:])', re.DOTALL)
_ESCAPE = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|\\.", re.DOTALL)
_DEEPEST = 40

Key = tuple[str | int, ...]
"""The keys and positions that lead to a value."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text or a number, and the offset of its first character in the JSON text."""

    value: str | int
    at: int
    raw: str

    @property
    def number(self) -> int | None:
        """The value, if it is a whole number."""
        return self.value if isinstance(self.value, int) else None

    @property
    def text(self) -> str:
        """The value, if it is a text."""
        return self.value if isinstance(self.value, str) else ""

    def pieces(self) -> Iterator[tuple[str, int]]:
        """Yield the parts of a text between its escapes, each with its offset in the JSON text."""
        at = 0
        for match in _ESCAPE.finditer(self.raw):
            if match.start() > at:
                yield self.raw[at : match.start()], self.at + at
            yield str(json.loads(f'"{match[0]}"')), self.at + match.start()
            at = match.end()
        if at < len(self.raw):
            yield self.raw[at:], self.at + at


def read(text: str) -> Mapping[Key, Scalar]:
    """Return every text and whole number by what leads to it; of broken JSON, those in front of the fault."""
    found: dict[Key, Scalar] = {}
    keys: list[str | int] = []
    at, is_key = 0, False
    while match := _TOKEN.match(text, at):
        part, at = match[1], match.end()
        if part in {"[", "{"}:
            if len(keys) >= _DEEPEST:
                break
            keys.append(0 if part == "[" else "")
            is_key = part == "{"
        elif part in {"]", "}", ",", ":"}:
            is_key = _step_on(keys, part)
        elif is_key and keys:
            keys[-1] = _text(part)
        elif (scalar := _scalar(part, match.start(1))) is not None:
            found[tuple(keys)] = scalar
    return found


def _step_on(keys: list[str | int], mark: str) -> bool:
    """Move on behind a mark between values; return whether a key follows."""
    if mark in {"]", "}"} and keys:
        keys.pop()
    if mark != "," or not keys:
        return False
    last = keys[-1]
    if isinstance(last, int):
        keys[-1] = last + 1
    return isinstance(last, str)


def _text(part: str) -> str:
    try:
        return str(json.loads(part, strict=False))
    except ValueError:
        return ""


def _scalar(token: str, at: int) -> Scalar | None:
    if token.startswith('"'):
        try:
            return Scalar(json.loads(token, strict=False), at + 1, token[1:-1])
        except ValueError:
            return None
    return Scalar(int(token), at, token) if token.isdigit() and len(token) < 10 else None  # noqa: PLR2004 - a line
