"""Lines, lists of lines and symbols as prose writes them; what is no reference; what is unread."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotator.articles import document, source_paths
from annotator.articles.own_names import OwnNames
from annotator.model.reference import Article

PATHS = (
    "kiln.go",
    "pkg/kiln.go",
    "oven/proc.go",
    "bench/proc.go",
    "Makefile",
    "add_amd64.s",
    "web/app.ts",
    "docs/größe.go",
    "docs/文件.go",
)


def article(text: str, name: str = "article.md") -> Article:
    own = OwnNames(frozenset(PATHS))
    roots = source_paths.roots("https://github.com/acme/kiln", (), (), own=own, folder="")
    return document.read(name, text.encode(), "https://github.com/acme/kiln", roots)


def lines(text: str, name: str = "article.md") -> list[str]:
    """The places that a text cites, as `path::symbol:line-end`."""
    return [
        one.path
        + (f"::{one.symbol}" if one.symbol else "")
        + (f":{one.line}" if one.line else "")
        + (f"-{one.end_line}" if one.end_line else "")
        for one in article(text, name).references
    ]


@pytest.mark.parametrize(
    "text",
    [
        "`kiln.go:L4`, `L13`, `L400`",
        "kiln.go lines 4, 13 and 400",
        "kiln.go:4, 13 and 400",
        "kiln.go:4/13/400",
        "kiln.go:4&13&400",
        "kiln.go:4 (and 13, 400)",
        "kiln.go:4, 13 (or 400)",
        "kiln.go:{4,13,400}",
        "kiln.go:4,13,400",
        "see kiln.go:4, 13, and 400.",
        "kiln.go#L4, L13 and L400",
        "`kiln.go:4`, `13` and `400`",
        "kiln.go (lines 4, 13, 400)",
        "In `kiln.go` it begins, on lines 4, 13 and 400.",
        "| File | Lines |\n|---|---|\n| kiln.go | 4, 13, 400 |",
        "| File | Lines |\n|---|---|\n| kiln.go | `4`, `13`, `400` |",
    ],
)
def test_each_line_of_a_list_is_read(text: str) -> None:
    assert lines(text) == ["kiln.go:4", "kiln.go:13", "kiln.go:400"]


@pytest.mark.parametrize(
    "text",
    [
        "kiln.go:13 - 400",
        "kiln.go:13 to 400",
        "kiln.go:13-400",
        "kiln.go:L13\u2013L400",
        "kiln.go lines 13 through 400",
        "kiln.go, lines 13 to 400.",
        "lines 13-400 of kiln.go",
        "`kiln.go` is read from it in lines 13 to 400",
        "kiln.go: its core is L13-L400",
        "kiln.go#L13-L400",
        "kiln.go:13..400",
        "| File | Lines |\n|---|---|\n| kiln.go | 13\u2013400 |",
        "kiln.go, from line 13 to line 400",
        "kiln.go between lines 13 and 400",
        "`kiln.go` holds it between lines 13 and 400.",
        "kiln.go:[13-400]",
        "kiln.go[13:400]",
        "kiln.go#13-400",
        "git blame -L 13,400 kiln.go",
        "git blame -L13,+388 v1.0.0 -- kiln.go",
        "git log -L 13,400:kiln.go",
        "sed -n 13,400p kiln.go",
        "sed '13,400!d' kiln.go",
        "bat --line-range 13:400 kiln.go",
        "sed -n 13,400p < kiln.go",
        "cat kiln.go | sed -n '13,400p'",
        "git show v1.0.0:kiln.go | sed -n 13,400p",
        "awk 'NR>=13 && NR<=400' kiln.go",
        "awk 'NR==13,NR==400' kiln.go",
        "```sh\n$ sed -n '13,400p' kiln.go\n```",
    ],
)
def test_range_is_read_to_its_end(text: str) -> None:
    assert lines(text) == ["kiln.go:13-400"]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("kiln.go:4-10, 13-16", ["kiln.go:4-10", "kiln.go:13-16"]),
        ("kiln.go:4, 400 callers", ["kiln.go:4"]),
        ("kiln.go:4 (and 13 others)", ["kiln.go:4"]),
        ("kiln.go:13 - 400 errors", ["kiln.go:13"]),
        ("kiln.go:4, in line 3 of pkg/kiln.go", ["kiln.go:4", "pkg/kiln.go:3"]),
        ("`kiln.go:4` and `pkg/kiln.go:13`", ["kiln.go:4", "pkg/kiln.go:13"]),
    ],
)
def test_list_ends_where_something_else_begins(text: str, places: list[str]) -> None:
    assert lines(text) == places


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("// kiln.go::13", "kiln.go:13"),
        ("kiln.go::13-16", "kiln.go:13-16"),
        ("kiln.go::Cool:13", "kiln.go::Cool:13"),
        ("pkg/kiln.go::Cool#L13-L16", "pkg/kiln.go::Cool:13-16"),
        ("kiln.go::Stack[T].Push#L3", "kiln.go::Stack.Push:3"),
        ("kiln.go::(*Stack[T]).Push:3", "kiln.go::Stack.Push:3"),
        ("kiln.go::func Cool", "kiln.go::Cool"),
        ("kiln.go::func (s *Shelf) Put", "kiln.go::Shelf.Put"),
        ("pkg/kiln.go:Shelf.Put:25", "pkg/kiln.go::Shelf.Put:25"),
        ("pkg/kiln.go, function Cool, line 13", "pkg/kiln.go::Cool:13"),
        ("`pkg/kiln.go` (func `Cool`, line 13)", "pkg/kiln.go::Cool:13"),
        ("`pkg/kiln.go` defines `Cool`.", "pkg/kiln.go::Cool"),
        ("pkg/kiln.go  Cool  13", "pkg/kiln.go::Cool:13"),
        ("- pkg/kiln.go Shelf.Put 25", "pkg/kiln.go::Shelf.Put:25"),
        ("| pkg/kiln.go | `Cool` | 13 |", "pkg/kiln.go::Cool:13"),
        ("```\npkg/kiln.go\tcool\t13\n```", "pkg/kiln.go::cool:13"),
        ("pkg/kiln.go, Cool, 13-16", "pkg/kiln.go::Cool:13-16"),
        ("pkg/kiln.go::Cool (line 13)", "pkg/kiln.go::Cool:13"),
        ("`pkg/kiln.go::Cool`, lines 13-16", "pkg/kiln.go::Cool:13-16"),
        ("pkg/kiln.go:Cool (line 13)", "pkg/kiln.go::Cool:13"),
        ("`Cool` in pkg/kiln.go at line 13", "pkg/kiln.go::Cool:13"),
        ("git log -L :Cool:pkg/kiln.go", "pkg/kiln.go::Cool"),
        ("head -n 20 pkg/kiln.go", "pkg/kiln.go:1-20"),
        ("cat pkg/kiln.go | head -20", "pkg/kiln.go:1-20"),
        ("pkg/kiln.go (func Cool)", "pkg/kiln.go::Cool"),
        ("- pkg/kiln.go: Cool()", "pkg/kiln.go::Cool"),
        ("the function Cool in pkg/kiln.go", "pkg/kiln.go::Cool"),
        ("Cool() in `pkg/kiln.go`", "pkg/kiln.go::Cool"),
        ("`Cool()` (`pkg/kiln.go`)", "pkg/kiln.go::Cool"),
    ],
)
def test_symbol_and_line_behind_a_path_are_read(text: str, place: str) -> None:
    assert lines(text) == [place]


@pytest.mark.parametrize(
    ("text", "path", "malformed"),
    [
        ("kiln.go:0", "kiln.go", "lines count from 1"),
        ("kiln.go:16-13", "kiln.go", "the range 16-13 ends before it starts"),
        ("kiln.go#L16-L13", "kiln.go", "the range 16-13 ends before it starts"),
        ("kiln.go:x-y", "kiln.go", "x-y is not a line"),
        ("kiln.go:13-", "kiln.go", "the range 13- has no end"),
        ("kiln.go:99999999999", "kiln.go", "no file has a line 99999999999"),
        ("https://github.com/acme/kiln/blob/v1/kiln.go#L0", "kiln.go", "lines count from 1"),
        ("https://github.com/acme/kiln/blob/v1/kiln.go#LX", "kiln.go", "LX is not a line"),
        (
            "https://github.com/acme/kiln/blob/v1/kiln.go#15",
            "kiln.go",
            "#15 is not a line; lines are written #L15",
        ),
        (
            "https://github.com/acme/kiln/blob/v1/kiln.go#Close",
            "kiln.go",
            "#Close is not a line; lines are written #L15",
        ),
    ],
)
def test_malformed_line_is_a_reference_that_says_so(text: str, path: str, malformed: str) -> None:
    (found,) = article(text).references
    assert (found.path, found.malformed) == (path, malformed)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("All is in `kiln.go`. Firing begins at line 4 and cooling at line 13.", ["kiln.go:4", "kiln.go:13"]),
        ("The shelf of `kiln.go` follows; it starts on line 19.", ["kiln.go:19"]),
        ("See `kiln.go` for it, at line 25.", ["kiln.go:25"]),
        ("`kiln.go` has it around line 5; `pkg/kiln.go` at line 13.", ["kiln.go:5", "pkg/kiln.go:13"]),
        ("In `kiln.go`:\n\n- the kiln, line 4\n- cooling, lines 13-16\n", ["kiln.go:4", "kiln.go:13-16"]),
        ("## kiln.go\n\nFiring begins at line 4.\n", ["kiln.go:4"]),
        ("`kiln.go` is long.\nCooling is at line 13.", ["kiln.go:13"]),
        ("`kiln.go` 很长。冷却在第 13 行。", ["kiln.go:13"]),
        ("It is `kiln.go`.\n\nThe next paragraph has line 13.", []),
        ("It is `kiln.go` and `pkg/kiln.go`. Line 13 is in one.", []),
    ],
)
def test_line_is_of_the_file_that_was_named(text: str, places: list[str]) -> None:
    assert lines(text) == places


def test_bare_name_is_the_file_that_the_paragraph_named() -> None:
    text = "Look at proc.go:4.\n\nAll is in `oven/proc.go`. It begins with `proc.go:4`, ends in proc.go:27.\n"
    assert lines(text) == ["proc.go:4", "oven/proc.go:4", "oven/proc.go:27"]


@pytest.mark.parametrize(
    "text",
    [
        "pkg/kiln.go, Zeile 13",
        "pkg/kiln.go ligne 13",
        "pkg/kiln.go, строка 13",
        "pkg/kiln.go の 13 行目",
        "~/src/kiln/pkg/kiln.go:13",
        "<repo>/pkg/kiln.go:13",
        "\u2026/pkg/kiln.go:13",
        "https://cs.opensource.google/acme/kiln/+/main:pkg/kiln.go;l=13",
        "https://cs.opensource.google/acme/kiln/+/refs/tags/v1.0.0:pkg/kiln.go;l=13;drc=abc",
        "Line 13 (pkg/kiln.go)",
        "pkg/kiln.go's line 13",
        "vim +13 pkg/kiln.go",
        "`emacs -nw +13:2 pkg/kiln.go`",
        "less +13 pkg/kiln.go",
        "sed -n '13p' pkg/kiln.go",
        "vim pkg/kiln.go +13",
        "tail -n +13 pkg/kiln.go",
        "pkg/kiln.go (13)",
        "`pkg/kiln.go` (13)",
        "pkg/kiln.go: 13",
        "pkg/kiln.go:#13",
        "pkg/kiln.go -> 13",
        "pkg/kiln.go → 13.",
        "pkg/kiln.go|13",
        "pkg/kiln.go|13 col 2|",
        "pkg/kiln.go @ 13",
        '"pkg/kiln.go":13',
        "_pkg/kiln.go_:13",
        "<code>pkg/kiln.go</code>:13",
        "pkg/kiln.go, row 13",
        "`pkg/kiln.go`#L13",
        "pkg/kiln.go on the 13th line",
        "13th line of pkg/kiln.go",
        "pkg/kiln.go, lines 13ff",
    ],
)
def test_line_is_read_in_further_ways(text: str) -> None:
    assert lines(text) == ["pkg/kiln.go:13"]


@pytest.mark.parametrize(
    "text", ["Makefile:4", "add_amd64.s:4", "`web/app.ts:4`", "app.ts:4", "see Makefile, line 4"]
)
def test_file_of_another_language_is_read(text: str) -> None:
    (found,) = lines(text)
    assert found.endswith(":4")


@pytest.mark.parametrize("name", ["größe.go", "文件.go"])
@pytest.mark.parametrize(
    "text", ["docs/{}:3", "见docs/{}:3", "https://github.com/acme/kiln/blob/v1/docs/{}#L3", "[x](docs/{}#L3)"]
)
def test_name_beyond_ascii_is_read_whole(name: str, text: str) -> None:
    assert lines(text.format(name)) == [f"docs/{name}:3"]


def test_percent_encoded_name_is_decoded() -> None:
    text = (
        "https://github.com/acme/kiln/blob/v1/docs/%E6%96%87%E4%BB%B6.go#L3 [x](docs/gr%C3%B6%C3%9Fe.go#L3)"
    )
    assert lines(text) == ["docs/文件.go:3", "docs/größe.go:3"]


@pytest.mark.parametrize(
    "text",
    [
        "It was in line 12 of the poem.",
        "In `kiln.go`, as line 12 of the poem says.",
        "From 12:30 to 13:45 version 1.2.3:80 runs on localhost:8080, [::1]:80 and 10.0.0.1:443.",
        "docker.io/library/alpine:3 gcr.io/x/y:12 redis:6 k8s.io:443",
        "kiln.go takes 12 seconds; kiln.go 12 times; kiln.go: 12%",
        "The kiln.go file has 12 lines, pkg/kiln.go is 40 kB.",
        "example.com:80/kiln app.yaml:3 release.md:4",
        "kiln.go and the command line 2 of them need",
        "mailto:me@example.org:25 a.b.c:12 errgroup.Go(12)",
        '`map[string]int{"a": 1}` std::vector:12 foo::bar',
        "kiln.go Version 12",
        "In kiln.go we have 13 cases.",
        "pkg/kiln.go (13 matches), pkg/kiln.go -> 13 files, pkg/kiln.go: 13 cases",
        "nowhere/a.go (13)",
        "pkg/kiln.go (2013)",
        '"pkg/kiln.go": 13,',
        "pkg/{kiln,oven}.go:13",
        "pkg/kiln.go: cool() is called",
        "calls Cool() in pkg/kiln.go",
    ],
)
def test_prose_is_no_reference(text: str) -> None:
    assert lines(text) == []


UNREAD = """`pkg/kiln.go`:`13`
pkg/kiln.go: 13
pkg/kiln.go (13)
"pkg/kiln.go":13
pkg/kiln.go|13
pkg/kiln.go @ 13
pkg/kiln.go, function Cool, line 13
pkg/kiln.go:cool
pkg/kiln.go:13ff
pkg/kiln.go@v1.0.0:13
pkg/kiln.go [13]
`pkg/kiln.go` defines `Cool`.
"""


def test_each_place_is_read_or_told_as_unread() -> None:
    found = article(UNREAD)
    read = {one.at_line for one in found.references}
    unread = {one.at_line for one in found.unread}
    assert read | unread == set(range(1, 13))
    assert not read & unread
    assert {7, 9, 10, 12} <= read


@pytest.mark.parametrize(
    ("text", "further"),
    [
        ("kiln.go:4;13", ";13"),
        ("kiln.go:13 (and 4)", "(and 4"),
        ("kiln.go:4, then 13", ", then 13"),
        ("kiln.go:4 +13", "+13"),
        ("kiln.go:4|13", "|13"),
        ("kiln.go:4 and 13", None),
        ("kiln.go:4; 13 callers", None),
        ("kiln.go:4 (and 13 more)", None),
    ],
)
def test_further_number_that_is_not_read_is_unread(text: str, further: str | None) -> None:
    assert [one.text for one in article(text).unread] == ([further] if further else [])


def test_unread_text_keeps_its_place() -> None:
    (found,) = article("Look\nat pkg/kiln.go: 13 there").unread
    assert (found.at_line, found.at_column, found.text) == (2, 4, "pkg/kiln.go: 13")


@pytest.mark.parametrize(
    "text",
    [
        "https://git.example.org/kiln.git/tree/pkg/kiln.go?h=v1#n13",
        "https://git.example.org/?p=kiln.git;a=blob;f=pkg/kiln.go;hb=v1#l13",
        "pkg/kiln.go +13",
        "- pkg/kiln.go 13",
        "pkg/kiln.go, 13",
        "nowhere/a.go -> 13",
        "pkg/kiln.go [13]",
    ],
)
def test_number_that_can_be_a_count_is_unread(text: str) -> None:
    found = article(text)
    assert not found.references
    assert len(found.unread) == 1


def test_unreadable_row_does_not_end_its_table() -> None:
    table = (
        "| File | Function | Line |\n|-|-|-|\n| kiln.go | Fire | 4 |\n| ? | | |\n| kiln.go | Cool | 13 |\n"
    )
    assert lines(table) == ["kiln.go::Fire:4", "kiln.go::Cool:13"]


SEPARATORS = st.sampled_from((":", "#L", " line ", ", line ", "::", " at line ", " (line "))
WORDS = st.sampled_from(("see ", "in ", "", "of ", "The ", "`", "**"))


@settings(max_examples=60, deadline=None)
@given(
    WORDS, SEPARATORS, st.integers(1, 9999), st.sampled_from(("", ".", ", as said", ")", "`", " shows it"))
)
def test_one_citation_is_read_once_with_its_line(before: str, between: str, line: int, after: str) -> None:
    text = f"{before}pkg/kiln.go{between}{line}{after}"
    assert lines(text) == [f"pkg/kiln.go:{line}"]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="kiln.go:#L123 -,()[]`|/line at of\n", max_size=60))
def test_nothing_is_both_read_and_unread(text: str) -> None:
    found = article(text)
    spans = {(one.at_line, at) for one in found.references for at in range(one.at_column, one.at_end)}
    assert not spans & {(one.at_line, one.at_column) for one in found.unread}
