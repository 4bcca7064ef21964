"""Which files moved where, by their content."""

from __future__ import annotations

from annotator.tracking import tree_diff

LINES = [f"line number {n} says something" for n in range(20)]


def text(*lines: str) -> bytes:
    return "\n".join(lines).encode()


def test_the_same_content_at_another_path_is_the_file():
    assert tree_diff.exact({"a/b.go": "1", "a/c.go": "2"}, {"x/b.go": "1"}) == {"a/b.go": "x/b.go"}


def test_files_of_one_content_go_by_the_names_that_they_kept():
    gone = {"a/x/doc.go": "1", "a/y/doc.go": "1"}

    assert tree_diff.exact(gone, {"b/y/doc.go": "1", "b/x/doc.go": "1"}) == {
        "a/x/doc.go": "b/x/doc.go",
        "a/y/doc.go": "b/y/doc.go",
    }


def test_a_tie_is_no_answer():
    assert tree_diff.exact({"a/doc.go": "1"}, {"b/doc.go": "1", "c/doc.go": "1"}) == {}


def test_an_edited_file_is_told_by_its_lines():
    gone = {"a/b.go": text(*LINES)}
    new = {"x/y.go": text(*LINES[:15], "new", "and", "other", "lines"), "x/z.go": text("something", "else")}

    assert tree_diff.similar_files(gone, new) == {"a/b.go": "x/y.go"}


def test_a_kept_name_needs_fewer_lines():
    half = text(*LINES[:9], *(f"another line {n} of its own" for n in range(11)))

    assert tree_diff.similar_files({"a/b.go": text(*LINES)}, {"x/b.go": half}) == {"a/b.go": "x/b.go"}
    assert tree_diff.similar_files({"a/b.go": text(*LINES)}, {"x/c.go": half}) == {}


def test_import_paths_and_comments_tell_nothing():
    shared = ['\t"github.com/a/b"', "// Copyright of somebody", '\tx "github.com/a/c"'] * 5

    assert tree_diff.similar_files({"a/b.go": text(*shared, "one")}, {"x/b.go": text(*shared, "other")}) == {}


def test_each_new_file_is_one_old_file_at_most():
    gone = {"a/one.go": text(*LINES), "a/two.go": text(*LINES[:14], "extra line here")}

    assert tree_diff.similar_files(gone, {"x/one.go": text(*LINES)}) == {"a/one.go": "x/one.go"}
