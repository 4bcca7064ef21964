"""Trees of our own for the annotator's tests: Go files as texts, no git, no disk."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

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
    def go_files(self) -> Mapping[str, Blob]:
        return {
            path: Blob(id=hashlib.sha1(data, usedforsecurity=False).hexdigest(), size=len(data))
            for path, data in self._files.items()
            if path.endswith(".go") and not path.startswith("vendor/")
        }

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        return {path: self._files[path] for path in paths}

    def package(self, folder: str) -> Mapping[str, tuple[bytes, Document]]:
        inside = [p for p in self._files if p.rpartition("/")[0] == folder and p.endswith(".go")]
        return {path: (self._files[path], golang.read(self._files[path])) for path in inside}

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


GO_FILES = {
    "store/store.go": """package store

// Store keeps things.
type Store struct {
	names map[string]int
}

// Get finds a thing.
func (s *Store) Get(name string) int {
	return s.names[name]
}
""",
    "cmd/main.go": """package main

import "example.org/shop/store"

func main() {
	s := &store.Store{}
	s.Get("a")
}
""",
    "LICENSE": "free\n",
}

SETTINGS = """\
repository = "https://example.org/shop.git"
baseline = "v1.0.0"
prefixes = ["src"]
modules = ["example.org/shop"]
packages = ["port"]
"""

MANIFEST = """\
title = "A shop"
address = "https://example.org/reading"
tag = "v1.0.0"
prefix = "src/"

[[chapters]]
number = "1"
title = "The store"
references = [
  { path = "src/store/store.go", symbol = "Store", line = 4, heading = "struct" },
  { path = "src/store/store.go", symbol = "Store.Get", line = 9 },
]

[[chapters]]
number = "2"
title = "The command"
references = [{ path = "src/cmd/main.go", symbol = "main", line = 5 }]
"""

PORT = '''\
"""The shop in Python."""


class Store:
    """Keeps things.

    Go:
        store/store.go::Store
    """

    def get(self, name: str) -> int:
        """Find a thing.

        Go:
            store/store.go::Store.Get
        """
        return len(name)
'''


def git(folder: Path, *arguments: str) -> str:
    """What git answers in a folder, with an identity of its own and no settings of the machine."""
    environment = os.environ | {
        "GIT_AUTHOR_NAME": "shop", "GIT_AUTHOR_EMAIL": "shop@example.org",
        "GIT_COMMITTER_NAME": "shop", "GIT_COMMITTER_EMAIL": "shop@example.org",
        "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
    }  # fmt: skip
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout.strip()


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write texts below a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A git repository of Go code of ours: v1.0.0, and v2.0.0 in which things moved."""
    folder = tmp_path / "shop"
    write(folder, GO_FILES)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    git(folder, "tag", "v1.0.0")
    (folder / "pkg").mkdir()
    git(folder, "mv", "store", "pkg/store")
    main = folder / "cmd" / "main.go"
    main.write_text(main.read_text().replace("package main\n", "package main\n\n// more\n"))
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "two")
    git(folder, "tag", "v2.0.0")
    return folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that annotates the shop, with a cache of its own; the working directory lies in it."""
    folder = tmp_path / "project"
    write(folder, {"annotator.toml": SETTINGS, "site/articles/shop.toml": MANIFEST, "port/__init__.py": PORT})
    (folder / "site" / "chapters").mkdir()
    monkeypatch.setenv("ANNOTATOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(folder)
    return folder
