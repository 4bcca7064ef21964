"""Layered dependency diagram (networkx does the graph work)."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

import msgspec

from annotator.site.diagrams.svg import (
    NARROW,
    WIDE,
    Band,
    Box,
    DiagramStep,
    DiagramTitle,
    Drawing,
    NodeLink,
    svg,
)
from annotator.site.markup import Html

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

_LOW, _HIGH = 32, 44
"""Heights of boxes: with a title alone, and with something below it."""

_GAP, _PAD, _BETWEEN = 10, 8, 30
"""The room between boxes, around them in a row, and between rows."""

_WIDEST = 230


class DiagramSize(msgspec.Struct, frozen=True):
    """How wide a picture is, how many boxes stand side by side at the most, and how high they are."""

    width: float
    most: int
    between: float
    height: float = _LOW


_SHAPES = {True: DiagramSize(WIDE, 8, _BETWEEN), False: DiagramSize(NARROW, 3, 6)}


def layer_diagram(
    found: Layers,
    steps: Mapping[str, DiagramStep],
    about: DiagramTitle,
    top: Collection[str] = (),
    *,
    wide: bool,
    most: int = 0,
) -> Html:
    """Draw the rows below one another; without arrows in a narrow window, which has no room for them.

    An arrow that follows from others shows when one of its ends is pointed at.

    Args:
        found: The nodes and edges.
        steps: What stands in each node's box.
        about: What the picture is called.
        top: Nodes that are set apart.
        wide: For wide windows.
        most: Boxes that stand side by side in a wide window, at the most; none given, as many as fit.
    """
    if not found.rows:
        return Html("")
    shape = _SHAPES[wide]
    if most and wide:
        shape = msgspec.structs.replace(shape, most=most)
    if any(step.symbol for step in steps.values()):
        shape = msgspec.structs.replace(shape, height=_HIGH)
    boxes: dict[str, Box] = {}
    bands = []
    y = 1.0
    for row in found.rows:
        placed = [
            msgspec.structs.replace(box, top=box.node in top) for box in _row(row, steps, y + _PAD, shape)
        ]
        boxes |= {box.node: box for box in placed}
        height = placed[-1].y + shape.height + _PAD - y
        bands.append(Band(y, height))
        y += height + shape.between
    links = tuple(_links(found, boxes)) if wide else ()
    drawing = Drawing(tuple(boxes.values()), (), y - shape.between + 1, links=links, bands=tuple(bands))
    return svg(drawing, shape.width, about, wide=wide)


def _row(
    row: tuple[str, ...], steps: Mapping[str, DiagramStep], y: float, shape: DiagramSize
) -> Iterator[Box]:
    lines = -(-len(row) // shape.most)
    most = -(-len(row) // lines)
    for line in range(lines):
        nodes = row[line * most : (line + 1) * most]
        room = shape.width - 2 * _PAD
        width = min((room - _GAP * (len(nodes) - 1)) / len(nodes), _WIDEST)
        x = (shape.width - len(nodes) * width - _GAP * (len(nodes) - 1)) / 2
        for at, node in enumerate(nodes):
            top = y + line * (shape.height + _GAP)
            yield Box(steps[node], x + at * (width + _GAP), top, width, height=shape.height, node=node)


def _links(found: Layers, boxes: Mapping[str, Box]) -> Iterator[NodeLink]:
    for one, other in sorted(found.edges):
        yield NodeLink(_curve(boxes[one], boxes[other]), one, other, (one, other) in found.implied)


def _curve(one: Box, other: Box) -> str:
    """Return a curve between the edges of two boxes that face each other."""
    down = one.y <= other.y
    start, end = (one.y + one.height, other.y - 3) if down else (one.y, other.y + other.height + 3)
    here, there = one.x + one.width / 2, other.x + other.width / 2
    lean = (there - here) / WIDE
    x, to = here + lean * one.width * 0.7, there - lean * other.width * 0.7
    bend = max(abs(end - start) * 0.45, 14) * (1 if down else -1)
    return f"M{x:.1f} {start:.1f}C{x:.1f} {start + bend:.1f} {to:.1f} {end - bend:.1f} {to:.1f} {end:.1f}"


_SWEEPS = 4
"""Times that the rows are put in order by what their nodes lead to and what leads to them."""

Edges = frozenset[tuple[str, str]]
"""Which node leads to which."""


class Layers(msgspec.Struct, frozen=True):
    """Nodes in rows, the topmost first, and the edges; `implied` ones follow from others."""

    rows: tuple[tuple[str, ...], ...]
    edges: Edges
    implied: Edges


def assign_layers(
    nodes: Collection[str], edges: Iterable[tuple[str, str]], level: Collection[str] = ()
) -> Layers:
    """Return the rows of a graph; nodes on a circle share a row.

    Args:
        nodes: All nodes.
        edges: Which leads to which; what leads to itself or beyond the nodes is left out.
        level: Nodes that are to stand in one row, where no edge forbids it.
    """
    known = frozenset((one, other) for one, other in edges if one != other and {one, other} <= {*nodes})
    reached = _reached(nodes, known)
    free = [one for one in level if not any(other in reached[one] for other in level)]
    low = _heights(nodes, reached, {})
    together = max((low[one] for one in free), default=0)
    heights = _heights(nodes, reached, dict.fromkeys(free, together))
    rows = [sorted(one for one in nodes if heights[one] == height) for height in sorted({*heights.values()})]
    return Layers(
        rows=tuple(map(tuple, _ordered(rows[::-1], known))),
        edges=known,
        implied=frozenset(edge for edge in known if _is_implied(edge, known, reached)),
    )


def _reached(nodes: Collection[str], edges: Edges) -> Mapping[str, frozenset[str]]:
    """Return all that each node leads to, over others too."""
    direct = {node: {other for one, other in edges if one == node} for node in nodes}
    found = {node: set(others) for node, others in direct.items()}
    for middle in nodes:
        for others in found.values():
            if middle in others:
                others.update(found[middle])
    return {node: frozenset(others) for node, others in found.items()}


def _heights(
    nodes: Collection[str], reached: Mapping[str, frozenset[str]], floors: Mapping[str, int]
) -> Mapping[str, int]:
    """Return how many rows are below each node, at least as many as its floor."""
    heights: dict[str, int] = {}
    for node in sorted(nodes, key=lambda one: len(reached[one] - {one})):
        circle = {node, *(other for other in reached[node] if node in reached[other])}
        below = [heights[other] + 1 for other in reached[node] - circle]
        heights[node] = max([*below, *(floors.get(other, 0) for other in circle)])
    return heights


def _is_implied(edge: tuple[str, str], edges: Edges, reached: Mapping[str, frozenset[str]]) -> bool:
    """Return whether another path leads from one end to the other, over a node on no cycle with either."""
    one, other = edge
    between = {middle for start, middle in edges if start == one and other in reached[middle]}
    return any(one not in reached[middle] and middle not in reached[other] for middle in between - {other})


def _ordered(rows: list[list[str]], edges: Edges) -> list[list[str]]:
    """Return the rows, each in an order in which few edges cross."""
    beside: dict[str, set[str]] = {}
    for one, other in edges:
        beside.setdefault(one, set()).add(other)
        beside.setdefault(other, set()).add(one)
    for _ in range(_SWEEPS):
        places = dict(_places(rows))
        rows = [
            sorted(row, key=lambda node: (_middle(node, beside.get(node, ()), places), node)) for row in rows
        ]
    return rows


def _places(rows: list[list[str]]) -> Iterator[tuple[str, float]]:
    for row in rows:
        yield from ((node, (at + 0.5) / len(row)) for at, node in enumerate(row))


def _middle(node: str, others: Collection[str], places: Mapping[str, float]) -> float:
    return fsum(places[other] for other in others) / len(others) if others else places[node]
