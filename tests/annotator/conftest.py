"""Trees of our own for the annotator's tests: Go files as texts, no git, no disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping

import pytest

from annotator.model import Blob, Document
from annotator.reading import golang


class MemoryTree:
    """A repository at one tag whose files are given as texts."""

    def __init__(self, files: Mapping[str, str], tag: str) -> None:
        self.tag = tag
        self._files = {path: text.encode() for path, text in files.items()}
        self.parsed: list[str] = []

    @property
    def files(self) -> Mapping[str, Blob]:
        return {
            path: Blob(id=hashlib.sha1(data, usedforsecurity=False).hexdigest(), size=len(data))
            for path, data in self._files.items()
        }

    @property
    def go_files(self) -> Mapping[str, Blob]:
        return {p: b for p, b in self.files.items() if p.endswith(".go") and not p.startswith("vendor/")}

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        return {path: self._files[path] for path in paths}

    def package(self, folder: str) -> Mapping[str, bytes]:
        inside = [p for p in self._files if p.rpartition("/")[0] == folder and p.endswith(".go")]
        return {path: self._files[path] for path in inside}

    def document(self, path: str) -> Document:
        return golang.read(self._files[path])

    def has(self, path: str) -> bool:
        return path in self._files

    def data(self, path: str) -> bytes:
        return self._files[path]

    def documents(self, paths: Iterable[str]) -> Mapping[str, Document]:
        wanted = list(paths)
        self.parsed.extend(wanted)
        return {path: golang.read(self._files[path]) for path in wanted}

    def containing(self, word: str) -> tuple[str, ...]:
        return tuple(path for path in self.go_files if word.encode() in self._files[path])


@pytest.fixture
def tree() -> Callable[..., MemoryTree]:
    """A maker of trees: `tree({"a/b.go": "package a"}, tag="v1")`."""

    def make(files: Mapping[str, str], tag: str = "v1") -> MemoryTree:
        return MemoryTree(files, tag)

    return make
