"""Pipeline, call tree, neighbours and life-cycle diagrams."""

from __future__ import annotations

from itertools import groupby, takewhile
from typing import TYPE_CHECKING

import msgspec

from annotator.site.diagrams.svg import (
    NARROW,
    TREE,
    WIDE,
    Box,
    DiagramStep,
    DiagramTitle,
    Drawing,
    Label,
    columns,
    height_of,
    svg,
)
from annotator.site.language import _
from annotator.site.markup import Html

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
    about = DiagramTitle("pipeline", _("The pipeline, step by step"), steps)
    if wide and len(columns) <= _COLUMNS:
        return svg(_side_by_side(families, columns), WIDE, about, wide=True)
    return svg(_below(families, NARROW), WIDE if wide else NARROW, about, wide=wide)


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
            boxes.append(
                Box(family[0], 1, y, WIDE - 2, top=True, height=height_of(family[0], WIDE - 2, _HEIGHT))
            )
            y += boxes[-1].height + _DROP
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
    bottom = max(heights)
    width = (WIDE - 2 - _GAP * (_COLUMNS - 1)) / _COLUMNS
    for row in (after[at : at + _COLUMNS] for at in range(0, len(after), _COLUMNS)):
        bottom += _GAP
        height = max(height_of(step, width, _HEIGHT) for step in row)
        boxes += (
            Box(step, 1 + column * (width + _GAP), bottom, width, top=True, height=height)
            for column, step in enumerate(row)
        )
        bottom += height
    return Drawing(tuple(boxes), tuple(lines), bottom + (_GAP if after else 0))


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
        height = height_of(step, room, _HEIGHT)
        box = Box(step, x + depth * indent, y, room, top=depth == 0, height=height)
        if parent := parents.get(depth - 1):
            lines.append(f"M{parent.x + indent / 2} {joints[depth - 1]}V{y + _HEIGHT / 2}H{box.x - 3}")
            joints[depth - 1] = y + _HEIGHT / 2
        parents[depth] = box
        joints[depth] = y + height
        boxes.append(box)
        y += height + _GAP
    return Drawing(tuple(boxes), tuple(lines), y)


def pairs_diagram(groups: tuple[tuple[DiagramStep, ...], ...], about: DiagramTitle) -> Html:
    """Draw groups of steps for narrow windows: the first of each on the left, with arrows to the others."""
    width = (NARROW - 2 - _DROP) / 2
    boxes: list[Box] = []
    lines: list[str] = []
    y = 1.0
    for first, *others in groups:
        height = height_of(first, width, _HEIGHT)
        boxes.append(Box(first, 1, y, width, top=bool(others), height=height))
        start = y + height / 2
        bottom = y + height + _GAP
        for other in others:
            size = height_of(other, width, _HEIGHT)
            boxes.append(Box(other, NARROW - 1 - width, y, width, height=size))
            end = start if other is others[0] else y + size / 2
            lines.append(f"M{1 + width:g} {start:g}h{_DROP / 2:g}V{end:g}H{NARROW - 4 - width:g}")
            y += size + _GAP
        y = max(y, bottom) + (_GAP if others else 0)
    return svg(Drawing(tuple(boxes), tuple(lines), y), NARROW, about, wide=False)


def _stack(steps: tuple[DiagramStep, ...], x: float, y: float, width: float) -> Iterator[Box]:
    """Yield boxes below one another."""
    for step in steps:
        height = height_of(step, width, _LOW)
        yield Box(step, x, y, width, height=height)
        y += height + _GAP


def _bottom(boxes: Sequence[Box], top: float) -> float:
    return boxes[-1].y + boxes[-1].height if boxes else top


def neighbours_diagram(
    center: DiagramStep,
    left: tuple[DiagramStep, ...],
    right: tuple[DiagramStep, ...],
    about: NeighboursTitle,
    *,
    wide: bool = True,
) -> Html:
    """Draw a box in the middle, with its predecessors on the left and its successors on the right.

    The narrow drawing has them above and below it. Empty if there is nothing on either side.
    """
    if not (left or right):
        return Html("")
    title = DiagramTitle(about.name, about.title, (*left, center, *right))
    if not wide:
        return svg(_neighbours_below(center, left, right, about), NARROW, title, wide=False)
    columns = [tuple(_stack(left, 1, _HEAD, _SIDE)), tuple(_stack(right, WIDE - 1 - _SIDE, _HEAD, _SIDE))]
    size = height_of(center, _SIDE, _LOW)
    bottom = max(_bottom(column, _HEAD + size) for column in columns)
    middle = Box(center, (WIDE - _SIDE) / 2, (_HEAD + bottom - size) / 2, _SIDE, top=True, height=size)
    boxes, lines = [middle], []
    for column in columns:
        shift = (bottom - _bottom(column, bottom)) / 2
        for box in column:
            boxes.append(msgspec.structs.replace(box, y=box.y + shift))
            lines.append(_curve(box.x, boxes[-1].y + box.height / 2, middle.y + size / 2))
    texts = tuple(
        Label(text, x, 16.0)
        for text, steps, x in ((about.left, left, 3.0), (about.right, right, WIDE - _SIDE + 2))
        if steps
    )
    return svg(Drawing(tuple(boxes), tuple(lines), bottom + _GAP, texts), WIDE, title, wide=True)


def _neighbours_below(
    center: DiagramStep, left: tuple[DiagramStep, ...], right: tuple[DiagramStep, ...], about: NeighboursTitle
) -> Drawing:
    boxes: list[Box] = []
    lines: list[str] = []
    texts: list[Label] = []
    y = 1.0
    for text, steps in ((about.left, left), ("", (center,)), (about.right, right)):
        if not steps:
            continue
        if boxes:
            lines.append(f"M{NARROW / 2} {y - _GAP:g}v{_DROP - 3}")
            y += _DROP - _GAP
        if text:
            texts.append(Label(text, 3, y + 13))
            y += _HEAD - _GAP
        boxes += _stack(steps, 1, y, NARROW - 2)
        if steps == (center,):
            boxes[-1] = msgspec.structs.replace(boxes[-1], top=True)
        y = _bottom(boxes, y) + _GAP
    return Drawing(tuple(boxes), tuple(lines), y, tuple(texts))


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
        height = height_of(arrow.step, width - 2 * state, _HEIGHT)
        middle = y + height / 2
        texts.append(Label(arrow.before, 4, middle + 5))
        texts.append(Label(arrow.after, width - state + 16, middle + 5))
        if arrow.before:
            lines.append(f"M{4 + 8.5 * columns(arrow.before):g} {middle:g}H{state - 3:g}")
        lines.append(f"M{width - state:g} {middle:g}h10")
        boxes.append(Box(arrow.step, state, y, width - 2 * state, top=True, height=height))
        y += height + _GAP
    drawing = Drawing(tuple(boxes), tuple(lines), y, tuple(texts))
    about = DiagramTitle("life", title, tuple(arrow.step for arrow in arrows))
    return svg(drawing, width, about, wide=wide)
