"""The span of a link's words, in each markup."""

from __future__ import annotations

import re

_INLINE = r"</?(?:b|code|em|i|kbd|samp|span|strong|tt|var)(?:\s[^<>]{0,200})?>"
_ELEMENT = re.compile(
    rf"[^\s<>]{{0,40}}[\"']?[^<>]{{0,200}}>([^<>]{{0,200}}(?:{_INLINE}[^<>]{{0,200}}){{0,8}})</a>",
    re.IGNORECASE,
)
_MARKUP = re.compile(_INLINE, re.IGNORECASE)
_CODE = ("<code", "</code", "<tt", "</tt")
LONGEST_LABEL = 400
"""Characters that a link's words may have."""


def label(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Return the span of the words of a link, or None if the address is not in a link.

    Args:
        text: The line.
        start: Where the address begins.
        end: Where it ends.
    """
    if text.endswith(("](", "](<"), 0, start):
        return _bracketed(text, text.rfind("](", 0, start))
    if text.startswith("][", end):  # Org
        return _until(text, end + 2, "]]")
    if text.startswith("[", end):  # AsciiDoc
        return _until(text, end + 1, "]")
    if text.startswith(">`", end) and text.endswith(" <", 0, start):  # reStructuredText
        tick = text.rfind("`", max(0, start - LONGEST_LABEL), start)
        return (tick + 1, start - 2) if 0 <= tick < start - 2 else None
    if text.endswith(("href=", 'href="', "href='"), 0, start):
        match = _ELEMENT.match(text, end)
        return match.span(1) if match else None
    return None


def unmarked(words: str) -> str:
    """Return words with HTML elements blanked, and a back-tick at the inner end of those of code."""
    if "<" not in words:
        return words
    return _MARKUP.sub(_blank, words)


def _blank(match: re.Match[str]) -> str:
    mark = "`" if match[0].lower().startswith(_CODE) else " "
    rest = " " * (len(match[0]) - 1)
    return mark + rest if match[0].startswith("</") else rest + mark


def _bracketed(text: str, close: int) -> tuple[int, int] | None:
    """Return the span between a closing bracket and its opening one."""
    depth = 1
    for at in range(close - 1, max(-1, close - LONGEST_LABEL), -1):
        depth += (text[at] == "]") - (text[at] == "[")
        if not depth:
            return at + 1, close
    return None


def _until(text: str, start: int, mark: str) -> tuple[int, int] | None:
    end = text.find(mark, start, start + LONGEST_LABEL)
    return (start, end) if end > start else None
