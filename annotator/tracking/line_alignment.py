"""Finds the line of an edited text that a line of the earlier text became."""

from __future__ import annotations

import re

from annotator.model.reference import TextState
from annotator.tracking.lookup import lines

# So many lines on either side are compared, and so many must be the same, to tell a line from its like.
_AROUND = 4
_SURE = 3

# A shorter line, such as `return nil, err`, may have been added elsewhere with the same text. It counts only
# if it and its unchanged neighbours have more letters and digits than an `if err != nil` block has.
_TELLING = 13
_TELLING_TOGETHER = 24
_IDIOM = re.compile(rb"[\W_]*|(?:return|if err|else|case|default|break|continue|for|defer|\}).*")
_LETTER = re.compile(rb"[0-9A-Za-z\x80-\xff]")


class LineAlignment:
    """Two versions of a text, compared line by line without the white space that gofmt changes."""

    def __init__(self, before: bytes, after: bytes) -> None:
        self._old = [_words(text) for text in lines(before)]
        self._new = [_words(text) for text in lines(after)]
        self._is_unchanged = self._old == self._new

    def successor(self, line: int, before: range | None = None, after: range | None = None) -> int | None:
        """Return the later line of an earlier one, or None if it is not certain.

        A telling line that stands once before and once after is sure. Others are told apart by the lines
        around them, which must say enough: `return err` may be another one of many.

        Args:
            line: The earlier 1-based line.
            before: The earlier lines among which it is sought; all if None.
            after: The later ones.
        """
        before = before or range(1, len(self._old) + 1)
        after = after or range(1, len(self._new) + 1)
        if self._is_unchanged and line in after:
            return line
        text = self._old[line - 1]
        hits = [number for number in after if self._new[number - 1] == text]
        is_only = len(hits) == 1 and self._is_only(line, before)
        if is_only and (self._is_sure(line, hits[0]) or self._has_a_neighbour(line, hits[0])):
            return hits[0]
        best = self._best(line, hits)
        if best is None:
            return None
        rivals = [number for number in before if self._old[number - 1] == text]
        return best if self._is_best_of(rivals, line, best) else None

    def is_same(self, line: int, later: int) -> bool:
        """Return whether both lines exist and have the same text."""
        exist = 1 <= line <= len(self._old) and 1 <= later <= len(self._new)
        return exist and self._old[line - 1] == self._new[later - 1]

    def is_run(self, line: int, last: int, later: int) -> bool:
        """Return whether all lines of a range have the same text as those that begin in a later line."""
        return all(self.is_same(number, later + number - line) for number in range(line, last + 1))

    def text(self, line: int, last: int | None, later: int, later_last: int | None) -> TextState:
        """Compare the lines of a range with those that it became; a single line was found by its text."""
        old = self._old[line - 1 : last or line]
        new = self._new[later - 1 : later_last or later]
        return TextState.SAME if old == new else TextState.CHANGED

    def _is_only(self, line: int, among: range) -> bool:
        text = self._old[line - 1]
        return bool(text) and sum(self._old[number - 1] == text for number in among) == 1

    def _is_sure(self, line: int, later: int) -> bool:
        own = _letters(self._old[line - 1])
        return (
            own >= _TELLING or own + sum(map(_letters, self._alike_around(line, later))) >= _TELLING_TOGETHER
        )

    def _has_a_neighbour(self, line: int, later: int) -> bool:
        """Return whether a line that is no idiom of its language has kept a neighbour with words."""
        is_idiom = _IDIOM.fullmatch(self._old[line - 1]) is not None
        return not is_idiom and any(map(_letters, self._alike_around(line, later)))

    def _best(self, line: int, hits: list[int]) -> int | None:
        """Return the line whose neighbours match those of the earlier line best, if they are enough."""
        around = {hit: len(self._alike_around(line, hit)) for hit in hits}
        most = max(around.values(), default=0)
        best = [hit for hit in hits if around[hit] == most]
        is_clear = len(best) == 1 and most >= _SURE
        return best[0] if is_clear and self._is_sure(line, best[0]) else None

    def _is_best_of(self, rivals: list[int], line: int, later: int) -> bool:
        """Return whether every other earlier line with this text matches the later line less well."""
        own = len(self._alike_around(line, later))
        return all(rival == line or len(self._alike_around(rival, later)) < own for rival in rivals)

    def _alike_around(self, line: int, later: int) -> list[bytes]:
        """Return the neighbours of two lines that are the same, outwards until one differs."""
        found = []
        for step in (-1, 1):
            for distance in range(1, _AROUND + 1):
                if not self.is_same(line + step * distance, later + step * distance):
                    break
                found.append(self._old[line + step * distance - 1])
        return found


def _letters(line: bytes) -> int:
    return len(_LETTER.findall(line))


def _words(line: bytes) -> bytes:
    return b" ".join(line.split())
