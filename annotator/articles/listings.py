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


_ORG = re.compile(r"\s{0,20}#\+begin_(?:src|example)\b(.*)", re.IGNORECASE)
_ORG_END = re.compile(r"\s{0,20}#\+end_(?:src|example)\b", re.IGNORECASE)
_DELIMITER = re.compile(r"-{4,}\s*$")
_INDENTED = re.compile(r"(?: {4}|\t)\s*\S")
HEADS = re.compile(
    r"\s{0,20}(?:\[(?:source|listing)\b.*\]\s*$|\.\.\s(?:code-block|code|sourcecode)::|:[\w-]+:|::\s*$)"
)
"""Lines of AsciiDoc and reStructuredText that stand between a sentence and its code block."""


def find(lines: Sequence[Line], *, indented: bool = False) -> Iterator[Listing]:
    """Yield the code blocks of a document in order.

    Args:
        lines: The document.
        indented: Whether indented text below an empty line is code, too.
    """
    row = 0
    while row < len(lines):
        if lines[row].role is not Role.CODE:
            block = _unfenced(lines, row, indented=indented)
            if block:
                yield block
            row = block.last + 1 if block else row + 1
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


def _unfenced(lines: Sequence[Line], row: int, *, indented: bool) -> Listing | None:
    """Return a block of Org, of AsciiDoc or an indented one that begins in a row of text."""
    text = lines[row].text
    if text[:1] not in {"#", "-"} and not text[:1].isspace():
        return None
    # A block that nobody closes goes on to the end, so that the search for its end is made once.
    if org := _ORG.match(text):
        last = next((at for at in range(row + 1, len(lines)) if _ORG_END.match(lines[at].text)), len(lines))
        return Listing(row, last, range(row + 1, last), org[1].strip())
    above = lines[row - 1].text if row else ""
    if _DELIMITER.match(text) and above.startswith("[") and HEADS.match(above):
        last = next((at for at in range(row + 1, len(lines)) if lines[at].text == text), len(lines))
        return Listing(row, last, range(row + 1, last), above.strip("[] ").partition(",")[2])
    if not indented or above.strip() or not _INDENTED.match(text):
        return None
    last = row
    while last + 1 < len(lines) and _INDENTED.match(lines[last + 1].text):
        last += 1
    return Listing(row, last, range(row, last + 1))


def _bare(lines: Sequence[Line], first: int) -> Listing:
    """Return a block without fences, as pages have in `<pre>`."""
    row = first
    while row + 1 < len(lines) and lines[row + 1].role is Role.CODE and not _FENCE.match(lines[row + 1].text):
        row += 1
    return Listing(first, row, range(first, row + 1))


def code(lines: Sequence[Line], rows: range) -> str:
    """Return the code in some rows."""
    return "\n".join(lines[row].text for row in rows[:_LONGEST])
