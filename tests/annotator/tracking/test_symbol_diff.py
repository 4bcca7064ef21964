"""What changed in a declaration from one tag to another."""

from __future__ import annotations

import pytest

from annotator.config import GoNames
from annotator.model.port import Counterpart, Difference
from annotator.model.reference import Reference
from annotator.model.symbol_history import ChangeDetail, PlacementChange, TextChange
from annotator.tracking import symbol_diff

STRUCT = """package a

// Store keeps things.
type Store struct {
	names map[string]int
	limit int
	old   bool
}
"""
FUNC = """package a

func Open(path string, mode int) (*Store, error) {
	if path == "" {
		return nil, errors.New("no path")
	}
	prepare(path)
	return load(path, mode), nil
}
"""
PLUGIN = """package a

type Plugin interface {
	Name() string
	Start(ctx context.Context) error
}
"""

GO_NAMES = GoNames(errors=("errdefs",))


@pytest.fixture
def compare(grove):
    """The change of a declaration: `compare(before, after, "Name")`."""

    def make(before, after, symbol, *, path="a/a.go", now=None, counterparts=()):
        forest = grove({"v1": {"a/a.go": before}, "v2": {path: after}})
        (old,) = forest.anchors("v1", "a/a.go", symbol)
        (new,) = forest.anchors("v2", path, now or symbol)
        return symbol_diff.symbol_change(
            f"a/a.go::{symbol}",
            symbol_diff.version(forest.tree("v1"), old, GO_NAMES),
            symbol_diff.version(forest.tree("v2"), new, GO_NAMES),
            counterparts=counterparts,
        )

    return make


def told(change):
    return [(finding.kind, finding.change, finding.name) for finding in change.findings]


def test_the_same_is_the_same(compare):
    found = compare(STRUCT, STRUCT, "Store")

    assert (found.shift, found.edit, found.findings, found.lines) == (
        PlacementChange.STAYED,
        TextChange.SAME,
        (),
        (),
    )


@pytest.mark.parametrize(
    "after", [STRUCT.replace("keeps", "holds"), STRUCT.replace("limit int", "limit int // most")]
)
def test_comments_are_told_apart_from_code(compare, after):
    found = compare(STRUCT, after, "Store")

    assert (found.edit, found.findings, found.lines) == (TextChange.COMMENTS, (), ())


def test_fields_that_are_new_gone_or_of_another_type(compare):
    after = STRUCT.replace("limit int", "limit int64").replace("old   bool", "fresh chan int")

    found = compare(STRUCT, after, "Store")

    assert told(found) == [("field", "changed", "limit"), ("field", "new", "fresh"), ("field", "gone", "old")]
    assert found.findings[0].old == "int"
    assert found.findings[0].new == "int64"


def test_an_interface_s_methods_are_methods(compare):
    after = PLUGIN.replace("Name() string", "ID() string").replace("ctx context.Context", "")

    found = compare(PLUGIN, after, "Plugin")

    assert told(found) == [
        ("method", "new", "ID"),
        ("method", "changed", "Start"),
        ("method", "gone", "Name"),
    ]


def test_parameters_results_calls_and_error_texts(compare):
    after = (
        FUNC.replace("mode int", "mode int, dry bool")
        .replace("(*Store, error)", "(Store, error)")
        .replace('"no path"', '"path is empty"')
        .replace("prepare(path)", "check(path)")
    )

    found = compare(FUNC, after, "Open")

    assert told(found) == [
        ("param", "new", "dry"),
        ("result", "changed", "Open"),
        ("error", "new", "path is empty"),
        ("error", "gone", "no path"),
        ("call", "new", "check"),
        ("call", "gone", "prepare"),
    ]


def test_other_code_between_the_same_calls_is_said_too(compare):
    found = compare(
        FUNC,
        FUNC.replace('path == ""', "len(path) == 0 && mode > 0").replace("len(path)", "path"),
        "Open",
    )

    assert told(found) == [("order", "changed", "Open")]


def test_a_renamed_parameter_is_no_change_of_the_signature(compare):
    found = compare(FUNC, FUNC.replace("mode", "flags"), "Open")

    assert told(found) == [("order", "changed", "Open")]


def test_the_diff_shows_code_without_comments(compare):
    after = STRUCT.replace("limit int", "// the most\n\tlimit int64 // at once")

    found = compare(STRUCT, after, "Store")

    assert [line for line in found.lines if line[0] in "+-"] == [
        "--- a/a.go",
        "+++ a/a.go",
        "-\tlimit int",
        "+\tlimit int64",
    ]


def test_place_and_text_are_two_things(compare):
    moved = compare(STRUCT, STRUCT, "Store", path="b/a.go")
    renamed = compare(STRUCT, STRUCT.replace("Store", "Depot"), "Store", now="Depot")

    assert (moved.shift, moved.edit) == (PlacementChange.MOVED, TextChange.SAME)
    assert (renamed.shift, renamed.edit) == (PlacementChange.RENAMED, TextChange.CHANGED)


def test_a_reason_that_the_counterpart_gives_is_shown(compare):
    differs = Difference("field", "fresh", "Python needs no channel.", 7)
    mirror = Counterpart("Store", "class", "port/store.py", 3, (Reference("a/a.go", "Store"),), (differs,))
    after = STRUCT.replace("old   bool", "fresh chan int")

    found = compare(STRUCT, after, "Store", counterparts=(mirror,))

    assert [finding.stated for finding in found.findings] == ["Python needs no channel.", ""]


def test_every_finding_has_advice_and_every_advice_a_finding():
    for (kind, change), advice in symbol_diff.ADVICE.items():
        found = symbol_diff._finding(kind, change, "X", "", "")
        assert found == ChangeDetail(kind, change, "X", "", "", advice)


def test_what_is_at_one_tag_alone_is_gone_or_new(grove):
    forest = grove({"v1": {"a/a.go": STRUCT}})
    there = symbol_diff.version(forest.tree("v1"), forest.anchors("v1", "a/a.go", "Store")[0], GO_NAMES)

    gone = symbol_diff.symbol_change("a/a.go::Store", there, None, reason="nobody has it")
    new = symbol_diff.symbol_change("a/a.go::Store", None, there)
    nowhere = symbol_diff.symbol_change("a/a.go::Store", None, None)

    assert [change.shift for change in (gone, new, nowhere)] == [
        PlacementChange.GONE,
        PlacementChange.NEW,
        PlacementChange.UNKNOWN,
    ]
    assert {change.edit for change in (gone, new, nowhere)} == {TextChange.UNKNOWN}
    assert gone.reason == "nobody has it"


def test_new_names_of_mapped_packages_are_listed(grove):
    forest = grove(
        {"v1": {"a/a.go": STRUCT + FUNC[10:]}, "v2": {"a/a.go": STRUCT + "\nfunc Fresh() {}\n\nvar X = 1\n"}}
    )
    known, now = (symbol_diff.names(forest.tree(tag), ["a"]) for tag in ("v1", "v2"))

    added = symbol_diff.added_declarations(forest.anchors("v2", "a/a.go", "Store"), known, now)

    assert [anchor.symbol for anchor in added] == ["Fresh"]


@pytest.mark.parametrize("kind", ["const", "var"])
def test_a_value_of_another_type_is_told(compare, kind):
    found = compare(f"package a\n\n{kind} X int = 1\n", f"package a\n\n{kind} X int64 = 1\n", "X")

    assert told(found) == [("type", "changed", "X")]


def test_a_closure_s_calls_are_read_too(compare):
    before = "package a\n\nfunc F() {\n\tg := func() { one() }\n\tg()\n}\n"

    found = compare(before, before.replace("one", "two"), "F.g")

    assert told(found) == [("call", "new", "two"), ("call", "gone", "one")]
