"""Paths that may be named, and the names nearest to a wrong one."""

from __future__ import annotations

import pytest

from annotator.repository.snapshot import is_safe, nearest


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


def test_the_nearest_name_comes_first() -> None:
    assert nearest("v18.9.6", ["v1.0", "v18.09.6", "v18.09.7", "docs"])[0] == "v18.09.6"


def test_without_a_like_name_the_newest_are_answered() -> None:
    assert nearest("zzz", ["v1.0", "v3.0", "v2.0"]) == ("v3.0", "v2.0", "v1.0")


def test_without_tags_there_is_nothing_near() -> None:
    assert nearest("v1.0", []) == ()
