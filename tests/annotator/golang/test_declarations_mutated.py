"""Real Go files with a piece changed: every line is right, and the rest of the file is still found."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from annotator.golang import declarations
from annotator.golang.resolver import Resolver
from annotator.golang.source_tree import SourceTree
from annotator.model.go import Declaration, GoFile

pytestmark = pytest.mark.slow

FILES, CHANGES = 120, 8
PIECES = [
    b"", b"{", b"}", b"(", b")", b"`", b'"', b"'", b"/*", b"*/", b"//", b"\n", b"\r\n", b"\r", b"\0", b"\xff",
    b"\xef\xbb\xbf", b"\x0c", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"func ", b"\nfunc f() {\n",
    b"type T struct {\n",
    b"\nvar (\n", b"//line x.go:1\n", b"/*line y.go:9*/", b"[T any]", b"type A[T ~int|string] = B[T]\n",
    b"<<<<<<< HEAD\n", b"case x:", b"x := func() {", b"(" * 3000, b"[]" * 3000, b"x" * 5000, b"#!/bin/sh\n",
]  # fmt: skip

Changed = tuple[str, bytes, bytes, int, int]
"""A path, its bytes before and after, and how many of them are the same at both ends."""


@pytest.fixture(params=["v20.10.24", "v26.1.5"])
def tree(request: pytest.FixtureRequest, release: Callable[[str], SourceTree]) -> SourceTree:
    return release(request.param)


def changed(tree: SourceTree, files: int) -> Iterator[Changed]:
    """Files of the tree with a piece put in, or in another one's place; the same ones in each run."""
    chance = random.Random(10)  # noqa: S311 - chance that can be repeated
    for path in chance.sample(sorted(tree.go_files), files):
        before = tree.data(path)
        for _ in range(CHANGES):
            at = chance.randrange(len(before) + 1)
            lost = before[at : at + chance.choice([0, 0, 1, 30, 400])]
            after = before[:at] + chance.choice(PIECES) + before[at + len(lost) :]
            yield path, before, after, at, len(before) - at - len(lost)


def place(one: Declaration, shift: int = 0) -> tuple[str, int, int]:
    return one.symbol, one.span.start - shift, one.span.end - shift


def is_right(data: bytes, document: GoFile) -> bool:
    lines = data.split(b"\n")
    return all(
        0 <= one.span.start < one.span.end <= len(data)
        and data.count(b"\n", 0, one.span.start) + 1 == one.span.line
        and data.count(b"\n", 0, one.span.end) + 1 == one.span.end_line
        and lines[one.line - 1][one.column - 1 :].decode("utf-8", "replace").startswith(one.name)
        for one in document.walk()
    )


def test_every_line_is_right_and_the_rest_is_found(tree: SourceTree) -> None:
    far = kept = 0
    for _, before, after, head, tail in changed(tree, FILES):
        found = declarations.read_go_file(after)
        assert is_right(after, found)
        if b"\0" in after:
            continue
        shift = len(after) - len(before)
        rest = {
            place(one) for one in declarations.read_go_file(before).declarations if one.span.end < head - 1
        }
        behind = [
            one
            for one in declarations.read_go_file(before).declarations
            if one.span.start > len(before) - tail + 1
        ]
        rest |= {place(one, -shift) for one in behind}
        far += len(rest)
        kept += len(rest & {place(one) for one in found.declarations})
    assert far > 1000
    assert kept / far > 0.98


class Changing:
    """The packages of a tree, one file of which is another."""

    def __init__(self, tree: SourceTree, path: str, data: bytes) -> None:
        self.tree, self.path, self.data = tree, path, data

    def package(self, folder: str) -> dict[str, bytes]:
        found = dict(self.tree.package(folder))
        return found | {self.path: self.data} if self.path in found else found

    def document(self, path: str) -> GoFile:
        return declarations.read_go_file(self.data) if path == self.path else self.tree.document(path)

    def containing(self, word: str) -> tuple[str, ...]:
        return self.tree.containing(word)


def test_every_use_names_what_it_leads_to(tree: SourceTree) -> None:
    modules = ("github.com/docker/docker", "github.com/moby/moby")
    for path, _, after, _, _ in changed(tree, FILES // 40):
        source = Changing(tree, path, after)
        for use in Resolver(source, modules).uses(path):
            assert after[use.start : use.end].decode("utf-8", "replace") == use.symbol.rpartition(".")[2]
            assert after.count(b"\n", 0, use.start) + 1 == use.line
            assert use.symbol in {one.symbol for one in source.document(use.path).walk()}
