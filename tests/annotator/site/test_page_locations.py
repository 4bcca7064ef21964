"""Which declarations have a place on the pages, and where."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from annotator.golang import declarations
from annotator.model.reference import Anchor
from annotator.site.inputs import GoSourceFile
from annotator.site.page_locations import SymbolPagePlan, group_adjacent, locate_symbols, plan_symbol_pages

Find = Callable[[str, str], Anchor]
SHELF = "pantry/shelf/shelf.go"


@pytest.fixture
def by_page(sources: dict[str, GoSourceFile], anchor: Find) -> dict[str, SymbolPagePlan]:
    return {plan.page: plan for plan in plan_symbol_pages(sources, [anchor(SHELF, "Shelf.Put")])}


def symbols(plan: SymbolPagePlan) -> list[str]:
    return [item.declaration.symbol for item in plan.items]


def test_a_type_is_shown_with_its_methods_from_all_files(by_page: dict[str, SymbolPagePlan]) -> None:
    assert symbols(by_page["go/pantry/shelf/Shelf.md"]) == ["Shelf", "Shelf.Put", "Shelf.Count"]


def test_what_a_cited_declaration_uses_is_shown_and_nothing_else(by_page: dict[str, SymbolPagePlan]) -> None:
    assert symbols(by_page["go/pantry/shelf/index.md"]) == ["largest", "tooLarge"]
    assert symbols(by_page["go/pantry/shelf/Jar.md"]) == ["Jar"]
    assert len(by_page) == 3


def test_lines_of_the_first_file_have_the_plain_anchor(by_page: dict[str, SymbolPagePlan]) -> None:
    assert by_page["go/pantry/shelf/Shelf.md"].prefixes == {SHELF: "go-L", "pantry/shelf/jar.go": "go-jar-L"}


def test_a_field_is_found_at_its_line(by_page: dict[str, SymbolPagePlan]) -> None:
    found = locate_symbols(by_page.values())[SHELF, "Shelf.jars"]

    assert (found.page, found.anchor) == ("go/pantry/shelf/Shelf.md", "go-L9")


def test_what_our_texts_name_has_a_place(sources: dict[str, GoSourceFile]) -> None:
    (plan,) = plan_symbol_pages(sources, [], [(SHELF, "unrelated")])

    assert symbols(plan) == ["unrelated"]


def test_of_a_very_large_type_only_the_methods_in_use_are_shown() -> None:
    lines = "\n" * 900
    data = f"package p\ntype T struct{{}}\nfunc (T) A() {{}}\nfunc (T) B() {{{lines}}}\n".encode()
    sources = {"p.go": GoSourceFile(data, declarations.read_go_file(data))}

    (plan,) = plan_symbol_pages(sources, [], [("p.go", "T.A")])

    assert symbols(plan) == ["T", "T.A"]
    assert plan.hidden == 1


def test_two_names_that_differ_in_case_alone_have_pages_that_do_not() -> None:
    data = b"package p\ntype Store struct{}\ntype store struct{}\n"
    sources = {"p.go": GoSourceFile(data, declarations.read_go_file(data))}

    pages = [plan.page for plan in plan_symbol_pages(sources, [], [("p.go", "Store"), ("p.go", "store")])]

    assert len({page.lower() for page in pages}) == 2


def test_two_functions_of_the_same_name_have_anchors_of_their_own() -> None:
    data = b"package p\nfunc init() {}\nfunc init() {}\n"
    document = declarations.read_go_file(data)
    anchors = [Anchor("p.go", "init", one.kind, one.line, one.line) for one in document.declarations]

    (plan,) = plan_symbol_pages({"p.go": GoSourceFile(data, document)}, anchors)

    assert [item.anchor for item in plan.items] == ["init", "init~2"]


def test_an_anchor_outside_the_sources_has_no_page(sources: dict[str, GoSourceFile], anchor: Find) -> None:
    lost = msgspec.structs.replace(anchor(SHELF, "Shelf"), path="elsewhere.go")

    assert plan_symbol_pages(sources, [lost]) == ()


def test_constants_of_a_group_are_shown_together() -> None:
    data = b"package p\nconst (\n\tA = 1\n\tB = 2\n)\nfunc F() {}\n"
    named = [("p.go", name) for name in ("A", "B", "F")]

    (plan,) = plan_symbol_pages({"p.go": GoSourceFile(data, declarations.read_go_file(data))}, [], named)

    assert [[one.declaration.name for one in group] for group in group_adjacent(plan.items)] == [
        ["A", "B"],
        ["F"],
    ]


def test_a_method_may_have_the_name_of_its_type() -> None:
    data = b"package p\nfunc (T) T() {}\ntype T struct{}\n"

    (plan,) = plan_symbol_pages(
        {"p.go": GoSourceFile(data, declarations.read_go_file(data))}, [], [("p.go", "T")]
    )

    assert plan.main
    assert plan.main.declaration.line == 3
    assert [item.declaration.symbol for item in plan.others] == ["T.T"]
