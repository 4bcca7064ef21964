"""Which line of an edited text a line became, and when that is not certain."""

from __future__ import annotations

import pytest

from annotator.tracking.relocation import LineAlignment

GUARDS = """func Load(name string) error {
	file, err := open(name)
	if err != nil {
		return err
	}
	count, err := measure(file)
	if err != nil {
		return err
	}
	return record(name, count)
}
"""


def aligned(before: str, after: str) -> LineAlignment:
    return LineAlignment(before.encode(), after.encode())


def test_a_telling_line_that_stands_once_is_found():
    lines = aligned(GUARDS, "// Load loads.\n" + GUARDS.replace("open(name)", "openFile(name)"))

    assert lines.successor(6) == 7


def test_like_lines_are_told_apart_by_their_neighbours():
    lines = aligned(GUARDS, "\n\n" + GUARDS)

    assert [lines.successor(line) for line in (4, 8)] == [6, 10]


def test_white_space_of_gofmt_does_not_count():
    assert aligned("\tlow  = 1300 // degrees\n", "low = 1300 // degrees\n").successor(1) == 1


@pytest.mark.parametrize(
    ("after", "line"),
    [
        # The block that is left may be the other one.
        ("func Load(name string) error {\n\tif err != nil {\n\t\treturn err\n\t}\n}\n", 4),
        # A short line of the same text is a new one.
        ("func Other() {\n\tif bad {\n\t\treturn err\n\t}\n\tcall()\n\treturn nil\n}\n", 4),
        ("func Load(name string) error {\n}\n", 6),
    ],
)
def test_what_is_not_certain_is_no_answer(after, line):
    assert aligned(GUARDS, after).successor(line) is None


def test_an_empty_line_needs_neighbours_that_say_enough():
    brackets = "{\n{\n}\n}\n\n}\n}\n"

    assert aligned(f"first = 1\n{brackets}", f"{brackets}second = 2\n").successor(6) is None


def test_any_line_of_an_unchanged_text_stays() -> None:
    text = b"package a\n\n}\n}\n"

    assert [LineAlignment(text, text).successor(line) for line in (1, 2, 3, 4)] == [1, 2, 3, 4]
