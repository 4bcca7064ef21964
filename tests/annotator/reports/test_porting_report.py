"""What to port, as text, JSON and Markdown."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from annotator.model.go import Kind
from annotator.model.port import Counterpart
from annotator.model.reference import Anchor, NoteChange, NotePlace, Reference
from annotator.model.symbol_history import (
    ChangeDetail,
    PlacementChange,
    PortingReport,
    SymbolChange,
    TextChange,
)
from annotator.reports import porting_report

OLD = Anchor("a/a.go", "Store", Kind.STRUCT, 4, 9)
NEW = Anchor("b/a.go", "Depot", Kind.STRUCT, 5, 11)
MIRROR = Counterpart("port.store.Store", "class", "port/store.py", 3, (Reference("a/a.go", "Store"),))
FOUND = (
    ChangeDetail("field", "new", "limit", "", "limit int", "add it"),
    ChangeDetail("field", "changed", "names", "[]string", "map[string]int", "see", "a set is enough"),
    ChangeDetail("call", "gone", "`lock`", "`lock`", "", "see"),
)
LINES = (
    "--- a/a.go",
    "+++ b/a.go",
    "@@ -1,2 +1,3 @@",
    " type Store struct {",
    "-\tnames []string",
    "+\t// ```",
)


def report(*changes: SymbolChange, fresh=(), notes=()) -> PortingReport:
    return PortingReport("v1", "v2", 7, changes, fresh, notes)


CHANGED = SymbolChange(
    "a/a.go::Store", (MIRROR,), OLD, NEW, PlacementChange.RENAMED, TextChange.CHANGED, FOUND, LINES
)
GONE = SymbolChange(
    "a/a.go::Lost", (), OLD, None, PlacementChange.GONE, TextChange.UNKNOWN, reason="nobody has it"
)


def test_json_says_all_that_is_known():
    value = json.loads(porting_report.json(report(CHANGED, GONE, fresh=(NEW,))))

    assert value["summary"] == {
        "place gone": 1,
        "place renamed": 1,
        "text changed": 1,
        "text unknown": 1,
    }
    assert value["changes"][0]["counterparts"] == [
        {"name": "port.store.Store", "path": "port/store.py", "line": 3}
    ]
    assert value["changes"][0]["findings"][1]["stated"] == "a set is enough"
    assert value["changes"][1]["new"] is None
    assert value["new_symbols"][0]["symbol"] == "Depot"


def test_text_names_the_python_place_and_each_finding():
    lines = [line.plain for line in porting_report.text(report(CHANGED, GONE))]

    assert "  look at port/store.py:3 port.store.Store" in lines
    assert "  new field limit: add it" in lines
    assert (
        "  changed field names, []string → map[string]int: see "
        "(the docstring says why it differs: a set is enough)" in lines
    )
    assert (
        lines[-1]
        == "7 mapped or cited symbols from v1 to v2: 2 changed, 1 of them gone; 0 new names in their packages"
    )


@pytest.mark.parametrize(
    ("shift", "said"),
    [
        (PlacementChange.STAYED, "in line 5, not in line 4, text changed"),
        (PlacementChange.MOVED, "moved from a/a.go::Store#L4 to b/a.go::Depot#L5, text changed"),
        (PlacementChange.RENAMED, "renamed from a/a.go::Store#L4 to b/a.go::Depot#L5, text changed"),
        (PlacementChange.GONE, "gone; it was a/a.go::Store#L4: why, text changed"),
        (PlacementChange.NEW, "new at b/a.go::Depot#L5, text changed"),
        (PlacementChange.UNKNOWN, "at neither tag: why, text changed"),
    ],
)
def test_each_shift_has_its_sentence(shift, said):
    change = SymbolChange("a/a.go::Store", (), OLD, NEW, shift, TextChange.CHANGED, reason="why")

    assert [line.plain for line in porting_report.text(report(change))][1] == f"  {said}"


def test_markdown_has_a_task_for_each_finding_and_a_diff():
    written = porting_report.markdown(report(CHANGED))

    assert "## `a/a.go::Store`" in written
    assert "- [ ] look at `port/store.py:3`, `port.store.Store`" in written
    assert "- [ ] new field `limit`: add it." in written
    assert "The docstring says why it differs: a set is enough" in written
    assert "-\tnames []string" in written


def test_backticks_of_the_source_do_not_end_code():
    written = porting_report.markdown(report(CHANGED))

    assert "`` `lock` ``" in written
    assert "````diff" in written
    assert written.rstrip().endswith("````")


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", "[x](javascript:alert(1))", "\n# Title", "@everyone", "#12"]
)
def test_words_of_the_source_are_no_markup(hostile):
    change = SymbolChange("a::X", (), OLD, None, PlacementChange.GONE, TextChange.UNKNOWN, reason=hostile)

    assert hostile not in porting_report.markdown(report(change))


def test_a_report_of_nothing_is_a_sentence():
    assert porting_report.markdown(report()).count("\n## ") == 0
    assert [line.plain for line in porting_report.text(report())] == [porting_report.sentence(report())]


NOTE = NoteChange("site/1.md", 7, "one", NotePlace("a/a.go", "Store", "names"), "names []string", "", "why")


@pytest.mark.parametrize("note", [NOTE, replace(NOTE, now="names <b>")])
def test_notes_to_read_again_are_in_each_form(note):
    found = report(notes=(note,))

    text = [line.plain for line in porting_report.text(found)]
    assert text[0].startswith("site/1.md:7: the note one: in a/a.go::Store 'names []string' is ")
    assert "## Notes to read again\n\n- [ ] `site/1.md:7`" in porting_report.markdown(found)
    assert "<b>" not in porting_report.markdown(found)
    assert json.loads(porting_report.json(found))["notes"][0]["label"] == "one"
