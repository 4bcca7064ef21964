"""Declarations that are the same in an edited file are found without parsing it, or not at all."""

from __future__ import annotations

import pytest

from annotator.model.go import Kind
from annotator.model.reference import Anchor, FoundBy, TextState
from annotator.model.symbol_history import TrackedPosition
from annotator.tracking import reanchor

FUNC = "func Keep() int {\n\treturn 1\n}"
BEFORE = f"package a\n\n{FUNC}\n\nvar x = 1\n"


def place(before=BEFORE, *, offset=0, missing=""):
    start = before.index(FUNC)
    line = before.count("\n", 0, start) + 1
    anchor = Anchor("a/a.go", "Keep", Kind.FUNC, line, line + 2, offset)
    return TrackedPosition(
        anchor, FoundBy.SYMBOL, TextState.SAME, line + offset, start, start + len(FUNC), missing=missing
    )


def test_a_declaration_goes_down_with_what_was_added_above():
    after = BEFORE.replace("package a\n", "package a\n\nvar y = 2\n\nvar z = 3\n")

    found = reanchor.shifted(place(offset=1), BEFORE.encode(), after.encode())

    assert (found.anchor.line, found.anchor.end_line, found.line) == (7, 9, 8)
    assert after[found.start : found.end] == FUNC
    assert found.text is TextState.SAME


def test_the_last_declaration_of_a_file_needs_no_newline():
    found = reanchor.shifted(place(), BEFORE.encode(), f"package a\n{FUNC}".encode())

    assert found.anchor.line == 2


@pytest.mark.parametrize(
    "after",
    [
        BEFORE.replace("return 1", "return 2"),
        BEFORE + f"\n{FUNC}\n",
        f"package a\n\n/*\n{FUNC}\n*/\n",
        f"package a\n\nvar doc = `\n{FUNC}\n`\n",
        f"package a\n\n\t{FUNC}\n",
        f"package a\n\n{FUNC} // said\n",
        f"package a\n\n\0\n{FUNC}\n",
        f'package a\n\nconst glob = "/*"\n\n{FUNC}\n',
    ],
    ids=["changed", "twice", "comment", "raw string", "indented", "more on its line", "binary", "doubt"],
)
def test_whatever_leaves_a_doubt_is_left_to_parsing(after):
    assert reanchor.shifted(place(), BEFORE.encode(), after.encode()) is None


def test_a_body_that_stood_twice_before_is_left_to_parsing():
    before = BEFORE + f"\n{FUNC}\n"

    assert reanchor.shifted(place(before), before.encode(), BEFORE.encode()) is None


@pytest.mark.parametrize("known", [place(missing="gone"), place(offset=-1)], ids=["missing", "cited comment"])
def test_what_is_missing_or_cites_the_comment_above_is_left_to_parsing(known):
    assert reanchor.shifted(known, BEFORE.encode(), BEFORE.encode()) is None
