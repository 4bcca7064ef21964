"""Pictures drawn from facts, as SVG whose words are links and whose colours are the page's."""

from __future__ import annotations

from itertools import groupby, takewhile
from typing import TYPE_CHECKING

import msgspec

from annotator.writing.escape import Html, join

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDE, _TREE, _NARROW, _COLUMNS = 960, 720, 380, 3
_HEIGHT, _GAP, _INDENT, _LETTER = 44, 8, 24, 8.4
_SIDE, _LOW, _HEAD = 270, 32, 26
"""Of a drawing with something in the middle: its boxes' width and height, and the room above them."""

_DROP = 34
"""Room for the arrows below a box that spans all columns."""


class Step(msgspec.Struct, frozen=True):
    """A step of the pipeline: its number and title, its page, and the symbol that it is about.

    `mark` is shown in the number's place, where it is given.
    """

    number: str
    title: str
    href: str
    symbol: str = ""
    mark: str = ""

    @property
    def label(self) -> str:
        """What stands before the title."""
        return self.mark or self.number


class _Box(msgspec.Struct, frozen=True):
    step: Step
    x: float
    y: float
    width: float
    top: bool = False
    height: float = 44


class Around(msgspec.Struct, frozen=True):
    """What stands on the two sides of something in the middle, and what the drawing is called."""

    name: str
    title: str
    left: str
    right: str


class _Words(msgspec.Struct, frozen=True):
    text: str
    x: float
    y: float


class _Drawing(msgspec.Struct, frozen=True):
    boxes: tuple[_Box, ...]
    lines: tuple[str, ...]
    height: float
    texts: tuple[_Words, ...] = ()


class _About(msgspec.Struct, frozen=True):
    """What a drawing is called on its page, what it is for those who do not see it, and its steps."""

    name: str
    title: str
    steps: tuple[Step, ...]


def pipeline(steps: tuple[Step, ...], *, wide: bool) -> Html:
    """The steps in their order: those without sub-steps across, the others as columns below.

    Numbers such as `2.2.4.1` tell which step is part of which. The narrow drawing has one column.
    Empty if there are no steps.
    """
    if not steps:
        return Html("")
    families = _families(steps)
    columns = [family for family in families if len(family) > 1]
    about = _About("pipeline", "The pipeline, step by step", steps)
    if wide and len(columns) <= _COLUMNS:
        return _svg(_side_by_side(families, columns), _WIDE, about)
    return _svg(_below(families, _NARROW), _NARROW if not wide else _WIDE, about)


def tree(steps: tuple[Step, ...], title: str, *, wide: bool) -> Html:
    """The steps below one another, each as far to the right as its number is deep.

    Empty if there are no steps.
    """
    if not steps:
        return Html("")
    width = _TREE if wide else _NARROW
    return _svg(_below(_families(steps), width), width, _About("way", title, steps), wide=wide)


def _families(steps: tuple[Step, ...]) -> list[tuple[Step, ...]]:
    """The steps by the part of the number that all of them have."""
    depth = min(step.number.count(".") for step in steps) + 1
    grouped = groupby(steps, key=lambda step: step.number.split(".")[:depth])
    return [tuple(family) for _, family in grouped]


def _after(families: list[tuple[Step, ...]]) -> list[Step]:
    """The steps without sub-steps that come when all columns are told."""
    alone = takewhile(lambda family: len(family) == 1, reversed(families))
    return [family[0] for family in reversed(list(alone))] if len(families) > 1 else []


def _side_by_side(families: list[tuple[Step, ...]], columns: list[tuple[Step, ...]]) -> _Drawing:
    boxes: list[_Box] = []
    lines: list[str] = []
    y = 1.0
    after = _after(families) if columns else []
    for family in families[: len(families) - len(after)]:
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
    boxes += _row(after, max(heights) + _GAP)
    rows = -(-len(after) // _COLUMNS)
    return _Drawing(
        tuple(boxes), tuple(lines), max(heights) + rows * (_HEIGHT + _GAP) + (_GAP if rows else 0)
    )


def _row(steps: list[Step], y: float) -> Iterator[_Box]:
    """Steps side by side, as many in a row as there may be columns."""
    width = (_WIDE - 2 - _GAP * (_COLUMNS - 1)) / _COLUMNS
    for place, step in enumerate(steps):
        row, column = divmod(place, _COLUMNS)
        yield _Box(step, 1 + column * (width + _GAP), y + row * (_HEIGHT + _GAP), width, top=True)


def _below(families: list[tuple[Step, ...]], width: float) -> _Drawing:
    boxes: list[_Box] = []
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


def _svg(drawing: _Drawing, width: float, about: _About, *, wide: bool | None = None) -> Html:
    kind = "wide" if (width == _WIDE if wide is None else wide) else "narrow"
    name = f"{about.name}-{kind}"
    told = "; ".join(f"{step.label} {step.title}".strip() for step in about.steps)
    return Html(
        '<svg class="picture picture-%s picture-of-%s" viewBox="0 0 %s %s" role="group" aria-labelledby="%s" '
        'xmlns="http://www.w3.org/2000/svg" fill="none" stroke="currentColor">'
        '<title id="%s">%s</title><desc>%s</desc>'
        '<defs><marker id="arrow-%s" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0L8 4L0 8z" class="picture-tip"/></marker></defs>'
    ) % (
        kind,
        Html(about.name),
        Html(f"{width:g}"),
        Html(f"{drawing.height:g}"),
        Html(name),
        Html(name),
        about.title,
        told,
        Html(name),
    ) + join(_drawn(drawing, name))


def _drawn(drawing: _Drawing, name: str) -> Iterator[Html]:
    for line in drawing.lines:
        yield Html('<path class="picture-line" d="%s" marker-end="url(#arrow-%s)"/>') % (
            Html(line),
            Html(name),
        )
    for text in drawing.texts:
        yield _text("picture-label", text.x, text.y, text.text)
    for box in drawing.boxes:
        yield _box(box)
    yield Html("</svg>")


def _box(box: _Box) -> Html:
    step = box.step
    name = f"{step.label} {step.title}".strip() + (f": {step.symbol}" if step.symbol else "")
    room = box.width - 24
    left = box.x + 12 + (10 + 9 * len(step.label) if step.label else 0)
    middle = box.y + (19 if step.symbol else box.height / 2 + 5)
    return Html(
        '<a href="%s" class="picture-step%s" aria-label="%s"><title>%s</title>'
        '<rect x="%s" y="%s" width="%s" height="%s" rx="7"/>'
    ) % (
        step.href,
        Html(" picture-top" if box.top else ""),
        name,
        name,
        *(Html(f"{number:g}") for number in (box.x, box.y, box.width, box.height)),
    ) + join(
        (
            _text("picture-number", box.x + 12, middle, step.label),
            _text("picture-title", left, middle, _cut(step.title, room - (left - box.x - 12))),
            _text("picture-symbol", left, box.y + 36, _cut(step.symbol, room - (left - box.x - 12))),
            Html("</a>"),
        )
    )


def stack(steps: tuple[Step, ...], title: str) -> Html:
    """The steps below one another, for narrow windows."""
    boxes = tuple(
        _Box(step, 1, 1 + place * (_LOW + _GAP), _NARROW - 2, height=_LOW) for place, step in enumerate(steps)
    )
    drawing = _Drawing(boxes, (), 1 + len(steps) * (_LOW + _GAP))
    return _svg(drawing, _NARROW, _About("stack", title, steps), wide=False)


def between(center: Step, left: tuple[Step, ...], right: tuple[Step, ...], about: Around) -> Html:
    """Something in the middle, what leads to it on its left, and what it leads to on its right.

    Empty if there is nothing on either side.
    """
    if not (left or right):
        return Html("")
    rows = max(len(left), len(right), 1)
    height = _HEAD + rows * (_LOW + _GAP)
    middle = _HEAD + (height - _HEAD - _GAP - _LOW) / 2
    columns = ((left, 1.0), (right, _WIDE - 1 - _SIDE))
    boxes = [_Box(center, (_WIDE - _SIDE) / 2, middle, _SIDE, top=True, height=_LOW)]
    lines: list[str] = []
    for steps, x in columns:
        top = _HEAD + (rows - len(steps)) * (_LOW + _GAP) / 2
        for place, step in enumerate(steps):
            y = top + place * (_LOW + _GAP)
            boxes.append(_Box(step, x, y, _SIDE, height=_LOW))
            lines.append(_curve(x, y + _LOW / 2, middle + _LOW / 2))
    texts = tuple(
        _Words(text, x, 16.0)
        for text, steps, x in ((about.left, left, 3.0), (about.right, right, _WIDE - _SIDE + 2))
        if steps
    )
    drawing = _Drawing(tuple(boxes), tuple(lines), height, texts)
    steps = (*left, center, *right)
    return _svg(drawing, _WIDE, _About(about.name, about.title, steps))


def _curve(x: float, y: float, middle: float) -> str:
    """An arrow from a box on the left to the middle, or from the middle to a box on the right."""
    if x < _WIDE / 2:
        start, end = x + _SIDE, (_WIDE - _SIDE) / 2 - 3
        return f"M{start:g} {y:g}C{start + 40:g} {y:g} {end - 40:g} {middle:g} {end:g} {middle:g}"
    start, end = (_WIDE + _SIDE) / 2, x - 3
    return f"M{start:g} {middle:g}C{start + 40:g} {middle:g} {end - 40:g} {y:g} {end:g} {y:g}"


class Arrow(msgspec.Struct, frozen=True):
    """A change from one state to another, and the step that makes it."""

    before: str
    after: str
    step: Step


def life(arrows: tuple[Arrow, ...], title: str, *, wide: bool) -> Html:
    """States below one another, and beside each what leads away from it, in the order given."""
    if not arrows:
        return Html("")
    width = _TREE if wide else _NARROW
    state = width * (0.16 if wide else 0.24)
    boxes: list[_Box] = []
    lines: list[str] = []
    texts: list[_Words] = []
    y = 1.0
    for arrow in arrows:
        middle = y + _HEIGHT / 2
        texts.append(_Words(arrow.before, 4, middle + 5))
        texts.append(_Words(arrow.after, width - state + 16, middle + 5))
        if arrow.before:
            lines.append(f"M{4 + 8.5 * len(arrow.before):g} {middle:g}H{state - 3:g}")
        lines.append(f"M{width - state:g} {middle:g}h10")
        boxes.append(_Box(arrow.step, state, y, width - 2 * state, top=True))
        y += _HEIGHT + _GAP
    drawing = _Drawing(tuple(boxes), tuple(lines), y, tuple(texts))
    about = _About("life", title, tuple(arrow.step for arrow in arrows))
    return _svg(drawing, width, about, wide=wide)


def _text(kind: str, x: float, y: float, text: str) -> Html:
    place = Html(f'class="{kind}" x="{x:g}" y="{y:g}"')
    return Html("<text %s>%s</text>") % (place, text) if text else Html("")


def _cut(text: str, room: float) -> str:
    """As much of the text as the room, in pixels, surely holds."""
    most = max(int(room / _LETTER), 1)
    return text if len(text) <= most else text[: most - 1] + "…"
