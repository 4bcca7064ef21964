"""Reasons that explain differences, and reasons that explain none."""

from __future__ import annotations

import pytest

from annotator.model.go import Kind
from annotator.model.port import Agreement, ComparisonRow, Difference, GoSymbol, PythonObject
from annotator.parity import explanations
from annotator.parity.scope import Convention, Rename, Scope

GO = GoSymbol("store/store.go", "New", Kind.FUNC, 1, 2)


def row(kind: str, name: str, go: str = "", python: str = "") -> ComparisonRow:
    return ComparisonRow(kind, name, go, python=python, agreement=Agreement.UNEXPLAINED, reason="it is not")


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("no such volume: %s", "no-such-volume"),
        ("cannot open {path}: {error}", "cannot-open"),
        ("%-10.3f %% of %v", "of"),
        ("%s", ""),
    ],
)
def test_slug_has_words_without_placeholders(text: str, slug: str) -> None:
    assert explanations.slug(text) == slug


@pytest.mark.parametrize(
    ("written", "difference"),
    [
        (row("param", "rootPath", "rootPath string"), Difference("param", "rootPath", "why", 1)),
        (row("param", "root", python="root: Path"), Difference("extra", "root", "why", 1)),
        (row("call", "Store.Get", "store/store.go::Store.Get"), Difference("call", "Get", "why", 1)),
        (row("field", "b", "b int"), Difference("field", "a,b", "why", 1)),
        (row("error", "no-such-volume", "no such volume: %s"), Difference("error", "such-volume", "why", 1)),
        (row("result", "int", "int"), Difference("result", "error", "why", 1)),
    ],
)
def test_difference_explains_its_row(written: ComparisonRow, difference: Difference) -> None:
    found = explanations.explain(written, [difference], Scope(), [GO])

    assert (found.agreement, found.reason) == (Agreement.DIFFERS, "why")


@pytest.mark.parametrize(
    ("written", "difference"),
    [
        (row("param", "root", "root string"), Difference("field", "root", "why", 1)),
        (row("param", "root", "root string"), Difference("param", "rootPath", "why", 1)),
        (row("error", "no-such-volume", "no such volume"), Difference("error", "no-such-plugin", "why", 1)),
    ],
)
def test_other_difference_explains_nothing(written: ComparisonRow, difference: Difference) -> None:
    assert explanations.explain(written, [difference], Scope(), [GO]) == written


def test_equal_row_needs_no_explanation() -> None:
    same = ComparisonRow("param", "root", "root string", python="root: str")

    assert explanations.explain(same, [Difference("param", "root", "why", 1)], Scope(), [GO]) == same


@pytest.mark.parametrize(("of", "reason"), [((), "no contexts"), (("store/store.go::*",), "no contexts")])
def test_convention_explains_rows_of_its_symbols(of: tuple[str, ...], reason: str) -> None:
    scope = Scope(conventions=(Convention("param", reason, r"ctx context\.Context", of=of),))
    written = row("param", "ctx", "ctx context.Context")

    assert explanations.explain(written, [], scope, [GO]).reason == reason


def test_convention_of_other_symbols_explains_nothing() -> None:
    scope = Scope(conventions=(Convention("param", "no contexts", of=("store/other.go::New",)),))
    written = row("param", "ctx", "ctx context.Context")

    assert explanations.explain(written, [], scope, [GO]) == written


def test_rule_for_extras_explains_a_parameter_of_python_first() -> None:
    scope = Scope(
        conventions=(
            Convention("param", "it has moved", names=("labels",)),
            Convention("extra", "an option in Go", names=("labels",)),
        )
    )

    assert (
        explanations.explain(row("param", "labels", python="labels"), [], scope, [GO]).reason
        == "an option in Go"
    )
    moved = row("param", "labels", "labels Labels", "labels")
    assert explanations.explain(moved, [], scope, [GO]).reason == "it has moved"


def test_rename_explains_its_parameter() -> None:
    scope = Scope(renames=(Rename("opts", "options", ("store/store.go::New",)),))
    written = row("param", "opts", "opts map[string]string", "options: Mapping[str, str]")

    assert explanations.explain(written, [], scope, [GO]).reason == "called `options`"


def test_each_unused_name_of_a_reason_is_stale() -> None:
    rows = (ComparisonRow("field", "a", "a int", agreement=Agreement.DIFFERS, reason="why"),)
    ours = PythonObject("us.Store", "class", "us/store.py", 1, 2)
    reason = Difference("field", "a,b", "why", 1)
    from_docstring = explanations.Counterpart("us.Store", "class", "us/store.py", 1, (), (reason,))

    assert [d.name for d in explanations.stale_reasons(from_docstring, ours, rows, (GO,))] == ["b"]
