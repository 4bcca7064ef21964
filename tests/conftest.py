"""What tests of every part need: programs from Debian's packages, or one line on which is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from annotator import config
from annotator.errors import SourceUnavailable
from annotator.golang.source_tree import SourceTree
from annotator.repository import factory
from annotator.repository.debian import DebianSource


def pytest_configure(config: pytest.Config) -> None:
    """Try fewer examples of each property where the slow tests are left out, too."""
    settings.register_profile("quick", max_examples=30, deadline=None)
    if config.option.markexpr == "not slow":
        settings.load_profile("quick")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out modules of slow tests only, unread: importing them takes a sixth of the collection."""
    if config.option.markexpr != "not slow" or collection_path.suffix != ".py":
        return None
    return True if "\npytestmark = pytest.mark.slow\n" in collection_path.read_text() else None


def program(name: str, package: str) -> str:
    """A program's path; a test that needs it is skipped where its package is not installed."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs Debian's package {package}")
    return found


@pytest.fixture
def npm() -> str:
    """The npm client."""
    return program("npm", "npm")


REPOSITORY = os.environ.get("MOBY_SOURCE")
"""A repository of moby with all tags, for the tests that need one; CI has none."""


REQUIRED = ("v20.10.24", "v26.1.5")
"""The releases of moby in Debian's oldstable and stable."""


@pytest.fixture(scope="session")
def moby_repository() -> str:
    """The path of a repository of moby with all tags."""
    if not REPOSITORY:
        pytest.skip("needs MOBY_SOURCE, the path of a moby repository with all tags")
    return REPOSITORY


@pytest.fixture(scope="session")
def debian() -> Iterator[DebianSource]:
    """Debian's source packages of moby: real releases where there is no repository."""
    program("apt-get", "apt")
    program("gpgv", "gpgv")
    settings = config.find(Path(__file__).parents[1]).config
    with DebianSource(settings, cache=factory.cache_folder()) as source:
        yield source


@pytest.fixture(scope="session")
def release(debian: DebianSource) -> Callable[[str], SourceTree]:
    """A release of moby from Debian, by its tag.

    Those of Debian's stable and oldstable must be there; others come and go, and are skipped then.
    """
    read: dict[str, SourceTree] = {}

    def tree(tag: str) -> SourceTree:
        if tag not in read:
            try:
                read[tag] = SourceTree(debian.snapshot(tag))
            except SourceUnavailable as error:
                if tag in REQUIRED:
                    raise
                pytest.skip(f"Debian does not have {tag} at present: {error}")
        return read[tag]

    return tree


@pytest.fixture(scope="session")
def universal_ctags() -> str:
    """The ctags program that knows Go."""
    return program("ctags", "universal-ctags")


# ── a project that annotates a Go repository, both of ours ────────────────────────────────────────

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
def shop(tmp_path: Path, made_shop: Path) -> Path:
    """A git repository of Go code of ours: v1.0.0, and v2.0.0 in which things moved."""
    return Path(shutil.copytree(made_shop, tmp_path / "shop", symlinks=True))


@pytest.fixture(scope="session")
def made_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository that each test gets a copy of."""
    folder = tmp_path_factory.mktemp("made") / "shop"
    write(folder, GO_FILES)
    git(folder, "init", "-q", "-b", "main", "--template=")
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
    write(
        folder,
        {"annotator.toml": SETTINGS, "site/articles/shop.toml": MANIFEST, "port/__init__.py": PORT},
    )
    (folder / "site" / "chapters").mkdir()
    monkeypatch.setenv("ANNOTATOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(folder)
    return folder
