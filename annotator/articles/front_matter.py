"""Reads at which tag or commit a document says that it was written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

# `tag` is a key of blogs, too, where it is a topic: it counts if it is a version or a commit.
_VALUE = r"[^\s#\"']+|\"[^\"\n]+\"|'[^'\n]+'"
_VERSION = r"[A-Za-z-]{0,20}v?\d+\.\d[\w.+-]{0,60}|[0-9a-f]{7,64}"
_FIELD = re.compile(
    rf"(?:written[_-]at[ \t]*[:=][ \t]*(?P<any>{_VALUE})"
    rf"|tag[ \t]*[:=][ \t]*[\"']?(?P<tag>{_VERSION})[\"']?)[ \t]*(?:#.*)?$"
)
_FENCES = ("---", "+++")

LONGEST = 16_384
"""Bytes of a document in which front matter ends."""


class Field(NamedTuple):
    """The place of a tag in front matter: the line and its columns, from 0."""

    line: int
    start: int
    end: int


def written_at(data: bytes) -> str | None:
    """Return the tag or commit that a document's front matter names, or None."""
    lines = data[:LONGEST].decode("utf-8-sig", errors="replace").splitlines()
    field = find(lines)
    name = lines[field.line][field.start : field.end] if field else ""
    return name if name and name.isprintable() else None


def find(lines: Sequence[str]) -> Field | None:
    """Return where the front matter of a document's lines names its tag or commit, or None."""
    if not lines or lines[0].rstrip() not in _FENCES:
        return None
    fence = lines[0].rstrip()
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip() == fence:
            return _first(lines[1:number])
    return None


def _first(lines: Sequence[str]) -> Field | None:
    for number, line in enumerate(lines, 1):
        if match := _FIELD.match(line.rstrip()):
            start, end = match.span("any" if match["any"] else "tag")
            quoted = match["any"] is not None and line[start] in "\"'"
            return Field(number, start + quoted, end - quoted)
    return None
