"""What tests of every part need: programs from Debian's packages, or one line on which is missing."""

from __future__ import annotations

import shutil

import pytest


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
