"""Notebooks by cell, tours by step, source files by their comments."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotator.articles import document, source_paths, structured_files
from annotator.articles.own_names import OwnNames
from annotator.model.reference import Reference

PATHS = ("kiln.go", "pkg/kiln.go", "main.go")


def references(text: str, name: str) -> tuple[Reference, ...]:
    roots = source_paths.roots("acme/kiln", (), (), own=OwnNames(frozenset(PATHS)), folder="")
    return document.read(name, text.encode(), "acme/kiln", roots).references


NOTEBOOK = r"""{"cells": [
 {"cell_type": "markdown", "source": ["# On \"kilns\"\n", "See [Cool](https://github.com/acme/kiln/blob/v1.0.0/pkg/kiln.go#L13)\n",
  "and\t`pkg/kiln.go:4`."]},
 {"cell_type": "code", "source": ["// as in pkg/kiln.go:25\n", "x := 1"],
  "outputs": [{"output_type": "stream", "text": ["pkg/kiln.go:99: boom\n", "main.go:7: bad"]},
              {"output_type": "error", "traceback": ["\u001b[31mmain.go:77\u001b[0m"]}]}],
 "nbformat": 4}
"""


def test_notebook_is_read_by_cell_without_its_output() -> None:
    found = references(NOTEBOOK, "a.ipynb")
    assert [(one.path, one.line, one.cited_in) for one in found] == [
        ("pkg/kiln.go", 13, "a.ipynb cell 1"),
        ("pkg/kiln.go", 4, "a.ipynb cell 1"),
        ("pkg/kiln.go", 25, "a.ipynb cell 2"),
    ]


def test_reference_in_a_notebook_keeps_its_place() -> None:
    lines = NOTEBOOK.split("\n")
    shown = [
        lines[one.at_line - 1][one.at_column - 1 : one.at_end - 1] for one in references(NOTEBOOK, "a.ipynb")
    ]
    assert shown == [
        "https://github.com/acme/kiln/blob/v1.0.0/pkg/kiln.go#L13",
        "pkg/kiln.go:4",
        "pkg/kiln.go:25",
    ]


@pytest.mark.parametrize(
    "text", ["", "{", '{"cells": 3}', "[[[[", '{"cells": [{"source": "kiln.go:4', "not json kiln.go:4"]
)
def test_broken_notebook_is_read_as_far_as_it_goes(text: str) -> None:
    assert {one.path for one in references(text, "a.ipynb")} <= {"kiln.go"}


TOUR = """{"title": "Kiln", "ref": "v1.0.0", "steps": [
  {"file": "kiln.go", "line": 4, "description": "Fire"},
  {"file": "kiln.go", "selection": {"start": {"line": 13, "character": 1}, "end": {"line": 16}}},
  {"file": "kiln.go", "pattern": "^func Gone", "description": "gone"},
  {"file": "gone.go",
   "line": 1, "description": "gone, see pkg/kiln.go:4"}
]}
"""


def test_each_step_of_a_tour_is_a_reference() -> None:
    found = references(TOUR, "a.tour")
    assert [(one.path, one.symbol, one.line, one.end_line) for one in found] == [
        ("kiln.go", None, 4, None),
        ("kiln.go", None, 13, 16),
        ("kiln.go", "Gone", None, None),
        ("gone.go", None, 1, None),
        ("pkg/kiln.go", None, 4, None),
    ]
    assert {one.written_at for one in found} == {"v1.0.0"}
    first = found[0]
    assert TOUR.split("\n")[1][first.at_column - 1 : first.at_end - 1] == 'kiln.go", "line": 4'


def test_tour_of_a_branch_has_no_tag() -> None:
    (found,) = references('{"ref": "main", "steps": [{"file": "kiln.go", "line": 4}]}', "a.tour")
    assert found.written_at is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.go", 'package a\n\n// See pkg/kiln.go:4.\nvar x = "main.go:7"\n/* and\n pkg/kiln.go:13 */\n'),
        ("a.py", '"""See pkg/kiln.go:4."""\nx = "main.go:7"  # and pkg/kiln.go:13\n'),
        ("a.ts", 'const x = "main.go:7" // See pkg/kiln.go:4.\n/** and pkg/kiln.go:13 */\n'),
        ("a.rs", '/// See pkg/kiln.go:4.\nlet x = "main.go:7"; // and pkg/kiln.go:13\n'),
        ("a.sql", "select 'main.go:7' -- See pkg/kiln.go:4.\n/* and pkg/kiln.go:13 */\n"),
        ("a.sh", 'echo "main.go:7" # See pkg/kiln.go:4.\n# and pkg/kiln.go:13\n'),
        ("Makefile.mk", "# See pkg/kiln.go:4.\nall:\n\techo main.go:7\n# and pkg/kiln.go:13\n"),
    ],
)
def test_only_comments_of_a_source_file_are_read(name: str, text: str) -> None:
    found = references(text, name)
    assert [(one.path, one.line) for one in found] == [("pkg/kiln.go", 4), ("pkg/kiln.go", 13)]
    lines = text.split("\n")
    assert all(lines[one.at_line - 1][one.at_column - 1 :].startswith("pkg/kiln.go:") for one in found)


JSON = st.recursive(
    st.text(max_size=8) | st.integers(0, 99_999),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None)
@given(JSON)
def test_every_value_is_found_where_it_stands(value: object) -> None:
    text = json.dumps({"v": value}, indent=1)
    for key, scalar in structured_files.read_json(text).items():
        inner: object = {"v": value}
        for part in key:
            inner = inner[part]  # type: ignore[index]
        assert scalar.value == inner
        assert text.startswith(scalar.raw, scalar.at)
        assert not isinstance(inner, str) or "".join(piece for piece, _ in scalar.pieces()) == inner
