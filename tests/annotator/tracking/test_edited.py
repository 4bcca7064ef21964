"""A declaration that was edited in its file is found without parsing the file, or not at all."""

from __future__ import annotations

import pytest

from annotator.model import Reference, Sign, Text, Verified
from annotator.tracking import trails

FUNC = """// Keep keeps.
func Keep(n int) int {
	twice := func(n int) int {
		return n * 2
	}
	return twice(n)
}
"""
STORE = """type Store struct {
	names map[string]int
}

func (s *Store) Get(name string) int {
	return s.names[name]
}
"""
BEFORE = f"package a\n\n{FUNC}\n{STORE}"
PATH = "a/a.go"


@pytest.fixture
def moved(grove, kept):
    """Where a symbol is after an edit, and the blobs that were parsed as a whole for it."""

    def make(after: str, symbol: str):
        forest = grove({"v1.0.0": {PATH: BEFORE}, "v1.0.1": {PATH: after}})
        (anchor,) = forest.anchors("v1.0.0", PATH, symbol)
        known = trails.Tracked(Reference(PATH, symbol), anchor)
        (trail,) = trails.trails([known], "v1.0.0", ["v1.0.1"], forest, kept)
        (stop,) = trail.stops
        return stop, len(forest.parsed) - 1

    return make


@pytest.mark.parametrize("symbol", ["Keep", "Keep.twice", "Store", "Store.names", "Store.Get"])
def test_an_edited_declaration_is_found_and_its_file_is_not_parsed(moved, symbol):
    after = BEFORE.replace("package a\n", "package a\n\nvar x = 1\n").replace(
        "map[string]int", "map[string]int64"
    )
    after = after.replace("n * 2", "n + n").replace("return s.names[name]", "return int(s.names[name])")

    stop, parsed = moved(after, symbol)

    assert isinstance(stop.outcome, Verified)
    assert (stop.outcome.by, stop.text, parsed) == (Sign.SYMBOL, Text.CHANGED, 0)
    name = symbol.rpartition(".")[2]
    assert name in after.splitlines()[stop.outcome.anchor.line - 1]
    assert stop.outcome.anchor.symbol == symbol


def test_a_function_without_a_body_does_not_end_where_the_next_one_does(moved):
    after = BEFORE.replace(FUNC, "func Keep(n int) int\n\nfunc other() {\n}\n")

    stop, parsed = moved(after, "Keep")

    assert (stop.outcome.anchor.line, stop.outcome.anchor.end_line, parsed) == (3, 3, 0)


@pytest.mark.parametrize(
    "after",
    [
        BEFORE.replace("func Keep", "\tfunc Keep").replace("n * 2", "n"),
        f"package a\n\nvar doc = `\nfunc Keep(old int) {{\n}}\n`\n\n{FUNC.replace('n * 2', 'n')}{STORE}",
        f"package a\n\n/*\nfunc Keep(old int) {{\n}}\n*/\n\n{FUNC.replace('n * 2', 'n')}{STORE}",
        f"package a\n\n// It was func Keep(old int).\n{FUNC.replace('n * 2', 'n')}{STORE}",
    ],
    ids=["not at the margin", "in a raw string too", "in a comment too", "mentioned"],
)
def test_a_head_that_leaves_a_doubt_is_left_to_parsing(moved, after):
    stop, parsed = moved(after, "Keep")

    assert parsed == 1
    assert "func Keep(n int)" in after.splitlines()[stop.outcome.anchor.line - 1]


def test_a_type_that_became_another_kind_is_left_to_parsing(moved):
    _, parsed = moved(
        BEFORE.replace("struct {\n\tnames map[string]int", "interface {\n\tGet(string) int"), "Store"
    )

    assert parsed == 1


def test_a_declaration_that_stays_and_whose_members_go_is_told(moved):
    stop, parsed = moved(BEFORE.replace("twice", "double"), "Keep")

    assert (stop.outcome.anchor.symbol, parsed) == ("Keep", 0)
