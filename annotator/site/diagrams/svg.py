"""Boxes, arrows and text as SVG."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import msgspec

from annotator.site.markup import Html, join

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDE, TREE, NARROW = 960, 720, 380
"""Widths of pictures; one as wide as `WIDE` is shown on wide windows."""

_LETTER, _CODE = 8.4, 7.25
"""Width of a letter of a title, at the most, and of a symbol's name, in pixels."""

_ROW, _CODE_ROW = 18, 16
"""Heights of a further row of a title, and of a symbol's name, in pixels."""

_BREAK = re.compile(
    r"(?<=[./_:-])(?=\w)|(?<=[a-z0-9])(?=[A-Z])|(?<=\s)(?=\S)|(?<=[\u3001-\u9fff\uff01-\uff60])(?=[\w\u201c])"
)
"""Where text may go on in the next row: at blanks, within names, which are long words, and in Chinese."""

_PADDING = 12
"""Between a box's edge and its words, in pixels."""


class DiagramStep(msgspec.Struct, frozen=True):
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
        """The text before the title."""
        return self.mark or self.number


class Box(msgspec.Struct, frozen=True):
    """A step in its place, in pixels; `top` sets it apart, and `node` is what its links go by.

    Its height, which `height_of` tells, has room for all its words.
    """

    step: DiagramStep
    x: float
    y: float
    width: float
    top: bool = False
    height: float = 44
    node: str = ""


class Label(msgspec.Struct, frozen=True):
    """Text outside the boxes; it begins at `x` and `y`."""

    text: str
    x: float
    y: float


class NodeLink(msgspec.Struct, frozen=True):
    """An arrow from one node to another; a quiet one shows when a reader asks for one of its ends."""

    path: str
    before: str
    after: str
    quiet: bool = False


class Band(msgspec.Struct, frozen=True):
    """A background stripe behind a row of boxes."""

    y: float
    height: float


class Drawing(msgspec.Struct, frozen=True):
    """All that is drawn, and how high it is; `lines` are the paths of arrows."""

    boxes: tuple[Box, ...]
    lines: tuple[str, ...]
    height: float
    texts: tuple[Label, ...] = ()
    links: tuple[NodeLink, ...] = ()
    bands: tuple[Band, ...] = ()


class DiagramTitle(msgspec.Struct, frozen=True):
    """A drawing's title, its description for people who cannot see it, and its steps."""

    name: str
    title: str
    steps: tuple[DiagramStep, ...]
    told: str = ""

    @property
    def description(self) -> str:
        """The text for screen readers: the given one, or else the steps in order."""
        return self.told or "; ".join(f"{step.label} {step.title}".strip() for step in self.steps)


def svg(drawing: Drawing, width: float, about: DiagramTitle, *, wide: bool) -> Html:
    """Return the SVG of a drawing; its class says whether it is for wide windows."""
    kind = "wide" if wide else "narrow"
    name = f"{about.name}-{kind}"
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
        about.description,
        Html(name),
    ) + join(_drawn(drawing, name))


def _drawn(drawing: Drawing, name: str) -> Iterator[Html]:
    for band in drawing.bands:
        yield Html('<rect class="picture-band" x="0" y="%s" width="100%%" height="%s" rx="9"/>') % (
            Html(f"{band.y:g}"),
            Html(f"{band.height:g}"),
        )
    for link in drawing.links:
        yield Html(
            '<path class="picture-line%s" d="%s" data-before="%s" data-after="%s" '
            'marker-end="url(#arrow-%s)"/>'
        ) % (
            Html(" picture-quiet" if link.quiet else ""),
            Html(link.path),
            link.before,
            link.after,
            Html(name),
        )
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


def _box(box: Box) -> Html:
    step = box.step
    name = f"{step.label} {step.title}".strip() + (f": {step.symbol}" if step.symbol else "")
    left = box.x + _before_title(step)
    room = _room(step, box.width)
    rows, symbol = _rows(step.title, room, _LETTER), _rows(step.symbol, room, _CODE)
    first = box.y + (19 if symbol else box.height / 2 + 5 - (len(rows) - 1) * _ROW / 2)
    below = box.y + box.height - 8 - (len(symbol) - 1) * _CODE_ROW
    return Html(
        '<a href="%s" class="picture-step%s"%s><title>%s</title>'
        '<rect x="%s" y="%s" width="%s" height="%s" rx="7"/>'
    ) % (
        step.href,
        Html(" picture-top" if box.top else ""),
        Html(' data-node="%s"') % box.node if box.node else Html(""),
        name,
        *(Html(f"{number:g}") for number in (box.x, box.y, box.width, box.height)),
    ) + join(
        (
            _text("picture-number", box.x + _PADDING, first, step.label),
            *(_text("picture-title", left, first + at * _ROW, text) for at, text in enumerate(rows)),
            *(_text("picture-symbol", left, below + at * _CODE_ROW, text) for at, text in enumerate(symbol)),
            Html("</a>"),
        )
    )


def _text(kind: str, x: float, y: float, text: str) -> Html:
    place = Html(f'class="{kind}" x="{x:g}" y="{y:g}"')
    return Html("<text %s>%s</text>") % (place, text) if text else Html("")


def height_of(step: DiagramStep, width: float, least: float) -> float:
    """Return the height of a box of that width which holds all words of a step, and at least `least`."""
    room = _room(step, width)
    height = 14 + _ROW * max(len(_rows(step.title, room, _LETTER)), 1)
    if step.symbol:
        height += 12 + _CODE_ROW * (len(_rows(step.symbol, room, _CODE)) - 1)
    return max(height, least)


def _before_title(step: DiagramStep) -> int:
    return _PADDING + (10 + 9 * len(step.label) if step.label else 0)


def _room(step: DiagramStep, width: float) -> float:
    return width - _PADDING - _before_title(step)


def columns(text: str) -> int:
    """Return how many letters are as wide as a text; a Chinese character is as wide as two."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


def _rows(text: str, room: float, letter: float) -> list[str]:
    """Return the whole text in rows that the room, in pixels, surely holds."""
    most = max(int(room / letter), 2)
    rows: list[str] = []
    row = ""
    for piece in _BREAK.split(text.strip()):
        if row and columns(row) + columns(piece.rstrip()) > most:
            rows.append(row.rstrip())
            row = ""
        row += piece
        while columns(row.rstrip()) > most:
            cut = next(at for at in range(len(row), 0, -1) if at == 1 or columns(row[:at]) <= most)
            rows.append(row[:cut])
            row = row[cut:]
    return [*rows, row.rstrip()] if row.strip() else rows
