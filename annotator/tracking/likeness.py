"""How alike two declarations' bodies are, by their tokens."""

from __future__ import annotations

import re
import zlib
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


def fingerprint(body: bytes, size: int = 12) -> str:
    """A few hex digits for each of the smallest hashes of a body's pairs of tokens.

    Bodies that have much in common have many of these in common (minhash); the text cannot be told
    from them.
    """
    hashes = sorted({zlib.crc32(b"\0".join(pair)) for pair in _pairs(tokens(body))})
    return "".join(f"{value:08x}" for value in hashes[:size])


def alike_prints(one: str, other: str) -> float:
    """How alike two bodies are by their fingerprints, between 0 and 1."""
    first, second = ({text[at : at + 8] for at in range(0, len(text), 8)} for text in (one, other))
    smallest = sorted(first | second)[: max(len(first), len(second), 1)]
    return sum(value in first and value in second for value in smallest) / len(smallest) if smallest else 1.0
