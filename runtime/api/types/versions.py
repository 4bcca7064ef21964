"""Versions of the API: which are served, and which of two is newer.

Go: api/types/versions/compare.go
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import zip_longest

_NUMBER = re.compile(r"[+-]?[0-9]+")


@lru_cache(maxsize=64)
def compare(v1: str, v2: str) -> int:
    """-1, 0 or 1, as the first version is older than the second, the same, or newer."""
    for one, other in zip_longest(v1.split("."), v2.split("."), fillvalue=""):
        if _number(one) != _number(other):
            return 1 if _number(one) > _number(other) else -1
    return 0


def less_than(v: str, other: str) -> bool:
    """Whether a version is older than another."""
    return compare(v, other) < 0


def greater_than(v: str, other: str) -> bool:
    """Whether a version is newer than another."""
    return compare(v, other) > 0


def _number(part: str) -> int:
    """Return a part as Go reads it: 0 if it is no number, the largest integer if it is too large."""
    if not _NUMBER.fullmatch(part):
        return 0
    return min(int(part[:20]), 2**63 - 1)
