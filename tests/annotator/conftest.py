"""Trees of our own for the annotator's tests: Go files as texts, no git, no disk."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from annotator.golang import declarations
from annotator.golang.source_tree import SourceTree
from annotator.model.go import GoFile


class MemoryTree:
    """A repository at one tag whose files are given as texts."""

    def __init__(self, files: Mapping[str, str], tag: str) -> None:
        self.tag = tag
        self.snapshot = SimpleNamespace(repository="https://example.org/us/shop", tag=tag)
        self._files = {path: text.encode() for path, text in files.items()}
        self.parsed: list[str] = []

    @property
    def files(self) -> Mapping[str, str]:
        return {
            path: hashlib.sha1(data, usedforsecurity=False).hexdigest() for path, data in self._files.items()
        }

    @property
    def go_files(self) -> Mapping[str, str]:
        return {p: b for p, b in self.files.items() if p.endswith(".go") and not p.startswith("vendor/")}

    def go_blob(self, path: str) -> str | None:
        return self.go_files.get(path)

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        return {path: self._files[path] for path in paths}

    def package(self, folder: str) -> Mapping[str, bytes]:
        inside = [p for p in self._files if p.rpartition("/")[0] == folder and p.endswith(".go")]
        return {path: self._files[path] for path in inside}

    def document(self, path: str) -> GoFile:
        return declarations.read_go_file(self._files[path])

    unreadable = frozenset()

    @property
    def digest(self) -> str:
        return hashlib.sha256(repr(sorted(self._files.items())).encode()).hexdigest()

    @property
    def state(self) -> str:
        return self.digest

    def scan(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        return self.read(paths)

    def has(self, path: str) -> bool:
        return path in self._files

    def data(self, path: str) -> bytes:
        return self._files[path]

    def documents(self, paths: Iterable[str]) -> Mapping[str, GoFile]:
        wanted = list(paths)
        self.parsed.extend(wanted)
        return {path: declarations.read_go_file(self._files[path]) for path in wanted}

    declarations = SourceTree.declarations

    def containing(self, word: str) -> tuple[str, ...]:
        return tuple(path for path in self.go_files if word.encode() in self._files[path])


@pytest.fixture
def tree() -> Callable[..., MemoryTree]:
    """A maker of trees: `tree({"a/b.go": "package a"}, tag="v1")`."""

    def make(files: Mapping[str, str], tag: str = "v1") -> MemoryTree:
        return MemoryTree(files, tag)

    return make


@pytest.fixture
def python() -> Callable[[str], subprocess.Popen[str]]:
    """Starts another Python that runs a program with this project's packages."""
    here = str(Path(__file__).parents[2])

    def started(program: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": here},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return started
