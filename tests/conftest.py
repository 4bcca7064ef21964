"""What tests of every part need: programs from Debian's packages, or one line on which is missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from annotator import config
from annotator.errors import SourceUnavailable
from annotator.model import Document
from annotator.sources import opening
from annotator.sources.debian import DebianSource
from annotator.tree import Tree


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
    with DebianSource(settings, cache=opening.cache_folder()) as source:
        yield source


class Forgetful:
    """Keeps no documents: everything is parsed by the test that asks."""

    def get_many(self, _ids: Iterable[str]) -> dict[str, Document]:
        return {}

    def put_many(self, _documents: Mapping[str, Document]) -> None:
        return None


@pytest.fixture(scope="session")
def release(debian: DebianSource) -> Callable[[str], Tree]:
    """A release of moby from Debian, by its tag.

    Those of Debian's stable and oldstable must be there; others come and go, and are skipped then.
    """
    read: dict[str, Tree] = {}

    def tree(tag: str) -> Tree:
        if tag not in read:
            try:
                read[tag] = Tree(debian.snapshot(tag), Forgetful())
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
