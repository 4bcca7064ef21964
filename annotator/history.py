"""The values of following declarations over many tags: hops, stops, trails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from annotator.model import Anchor, Blob, Document, Outcome, Reference, Sign, Text


class Tree(Protocol):
    """A repository at one tag, read as Go, whose files are known by their blob ids."""

    @property
    def tag(self) -> str:
        """The tag's name."""
        ...

    @property
    def go_files(self) -> Mapping[str, Blob]:
        """Every Go file that is not vendored, by path."""
        ...

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The bytes of many files at once."""
        ...

    def documents(self, paths: Iterable[str]) -> Mapping[str, Document]:
        """What Go files say."""
        ...


class Hop(msgspec.Struct, frozen=True, array_like=True):
    """One step of a walk over tags: from a tag that was reached before to the next."""

    before: str
    after: str


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a declaration is at a tag, by what it was recognised there, and its text.

    Attributes:
        anchor: Where it stands; where it was last seen, if it is missing. Its offset is the baseline's.
        by: The weakest sign on the way from the baseline.
        text: Its text against the baseline's.
        line: The cited line: that of the name, or the one that the baseline's offset leads to; 0 if
            that line's text is gone from the declaration.
        missing: Why the declaration is not there, empty if it is.
        guess: The best candidate for a missing one, never an answer.
    """

    anchor: Anchor
    by: Sign
    text: Text
    line: int
    missing: str = ""
    guess: Anchor | None = None


class Stop(msgspec.Struct, frozen=True):
    """What became of a reference at one tag."""

    tag: str
    outcome: Outcome
    text: Text


class Trail(msgspec.Struct, frozen=True):
    """A reference and its stops, in the order of the tags."""

    reference: Reference
    stops: tuple[Stop, ...]
