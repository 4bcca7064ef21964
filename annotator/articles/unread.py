"""Finds text that looks like a reference but is in no form that is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from annotator.articles import citations, written_files
from annotator.articles.citations import Citation
from annotator.articles.source_paths import Roots

MOST = 1000
"""Places of an article that are listed."""

_LONGEST = 100

# What stands behind a file's name where a line or a symbol is meant.
_BESIDE = re.compile(
    r"[`'\"*_]{0,3}(?:\s?(?::{1,2}|\||@|\#|->|=>|→)\s?[`'\"]?(?:[Ll]?[0-9]{1,10}|[A-Za-z_]\w{0,60}(?![\w:]))|:?\s?[(\[]\s?[Ll]?[0-9]{1,6}(?:\s?[-,\u2013]\s?[0-9]{1,6})?\s?[)\]]"
    r"|\s\+[0-9]{1,6}(?=\s*$|[`.,;)])|(?:\s|\s-\s|,\s)`?[0-9]{1,6}`?(?=\s*$)"
    r"|,?\s(?:the\s)?(?:function|func|method|type)\s`?[A-Za-z_]|\s(?:defines|declares|contains|implements)\s`)"
)

# What stands behind a line that is read, where a further line is meant.
_FURTHER = re.compile(
    r"[`*]{0,2}(?:\s?[&+;]\s?|\||\s?[(\[](?:and|or|also|plus|then)\s|,?\s(?:then|plus|also)\s)(?:lines?\s)?[`*:L]{0,3}[0-9]{1,10}"
    r"(?![0-9A-Za-z_%]|\.[0-9]|\s?[a-z])"
)

# An address in the form of no site that is known, though it shows a line of a Go file of the repository.
_LINED = re.compile(r"://.{1,400}\.go\b.{0,200}?[#=;][A-Za-z]{0,2}[0-9]{1,9}$")
_PARTS = re.compile(r"[/=;?&]|\.git\b")


def find(text: str, roots: Roots, taken: Sequence[Citation]) -> Iterator[tuple[int, str]]:
    """Yield the offset and the characters of each place that may cite and is not read.

    Args:
        text: The line of text.
        roots: What leads to the annotated repository.
        taken: The citations that are read in it.
    """
    for one in taken:
        beyond = _FURTHER.match(text, one.end) if one.line is not None else None
        if beyond and not any(each.start < beyond.end() and one.end <= each.start for each in taken):
            yield one.end, beyond[0].strip()
    for match, file in written_files.runs(text, roots.own):
        known = any(one.start < match.end() and match.start() < one.end for one in taken)
        if not known and _LINED.search(match[0]) and roots.name in _PARTS.split(match[0]):
            yield match.start(), match[0][:_LONGEST]
        if file is None or not (file.go or _is_code(text[file.start : file.end], roots)):
            continue
        start, end = file.start, file.end
        beside = _BESIDE.match(text, end)
        if beside and not any(one.start < beside.end() and start < one.end for one in taken):
            yield start, text[start : min(beside.end(), start + _LONGEST)]


def _is_code(path: str, roots: Roots) -> bool:
    """Return whether a file of the tree has lines that are cited, not sections with names."""
    return roots.own.has(path) and not path.endswith(citations.PROSE)
