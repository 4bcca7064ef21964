"""Pipeline, call tree, neighbours and life-cycle diagrams."""

from __future__ import annotations

from itertools import groupby, takewhile
from typing import TYPE_CHECKING

import msgspec

from annotator.site.diagrams.svg import (
    NARROW,
    ROW,
    TREE,
    WIDE,
    Box,
    DiagramStep,
    DiagramTitle,
    Drawing,
    Label,
    rows_of,
    svg,
)
from annotator.site.markup import Html

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_NEIGHBOURS = 9
"""Boxes on one side of a drawing of neighbours; the callers choose these."""

_COLUMNS = 3
_HEIGHT, _GAP = 44, 8
_INDENT, _LITTLE = 24, 12
"""How far to the right a part stands: in a wide picture, and in one that has no room for more."""

_SIDE, _LOW, _HEAD = 270, 32, 26
"""Of a drawing with something in the middle: its boxes' width and height, and the room above them."""

_DROP = 34
"""Room for the arrows below a box that spans all columns."""


class NeighboursTitle(msgspec.Struct, frozen=True):
    """The headings of the two sides of a neighbours diagram, and its title."""

    name: str
    title: str
    left: str
    right: str


def pipeline_diagram(steps: tuple[DiagramStep, ...], *, wide: bool) -> Html:
    """Draw the steps in order: those without sub-steps across, the others as columns below.

    Numbers such as `2.2.4.1` tell which step is part of which. The narrow drawing has one column.
    Empty if there are no steps.
    """
    if not steps:
        return Html("")
    families = _families(steps)
    columns = [family for family in families if len(family) > 1]
    about = DiagramTitle("pipeline", "The pipeline, step by step", steps)
    if wide and len(columns) <= _COLUMNS:
        return svg(_side_by_side(families, columns), WIDE, about)
    return svg(_below(families, NARROW), NARROW if not wide else WIDE, about)


def call_tree(steps: tuple[DiagramStep, ...], title: str, *, wide: bool) -> Html:
    """Draw the steps below one another, indented by the depth of their numbers.

    Empty if there are no steps.
    """
    if not steps:
        return Html("")
    width = TREE if wide else NARROW
    return svg(_below(_families(steps), width), width, DiagramTitle("way", title, steps), wide=wide)


def _families(steps: tuple[DiagramStep, ...]) -> list[tuple[DiagramStep, ...]]:
    """Return the steps by the part of the number that all of them have."""
    depth = min(step.number.count(".") for step in steps) + 1
    grouped = groupby(steps, key=lambda step: step.number.split(".")[:depth])
    return [tuple(family) for _, family in grouped]


def _after(families: list[tuple[DiagramStep, ...]]) -> list[DiagramStep]:
    """Return the steps without sub-steps that come after all columns."""
    alone = takewhile(lambda family: len(family) == 1, reversed(families))
    return [family[0] for family in reversed(list(alone))] if len(families) > 1 else []


def _side_by_side(families: list[tuple[DiagramStep, ...]], columns: list[tuple[DiagramStep, ...]]) -> Drawing:
    boxes: list[Box] = []
    lines: list[str] = []
    y = 1.0
    after = _after(families) if columns else []
    for family in families[: len(families) - len(after)]:
        if len(family) == 1:
            boxes.append(Box(family[0], 1, y, WIDE - 2, top=True))
            y += _HEIGHT + _DROP
    width = (WIDE - 2 - 2 * _DROP * (len(columns) - 1)) / max(len(columns), 1)
    heights = [y]
    for place, column in enumerate(columns):
        x = 1 + place * (width + 2 * _DROP)
        drawn = _column(column, x, y, width)
        boxes += drawn.boxes
        lines += drawn.lines
        heights.append(drawn.height)
        if y > 1:
            lines.append(f"M{x + width / 2} {y - _DROP}v{_DROP - 3}")
        if place:
            lines.append(f"M{x - 2 * _DROP} {y + _HEIGHT / 2}h{2 * _DROP - 3}")
    boxes += _row(after, max(heights) + _GAP)
    rows = -(-len(after) // _COLUMNS)
    return Drawing(tuple(boxes), tuple(lines), max(heights) + rows * (_HEIGHT + _GAP) + (_GAP if rows else 0))


def _row(steps: list[DiagramStep], y: float) -> Iterator[Box]:
    """Yield boxes side by side, as many in a row as there are columns."""
    width = (WIDE - 2 - _GAP * (_COLUMNS - 1)) / _COLUMNS
    for place, step in enumerate(steps):
        row, column = divmod(place, _COLUMNS)
        yield Box(step, 1 + column * (width + _GAP), y + row * (_HEIGHT + _GAP), width, top=True)


def _below(families: list[tuple[DiagramStep, ...]], width: float) -> Drawing:
    boxes: list[Box] = []
    lines: list[str] = []
    y = 1.0
    for family in families:
        if y > 1:
            lines.append(f"M{width / 2} {y - _GAP}v{_DROP - _GAP - 3}")
            y += _DROP - 2 * _GAP
        drawn = _column(family, 1, y, width - 2)
        boxes += drawn.boxes
        lines += drawn.lines
        y = drawn.height
    return Drawing(tuple(boxes), tuple(lines), y)


def _column(family: tuple[DiagramStep, ...], x: float, y: float, width: float) -> Drawing:
    """Draw one step with its parts below it, indented by the depth of their numbers."""
    boxes: list[Box] = []
    lines: list[str] = []
    parents: dict[int, Box] = {}
    joints: dict[int, float] = {}
    base = min(step.number.count(".") for step in family)
    indent = _LITTLE if width < NARROW else _INDENT
    for step in family:
        depth = step.number.count(".") - base
        room = width - depth * indent
        rows = rows_of(step, room)
        height = _HEIGHT + ROW * (rows - 1)
        box = Box(step, x + depth * indent, y, room, top=depth == 0, height=height, rows=rows)
        if parent := parents.get(depth - 1):
            lines.append(f"M{parent.x + indent / 2} {joints[depth - 1]}V{y + _HEIGHT / 2}H{box.x - 3}")
            joints[depth - 1] = y + _HEIGHT / 2
        parents[depth] = box
        joints[depth] = y + height
        boxes.append(box)
        y += height + _GAP
    return Drawing(tuple(boxes), tuple(lines), y)


def stacked_diagram(steps: tuple[DiagramStep, ...], title: str) -> Html:
    """Draw the steps below one another, for narrow windows."""
    boxes = tuple(
        Box(step, 1, 1 + place * (_LOW + _GAP), NARROW - 2, height=_LOW) for place, step in enumerate(steps)
    )
    drawing = Drawing(boxes, (), 1 + len(steps) * (_LOW + _GAP))
    return svg(drawing, NARROW, DiagramTitle("stack", title, steps), wide=False)


def neighbours_diagram(
    center: DiagramStep, left: tuple[DiagramStep, ...], right: tuple[DiagramStep, ...], about: NeighboursTitle
) -> Html:
    """Draw a box in the middle, with its predecessors on the left and its successors on the right.

    Empty if there is nothing on either side.
    """
    if not (left or right):
        return Html("")
    rows = max(len(left), len(right), 1)
    height = _HEAD + rows * (_LOW + _GAP)
    middle = _HEAD + (height - _HEAD - _GAP - _LOW) / 2
    columns = ((left, 1.0), (right, WIDE - 1 - _SIDE))
    boxes = [Box(center, (WIDE - _SIDE) / 2, middle, _SIDE, top=True, height=_LOW)]
    lines: list[str] = []
    for steps, x in columns:
        top = _HEAD + (rows - len(steps)) * (_LOW + _GAP) / 2
        for place, step in enumerate(steps):
            y = top + place * (_LOW + _GAP)
            boxes.append(Box(step, x, y, _SIDE, height=_LOW))
            lines.append(_curve(x, y + _LOW / 2, middle + _LOW / 2))
    texts = tuple(
        Label(text, x, 16.0)
        for text, steps, x in ((about.left, left, 3.0), (about.right, right, WIDE - _SIDE + 2))
        if steps
    )
    drawing = Drawing(tuple(boxes), tuple(lines), height, texts)
    steps = (*left, center, *right)
    return svg(drawing, WIDE, DiagramTitle(about.name, about.title, steps))


def _curve(x: float, y: float, middle: float) -> str:
    """Return the path of an arrow between the middle box and one at a side."""
    if x < WIDE / 2:
        start, end = x + _SIDE, (WIDE - _SIDE) / 2 - 3
        return f"M{start:g} {y:g}C{start + 40:g} {y:g} {end - 40:g} {middle:g} {end:g} {middle:g}"
    start, end = (WIDE + _SIDE) / 2, x - 3
    return f"M{start:g} {middle:g}C{start + 40:g} {middle:g} {end - 40:g} {y:g} {end:g} {y:g}"


class Transition(msgspec.Struct, frozen=True):
    """A change from one state to another, and the step that makes it."""

    before: str
    after: str
    step: DiagramStep


def life_cycle_diagram(arrows: tuple[Transition, ...], title: str, *, wide: bool) -> Html:
    """Draw the states below one another, each with the transitions from it on its right."""
    if not arrows:
        return Html("")
    width = TREE if wide else NARROW
    state = width * (0.16 if wide else 0.24)
    boxes: list[Box] = []
    lines: list[str] = []
    texts: list[Label] = []
    y = 1.0
    for arrow in arrows:
        middle = y + _HEIGHT / 2
        texts.append(Label(arrow.before, 4, middle + 5))
        texts.append(Label(arrow.after, width - state + 16, middle + 5))
        if arrow.before:
            lines.append(f"M{4 + 8.5 * len(arrow.before):g} {middle:g}H{state - 3:g}")
        lines.append(f"M{width - state:g} {middle:g}h10")
        boxes.append(Box(arrow.step, state, y, width - 2 * state, top=True))
        y += _HEIGHT + _GAP
    drawing = Drawing(tuple(boxes), tuple(lines), y, tuple(texts))
    about = DiagramTitle("life", title, tuple(arrow.step for arrow in arrows))
    return svg(drawing, width, about, wide=wide)
