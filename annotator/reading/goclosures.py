"""Closures of a Go function that are bound to a name."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from annotator.model import Declaration, Kind, Span
from annotator.reading.gosyntax import one_line, place, span, text

# Closures in closures: each level repeats its owners' names.
MAX_NESTING = 16

_FUNC = re.compile(rb"\bfunc\b")
_BINDINGS = frozenset({"short_var_declaration", "assignment_statement", "var_spec"})


def bound_closures(data: bytes, body: Node, owner: str) -> tuple[Declaration, ...]:
    """The closures bound to a name anywhere in a body, nested ones inside their own.

    `owner` is the enclosing function's symbol.
    """
    places = [match.start() for match in _FUNC.finditer(data, body.start_byte, body.end_byte)]
    found = [bound for node in _bindings(body, places) for bound in _bound(node)] if places else ()
    return _nested(sorted(found, key=lambda bound: bound.closure.start_byte), data, owner) if found else ()


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


@dataclass(frozen=True, slots=True)
class _Bound:
    """A closure, the name that it is bound to, and the first node of its declaration.

    That is the name, unless the statement binds several: then it is the closure alone.
    """

    name: Node
    closure: Node
    first: Node


def _bound(node: Node) -> Iterator[_Bound]:
    """The closures that a statement binds."""
    value = node.child_by_field_name("right") or node.child_by_field_name("value")
    left = node.child_by_field_name("left")
    names = _plain(left.named_children if left is not None else node.children_by_field_name("name"))
    for name, closure in zip(names, _plain(value.named_children if value is not None else []), strict=False):
        if closure.type == "func_literal" and name.type == "identifier":
            yield _Bound(name, closure, name if len(names) == 1 else closure)


def _plain(nodes: list[Node]) -> list[Node]:
    return [node for node in nodes if node.is_named and node.type != "comment"]


class _Open:
    """A closure whose end is not reached yet, its symbol, and what is declared in it."""

    __slots__ = ("bound", "declarations", "symbol")

    def __init__(self, symbol: str, bound: _Bound) -> None:
        self.symbol, self.bound = symbol, bound
        self.declarations: list[Declaration] = []


def _nested(found: list[_Bound], data: bytes, owner: str) -> tuple[Declaration, ...]:
    """Closures, in source order, as declarations: those within a closure as its members."""
    outermost: list[Declaration] = []
    stack: list[_Open] = []
    for bound in found:
        _close(stack, data, outermost, bound.closure.start_byte)
        if len(stack) < MAX_NESTING:
            above = stack[-1].symbol if stack else owner
            stack.append(_Open(f"{above}.{text(data, bound.name)}", bound))
    _close(stack, data, outermost, len(data))
    return tuple(outermost)


def _close(stack: list[_Open], data: bytes, outermost: list[Declaration], at: int) -> None:
    """Takes from the stack the closures that end at or before an offset."""
    while stack and stack[-1].bound.closure.end_byte <= at:
        done = stack.pop()
        siblings = stack[-1].declarations if stack else outermost
        siblings.append(_declaration(data, done))


def _declaration(data: bytes, closed: _Open) -> Declaration:
    bound = closed.bound
    owner, _, called = closed.symbol.rpartition(".")
    body = bound.closure.child_by_field_name("body")
    end = body.start_byte if body is not None else bound.closure.end_byte
    head = one_line(data, bound.closure.start_byte, end)
    first, last = span(bound.first), span(bound.closure)
    return Declaration(
        Kind.CLOSURE,
        called,
        owner,
        *place(bound.name),
        Span(first.start, last.end, first.line, last.end_line),
        signature=f"{called} := {head}",
        type=head,
        members=tuple(closed.declarations),
    )
