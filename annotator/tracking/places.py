"""Declarations by place and name in a repository at one tag."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from annotator.model import Anchor, Declaration, Document, Kind, Reference


class Tree(Protocol):
    """A repository at one tag, read as Go."""

    @property
    def tag(self) -> str:
        """The tag's name."""
        ...

    @property
    def go_files(self) -> Mapping[str, object]:
        """Every Go file that is not vendored, by path."""
        ...

    def has(self, path: str) -> bool:
        """Whether the tree has this file, vendored or not."""
        ...

    def data(self, path: str) -> bytes:
        """A file's bytes."""
        ...

    def documents(self, paths: Iterable[str]) -> Mapping[str, Document]:
        """What Go files say."""
        ...

    def containing(self, word: str) -> tuple[str, ...]:
        """The Go files, not vendored, that hold `word`: all that do as a word, some as a part of one."""
        ...


class Found(msgspec.Struct, frozen=True):
    """A declaration and the file that it stands in."""

    path: str
    declaration: Declaration


class Search(msgspec.Struct, frozen=True):
    """What is looked for, where, and what is known of it.

    Attributes:
        reference: The reference.
        tree: The repository at the tag that is asked for.
        written_at: The repository at the tag at which the reference was written, if it is at hand.
        origin: The cited declaration there, if it is one.
    """

    reference: Reference
    tree: Tree
    written_at: Tree | None = None
    origin: Found | None = None


def search(reference: Reference, tree: Tree, written_at: Tree | None) -> Search:
    """The search for a reference, with the declaration that it cited where it was written."""
    origin = None
    if written_at is not None and reference.path.endswith(".go") and written_at.has(reference.path):
        origin = _cited(reference, written_at.documents([reference.path])[reference.path])
    return Search(reference, tree, written_at, origin)


def _cited(reference: Reference, document: Document) -> Found | None:
    if reference.symbol is None:
        found = innermost(document, reference.line) if reference.line else None
        return Found(reference.path, found) if found else None
    hits = named(document, reference.symbol)
    chosen = tuple(d for d in hits if d.line == reference.line) or hits
    return Found(reference.path, chosen[0]) if len(chosen) == 1 else None


def named(document: Document, symbol: str) -> tuple[Declaration, ...]:
    """The declarations that a symbol names.

    A dotted symbol is matched exactly, a bare one also as the name of a method or closure.
    """
    name = symbol.rpartition(".")[2]
    namesakes = [d for d in document.walk() if d.name == name]
    exact = tuple(d for d in namesakes if d.symbol == symbol)
    if exact or "." in symbol:
        return exact
    return tuple(d for d in namesakes if d.kind in (Kind.METHOD, Kind.CLOSURE))


def innermost(document: Document, line: int) -> Declaration | None:
    """The smallest declaration that spans a line, its doc comment included."""
    spanning = [d for d in document.walk() if first_line(d) <= line <= d.span.end_line]
    return min(spanning, key=lambda d: d.span.end_line - first_line(d), default=None)


def first_line(declaration: Declaration) -> int:
    """The declaration's first line, its doc comment included."""
    return declaration.doc_span.line if declaration.doc_span else declaration.span.line


def anchor(path: str, declaration: Declaration, line: int | None = None) -> Anchor:
    """The declaration's anchor; with a line, the anchor of that line by its offset."""
    return Anchor(
        path=path,
        symbol=declaration.symbol,
        kind=declaration.kind,
        line=declaration.line,
        end_line=declaration.span.end_line,
        offset=0 if line is None else line - declaration.line,
    )


def at_anchor(tree: Tree, at: Anchor) -> Declaration:
    """The declaration that an anchor of this tree stands for."""
    document = tree.documents([at.path])[at.path]
    return next(d for d in named(document, at.symbol) if d.line == at.line)


def body(tree: Tree, found: Found) -> bytes:
    """The declaration's bytes, without its doc comment."""
    span = found.declaration.span
    return tree.data(found.path)[span.start : span.end]


def lines(data: bytes) -> list[bytes]:
    """The lines of a file, without their ends."""
    return data.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")


def folder(path: str) -> str:
    """The folder of a file: its Go package."""
    return path.rpartition("/")[0]


def is_test(path: str) -> bool:
    """Whether Go builds the file for tests only."""
    return path.endswith("_test.go")


def shared_tail(one: str, other: str) -> int:
    """How many parts, from the file name up, two paths have in common."""
    count = 0
    for a, b in zip(reversed(one.split("/")), reversed(other.split("/")), strict=False):
        if a != b:
            break
        count += 1
    return count
