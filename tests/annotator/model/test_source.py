"""Paths that may be named."""

from __future__ import annotations

import pytest

from annotator.model.source import is_safe


@pytest.mark.parametrize(
    "path", ["a.go", "a/b.go", ".github/x.yml", "a..b/c.go", "...", "a b/ü.go", ".gitignore", "xy:z"]
)
def test_these_paths_stay_inside(path: str) -> None:
    assert is_safe(path)


@pytest.mark.parametrize(
    "path",
    [
        "", ".", "..", "../a", "a/..", "a/../b", "/a", "a//b", "a/", "./a", ".git", "a/.GIT/config", "a\\b",
        "C:/a", "c:a", "a\nb", "a\tb", "a\x00b", "a\x7fb", "a\x1b[31m", "a\u202eb", "\udcff",
    ],
)  # fmt: skip
def test_these_paths_do_not(path: str) -> None:
    assert not is_safe(path)
