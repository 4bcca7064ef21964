"""Foreign words as Markdown of issue trackers: inert, whatever they hold."""

from __future__ import annotations

import re

from annotator.errors import printable

# Issue trackers act on these after Markdown has been read: only a character in between stops them.
_CALLS = re.compile(r"@(?=\w)|#(?=\d)")
# Addresses become links unless they are broken up, too.
_MARKS = re.compile(r"([\\`*_{}\[\]<>()#+!|~&@]|:(?=//)|(?<=www)\.)", re.IGNORECASE)
_TICKS = re.compile("`+")


def code(words: str) -> str:
    """Return words as an inline code span; they may hold backticks."""
    shown = printable(words) or " "
    ticks = "`" * (1 + _longest_ticks(shown))
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def escaped(words: str) -> str:
    """Return words as plain text, free of Markdown, HTML, mentions of people and links to issues."""
    inert = _CALLS.sub("\\g<0>\N{ZERO WIDTH SPACE}", printable(words))
    return _MARKS.sub(r"\\\1", inert)


def fenced(language: str, lines: str) -> str:
    """Return lines as a block of code; they may hold fences."""
    fence = "`" * max(3, 1 + _longest_ticks(lines))
    body = lines.rstrip("\n")
    return f"{fence}{language}\n{body}\n{fence}"


def _longest_ticks(words: str) -> int:
    return max(map(len, _TICKS.findall(words)), default=0)
