"""The blobs of many trees as sets of bits, so that what two trees share is counted at once."""

from __future__ import annotations

from collections.abc import Iterable


class Contents:
    """Numbers blobs in the order in which they are met, and keeps the set of a tree's up to date."""

    def __init__(self) -> None:
        """Begin with a tree without files."""
        self._numbers: dict[str, int] = {}
        self._holders: list[int] = []  # how many files of the tree have the blob of this number
        self._flags = bytearray()

    @property
    def bits(self) -> int:
        """The set of the tree's blobs as it is now."""
        return int.from_bytes(self._flags, "little")

    def of(self, blobs: Iterable[str]) -> int:
        """The set of some blobs that are no tree."""
        return sum(1 << number for number in {self._number(blob) for blob in blobs})

    def change(self, gone: Iterable[str], new: Iterable[str]) -> None:
        """Take blobs out of the tree's files, and put others in: one for each file that changed."""
        holders, flags = self._holders, self._flags
        for number in map(self._number, new):
            holders[number] += 1
            flags[number >> 3] |= 1 << (number & 7)
        for number in map(self._numbers.__getitem__, gone):
            holders[number] -= 1
            if not holders[number]:
                flags[number >> 3] &= ~(1 << (number & 7))

    def _number(self, blob: str) -> int:
        number = self._numbers.setdefault(blob, len(self._holders))
        if number == len(self._holders):
            self._holders.append(0)
            if not number & 7:
                self._flags.append(0)
        return number
