"""Token similarity of declaration bodies."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable

# From this ratio on two bodies are taken for the same declaration, edited.
SAME = 0.75

# From this ratio on a body agrees with another sign; alone it proves nothing.
AKIN = 0.35

# Bodies of fewer tokens than this say little: a lone field, a getter.
TELLING = 12

# A comment is matched, and is no token: its group is empty.
_TOKEN = re.compile(
    rb"//[^\n]*|/\*.*?\*/|(\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|'(?:\\.[^'\n]*|[^'\\\n]+)'|\w+|[^\s\w])", re.DOTALL
)
_COMMENT = re.compile(
    r"(\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|'(?:\\.[^'\n]*|[^'\\\n]+)')|[ \t]*(?://[^\n]*|/\*.*?\*/)", re.DOTALL
)

Profile = frozenset[int]
"""A body's pairs of neighbouring tokens, each by the hash of the pair and of which one of its kind it is."""


def tokens(body: bytes) -> list[bytes]:
    """Return the Go tokens of a body without comments and white space."""
    return list(filter(None, _TOKEN.findall(body)))


def token_similarity(one: bytes, other: bytes) -> float:
    """Between 0 (nothing in common) and 1 (the same): Dice's coefficient over pairs of tokens."""
    return dice(profile(one), profile(other))


def profile(body: bytes, names: Iterable[str] = ()) -> Profile:
    """Return the token profile of a body; its own `names`, which a rename changes, count as one word."""
    own = {name.encode() for name in names}
    words = [b"\0" if token in own else token for token in tokens(body)]
    marks = {hash((pair, nth)) for pair, count in _pairs(words).items() for nth in range(count)}
    return frozenset(marks)


def dice(one: Profile, other: Profile) -> float:
    """Dice's coefficient of two profiles."""
    total = len(one) + len(other)
    return 2 * len(one & other) / total if total else 1.0


def same_code(one: bytes, other: bytes) -> bool:
    """Whether two bodies differ in comments and white space at most."""
    return one == other or tokens(one) == tokens(other)


def without_comments(code: str) -> str:
    """Return the code without comments, and without lines that held only comments."""
    kept = _COMMENT.sub(lambda match: match[1] or "\0", code)
    lines = [line for line in kept.split("\n") if "\0" not in line or line.strip("\0 \t")]
    return "\n".join(line.replace("\0", "") for line in lines)


def _pairs(words: list[bytes]) -> Counter[tuple[bytes, bytes]]:
    return Counter(zip([b"", *words], [*words, b""], strict=True))


def fingerprint(body: bytes, size: int = 12) -> str:
    """Return a minhash fingerprint of a body: hex digits of the smallest hashes of its token pairs.

    Bodies that have much in common have many of these in common (minhash); the text cannot be told
    from them.
    """
    hashes = sorted({zlib.crc32(b"\0".join(pair)) for pair in _pairs(tokens(body))})
    return "".join(f"{value:08x}" for value in hashes[:size])


def fingerprint_similarity(one: str, other: str) -> float:
    """How alike two bodies are by their fingerprints, between 0 and 1."""
    first, second = ({text[at : at + 8] for at in range(0, len(text), 8)} for text in (one, other))
    smallest = sorted(first | second)[: max(len(first), len(second), 1)]
    return sum(value in first and value in second for value in smallest) / len(smallest) if smallest else 1.0
