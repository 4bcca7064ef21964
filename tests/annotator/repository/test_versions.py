"""The order of tags, and which of them are versions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.repository import versions

ORDERED = [
    "api/v1.52.0-rc.1", "api/v1.52.0", "builder/1", "docker-v29.0.0-rc.2", "docker-v29.0.0-rc.10",
    "docker-v29.0.0", "docs-v1.12.0-rc4-2016-07-15", "0.0.3", "v0.1.0", "v1.2.0", "v1.10.0",
    "v17.03.0-ce-rc1", "v17.03.0-ce", "v17.03.1-ce", "v18.09.0-ce-beta1", "v18.09.0-beta3", "v18.09.0-ce-tp0",
    "v18.09.0", "v18.09.0.1", "v18.09.6", "xdocs-v1.10-09-05-2016",
]  # fmt: skip

TAGS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "v", "docker-v", "docs-", "api/v", "release"]),
    st.lists(st.integers(0, 30), max_size=4).map(lambda numbers: ".".join(map(str, numbers))),
    st.sampled_from(["", "-ce", "-ee", "."]),
    st.sampled_from(["", "-rc1", "-rc.10", "-beta3", "-RC2", "-tp0", "-2016"]),
)


def test_tags_sort_by_number_and_candidates_before_their_release() -> None:
    assert sorted(sorted(ORDERED), key=versions.version_key) == ORDERED


@given(st.lists(st.one_of(TAGS, st.text(max_size=8))))
def test_order_of_releases_agrees_with_that_of_all_tags(tags: list[str]) -> None:
    named = [tag for tag in tags if not tag.startswith("d")]  # `docker-v29.0.0` is a release like v29.0.0
    keys = [versions.release_key(tag) for tag in sorted(named, key=versions.version_key)]

    released = [key for key in keys if key is not None]
    assert released == sorted(released)


@given(TAGS)
def test_release_is_after_its_candidates_and_before_the_next(tag: str) -> None:
    key = versions.release_key(tag)
    if key is not None:
        major, minor, patch = key[0]
        release, following = f"v{major}.{minor}.{patch}", f"v{major}.{minor}.{patch + 1}-tp0"
        assert key < versions.release_key(following)  # type: ignore[operator]
        assert ("-rc" in tag.lower()) <= (key < versions.release_key(release))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("tag", "is_version", "is_release"),
    [
        ("v1.2.3", True, True), ("v18.09.0-ce-beta1", True, True), ("docker-v29.0.0", True, True),
        ("v1.2", True, False), ("1.2.3.4", True, False), ("v1.2.3-4", False, True), ("1", False, False),
        ("v1.2.3.", False, False), ("api/v1.52.0", False, False), ("vv1.2.3", False, False),
        ("latest", False, False),
    ],
)  # fmt: skip
def test_versions_and_releases_are_recognised(tag: str, is_version: bool, is_release: bool) -> None:
    assert versions.versions([tag]) == [tag] * is_version
    assert versions.releases([tag]) == [tag] * is_release


def test_the_nearest_name_comes_first() -> None:
    assert versions.nearest("v18.9.6", ["v1.0", "v18.09.6", "v18.09.7", "docs"])[0] == "v18.09.6"


def test_without_a_like_name_the_newest_are_answered() -> None:
    assert versions.nearest("zzz", ["v1.0", "v3.0", "v2.0"]) == ("v3.0", "v2.0", "v1.0")


def test_without_tags_there_is_nothing_near() -> None:
    assert versions.nearest("v1.0", []) == ()
