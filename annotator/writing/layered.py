"""Pictures of layers: rows of boxes, and arrows from each to what it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from annotator.writing.drawing import NARROW, WIDE, About, Band, Box, Drawing, Link, Step, svg
from annotator.writing.escape import Html

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from annotator.writing.layers import Layers

_LOW, _HIGH = 32, 44
"""Heights of boxes: with a title alone, and with something below it."""

_GAP, _PAD, _BETWEEN = 10, 8, 30
"""The room between boxes, around them in a row, and between rows."""

_WIDEST = 230


class Shape(msgspec.Struct, frozen=True):
    """How wide a picture is, how many boxes stand side by side at the most, and how high they are."""

    width: float
    most: int
    between: float
    height: float = _LOW


_SHAPES = {True: Shape(WIDE, 8, _BETWEEN), False: Shape(NARROW, 3, 6)}


def layered(
    found: Layers,
    steps: Mapping[str, Step],
    about: About,
    top: Collection[str] = (),
    *,
    wide: bool,
    most: int = 0,
) -> Html:
    """The rows below one another; in a narrow window without arrows, which would have no room.

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


def _row(row: tuple[str, ...], steps: Mapping[str, Step], y: float, shape: Shape) -> Iterator[Box]:
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


def _links(found: Layers, boxes: Mapping[str, Box]) -> Iterator[Link]:
    for one, other in sorted(found.edges):
        yield Link(_curve(boxes[one], boxes[other]), one, other, (one, other) in found.implied)


def _curve(one: Box, other: Box) -> str:
    """From the edge of one box that faces the other to that one's; each leans towards the other."""
    down = one.y <= other.y
    start, end = (one.y + one.height, other.y - 3) if down else (one.y, other.y + other.height + 3)
    here, there = one.x + one.width / 2, other.x + other.width / 2
    lean = (there - here) / WIDE
    x, to = here + lean * one.width * 0.7, there - lean * other.width * 0.7
    bend = max(abs(end - start) * 0.45, 14) * (1 if down else -1)
    return f"M{x:.1f} {start:.1f}C{x:.1f} {start + bend:.1f} {to:.1f} {end - bend:.1f} {to:.1f} {end:.1f}"
