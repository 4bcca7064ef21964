"""Rows of what rests on what, and pictures of them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotator.site.diagrams.lock_and_import_diagrams import assign_layers, layer_diagram
from annotator.site.diagrams.svg import DiagramStep, DiagramTitle

NODES = "abcdefgh"
SVG = "{http://www.w3.org/2000/svg}"
EDGES = st.sets(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)))


@given(EDGES)
def test_every_node_stands_in_one_row_and_leads_to_none_above(edges: set[tuple[str, str]]) -> None:
    found = assign_layers(NODES, edges)

    row = {node: at for at, nodes in enumerate(found.rows) for node in nodes}
    assert sorted(node for nodes in found.rows for node in nodes) == sorted(NODES)
    assert all(row[one] <= row[other] for one, other in found.edges)


@given(EDGES)
def test_what_an_edge_says_is_said_without_the_implied_ones(edges: set[tuple[str, str]]) -> None:
    found = assign_layers(NODES, edges)

    def reached(start: str, known: frozenset[tuple[str, str]]) -> set[str]:
        seen: set[str] = set()
        pending = [start]
        while pending:
            one = pending.pop()
            fresh = {other for before, other in known if before == one} - seen
            seen |= fresh
            pending += fresh
        return seen

    for node in NODES:
        assert reached(node, found.edges - found.implied) == reached(node, found.edges)


def test_nodes_that_are_to_be_level_stand_in_one_row_unless_one_leads_to_another() -> None:
    edges = [("top", "left"), ("top", "right"), ("left", "base"), ("base", "low"), ("over", "left")]

    found = assign_layers(["top", "left", "right", "base", "low", "over"], edges, ["left", "right", "over"])

    assert [set(row) for row in found.rows] == [{"top", "over"}, {"left", "right"}, {"base"}, {"low"}]


def test_nodes_on_a_circle_share_a_row() -> None:
    assert [set(row) for row in assign_layers("abc", [("a", "b"), ("b", "a"), ("b", "c")]).rows] == [
        {"a", "b"},
        {"c"},
    ]


@pytest.mark.parametrize("wide", [True, False])
def test_the_picture_of_layers_has_every_node_as_a_link_within_it(wide: bool) -> None:
    names = [f"node{number}" for number in range(20)]
    found = assign_layers(names, [(one, names[-1]) for one in names])
    steps = {name: DiagramStep("", name, f"#{name}") for name in names}

    drawing = ET.fromstring(layer_diagram(found, steps, DiagramTitle("x", "X", ()), [names[-1]], wide=wide))  # noqa: S314 - our own drawing

    *_, width, height = map(float, drawing.attrib["viewBox"].split())
    links = drawing.findall(f"{SVG}a")
    assert {link.attrib["href"] for link in links} == {f"#{name}" for name in names}
    for box in (link.find(f"{SVG}rect") for link in links):
        assert box is not None
        x, y, w, h = (float(box.attrib[name]) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + w <= width
        assert 0 <= y <= y + h <= height


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("most", [2, 3])
@settings(max_examples=25)
@given(edges=EDGES)
def test_no_arrow_crosses_a_box(edges: set[tuple[str, str]], most: int, wide: bool) -> None:
    steps = {node: DiagramStep("", f"{node}.aLongName{node}", f"#{node}") for node in NODES}
    found = assign_layers(NODES, edges)
    drawing = ET.fromstring(layer_diagram(found, steps, DiagramTitle("x", "X", ()), wide=wide, most=most))  # noqa: S314 - our own drawing

    rects = [link.find(f"{SVG}rect") for link in drawing.findall(f"{SVG}a")]
    boxes = [
        tuple(float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
        for rect in rects
        if rect is not None
    ]
    *_, width, height = map(float, drawing.attrib["viewBox"].split())
    arrows = [path for path in drawing.iter(f"{SVG}path") if path.get("data-before")]
    assert len(arrows) == len(found.edges)
    for arrow in arrows:
        points = [tuple(map(float, point.split())) for point in arrow.attrib["d"][1:].split("L")]
        assert all(0 <= x <= width and 0 <= y <= height for x, y in points)
        for (x, y), (to_x, to_y) in pairwise(points):
            assert x == to_x or y == to_y
            for left, top, wide_, high in boxes:
                across = min(x, to_x) < left + wide_ and max(x, to_x) > left
                down = min(y, to_y) < top + high and max(y, to_y) > top
                assert not (across and down)


def test_an_implied_arrow_is_quiet() -> None:
    found = assign_layers("abc", [("a", "b"), ("b", "c"), ("a", "c")])
    steps = {name: DiagramStep("", name, f"#{name}") for name in "abc"}

    drawing = ET.fromstring(layer_diagram(found, steps, DiagramTitle("x", "X", ()), wide=True))  # noqa: S314 - our own drawing

    quiet = [line for line in drawing.iter(f"{SVG}path") if "picture-quiet" in line.get("class", "")]
    assert [(line.attrib["data-before"], line.attrib["data-after"]) for line in quiet] == [("a", "c")]


def test_without_nodes_there_is_no_picture() -> None:
    assert layer_diagram(assign_layers((), ()), {}, DiagramTitle("x", "X", ()), wide=True) == ""


class Ranked(str):
    """A node whose place in a set is known."""

    __slots__ = ("rank",)
    rank: int

    def __hash__(self) -> int:
        return self.rank


def rows(ranks: Iterable[int]) -> tuple[tuple[str, ...], ...]:
    """The rows of a graph whose sets go through the nodes by these ranks."""
    known = {name: Ranked(name) for name in NODES}
    for node, rank in zip(known.values(), ranks, strict=True):
        node.rank = rank
    edges = [(known[one], known[other]) for one, other in ("cg", "dg", "dh", "eg")]
    return assign_layers([*known.values()], edges).rows


def test_the_rows_do_not_depend_on_the_order_of_sets() -> None:
    assert rows(range(8)) == rows(range(7, -1, -1))
