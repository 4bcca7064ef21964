"""Finds a declaration whose bytes are the same in an edited file, without parsing the file."""

from __future__ import annotations

import msgspec

from annotator.history import Place

_BEGINNINGS = (b"func ", b"type ", b"var ", b"const ")
# Git takes a file with a NUL this early for binary, and so does the parser.
_BINARY_PROBE = 8000


def shifted(place: Place, before: bytes, after: bytes) -> Place | None:
    """The place in the edited file, if there is no doubt about it; else parsing has to tell.

    There is none if the bytes of the whole top-level declaration stand at the margin, once in either
    file, and in neither a comment nor a raw string.
    """
    body = before[place.start : place.end]
    if place.missing or place.anchor.offset < 0 or not body.startswith(_BEGINNINGS):
        return None
    at = after.find(body)
    if at < 0 or not _is_sure(before, body, place.start) or not _is_sure(after, body, at):
        return None
    lines = after.count(b"\n", 0, at) - before.count(b"\n", 0, place.start)
    anchor = place.anchor
    return msgspec.structs.replace(
        place,
        anchor=msgspec.structs.replace(anchor, line=anchor.line + lines, end_line=anchor.end_line + lines),
        line=place.line + lines if place.line else 0,
        start=at,
        end=at + len(body),
    )


def _is_sure(data: bytes, body: bytes, at: int) -> bool:
    end = at + len(body)
    return (
        data.find(body) == at
        and data.find(body, at + 1) < 0
        and (end == len(data) or data[end : end + 1] == b"\n")
        and is_code(data, at)
    )


def is_code(data: bytes, at: int) -> bool:
    """Whether surely neither comment nor string is what begins a line of a file at an offset."""
    return (
        (not at or data[at - 1 : at] == b"\n")
        and data.rfind(b"/*", 0, at) <= data.rfind(b"*/", 0, at)
        and data.count(b"`", 0, at) % 2 == 0
        and b"\0" not in data[:_BINARY_PROBE]
    )
