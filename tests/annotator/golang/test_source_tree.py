"""The trees that are read from a snapshot."""

from collections.abc import Iterable, Mapping

import msgspec

from annotator.golang.source_tree import SourceTree


class Snapshot(msgspec.Struct, frozen=True):
    """A snapshot of two files, and of one that is vendored."""

    repository: str = "https://example.org/shop"
    tag: str = "v1"
    commit: str | None = None
    version: str = "v1"

    @property
    def files(self) -> Mapping[str, str]:
        return {path: path for path in ("a/one.go", "b/two.go", "vendor/c/three.go")}

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        return {path: f"package a // naïve Stores in {path}\n".encode() for path in paths}


def test_files_are_found_by_the_words_they_hold():
    tree = SourceTree(Snapshot())
    asked = ["one", "naïve", "three", "Stores", "missing"]

    assert [tree.containing(word) for word in asked] == [
        ("a/one.go",),
        ("a/one.go", "b/two.go"),
        (),
        ("a/one.go", "b/two.go"),
        (),
    ]
