"""Which runs of characters in a line can name a file."""

from __future__ import annotations

import pytest

from annotator.articles import written_files


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("It heats the kiln.", []),
        ("It heats the kiln... and cools.", []),
        ("See kiln.go.", ["kiln.go."]),
        ("Run the Makefile.", ["Makefile."]),
        ("See ./pkg, then", ["./pkg"]),
        ("at https://example.org.", ["https://example.org."]),
    ],
)
def test_only_runs_that_can_name_files_are_found(text, runs):
    assert [match[0] for match in written_files.runs(text)] == runs
