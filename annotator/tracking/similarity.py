"""Compares code without its comments: likeness of declarations, places of the lines of a listing."""

from __future__ import annotations

import re
import zlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator

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


# Strings are kept, comments are not; a string is matched first, so that `"//"` opens no comment.
_LITERAL_OR_COMMENT = re.compile(
    r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n]){1,12}'|`[^`]*`|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL
)
_SPACE = re.compile(r"\s+")
_ELLIPSIS = re.compile(r"\s*(?://+|/\*+|#+)?[\s(\[<]*(?:\.{3,}|…+|\.\s\.\s\.|\[\.{3}\])")
_OMITTED = re.compile(
    r"\s*(?://+|/\*+|#+)\s*.{0,40}\b(?:omitted|snip(?:ped)?|skipped|elided|truncated|rest of|more code)\b|\s*(?://+|/\*+)\s*.{0,20}(?:省略|略)",
    re.IGNORECASE,
)

_TELLING_LENGTH = 10
"""Characters of the shortest line that tells one place from others."""


def blank_comments(code: str) -> str:
    """Return Go code with its comments blanked; its lines stay where they are."""
    return _LITERAL_OR_COMMENT.sub(lambda match: _kept(match[0]), code)


def _kept(token: str) -> str:
    return "\n" * token.count("\n") if token.startswith(("//", "/*")) else token


class CodeLines:
    """The lines of a file that hold code, without white space and comments."""

    def __init__(self, text: str, *, go: bool = True) -> None:
        plain = blank_comments(text) if go else text
        numbered = [
            (number, squeezed)
            for number, line in enumerate(plain.split("\n"), 1)
            if (squeezed := _SPACE.sub("", line))
        ]
        self._numbers = [number for number, _ in numbered]
        self._text = "\n" + "".join(line + "\n" for _, line in numbered)
        self._starts: list[int] = []
        at = 1
        for _, line in numbered:
            self._starts.append(at)
            at += len(line) + 1

    def find(self, chunks: list[list[str]], most: int = 20) -> Iterator[tuple[int, int]]:
        """Yield the first and last line of each place that holds all chunks in order.

        Args:
            chunks: Squeezed lines; between two chunks anything may stand.
            most: Places after which the search ends.
        """
        needles = ["\n" + "".join(line + "\n" for line in chunk) for chunk in chunks if chunk]
        if not needles:
            return
        at = self._text.find(needles[0])
        while at >= 0 and most:
            end = self._rest(needles[1:], at + len(needles[0]) - 1)
            if end is None:
                return
            yield self._line(at + 1), self._line(end - 1)
            most -= 1
            at = self._text.find(needles[0], at + 1)

    def _rest(self, needles: list[str], end: int) -> int | None:
        for needle in needles:
            at = self._text.find(needle, end)
            if at < 0:
                return None
            end = at + len(needle) - 1
        return end

    def _line(self, offset: int) -> int:
        return self._numbers[bisect_right(self._starts, offset) - 1]

    def share(self, chunks: list[list[str]]) -> float:
        """Return the share of the chunks' telling lines that are in the file."""
        telling = [line for chunk in chunks for line in chunk if is_telling(line)]
        held = sum(f"\n{line}\n" in self._text for line in telling)
        return held / len(telling) if telling else 0.0


def listing_chunks(listing: str, *, go: bool = True) -> list[list[str]]:
    """Return a listing's lines without white space and comments, cut where it leaves something out."""
    found: list[list[str]] = [[]]
    lines = listing.split("\n")
    plain = (blank_comments(listing) if go else listing).split("\n")
    for written, line in zip(lines, plain, strict=False):
        squeezed = _SPACE.sub("", line)
        if _ELLIPSIS.fullmatch(squeezed) or (
            not squeezed and (_ELLIPSIS.match(written) or _OMITTED.match(written))
        ):
            found.append([])
        elif squeezed:
            found[-1].append(squeezed)
    return [chunk for chunk in found if chunk]


def is_telling(line: str) -> bool:
    """Return whether a squeezed line is more than a bracket or a bare return."""
    return len(line) >= _TELLING_LENGTH and line not in {
        "returnnil,err",
        "iferr!=nil{",
        "packagemain",
        "returnerr",
        "}else{",
    }
