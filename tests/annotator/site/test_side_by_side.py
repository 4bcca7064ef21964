"""Python stands beside the Go that it mirrors, and lines of both lead to each other."""

from __future__ import annotations

import html
import re
from typing import Any

import msgspec
import pytest
from made_site import make_site

from annotator.site import pages, rendering
from annotator.site.inputs import PythonInput, SiteInput
from annotator.site.view_models import SitePage

SHELF, MODULE = "go/pantry/shelf/Shelf.md", "py/larder/shelves.md"


@pytest.fixture
def made(given: SiteInput, mirror: PythonInput) -> dict[str, SitePage]:
    return {page.path: page for page in make_site(msgspec.structs.replace(given, python=mirror)).pages}


def view(made: dict[str, SitePage], path: str) -> Any:
    return made[path].view


def blocks(page: Any) -> list[Any]:
    return [page.main, *(block for group in page.groups for block in group.blocks)]


def test_a_method_has_its_counterpart_beside_it(made: dict[str, SitePage]) -> None:
    beside = {block.heads[0].name: [one.name for one in block.beside] for block in blocks(view(made, SHELF))}

    assert beside["Shelf"] == ["larder.shelves.Shelf"]
    assert beside["Shelf.Put"] == ["larder.shelves.Shelf.put"]
    assert beside["Shelf.Count"] == []


def test_line_range_twice_on_a_page_have_one_anchor(made: dict[str, SitePage]) -> None:
    shown = [
        line.id
        for block in blocks(view(made, SHELF))
        for one in block.beside
        for line in one.lines
        if line.id
    ]

    assert len(shown) == len(set(shown))
    assert "py-L8" in shown


def test_a_call_leads_to_the_same_call_on_the_other_side(made: dict[str, SitePage]) -> None:
    (block,) = (one for one in blocks(view(made, SHELF)) if one.heads[0].name == "Shelf.Put")

    go = {line.number: line.line_link for line in block.excerpt.lines if line.line_link}
    python = {line.number: line.line_link for one in block.beside for line in one.lines if line.line_link}

    assert {number: line_link[0] for number, line_link in go.items()} == {17: "#py-L28"}
    assert {number: line_link[0] for number, line_link in python.items()} == {28: "#go-L17"}


def test_a_field_leads_to_its_attribute(made: dict[str, SitePage]) -> None:
    main = view(made, SHELF).main

    assert {line.number: line.line_link[0] for line in main.excerpt.lines if line.line_link} == {9: "#py-L19"}


def test_a_python_name_leads_to_where_it_faces_its_original(made: dict[str, SitePage]) -> None:
    (line,) = (line for line in view(made, MODULE).parts[0].excerpt.lines if line.number == 28)

    (address,) = re.findall('href="([^"]*)"', line.html)
    assert html.unescape(address) == "../../go/pantry/shelf/index.html#py-L32"


def test_a_python_file_is_shown_whole_with_its_originals(
    made: dict[str, SitePage], mirror: PythonInput
) -> None:
    page = view(made, MODULE)

    (part,) = page.parts
    assert [line.number for line in part.excerpt.lines] == list(range(1, len(part.excerpt.lines) + 1))
    assert len(part.excerpt.lines) == mirror.modules["larder/shelves.py"].data.count(b"\n")
    assert {one.link.text: [link.text for link in one.originals] for one in page.defined} == {
        "Shelf": ["shelf.Shelf"],
        "Shelf.put": ["shelf.Shelf.Put"],
        "too_large": ["shelf.tooLarge"],
    }


def test_a_panel_says_what_differs_and_leads_to_both_lines(made: dict[str, SitePage]) -> None:
    (panel,) = view(made, SHELF).main.panels

    rows = {row.name: row for row in panel.rows}
    assert (rows["mu"].agreement, rows["mu"].reason) == ("differs", "one thread.")
    assert (rows["jars"].go.href, rows["jars"].python.href) == ("#go-L9", "#py-L19")
    assert (rows["full"].kind, rows["full"].reason) == ("behaviour", "never.")
    assert dict(panel.counts) == {"same": 1, "differs": 2, "unexplained": 0}


def test_a_call_is_named_as_each_language_names_it(made: dict[str, SitePage]) -> None:
    panels = [panel for group in view(made, SHELF).groups for block in group.blocks for panel in block.panels]

    (call,) = (row for panel in panels for row in panel.rows if row.kind == "call")
    assert (call.go.text, call.go.title) == ("tooLarge", "pantry/shelf/shelf.go::tooLarge")
    assert call.python.text == "too_large"


def test_a_line_that_does_not_hold_what_a_row_says_is_not_linked(
    given: SiteInput, mirror: PythonInput
) -> None:
    moved = {
        path: msgspec.structs.replace(source, data=source.data.replace(b"\tjars", b"\tpots"))
        for path, source in given.sources.items()
    }
    site = make_site(msgspec.structs.replace(given, sources=moved, python=mirror))

    (panel,) = view({page.path: page for page in site.pages}, SHELF).main.panels

    assert {row.name: row.go.href for row in panel.rows}["jars"] == ""


def test_parity_and_coverage_have_pages(made: dict[str, SitePage]) -> None:
    (package,) = view(made, "parity.md").packages

    assert package.folder == "pantry/shelf"
    reasons = {one.reason: [pair.python.text for pair in one.pairs] for one in package.reasons}
    assert reasons["one thread."] == reasons["never."] == ["Shelf"]
    assert package.same == ()
    assert view(made, "coverage.md").totals[0] == 1


def test_an_example_has_a_page_with_what_it_prints(made: dict[str, SitePage]) -> None:
    example = view(made, "examples/put.md").example

    assert (example.command, example.output) == ("python -m larder put", "a jar\n")
    assert example.source.lines[0].number == 1


def test_a_symbol_page_names_who_calls_and_the_examples(made: dict[str, SitePage]) -> None:
    package = view(made, "go/pantry/shelf/index.md")

    assert [link.text for link in package.callers] == ["shelf.Shelf.Put"]
    assert package.picture is not None


def test_all_of_it_is_rendered(given: SiteInput, mirror: PythonInput) -> None:
    files = rendering.files(pages.plan_site(msgspec.structs.replace(given, python=mirror)))

    text = files[SHELF].decode()
    assert 'id="py&#45;L8"' in text
    assert '<details class="parity">' in text


def test_python_lines_are_once_on_a_page_and_linked_from_other_originals(
    given: SiteInput, mirror: PythonInput
) -> None:
    (pair,) = (one for one in mirror.pairs if one.counterpart.name == "larder.shelves.too_large")
    both = msgspec.structs.replace(
        pair, originals=(*pair.originals, msgspec.structs.replace(pair.originals[0], symbol="unrelated"))
    )
    pairs = tuple(both if one is pair else one for one in mirror.pairs)
    python = msgspec.structs.replace(mirror, pairs=pairs)

    site = make_site(msgspec.structs.replace(given, python=python))
    page = view({page.path: page for page in site.pages}, "go/pantry/shelf/index.md")

    blocks = [block for group in page.groups for block in group.blocks]
    lines = [line.number for block in blocks for one in block.beside for line in one.lines]
    assert lines
    assert len(lines) == len(set(lines))
    assert [[one.href for one in block.above] for block in blocks if block.above] == [["#py-L32"]]
