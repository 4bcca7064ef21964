"""Go source: bytes to a Document of declarations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from tree_sitter import Node

from annotator.model import Declaration, Document, Import, Kind, Span, walked
from annotator.reading import gosyntax, gotypes
from annotator.reading.goclosures import bound_closures
from annotator.reading.gocomments import constraint, doc_text, documented
from annotator.reading.gosyntax import names_of, one_line, place, span, text, written

_SPECS = frozenset({"type_spec", "type_alias", "const_spec", "var_spec"})
_RECEIVER_WRAPPERS = frozenset({"pointer_type", "parenthesized_type"})


class Head(NamedTuple):
    """What a Go file says before its first declaration: its package's name, imports and build constraint."""

    package: str = ""
    imports: tuple[Import, ...] = ()
    constraint: str = ""


def read(data: bytes) -> Document:
    """What a Go file says.

    Never raises: what cannot be read as Go (binary, or larger than `gosyntax.MAX_BYTES`) is a document
    without declarations whose first line is broken.
    """
    lines = data.count(b"\n") + (bool(data) and not data.endswith(b"\n"))
    root = gosyntax.root_of(data)
    if root is None:
        return Document("", (), (), "", lines, (1,))
    first = _head(data, root.named_children)
    broken = root.has_error
    return Document(
        first.package,
        first.imports,
        tuple(_broken_file(data, root) if broken else declarations(data, root)),
        first.constraint,
        lines,
        gosyntax.broken_lines(root) if broken else (),
    )


def by_place(declarations: Iterable[Declaration]) -> Mapping[tuple[int, int], Declaration]:
    """Declarations and members by the line and column of their names."""
    return {(found.line, found.column): found for found in walked(declarations)}


# ── Package and imports ──────────────────────────────────────────────────────────────────────────


def head(data: bytes) -> Head:
    """What a Go file says before its first declaration; what follows is not parsed."""
    first = data[: gosyntax.first_margin(data)]
    root = gosyntax.root_of(first)
    return _head(first, root.named_children) if root is not None else Head()


def _head(data: bytes, nodes: list[Node]) -> Head:
    package, constrained = "", ""
    imports: list[Import] = []
    comments: list[Node] = []
    for node in nodes:
        if node.type == "comment":
            comments.append(node)
        elif node.type == "package_clause":
            package = text(data, node.named_children[0]) if node.named_children else ""
            constrained = constraint(data, comments, node.start_point[0])
        elif node.type == "import_declaration":
            imports += _imports(data, node)
        elif imports or package:
            break
    return Head(package, tuple(imports), constrained)


def _imports(data: bytes, node: Node) -> Iterator[Import]:
    specs = node.named_children
    if specs and specs[0].type == "import_spec_list":
        specs = specs[0].named_children
    for spec in specs:
        path = spec.child_by_field_name("path") if spec.type == "import_spec" else None
        if path is not None:
            alias = spec.child_by_field_name("name")
            named = text(data, alias) if alias is not None else ""
            yield Import(text(data, path).strip('"`'), named, path.start_point[0] + 1)


# ── Top level ────────────────────────────────────────────────────────────────────────────────────


def declarations(data: bytes, root: Node) -> Iterator[Declaration]:
    """What is declared at the top level of a sound tree."""
    for node, doc in documented(root.named_children):
        yield from _declared(data, node, doc)


def _broken_file(data: bytes, root: Node) -> Iterator[Declaration]:
    """The declarations of a file with syntax errors: whole ones as they are, the rest piece by piece.

    Statements of an unclosed function lie about as if at top level, but never at the margin.
    """
    at_margin = [found for found in documented(root.named_children) if found[0].start_point[1] == 0]
    whole = [found for found in at_margin if found[0].type in _DECLARATIONS and not found[0].has_error]
    ends = [0, *(node.end_byte for node, _ in whole)]
    starts = [*(node.start_byte for node, _ in whole), len(data)]
    for piece in gosyntax.pieces(data, list(zip(ends, starts, strict=True))):
        whole += (found for found in documented(piece.named_children) if found[0].start_point[1] == 0)
    for node, doc in sorted(whole, key=lambda found: found[0].start_byte):
        yield from _declared(data, node, doc)


def _declared(data: bytes, node: Node, doc: Span | None) -> Iterator[Declaration]:
    """The declarations of one top-level node; none, if it is something else."""
    reader = _DECLARATIONS.get(node.type)
    if reader is not None:
        yield from reader(data, node, doc)


# ── Functions ────────────────────────────────────────────────────────────────────────────────────


def _function(
    data: bytes, node: Node, doc: Span | None, owner: str = "", *, pointer: bool = False
) -> Iterator[Declaration]:
    name = node.child_by_field_name("name")
    if name is None or name.is_missing:
        return
    body = node.child_by_field_name("body")
    called = text(data, name)
    symbol = f"{owner}.{called}" if owner else called
    yield Declaration(
        Kind.METHOD if owner else Kind.FUNC,
        called,
        owner,
        *place(name),
        span(node),
        doc,
        one_line(data, node.start_byte, body.start_byte if body is not None else node.end_byte),
        doc_text(data, doc),
        pointer=pointer,
        members=bound_closures(data, body, symbol) if body is not None else (),
        head_end=body.start_byte if body is not None else node.end_byte,
    )


def _method(data: bytes, node: Node, doc: Span | None) -> Iterator[Declaration]:
    """A method; none, if its receiver is not of a type of this package."""
    receiver = node.child_by_field_name("receiver")
    parameter = receiver.named_child(0) if receiver is not None and receiver.named_child_count else None
    owner = parameter.child_by_field_name("type") if parameter is not None else None
    pointer = owner is not None and owner.type == "pointer_type"
    while owner is not None and owner.type in _RECEIVER_WRAPPERS and owner.named_child_count:
        owner = owner.named_child(0)
    if owner is not None and owner.type == "generic_type":
        owner = owner.child_by_field_name("type")
    if owner is not None and owner.type == "type_identifier" and not owner.is_missing:
        yield from _function(data, node, doc, text(data, owner), pointer=pointer)


# ── Types, constants, variables ──────────────────────────────────────────────────────────────────


def _specs(data: bytes, node: Node, doc: Span | None) -> Iterator[Declaration]:
    """The declarations of `type …`, `const …` or `var …`, grouped or not."""
    keyword, *rest = node.children
    group = rest[0] if rest and rest[0].type in ("(", "var_spec_list") else None
    if group is None:
        for spec in node.named_children:
            yield from _spec(data, spec, keyword.type, span(node), doc)
        return
    inside = group if group.type == "var_spec_list" else node
    found = documented(inside.named_children, group.start_point[0])
    specs = [(spec, own) for spec, own in found if spec.type in _SPECS]
    for spec, own in specs:
        yield from _spec(data, spec, keyword.type, span(spec), own or (doc if len(specs) == 1 else None))


def _spec(data: bytes, spec: Node, keyword: str, where: Span, doc: Span | None) -> Iterator[Declaration]:
    if keyword == "type":
        yield from _type(data, spec, where, doc)
    elif spec.type in _SPECS:
        yield from _values(data, spec, keyword, where, doc)


def _type(data: bytes, spec: Node, where: Span, doc: Span | None) -> Iterator[Declaration]:
    name, defined = spec.child_by_field_name("name"), spec.child_by_field_name("type")
    if name is None or name.is_missing or defined is None:
        return
    called = text(data, name)
    kind = gotypes.KINDS.get(defined.type, Kind.TYPE)
    composite = kind in (Kind.STRUCT, Kind.INTERFACE)
    head = one_line(data, spec.start_byte, defined.start_byte if composite else defined.end_byte)
    yield Declaration(
        kind,
        called,
        "",
        *place(name),
        where,
        doc,
        f"type {head} {kind}" if composite else f"type {head}",
        doc_text(data, doc),
        "" if composite else written(data, defined),
        members=gotypes.members(data, defined, called) if composite else (),
    )


def _values(data: bytes, spec: Node, keyword: str, where: Span, doc: Span | None) -> Iterator[Declaration]:
    kind = Kind.CONST if keyword == "const" else Kind.VAR
    typed = written(data, spec.child_by_field_name("type"))
    value = spec.child_by_field_name("value")
    names = names_of(spec)
    for name in names:
        called = text(data, name)
        yield Declaration(
            kind,
            called,
            "",
            *place(name),
            where,
            doc,
            f"{keyword} {called} {typed}".rstrip(),
            doc_text(data, doc),
            typed,
            members=bound_closures(data, value, called) if value is not None and len(names) == 1 else (),
        )


_DECLARATIONS: dict[str, Callable[[bytes, Node, Span | None], Iterator[Declaration]]] = {
    "function_declaration": _function,
    "method_declaration": _method,
    "type_declaration": _specs,
    "const_declaration": _specs,
    "var_declaration": _specs,
}
