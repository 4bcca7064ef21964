"""How alike two declarations' bodies are, by their tokens."""

from __future__ import annotations

import re
from collections import Counter

# From this ratio on two bodies are taken for the same declaration, edited.
SAME = 0.75
# From this ratio on a body agrees with another sign; alone it proves nothing.
AKIN = 0.35

_TOKEN = re.compile(rb"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|\w+|[^\s\w]", re.DOTALL)


def tokens(body: bytes) -> list[bytes]:
    """The Go tokens of a body without comments and white space."""
    return [token for token in _TOKEN.findall(body) if not token.startswith((b"//", b"/*"))]


def ratio(one: bytes, other: bytes) -> float:
    """Between 0 (nothing in common) and 1 (the same): Dice's coefficient over pairs of tokens."""
    first, second = _pairs(tokens(one)), _pairs(tokens(other))
    total = first.total() + second.total()
    return 1.0 if not total else 2 * (first & second).total() / total


def _pairs(words: list[bytes]) -> Counter[tuple[bytes, bytes]]:
    return Counter(zip([b"", *words], [*words, b""], strict=True))
