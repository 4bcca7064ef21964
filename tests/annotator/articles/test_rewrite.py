"""Stale references rewritten where they stand."""

from __future__ import annotations

import msgspec
import pytest

from annotator.articles.rewrite import apply, edits, split
from annotator.model.reference import Claim, ClaimKind, Reference


def reference(**changes: object) -> Reference:
    return Reference(**({"path": "a/b.go", "line": 12, "at_line": 1} | changes))


def rewritten(text: str, *changes: tuple[Reference, dict[str, object]]) -> str:
    lines = split(text)
    done = [edits(lines, before, msgspec.structs.replace(before, **after)) for before, after in changes]
    return apply(lines, [edit for each in done for edit in each or ()])


@pytest.mark.parametrize(
    ("text", "before", "after", "expected"),
    [
        ("see a/b.go:12 there", {}, {"line": 15}, "see a/b.go:15 there"),
        ("a/b.go#L12-L14\n", {"end_line": 14}, {"line": 15, "end_line": 18}, "a/b.go#L15-L18\n"),
        ("a/b.go#L12-L12", {"end_line": 12}, {"line": 15, "end_line": 15}, "a/b.go#L15-L15"),
        ("a/b.go:12-14", {"end_line": 14}, {"line": 14, "end_line": 16}, "a/b.go:14-16"),
        ('"a/b.go" :lines "12-15"', {"end_line": 14}, {"line": 9, "end_line": 11}, '"a/b.go" :lines "9-12"'),
        ("a/b.go#L12C3-L14C5", {"end_line": 14}, {"line": 2, "end_line": 4}, "a/b.go#L2C3-L4C5"),
        (
            "https://x/blob/v1/a/b.go#L12\r\n",
            {"ref": "v1"},
            {"line": 15, "ref": "v2"},
            "https://x/blob/v2/a/b.go#L15\r\n",
        ),
        ("https://x/blob/v1/a/b.go", {"ref": "v1", "line": None}, {"ref": "v2"}, "https://x/blob/v2/a/b.go"),
        ("x/blob/v1/a%2Fb.go#L12", {"ref": "v1"}, {"path": "c/b.go", "line": 1}, "x/blob/v1/c%2Fb.go#L1"),
        ("t=a%2Fb.go%23L23", {"line": 23}, {"line": 9}, "t=a%2Fb.go%23L9"),
        (
            "t=x%2Fblob%2Fv1%2Fb.go%23L12",
            {"path": "b.go", "ref": "v1"},
            {"path": "c/b.go", "ref": "v2"},
            "t=x%2Fblob%2Fv2%2Fc%2Fb.go%23L12",
        ),
        ("C:\\x\\a\\b.go:12", {}, {"path": "c/d.go"}, "C:\\x\\c\\d.go:12"),
        ("a/b.go:12", {}, {"path": "c/d/b.go"}, "c/d/b.go:12"),
        ("../a/b.go:12", {"cited": "../a/b.go"}, {"path": "c/d.go"}, "../c/d.go:12"),
        ("./b.go:12", {"cited": "./b.go"}, {"path": "a/c.go"}, "./c.go:12"),
        ("./b.go:12", {"cited": "./b.go"}, {"path": "d/c.go"}, "../d/c.go:12"),
        ("| a/b.go | New | 12 |", {}, {"line": 15}, "| a/b.go | New | 15 |"),
        ("a/b.go:12:12", {}, {"line": 15}, "a/b.go:15:12"),
        ("`ds` in a/b.go:12", {"symbol": "ds"}, {"symbol": "list", "line": 14}, "`list` in a/b.go:14"),
        ("a/b.go::T9.M#L9", {"symbol": "T9.M", "line": 9}, {"line": 8}, "a/b.go::T9.M#L8"),
    ],
)
def test_only_the_stale_part_changes(text, before, after, expected):
    cited = text.rstrip("\r\n")
    place = {} if "|" in text or "see" in text or "`" in text else {"at_column": 1, "at_end": len(cited) + 1}

    assert rewritten(text, (reference(**place, **before), after)) == expected


@pytest.mark.parametrize(
    "text",
    ["a/b.go and a/b.go:12", "a/b.go lines 12 and 12", "elsewhere 12", "a/b.go without its line"],
)
def test_what_is_not_clear_is_left_as_it_was(text):
    assert rewritten(text, (reference(), {"line": 15})) == text


def test_each_line_of_a_list_is_rewritten_where_it_stands():
    first = reference(at_column=5, at_end=14)
    further = reference(line=40, end_line=42, at_column=15, at_end=20)

    text = rewritten(
        "see a/b.go:12,40-42 there", (first, {"line": 15}), (further, {"line": 45, "end_line": 47})
    )

    assert text == "see a/b.go:15,45-47 there"


def test_two_citations_in_a_line_are_told_apart_by_their_columns():
    first, second = reference(at_column=1, at_end=10), reference(at_column=12, at_end=21)

    text = rewritten("a/b.go:12, a/b.go:12", (first, {"line": 5}), (second, {"line": 99}))

    assert text == "a/b.go:5, a/b.go:99"


@pytest.mark.parametrize(
    ("label", "shown", "expected"),
    [
        ("a/b.go:12", {"path": "a/b.go", "line": 12}, "c.go:15"),
        ("b.go:12-14", {"path": "b.go", "line": 12, "end_line": 14}, "c.go:15-18"),
        ("L12", {"line": 12}, "L15"),
        ("lines 12 to 14", {"line": 12, "end_line": 14}, "lines 15 to 18"),
        ("here", {}, "here"),
    ],
)
def test_a_label_is_rewritten_with_its_target(label, shown, expected):
    text = f"[{label}](x/a/b.go#L12-L14)"
    said = Claim(ClaimKind.LABEL, at_line=1, at_column=2, at_end=2 + len(label), **shown)
    for column in (1, text.index("x/") + 1):  # a citation may hold its label or not
        before = reference(end_line=14, claims=(said,), at_column=column, at_end=len(text) + 1)

        after = rewritten(text, (before, {"path": "c.go", "line": 15, "end_line": 18}))

        assert after == f"[{expected}](x/c.go#L15-L18)"


def test_lines_end_where_articles_are_read_to_end():
    assert split("a\r\nb\rc\n\x0bd\u2028e") == ["a\r\n", "b\r", "c\n", "\x0bd\u2028e"]
