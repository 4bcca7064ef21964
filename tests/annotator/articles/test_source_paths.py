"""Which runs of characters in a line can name a file."""

from __future__ import annotations

import pytest

from annotator.articles import source_paths
from annotator.articles.own_names import OwnNames


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
    assert [match[0] for match, _ in source_paths.written_runs(text, OwnNames())] == runs


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1.cmd/kiln.go", "cmd/kiln.go"),
        ("1.19/kiln.go", "1.19/kiln.go"),
        ("见cmd/kiln.go", "cmd/kiln.go"),
        ("```.go", None),
        ("*.go", None),
        ("pkg/.go", None),
    ],
)
def test_only_the_name_of_a_file_is_found(text, name):
    found = [text[file.start : file.end] for _, file in source_paths.written_runs(text, OwnNames()) if file]

    assert found == ([name] if name else [])
