"""Pictures drawn from facts, as SVG whose words are links and whose colours are the page's."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from annotator.writing.escape import Html, join

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDE, _NARROW, _COLUMNS = 960, 380, 3
_HEIGHT, _GAP, _INDENT, _LETTER = 44, 8, 24, 7.6
_DROP = 34
"""Room for the arrows below a box that spans all columns."""


class Step(msgspec.Struct, frozen=True):
    """A step of the pipeline: its number and title, its page, and the symbol that it is about."""

    number: str
    title: str
    href: str
    symbol: str = ""


class _Box(msgspec.Struct, frozen=True):
    step: Step
    x: float
    y: float
    width: float
    top: bool = False


class _Drawing(msgspec.Struct, frozen=True):
    boxes: tuple[_Box, ...]
    lines: tuple[str, ...]
    height: float


def pipeline(steps: tuple[Step, ...], *, wide: bool) -> Html:
    """The steps in their order: those without sub-steps across, the others as columns below.

    Numbers such as `2.2.4.1` tell which step is part of which. The narrow drawing has one column.
    Empty if there are no steps.
    """
    if not steps:
        return Html("")
    families = _families(steps)
    columns = [family for family in families if len(family) > 1]
    if wide and len(columns) <= _COLUMNS:
        return _svg(_side_by_side(families, columns), _WIDE, steps)
    return _svg(_below(families), _NARROW if not wide else _WIDE, steps)


def _families(steps: tuple[Step, ...]) -> list[tuple[Step, ...]]:
    """The steps by the part of the number that all of them have."""
    depth = min(step.number.count(".") for step in steps) + 1
    grouped = groupby(steps, key=lambda step: step.number.split(".")[:depth])
    return [tuple(family) for _, family in grouped]


def _side_by_side(families: list[tuple[Step, ...]], columns: list[tuple[Step, ...]]) -> _Drawing:
    boxes: list[_Box] = []
    lines: list[str] = []
    y = 1.0
    for family in families:
        if len(family) == 1:
            boxes.append(_Box(family[0], 1, y, _WIDE - 2, top=True))
            y += _HEIGHT + _DROP
    width = (_WIDE - 2 - 2 * _DROP * (len(columns) - 1)) / max(len(columns), 1)
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
    return _Drawing(tuple(boxes), tuple(lines), max(heights))


def _below(families: list[tuple[Step, ...]]) -> _Drawing:
    boxes: list[_Box] = []
    lines: list[str] = []
    y = 1.0
    for family in families:
        if y > 1:
            lines.append(f"M{_NARROW / 2} {y - _GAP}v{_DROP - _GAP - 3}")
            y += _DROP - 2 * _GAP
        drawn = _column(family, 1, y, _NARROW - 2)
        boxes += drawn.boxes
        lines += drawn.lines
        y = drawn.height
    return _Drawing(tuple(boxes), tuple(lines), y)


def _column(family: tuple[Step, ...], x: float, y: float, width: float) -> _Drawing:
    """One step with its parts below it, each as far to the right as its number is deep."""
    boxes: list[_Box] = []
    lines: list[str] = []
    parents: dict[int, _Box] = {}
    joints: dict[int, float] = {}
    base = min(step.number.count(".") for step in family)
    for step in family:
        depth = step.number.count(".") - base
        box = _Box(step, x + depth * _INDENT, y, width - depth * _INDENT, top=depth == 0)
        if parent := parents.get(depth - 1):
            lines.append(f"M{parent.x + _INDENT / 2} {joints[depth - 1]}V{y + _HEIGHT / 2}H{box.x - 3}")
            joints[depth - 1] = y + _HEIGHT / 2
        parents[depth] = box
        joints[depth] = y + _HEIGHT
        boxes.append(box)
        y += _HEIGHT + _GAP
    return _Drawing(tuple(boxes), tuple(lines), y)


def _svg(drawing: _Drawing, width: float, steps: tuple[Step, ...]) -> Html:
    kind = "wide" if width == _WIDE else "narrow"
    told = "; ".join(f"{step.number} {step.title}" for step in steps)
    return Html(
        '<svg class="picture picture-%s" viewBox="0 0 %s %s" role="group" aria-labelledby="pipeline-%s" '
        'xmlns="http://www.w3.org/2000/svg" fill="none" stroke="currentColor">'
        '<title id="pipeline-%s">The pipeline, step by step</title><desc>%s</desc>'
        '<defs><marker id="arrow-%s" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0L8 4L0 8z" class="picture-tip"/></marker></defs>'
    ) % (kind, Html(f"{width:g}"), Html(f"{drawing.height:g}"), kind, kind, told, kind) + join(
        _drawn(drawing, kind)
    )


def _drawn(drawing: _Drawing, kind: str) -> Iterator[Html]:
    for line in drawing.lines:
        yield Html('<path class="picture-line" d="%s" marker-end="url(#arrow-%s)"/>') % (Html(line), kind)
    for box in drawing.boxes:
        yield _box(box)
    yield Html("</svg>")


def _box(box: _Box) -> Html:
    step = box.step
    name = f"{step.number} {step.title}" + (f": {step.symbol}" if step.symbol else "")
    room = box.width - 24
    left = box.x + 14 + 9 * len(step.number) + 8
    middle = box.y + (19 if step.symbol else _HEIGHT / 2 + 5)
    return Html(
        '<a href="%s" class="picture-step%s"><title>%s</title>'
        '<rect x="%s" y="%s" width="%s" height="%s" rx="7"/>'
    ) % (
        step.href,
        Html(" picture-top" if box.top else ""),
        name,
        *(Html(f"{number:g}") for number in (box.x, box.y, box.width, _HEIGHT)),
    ) + join(
        (
            _text("picture-number", box.x + 12, middle, step.number),
            _text("picture-title", left, middle, _cut(step.title, room - (left - box.x - 12))),
            _text("picture-symbol", left, box.y + 36, _cut(step.symbol, room - (left - box.x - 12))),
            Html("</a>"),
        )
    )


def _text(kind: str, x: float, y: float, text: str) -> Html:
    place = Html(f'class="{kind}" x="{x:g}" y="{y:g}"')
    return Html("<text %s>%s</text>") % (place, text) if text else Html("")


def _cut(text: str, room: float) -> str:
    """As much of the text as the room, in pixels, surely holds."""
    most = max(int(room / _LETTER), 1)
    return text if len(text) <= most else text[: most - 1] + "…"
