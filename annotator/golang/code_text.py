"""Go code without white space and comments, and the places of such code in a file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

# Strings are kept, comments are not; a string is matched first, so that `"//"` opens no comment.
_TOKEN = re.compile(
    r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n]){1,12}'|`[^`]*`|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL
)
_SPACE = re.compile(r"\s+")
_ELLIPSIS = re.compile(r"\s*(?://+|/\*+|#+)?[\s(\[<]*(?:\.{3,}|…+|\.\s\.\s\.|\[\.{3}\])")
_OMITTED = re.compile(
    r"\s*(?://+|/\*+|#+)\s*.{0,40}\b(?:omitted|snip(?:ped)?|skipped|elided|truncated|rest of|more code)\b|\s*(?://+|/\*+)\s*.{0,20}(?:省略|略)",
    re.IGNORECASE,
)

_TELLING = 10
"""Characters of the shortest line that tells one place from others."""


def without_comments(code: str) -> str:
    """Return Go code with its comments blanked; its lines stay where they are."""
    return _TOKEN.sub(lambda match: _kept(match[0]), code)


def _kept(token: str) -> str:
    return "\n" * token.count("\n") if token.startswith(("//", "/*")) else token


class CodeLines:
    """The lines of a file that hold code, without white space and comments."""

    def __init__(self, text: str, *, go: bool = True) -> None:
        plain = without_comments(text) if go else text
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


def chunks(listing: str, *, go: bool = True) -> list[list[str]]:
    """Return a listing's lines without white space and comments, cut where it leaves something out."""
    found: list[list[str]] = [[]]
    lines = listing.split("\n")
    plain = (without_comments(listing) if go else listing).split("\n")
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
    return len(line) >= _TELLING and line not in {
        "returnnil,err",
        "iferr!=nil{",
        "packagemain",
        "returnerr",
        "}else{",
    }
