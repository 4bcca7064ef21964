"""The numbers and titles of an article's headings."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,3}){0,5})(?:[.、:)]|(?=\s)|(?=[\u3400-\u9fff]))\s{0,8}")
_COUNTED = re.compile(
    r"(第[一二三四五六七八九十百0-9]{1,4}[章节節部分]{1,2}|[一二三四五六七八九十]{1,3}(?=、))[、:]?\s{0,8}"
)
# Two levels at least, no leading zeros: neither a list's item nor a version or a date.
_UNMARKED = re.compile(r"\s{0,3}(?:\*\*)?(?:[1-9][0-9]?)(?:\.[1-9][0-9]?){1,5}[.、]?\s{0,4}[^\s0-9.].{0,78}")
_SENTENCE = ("。", ".", ";", ",", "…")

LONGEST = 200
"""Characters that a title keeps."""


def split(heading: str) -> tuple[str, str]:
    """A heading's number and title; a heading without a number is its own."""
    text = " ".join(heading.split()).strip("*_# ")[:LONGEST]
    match = _NUMBER.match(text) or _COUNTED.match(text)
    if match is None or not match[1]:
        return text, text
    return match[1], text[match.end() :]


def is_unmarked(text: str) -> bool:
    """Whether a line of plain text is a heading by its number: `2.2.4.1 Executor`."""
    plain = text.rstrip(" *")
    return _UNMARKED.fullmatch(plain) is not None and not plain.endswith(_SENTENCE) and ".go" not in plain
