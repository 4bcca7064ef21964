"""Stale references rewritten where they stand."""

from __future__ import annotations

import pytest

from annotator.articles.rewrite import updated
from annotator.model.go import Kind
from annotator.model.reference import Anchor, FoundBy, Missing, Moved, Reference, Renamed, TextState, Verdict


def moved(to: int, path: str = "a/b.go", **reference: object) -> Verdict:
    anchor = Anchor(path, "New", Kind.FUNC, to, to + 5)
    return Verdict(
        Reference(**({"path": "a/b.go", "line": 12, "at_line": 1} | reference)),
        Moved(anchor, FoundBy.SYMBOL, ""),
        TextState.SAME,
    )


def after(text: str, *verdicts: Verdict) -> str:
    return updated(text, dict(enumerate(verdicts)), "v2")[0]


@pytest.mark.parametrize(
    ("before", "verdict", "expected"),
    [
        ("see a/b.go:12 there", moved(15), "see a/b.go:15 there"),
        ("see a/b.go#L12-L14 there", moved(15, end_line=14), "see a/b.go#L15-L17 there"),
        ("https://x/blob/v1/a/b.go#L12\r\n", moved(15, ref="v1"), "https://x/blob/v2/a/b.go#L15\r\n"),
        ("a/b.go:12", moved(12, path="c/d/b.go"), "c/d/b.go:12"),
        (
            '{ path = "x/a/b.go", symbol = "New", line = 12 }',
            moved(120),
            '{ path = "x/a/b.go", symbol = "New", line = 120 }',
        ),
        ("| a/b.go | New | 12 |", moved(15), "| a/b.go | New | 15 |"),
    ],
)
def test_only_the_stale_part_changes(before, verdict, expected):
    assert after(before, verdict) == expected


@pytest.mark.parametrize(
    "before",
    ["a/b.go and a/b.go:12", "a/b.go lines 12 and 12", "elsewhere 12", "a/b.go without its line"],
)
def test_what_is_not_clear_is_left_as_it_was(before):
    assert after(before, moved(15)) == before


def test_each_line_of_a_list_is_rewritten_where_it_stands():
    first = moved(15, at_column=5, at_end=14)
    further = moved(45, line=40, end_line=42, at_column=15, at_end=20)

    assert after("see a/b.go:12,40-42 there", first, further) == "see a/b.go:15,45-47 there"


def test_a_range_whose_text_changed_is_left_as_it_was():
    verdict = moved(15, end_line=14)
    changed = Verdict(verdict.reference, verdict.outcome, TextState.CHANGED)

    assert after("a/b.go:12-14", changed) == "a/b.go:12-14"


def test_a_new_name_is_written_bare_where_the_old_one_was():
    reference = Reference("a/b.go", "ds", 12, at_line=1)
    outcome = Renamed(Anchor("a/b.go", "driverLister", Kind.INTERFACE, 14, 16), FoundBy.BODY, "")

    assert after("`ds` in a/b.go:12", Verdict(reference, outcome)) == "`driverLister` in a/b.go:14"


def test_two_citations_in_a_line_are_told_apart_by_their_columns():
    text = "a/b.go:12, a/b.go:12"
    first = moved(15, at_column=1, at_end=10)
    second = moved(99, at_column=12, at_end=21)

    assert after(text, first, second) == "a/b.go:15, a/b.go:99"


def test_a_missing_one_is_left_as_it_was():
    assert (
        after("a/b.go:12", Verdict(Reference("a/b.go", line=12, at_line=1), Missing("gone"))) == "a/b.go:12"
    )
