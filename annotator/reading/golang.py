"""Go source: bytes to a Document of declarations."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from annotator.model import Declaration, Document, Import, Kind, Span
from annotator.reading import gocomments, gosyntax
from annotator.reading.goclosures import bound_closures
from annotator.reading.gosyntax import one_line, span, text

# Anonymous structs in anonymous structs: each level repeats its owners' names.
MAX_NESTING = 8
# A signature is for reading; the longest of moby has about 300 characters.
MAX_WRITTEN = 2000

_KINDS = {
    "struct_type": Kind.STRUCT,
    "interface_type": Kind.INTERFACE,
    "function_type": Kind.FUNCTYPE,
}
_WRAPPERS = frozenset({"pointer_type", "parenthesized_type", "slice_type", "array_type", "map_type"})
_TYPE_NAMES = frozenset({"type_identifier", "qualified_type", "generic_type"})
_SPECS = frozenset({"type_spec", "type_alias", "const_spec", "var_spec"})


def read(data: bytes) -> Document:
    """What a Go file says.

    Never raises: what cannot be read as Go (binary, or larger than `gosyntax.MAX_BYTES`) is a document
    without declarations whose first line is broken.
    """
    lines = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    root = gosyntax.root_of(data)
    if root is None:
        return Document("", (), (), "", lines, (1,))
    package, comments, row = "", [], lines
    imports: list[Import] = []
    for node in root.named_children:
        if node.type == "package_clause":
            package, row = _package(data, node), node.start_point[0]
        elif node.type == "import_declaration":
            imports += _imports(data, node)
        elif node.type == "comment":
            if not package:
                comments.append(node)
        elif package:
            break
    declarations = _broken_file(data, root) if root.has_error else _all(data, root)
    return Document(
        package,
        tuple(imports),
        tuple(declarations),
        gocomments.constraint(data, comments, row),
        lines,
        gosyntax.broken_lines(root) if root.has_error else (),
    )


def _package(data: bytes, clause: Node) -> str:
    names = clause.named_children
    return text(data, names[0]) if names else ""


def _imports(data: bytes, node: Node) -> Iterator[Import]:
    specs = node.named_children
    if specs and specs[0].type == "import_spec_list":
        specs = specs[0].named_children
    for spec in specs:
        path = spec.child_by_field_name("path") if spec.type == "import_spec" else None
        if path is not None:
            alias = spec.child_by_field_name("name")
            yield Import(
                text(data, path).strip('"`'),
                text(data, alias) if alias is not None else "",
                path.start_point[0] + 1,
            )


# ── Top level ────────────────────────────────────────────────────────────────────────────────────


def _all(data: bytes, root: Node) -> Iterator[Declaration]:
    for node, doc in gocomments.documented(root.named_children):
        yield from _declared(data, node, doc)


def _broken_file(data: bytes, root: Node) -> Iterator[Declaration]:
    """The declarations of a file with syntax errors: whole ones as they are, the rest piece by piece."""
    start = line = 0
    for node, doc in gocomments.documented(root.named_children if root.type != "ERROR" else ()):
        if node.has_error:
            continue
        yield from _pieces(data, start, node.start_byte, line)
        yield from _declared(data, node, doc)
        start, line = node.end_byte, node.end_point[0]
    yield from _pieces(data, start, len(data), line)


def _pieces(data: bytes, start: int, end: int, line: int) -> Iterator[Declaration]:
    for root in gosyntax.pieces(data, start, end, line):
        for node in root.named_children:
            yield from _declared(data, node, None)


def _declared(data: bytes, node: Node, doc: Span | None) -> Iterator[Declaration]:
    """The declarations of one top-level node; none, if it is something else."""
    match node.type:
        case "function_declaration" | "method_declaration":
            yield from _function(data, node, doc)
        case "type_declaration" | "const_declaration" | "var_declaration":
            yield from _specs(data, node, doc)


def _function(data: bytes, node: Node, doc: Span | None) -> Iterator[Declaration]:
    name = node.child_by_field_name("name")
    receiver = node.child_by_field_name("receiver")
    owner, pointer = _receiver(data, receiver) if receiver is not None else ("", False)
    if name is None or name.is_missing or (receiver is not None and not owner):
        return
    body = node.child_by_field_name("body")
    head_end = body.start_byte if body is not None else node.end_byte
    called = text(data, name)
    row, column = name.start_point
    yield Declaration(
        Kind.FUNC if receiver is None else Kind.METHOD,
        called,
        owner,
        row + 1,
        column + 1,
        span(node),
        doc,
        one_line(data, node.start_byte, head_end)[:MAX_WRITTEN],
        gocomments.doc_text(data, doc) if doc is not None else "",
        pointer=pointer,
        members=bound_closures(data, body, f"{owner}.{called}" if owner else called)
        if body is not None
        else (),
    )


def _receiver(data: bytes, parameters: Node) -> tuple[str, bool]:
    """The bare type of a receiver, and whether it is a pointer; no type if it is not a plain name."""
    pointer = False
    node = parameters.named_child(0) if parameters.named_child_count else None
    node = node.child_by_field_name("type") if node is not None else None
    while node is not None and node.type not in _TYPE_NAMES:
        pointer = pointer or node.type == "pointer_type"
        node = node.named_child(0) if node.type in _WRAPPERS and node.named_child_count else None
    if node is not None and node.type == "generic_type":
        node = node.child_by_field_name("type")
    return (
        (text(data, node), pointer) if node is not None and node.type == "type_identifier" else ("", pointer)
    )


# ── Types, constants, variables ──────────────────────────────────────────────────────────────────


def _specs(data: bytes, node: Node, doc: Span | None) -> Iterator[Declaration]:
    """The declarations of `type …`, `const …` or `var …`, grouped or not."""
    children = node.children
    keyword = children[0].type
    group = children[1] if len(children) > 1 and children[1].type in ("(", "var_spec_list") else None
    if group is None:
        for spec in node.named_children:
            yield from _spec(data, spec, keyword, span(node), doc)
        return
    inside = group if group.type == "var_spec_list" else node
    specs = [
        found
        for found in gocomments.documented(inside.named_children, group.start_point[0])
        if found[0].type in _SPECS
    ]
    for spec, own in specs:
        yield from _spec(data, spec, keyword, span(spec), own or (doc if len(specs) == 1 else None))


def _spec(data: bytes, spec: Node, keyword: str, where: Span, doc: Span | None) -> Iterator[Declaration]:
    if spec.type in ("type_spec", "type_alias"):
        yield from _type(data, spec, where, doc)
    elif spec.type in _SPECS:
        yield from _values(data, spec, keyword, where, doc)


def _type(data: bytes, spec: Node, where: Span, doc: Span | None) -> Iterator[Declaration]:
    name, kind_node = spec.child_by_field_name("name"), spec.child_by_field_name("type")
    if name is None or name.is_missing or kind_node is None:
        return
    called = text(data, name)
    kind = _KINDS.get(kind_node.type, Kind.TYPE)
    composite = kind in (Kind.STRUCT, Kind.INTERFACE)
    head_end = kind_node.start_byte if composite else kind_node.end_byte
    row, column = name.start_point
    yield Declaration(
        kind,
        called,
        "",
        row + 1,
        column + 1,
        where,
        doc,
        f"type {one_line(data, spec.start_byte, head_end)}{f' {kind}' if composite else ''}"[:MAX_WRITTEN],
        gocomments.doc_text(data, doc) if doc is not None else "",
        "" if composite else one_line(data, kind_node.start_byte, kind_node.end_byte)[:MAX_WRITTEN],
        members=_members(data, kind_node, called, 1) if composite else (),
    )


def _values(data: bytes, spec: Node, keyword: str, where: Span, doc: Span | None) -> Iterator[Declaration]:
    kind = Kind.CONST if keyword == "const" else Kind.VAR
    type_node, value = spec.child_by_field_name("type"), spec.child_by_field_name("value")
    written = _written(data, type_node)
    said = gocomments.doc_text(data, doc) if doc is not None else ""
    names = _names(spec)
    for name in names:
        called = text(data, name)
        row, column = name.start_point
        yield Declaration(
            kind,
            called,
            "",
            row + 1,
            column + 1,
            where,
            doc,
            f"{keyword} {called} {written}".rstrip(),
            said,
            written,
            members=bound_closures(data, value, called) if value is not None and len(names) == 1 else (),
        )


def _names(spec: Node) -> list[Node]:
    return [name for name in spec.children_by_field_name("name") if name.is_named and not name.is_missing]


def _written(data: bytes, node: Node | None) -> str:
    return one_line(data, node.start_byte, node.end_byte)[:MAX_WRITTEN] if node is not None else ""


# ── Fields and interface methods ─────────────────────────────────────────────────────────────────


def _members(data: bytes, node: Node, owner: str, depth: int) -> tuple[Declaration, ...]:
    """The fields of a struct or the elements of an interface."""
    if node.type == "interface_type":
        elements = gocomments.documented(node.named_children, node.start_point[0])
        return tuple(found for element, doc in elements for found in _element(data, element, owner, doc))
    lists = node.named_children
    if not lists:
        return ()
    fields = gocomments.documented(lists[0].named_children, lists[0].start_point[0])
    return tuple(found for field, doc in fields for found in _field(data, field, owner, doc, depth))


def _field(data: bytes, node: Node, owner: str, doc: Span | None, depth: int) -> Iterator[Declaration]:
    type_node = node.child_by_field_name("type") if node.type == "field_declaration" else None
    if type_node is None:
        return
    names = _names(node)
    written = _written(data, type_node)
    if not names:
        bare = _bare(type_node)
        if bare is not None:
            star = "*" if node.children[0].type == "*" else ""
            yield _member(data, Kind.FIELD, bare, owner, node, doc, f"{star}{written}", "", embedded=True)
        return
    inner = _anonymous(type_node) if len(names) == 1 and depth < MAX_NESTING else None
    members = _members(data, inner, f"{owner}.{text(data, names[0])}", depth + 1) if inner is not None else ()
    for name in names:
        yield _member(data, Kind.FIELD, name, owner, node, doc, written, written, members=members)


def _element(data: bytes, node: Node, owner: str, doc: Span | None) -> Iterator[Declaration]:
    if node.type == "method_elem":
        name = node.child_by_field_name("name")
        if name is not None and not name.is_missing:
            rest = one_line(data, name.end_byte, node.end_byte)[:MAX_WRITTEN]
            yield _member(data, Kind.IMETHOD, name, owner, node, doc, f"func{rest}", rest)
    elif node.type == "type_elem" and node.named_child_count == 1:
        bare = _bare(node.named_children[0])
        if bare is not None:
            yield _member(data, Kind.IMETHOD, bare, owner, node, doc, _written(data, node), "", embedded=True)


def _member(
    data: bytes,
    kind: Kind,
    name: Node,
    owner: str,
    node: Node,
    doc: Span | None,
    written: str,
    rest: str,
    *,
    embedded: bool = False,
    members: tuple[Declaration, ...] = (),
) -> Declaration:
    called = text(data, name)
    row, column = name.start_point
    gap = "" if rest.startswith("(") and kind is Kind.IMETHOD else " "
    return Declaration(
        kind,
        called,
        owner,
        row + 1,
        column + 1,
        span(node),
        doc,
        written if embedded else f"{called}{gap}{rest}",
        gocomments.doc_text(data, doc) if doc is not None else "",
        written,
        embedded=embedded,
        members=members,
    )


def _bare(node: Node) -> Node | None:
    """The name that an embedded type goes by: `C` of `pkg.C`, `E` of `E[int]`."""
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
