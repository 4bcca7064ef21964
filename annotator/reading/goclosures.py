"""Closures of a Go function that are bound to a name."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from tree_sitter import Node

from annotator.model import Declaration, Kind
from annotator.reading.gosyntax import one_line, span, text

# Closures in closures: each level repeats its owners' names.
MAX_NESTING = 16

_FUNC = re.compile(rb"\bfunc\b")
_BINDINGS = frozenset({"short_var_declaration", "assignment_statement", "var_spec"})


def bound_closures(data: bytes, body: Node, owner: str) -> tuple[Declaration, ...]:
    """The closures bound to a name anywhere in a body, nested ones inside their own.

    `owner` is the enclosing function's symbol.
    """
    places = [match.start() for match in _FUNC.finditer(data, body.start_byte, body.end_byte)]
    found = [pair for node in _bindings(body, places) for pair in _pairs(node)] if places else ()
    return _nested(sorted(found, key=lambda pair: pair[1].start_byte), data, owner) if found else ()


def _bindings(body: Node, places: list[int]) -> Iterator[Node]:
    """The nodes that bind names to values, on the way to the places of the word `func`.

    A query of tree-sitter finds the same, but in quadratic time where closures nest deeply.
    """
    todo = [body]
    while todo:
        node = todo.pop()
        at = bisect_left(places, node.start_byte)
        if at < len(places) and places[at] < node.end_byte:
            todo += node.named_children
            if node.type in _BINDINGS:
                yield node


def _pairs(node: Node) -> Iterator[tuple[Node, Node]]:
    """Each name of a binding with the closure it is given."""
    value = node.child_by_field_name("right") or node.child_by_field_name("value")
    left = node.child_by_field_name("left")
    names = left.named_children if left is not None else node.children_by_field_name("name")
    names = [name for name in names if name.is_named and name.type != "comment"]
    values = [item for item in value.named_children if item.type != "comment"] if value is not None else []
    for name, item in zip(names, values, strict=False):
        if item.type == "func_literal" and name.type == "identifier":
            yield name, item


class _Open:
    """A closure whose end is not reached yet, and the closures found in it."""

    __slots__ = ("end", "inside", "name", "node", "owner")

    def __init__(self, owner: str, end: int, name: Node | None = None, node: Node | None = None) -> None:
        self.owner, self.end, self.name, self.node = owner, end, name, node
        self.inside: list[Declaration] = []


def _nested(pairs: list[tuple[Node, Node]], data: bytes, owner: str) -> tuple[Declaration, ...]:
    """The pairs, in source order, as declarations: those within a closure as its members."""
    stack = [_Open(owner, len(data) + 1)]
    for name, node in pairs:
        _close(stack, data, node.start_byte)
        if len(stack) <= MAX_NESTING:
            outer = stack[-1]
            path = outer.owner if outer.name is None else f"{outer.owner}.{text(data, outer.name)}"
            stack.append(_Open(path, node.end_byte, name, node))
    _close(stack, data, len(data))
    return tuple(stack[0].inside)


def _close(stack: list[_Open], data: bytes, at: int) -> None:
    """Takes from the stack the closures that end at or before an offset."""
    while stack[-1].end <= at:
        done = stack.pop()
        stack[-1].inside.append(_declaration(data, done))


def _declaration(data: bytes, closure: _Open) -> Declaration:
    name, node = closure.name, closure.node
    assert name is not None  # noqa: S101 - only the outermost has none, and it never closes
    assert node is not None  # noqa: S101
    called = text(data, name)
    body = node.child_by_field_name("body")
    head = one_line(data, node.start_byte, body.start_byte if body is not None else node.end_byte)
    row, column = name.start_point
    return Declaration(
        Kind.CLOSURE,
        called,
        closure.owner,
        row + 1,
        column + 1,
        span(node),
        signature=f"{called} := {head}",
        type=head,
        members=tuple(closure.inside),
    )
