"""How alike bodies are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.golang import build_constraints
from annotator.tracking import similarity

BODY = b"func a(b int) int {\n\treturn b + 1 // one more\n}"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (b"func a(b int) int { return b + 1 }", True),
        (b"func a(b int) int {\n\n\treturn b /* plus */ + 1\n}", True),
        (b"func a(b int) int { return b + 2 }", False),
        (b"func a(b int) int { return b + '1' }", False),
    ],
)
def test_comments_and_white_space_are_no_code(other, same):
    assert similarity.same_code(BODY, other) is same


@pytest.mark.parametrize(
    ("code", "bare"),
    [
        ("a := 1 // one\nb := 2", "a := 1\nb := 2"),
        ("a()\n// all of it\nb()", "a()\nb()"),
        ('url := "https://example.org" // a link', 'url := "https://example.org"'),
        ("quote := '\"' // a rune", "quote := '\"'"),
        ("raw := `// no\n/* no */`", "raw := `// no\n/* no */`"),
        ("/* over\nlines */\na()\n\nb()", "a()\n\nb()"),
    ],
)
def test_code_is_shown_without_comments_and_the_lines_they_had_alone(code, bare):
    assert similarity.without_comments(code) == bare


def test_its_own_name_does_not_tell_bodies_apart():
    one = similarity.profile(b"func a() { a() }", ["a"])

    assert one == similarity.profile(b"func b() { b() }", ["b"])
    assert one != similarity.profile(b"func b() { b() }")


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_likeness_is_symmetric_and_between_none_and_all(one, other):
    ratio = similarity.token_similarity(one, other)

    assert 0 <= ratio <= 1
    assert ratio == similarity.token_similarity(other, one)
    assert similarity.token_similarity(one, one) == 1


@pytest.mark.parametrize(
    ("path", "family"),
    [
        ("a/b.go", ""),
        ("a/b_linux.go", "unix"),
        ("a/b_unix_test.go", "unix"),
        ("a/b_windows.go", "windows"),
        ("a/b_linux_unsupported.go", "none"),
        ("linux.go", ""),
        ("a_windows/b.go", ""),
    ],
)
def test_a_file_name_tells_its_system(path, family):
    assert build_constraints.system_family(path) == family


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("a.go", "b_windows.go", True),
        ("a_linux.go", "b_unix.go", True),
        ("a_linux.go", "b_windows.go", False),
        ("a_linux.go", "b_unsupported.go", False),
    ],
)
def test_a_declaration_does_not_change_its_system(one, other, agree):
    assert build_constraints.same_system_family(one, other) is agree
    assert build_constraints.same_system_family(other, one) is agree
