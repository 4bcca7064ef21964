"""The members of Go's types: fields of structs, elements of interfaces."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from annotator.model import Declaration, Kind, Span
from annotator.reading.gocomments import doc_text, documented
from annotator.reading.gosyntax import names_of, place, span, text, written

# Anonymous structs in anonymous structs: each level repeats its owners' names.
MAX_NESTING = 8

KINDS = {
    "struct_type": Kind.STRUCT,
    "interface_type": Kind.INTERFACE,
    "function_type": Kind.FUNCTYPE,
}
# What a field's type may wrap around a struct that it spells out; its element comes last.
_WRAPPERS = frozenset({"pointer_type", "parenthesized_type", "slice_type", "array_type", "map_type"})


def members(data: bytes, node: Node, owner: str, depth: int = 1) -> tuple[Declaration, ...]:
    """The fields of a struct or the elements of an interface; `owner` is the type's symbol."""
    if node.type == "interface_type":
        elements = documented(node.named_children, node.start_point[0])
        return tuple(found for element, doc in elements for found in _element(data, element, owner, doc))
    lists = node.named_children
    if not lists:
        return ()
    fields = documented(lists[0].named_children, lists[0].start_point[0])
    return tuple(found for field, doc in fields for found in _field(data, field, owner, doc, depth))


def _field(data: bytes, node: Node, owner: str, doc: Span | None, depth: int) -> Iterator[Declaration]:
    kind = node.child_by_field_name("type") if node.type == "field_declaration" else None
    if kind is None:
        return
    names = names_of(node)
    if not names:
        yield from _embedded(data, node, owner, doc)
        return
    inside = _anonymous(kind) if len(names) == 1 and depth < MAX_NESTING else None
    typed = written(data, kind)
    for name in names:
        called = text(data, name)
        yield Declaration(
            Kind.FIELD,
            called,
            owner,
            *place(name),
            span(node),
            doc,
            f"{called} {typed}",
            doc_text(data, doc),
            typed,
            members=members(data, inside, f"{owner}.{called}", depth + 1) if inside is not None else (),
        )


def _element(data: bytes, node: Node, owner: str, doc: Span | None) -> Iterator[Declaration]:
    if node.type == "type_elem" and node.named_child_count == 1:
        yield from _embedded(data, node, owner, doc)
    name = node.child_by_field_name("name") if node.type == "method_elem" else None
    if name is None or name.is_missing:
        return
    head = written(data, node)
    yield Declaration(
        Kind.IMETHOD,
        text(data, name),
        owner,
        *place(name),
        span(node),
        doc,
        head,
        doc_text(data, doc),
        f"func{head[len(text(data, name)) :]}",
    )


def _embedded(data: bytes, node: Node, owner: str, doc: Span | None) -> Iterator[Declaration]:
    """An embedded field or interface, by the bare name that it goes by."""
    named = node.child_by_field_name("type") or node.named_children[0]
    name = _bare(named)
    if name is None:
        return
    star = "*" if node.children[0].type == "*" else ""
    typed = f"{star}{written(data, named)}"
    yield Declaration(
        Kind.FIELD if node.type == "field_declaration" else Kind.IMETHOD,
        text(data, name),
        owner,
        *place(name),
        span(node),
        doc,
        typed,
        doc_text(data, doc),
        typed,
        embedded=True,
    )


def _bare(node: Node) -> Node | None:
    """`C` of `pkg.C`, `E` of `E[int]`; None of a union or of what is no name."""
    if node.type == "generic_type":
        node = node.child_by_field_name("type") or node
    if node.type == "qualified_type":
        node = node.child_by_field_name("name") or node
    return node if node.type == "type_identifier" and not node.is_missing else None


def _anonymous(node: Node) -> Node | None:
    """The struct or interface that a field's type spells out, if it does."""
    while node.type in _WRAPPERS and node.named_child_count:
        node = node.named_children[-1]
    return node if node.type in ("struct_type", "interface_type") else None
