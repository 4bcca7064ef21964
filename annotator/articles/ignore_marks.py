"""Marks of a document for what is not to be checked: `annotator: ignore` in a comment.

A mark that stands alone on its line is for the next line, one beside other text for its own line;
`ignore-start` and `ignore-end` are for all lines between them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from annotator.articles.text_lines import Line, Role

# A comment of Markdown, HTML, MDX, templates, reStructuredText, AsciiDoc, Org, TeX, man pages and languages.
_MARK = re.compile(
    r"(?P<before>^|.*?(?<![^\s\"(,]))"
    r"(?:<!--+|\{/\*+|\{#|\{\{?%?[-~]?\s?/\*|\[(?://|comment)\]:\s?\#\s?[(\"']|\.\.|\.\\\"|//+!?|/\*+|\*|\#+|--+|;+|%+)"
    r"\s{0,8}annotator:\s{0,4}ignore(?P<kind>-(?:start|end|line|next-line))?(?!\w|-[a-z])"
    r"(?:[^\n]*?(?:--+!?>|\*+/\}{0,2}|\#\})(?P<behind>.*)|[^\n]*)",
    re.DOTALL,
)
_WIDEST = 20_000
"""Characters of the longest line in which a mark is looked for."""

_GAP = 2
"""Empty lines that may follow a mark before the line that it is for."""


def ignored_rows(lines: Sequence[Line], *, in_source_file: bool = False) -> frozenset[int]:
    """Return the indexes of the lines that marks exclude.

    Args:
        lines: The document.
        in_source_file: Whether they are the comments of a source file: an empty line is then code.
    """
    ignored: set[int] = set()
    start: int | None = None
    for row, line in enumerate(lines):
        if "annotator:" not in line.text or len(line.text) > _WIDEST or _is_listing(line):
            continue
        # A comment of plain text that begins with `#` is read as a heading, and without it.
        text = f"# {line.text}" if line.role is Role.HEADING else line.text
        if (match := _MARK.match(text)) is None:
            continue
        is_alone = not (match["before"].strip() or (match["behind"] or "").strip())
        match match["kind"]:
            case "-start":
                start = row if start is None else start
            case "-end":
                ignored.update(range(row if start is None else start, row + 1))
                start = None
            case "-line":
                ignored.add(row)
            case "-next-line":
                ignored.update(_next(lines, row, 0 if in_source_file else _GAP))
            case _:
                ignored.update(_next(lines, row, 0 if in_source_file else _GAP) if is_alone else [row])
    if start is not None:  # never closed: it is for the rest of the document
        ignored.update(range(start, len(lines)))
    return frozenset(ignored)


def _is_listing(line: Line) -> bool:
    """Return whether a line is shown as code: a mark in it is an example, but for a notebook's own code."""
    return line.role is Role.CODE and not line.within


def _next(lines: Sequence[Line], row: int, gap: int) -> list[int]:
    rows = range(row + 1, min(row + 2 + gap, len(lines)))
    return [other for other in rows if lines[other].text.strip()][:1]
