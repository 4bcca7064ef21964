"""Addresses are safe, readable and never shared."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from annotator.site.markup import href, slug, unique


@given(st.lists(st.text(min_size=1, max_size=60), unique=True))
def test_different_texts_have_different_safe_slugs(texts: list[str]) -> None:
    slugs = [slug(text) for text in texts]

    assert len(set(slugs)) == len(slugs)
    assert not any(set(one) & set("/\\<>&\"' %?#\n") or one.startswith((".", "__")) for one in slugs)
    assert not {"index", "readme"} & {one.lower() for one in slugs}


def test_ordinary_names_stay_readable() -> None:
    assert [slug(name) for name in ("VolumeStore", "Store.SetAll", "2.2.5.1", "x_y-z")] == [
        "VolumeStore",
        "Store.SetAll",
        "2.2.5.1",
        "x_y-z",
    ]


def test_very_long_texts_that_begin_alike_are_told_apart() -> None:
    assert slug("x" * 300) != slug("x" * 299 + "y")
    assert len(slug("x" * 300)) < 100


def test_repeated_names_are_numbered_whatever_their_case() -> None:
    assert unique(["go/Store.md", "go/store.md", "init", "init"]) == (
        "go/Store.md",
        "go/store~2.md",
        "init",
        "init~2",
    )


def test_pages_lead_to_each_other_by_relative_addresses() -> None:
    assert href("go/a/T.md", "chapters/1.md") == "../../chapters/1.html"
    assert href("index.md", "go/a/T.md", "x") == "go/a/T.html#x"
    assert href("go/a/T.md", "go/a/T.md", "x") == "#x"
