"""Code listings of a document, and the path that a listing's head names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from annotator.articles.text_lines import Line, Role

_FENCE = re.compile(r"[\s>]*(`{3,}|~{3,})\s*(.*)")
_LONGEST = 400
"""Lines of a listing that are compared with the source; a longer one is cut."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A code block.

    Attributes:
        first: The index of its first row, the fence if it has one.
        last: The index of its last row.
        code: The indexes of the rows that hold its code.
        info: What stands behind the opening fence: `go title="a.go"`.
        info_at: The offset of that in the first row.
    """

    first: int
    last: int
    code: range
    info: str = ""
    info_at: int = 0


def find(lines: Sequence[Line]) -> Iterator[Listing]:
    """Yield the code blocks of a document in order."""
    row = 0
    while row < len(lines):
        if lines[row].role is not Role.CODE:
            row += 1
            continue
        fence = _FENCE.match(lines[row].text)
        listing = _fenced(lines, row, fence[1], fence[2].strip()) if fence else _bare(lines, row)
        yield listing
        row = listing.last + 1


def _fenced(lines: Sequence[Line], first: int, fence: str, info: str) -> Listing:
    row = first + 1
    while row < len(lines) and lines[row].role is Role.CODE:
        closing = _FENCE.match(lines[row].text)
        if closing and closing[1].startswith(fence) and not closing[2]:
            return Listing(first, row, range(first + 1, row), info, max(0, lines[first].text.find(info)))
        row += 1
    return Listing(first, row - 1, range(first + 1, row), info, max(0, lines[first].text.find(info)))


def _bare(lines: Sequence[Line], first: int) -> Listing:
    """Return a block without fences, as pages have in `<pre>`."""
    row = first
    while row + 1 < len(lines) and lines[row + 1].role is Role.CODE and not _FENCE.match(lines[row + 1].text):
        row += 1
    return Listing(first, row, range(first, row + 1))


def code(lines: Sequence[Line], rows: range) -> str:
    """Return the code in some rows."""
    return "\n".join(lines[row].text for row in rows[:_LONGEST])
