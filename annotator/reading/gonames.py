"""The identifiers and calls of a Go declaration as they are written; what they mean is binding's."""

from __future__ import annotations

import msgspec
from tree_sitter import Node

from annotator.model import Declaration
from annotator.reading import gosyntax
from annotator.reading.gosyntax import place, text

_IDENTIFIERS = frozenset({"identifier", "field_identifier", "type_identifier", "package_identifier"})


class Mention(msgspec.Struct, frozen=True, gc=False):
    """An identifier: its name, byte offsets, 1-based line and column, and whether it is called."""

    name: str
    start: int
    end: int
    line: int
    column: int
    call: bool


def identifiers(data: bytes, declaration: Declaration) -> tuple[Mention, ...]:
    """Every identifier within a declaration of a file, names that it declares included, in order."""
    root = gosyntax.root_of(data)
    where = declaration.span
    found = root.descendant_for_byte_range(where.start, where.end) if root is not None else None
    mentions: list[Mention] = []
    called: set[int] = set()
    todo = [found] if found is not None else []
    while todo:
        node = todo.pop()
        if node.type in _IDENTIFIERS and where.start <= node.start_byte and node.end_byte <= where.end:
            name = text(data, node)
            mentions.append(Mention(name, node.start_byte, node.end_byte, *place(node), node.id in called))
        elif node.type == "call_expression":
            called.add(callee(node).id)
        todo += reversed(node.named_children)
    return tuple(mentions)


def calls(data: bytes, declaration: Declaration) -> tuple[Mention, ...]:
    """The called names within a declaration: `New` of `store.New()`; conversions look the same."""
    return tuple(mention for mention in identifiers(data, declaration) if mention.call)


def callee(call: Node) -> Node:
    """The node that names what a call expression calls, or the expression that it calls."""
    function = call.child_by_field_name("function")
    while function is not None and function.type == "parenthesized_expression" and function.named_child_count:
        function = function.named_child(0)
    if function is not None and function.type == "selector_expression":
        function = function.child_by_field_name("field")
    return function if function is not None else call
