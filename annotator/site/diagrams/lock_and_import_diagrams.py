"""Diagrams of boxes in layers, of locks or of imports, whose arrows pass between the boxes."""

from __future__ import annotations

from collections import defaultdict
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
    height_of,
    svg,
)
from annotator.site.markup import Html

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

_LOW, _GAP, _PAD = 32, 20, 8
"""The least height of a box, and the room between boxes and around them in a row."""

_WIDEST = 230

_TRACK, _SLOT, _CHANNEL = 7, 4, 10
"""The room between arrows side by side, across and down, and around all between two lines of boxes."""

_MOST = {True: 6, False: 2}
"""Boxes that stand side by side at the most: in a wide picture, and in a narrow one."""


def layer_diagram(
    found: Layers,
    steps: Mapping[str, DiagramStep],
    about: DiagramTitle,
    top: Collection[str] = (),
    *,
    wide: bool,
    most: int = 0,
) -> Html:
    """Draw the rows below one another, with arrows that pass between the boxes.

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
    width = WIDE if wide else NARROW
    lines = tuple(_lines(found.rows, steps, width, (most if wide else 0) or _MOST[wide]))
    routes = _Routes(lines, found, width)
    boxes: dict[str, Box] = {}
    bands = []
    y = 1.0
    for row in range(len(found.rows)):
        begin = y
        for at, line in enumerate(lines):
            if line.row == row:
                y += _PAD if y == begin else 0
                boxes |= {
                    box.node: msgspec.structs.replace(box, y=y, top=box.node in top) for box in line.boxes
                }
                y += line.height + routes.height(at)
        bands.append(
            Band(begin, max(boxes[node].y + boxes[node].height for node in found.rows[row]) + _PAD - begin)
        )
    links = (
        NodeLink(routes.path(edge, boxes), *edge, quiet=edge in found.implied) for edge in sorted(found.edges)
    )
    drawing = Drawing(tuple(boxes.values()), (), y + _PAD, links=tuple(links), bands=tuple(bands))
    return svg(drawing, width, about, wide=wide)


class _Line(msgspec.Struct, frozen=True):
    """Boxes side by side, without their place from above; a row of a picture has one line or several."""

    row: int
    boxes: tuple[Box, ...]
    height: float


def _lines(
    rows: Iterable[tuple[str, ...]], steps: Mapping[str, DiagramStep], width: float, most: int
) -> Iterator[_Line]:
    for number, row in enumerate(rows):
        count = -(-len(row) // -(-len(row) // most))
        for nodes in (row[at : at + count] for at in range(0, len(row), count)):
            room = width - 2 * _PAD - _GAP * (len(nodes) + 1)
            each = min(room / len(nodes), _WIDEST)
            x = (width - len(nodes) * each - _GAP * (len(nodes) - 1)) / 2
            height = max(height_of(steps[node], each, _LOW) for node in nodes)
            boxes = (
                Box(steps[node], x + at * (each + _GAP), 0, each, height=height, node=node)
                for at, node in enumerate(nodes)
            )
            yield _Line(number, tuple(boxes), height)


class _Stretch(msgspec.Struct, frozen=True):
    """The part of an arrow below a line of boxes: the edge, the line, and where it begins and ends."""

    edge: tuple[str, str]
    line: int
    begin: float
    end: float


class _Routes:
    """The way of each arrow: across below a line of boxes, then through a gap in the next line."""

    def __init__(self, lines: tuple[_Line, ...], layers: Layers, width: float) -> None:
        edges = layers.edges
        self._lines = lines
        self._implied = layers.implied
        self._width = width
        self._at = {box.node: (number, box) for number, line in enumerate(lines) for box in line.boxes}
        self._passing: dict[tuple[int, int], list[float]] = defaultdict(list)
        self._ports = self._spread_ports(edges)
        proper_first = sorted(edges, key=lambda edge: (edge in layers.implied, edge))
        self._stretches = {edge: tuple(self._route(edge)) for edge in proper_first}
        self._tracks = self._assign_tracks()

    def height(self, line: int) -> float:
        """Return the room below a line of boxes."""
        tracks = [track for (_, number), track in self._tracks.items() if number == line]
        return 2 * _CHANNEL + _TRACK * (max(tracks, default=0) + 1)

    def path(self, edge: tuple[str, str], boxes: Mapping[str, Box]) -> str:
        """Return the path of an arrow between boxes in their places."""
        one, other = (boxes[node] for node in edge)
        stretches = self._stretches[edge]
        down = stretches[0].line >= self._at[edge[0]][0]
        into = stretches[-1].line < self._at[edge[1]][0]
        points = [(stretches[0].begin, one.y + one.height if down else one.y)]
        for stretch in stretches:
            line = boxes[self._lines[stretch.line].boxes[0].node]
            y = line.y + line.height + _CHANNEL + _TRACK * self._tracks[edge, stretch.line]
            points += [(stretch.begin, y), (stretch.end, y)]
        points.append((stretches[-1].end, other.y - 3 if into else other.y + other.height + 3))
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)

    def _spread_ports(self, edges: Edges) -> Mapping[tuple[str, str, bool], float]:
        """Return where each arrow leaves and enters its boxes, in the order of the boxes it comes from."""
        ends: dict[tuple[str, bool], list[tuple[float, str, str]]] = defaultdict(list)
        for one, other in edges:
            (above, first), (below, last) = self._at[one], self._at[other]
            ends[one, above <= below].append((last.x, one, other))
            ends[other, above >= below].append((first.x, one, other))
        ports = {}
        for (node, _), found in ends.items():
            box = self._at[node][1]
            for place, (_, one, other) in enumerate(sorted(found), 1):
                ports[one, other, node == one] = box.x + box.width * place / (len(found) + 1)
        return ports

    def _route(self, edge: tuple[str, str]) -> Iterator[_Stretch]:
        start, end = self._at[edge[0]][0], self._at[edge[1]][0]
        x, last = self._ports[*edge, True], self._ports[*edge, False]
        # The room below a line is called by the line's number.
        channels = range(start, max(end, start + 1)) if start <= end else range(start - 1, end - 1, -1)
        for place, channel in enumerate(channels):
            left = len(channels) - 1 - place
            through = channel + 1 if start <= end else channel
            to = self._gap(through, x + (last - x) / (left + 1)) if left else last
            yield _Stretch(edge, channel, x, to)
            x = to

    def _gap(self, line: int, wanted: float) -> float:
        """Return a place without a box in a line, near the wanted one."""
        boxes = self._lines[line].boxes
        begins = [0.0, *(box.x + box.width for box in boxes)]
        gaps = zip(begins, [*(box.x for box in boxes), self._width], strict=True)
        number, (begin, end) = min(
            enumerate(gaps), key=lambda gap: abs(min(max(wanted, gap[1][0]), gap[1][1]) - wanted)
        )
        # Arrows through one gap stand side by side as far as it is wide.
        slots = [begin + _SLOT * at for at in range(1, max(int((end - begin) / _SLOT), 2))]
        taken = self._passing[line, number]
        free = [slot for slot in slots if slot not in taken] or slots
        taken.append(min(free, key=lambda slot: abs(slot - wanted)))
        return taken[-1]

    def _assign_tracks(self) -> Mapping[tuple[tuple[str, str], int], int]:
        """Return the track of each stretch: the first in which nothing else is in its way.

        Arrows that follow from others, which are mostly hidden, take no room of their own.
        """
        taken: dict[int, list[list[tuple[float, float]]]] = defaultdict(list)
        found = {}
        stretches = [stretch for route in self._stretches.values() for stretch in route]
        stretches.sort(
            key=lambda one: (one.line, one.edge in self._implied, abs(one.end - one.begin), one.edge)
        )
        for stretch in stretches:
            low, high = sorted((stretch.begin, stretch.end))
            tracks = taken[stretch.line]
            free = (
                at for at, track in enumerate(tracks) if all(high + 4 < a or b + 4 < low for a, b in track)
            )
            at = next(free, len(tracks))
            if tracks and stretch.edge in self._implied:
                at %= len(tracks)
            if at == len(tracks):
                tracks.append([])
            tracks[at].append((low, high))
            found[stretch.edge, stretch.line] = at
        return found


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
    beside: dict[str, set[str]] = defaultdict(set)
    for one, other in edges:
        beside[one].add(other)
        beside[other].add(one)
    places: dict[str, float] = {}

    def middle(node: str) -> tuple[float, str]:
        """Return the middle of the nodes that an edge joins with this one."""
        others = beside[node] or {node}
        return fsum(places[other] for other in others) / len(others), node

    for _ in range(_SWEEPS):
        places |= {node: (at + 0.5) / len(row) for row in rows for at, node in enumerate(row)}
        rows = [sorted(row, key=middle) for row in rows]
    return rows
