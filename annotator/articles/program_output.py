"""Recognises the output of programs in a document: logs, traces, listings of compilers and debuggers."""

from __future__ import annotations

from collections.abc import Sequence

from annotator.articles.text_lines import Line


def rows(lines: Sequence[Line]) -> frozenset[int]:
    """Return the indexes of the lines that a program has written."""
    return frozenset(range(len(lines), 0))
