"""Rows of what rests on what: each node stands above all that it leads to."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

_SWEEPS = 4
"""Times that the rows are put in order by what their nodes lead to and what leads to them."""

Edges = frozenset[tuple[str, str]]
"""Which node leads to which."""


class Layers(msgspec.Struct, frozen=True):
    """Nodes in rows, the topmost first, and the edges; `implied` ones follow from others."""

    rows: tuple[tuple[str, ...], ...]
    edges: Edges
    implied: Edges


def layers(nodes: Collection[str], edges: Iterable[tuple[str, str]], level: Collection[str] = ()) -> Layers:
    """The rows of a graph; nodes on a circle share a row.

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
    """All that each node leads to, over others too."""
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
    """How many rows are below each node, at least as many as its floor."""
    heights: dict[str, int] = {}
    for node in sorted(nodes, key=lambda one: len(reached[one] - {one})):
        circle = {node, *(other for other in reached[node] if node in reached[other])}
        below = [heights[other] + 1 for other in reached[node] - circle]
        heights[node] = max([*below, *(floors.get(other, 0) for other in circle)])
    return heights


def _is_implied(edge: tuple[str, str], edges: Edges, reached: Mapping[str, frozenset[str]]) -> bool:
    """Whether another way leads from one end to the other, over a node that is on no circle with either."""
    one, other = edge
    between = {middle for start, middle in edges if start == one and other in reached[middle]}
    return any(one not in reached[middle] and middle not in reached[other] for middle in between - {other})


def _ordered(rows: list[list[str]], edges: Edges) -> list[list[str]]:
    """The rows, each in an order in which few edges cross."""
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
