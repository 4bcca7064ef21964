"""The values of following declarations over many tags: hops, stops, trails."""

from __future__ import annotations

from annotator.model import Blob, Declaration, Document, Outcome, Reference, Sign, Text

from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec


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


class Stand(msgspec.Struct, frozen=True, array_like=True):
    """A declaration in its file, and the top-level declaration that it is in or is itself."""

    path: str
    top: Declaration
    declaration: Declaration


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a declaration is at a tag, by what it was recognised there, and its text.

    Attributes:
        stand: Where it stands; where it was last seen, if it is missing.
        by: The weakest sign on the way from the baseline.
        text: Its text against the baseline's.
        missing: Why it is not there, empty if it is.
        guess: The best candidate of a missing one, never an answer.
    """

    stand: Stand
    by: Sign
    text: Text
    missing: str = ""
    guess: Stand | None = None


class Stop(msgspec.Struct, frozen=True):
    """What became of a reference at one tag."""

    tag: str
    outcome: Outcome
    text: Text


class Trail(msgspec.Struct, frozen=True):
    """A reference and its stops, in the order of the tags."""

    reference: Reference
    stops: tuple[Stop, ...]
