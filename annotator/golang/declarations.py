"""Declarations of a Go file with their members, named closures and doc comments."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tree_sitter import Node

from annotator.golang import syntax
from annotator.golang.syntax import names_of, one_line, position, span, text, written
from annotator.model.go import Declaration, GoFile, Import, Kind, Span, with_members

# go/ast.CommentGroup.Text drops these lines too: they speak to tools.
_DIRECTIVE = re.compile(r"//(?:line |extern |export |[a-z0-9]+:[a-z0-9])")
_GO_BUILD = re.compile(rb"//go:build[ \t]+(.*)")
_PLUS_BUILD = re.compile(rb"//[ \t]*\+build[ \t]+(.*)")


def documented(children: Iterable[Node], opening_row: int = -1) -> Iterator[tuple[Node, Span | None]]:
    """Every child that is no comment, with the comment block that ends on the line above it.

    A comment on the line of the code before it (or of the brace in `opening_row`, 0-based) belongs
    to that code and documents nothing below.
    """
    first: Node | None = None
    code_row = opening_row
    end_row = end = 0
    for node in children:
        row = node.start_point[0]
        if node.type != "comment":
            yield (
                node,
                Span(first.start_byte, end, first.start_point[0] + 1, row)
                if (first is not None and end_row + 1 == row)
                else None,
            )
            first, code_row = None, node.end_point[0]
        elif row != code_row:
            if first is None or row > end_row + 1:
                first = node
            end_row, end = node.end_point[0], node.end_byte


def doc_text(data: bytes, span: Span | None) -> str:
    """Return a comment block's text as go/ast does: no marks, no directives, no trailing blanks."""
    if span is None:
        return ""
    lines: list[str] = []
    block = False
    for raw in data[span.start : span.end].decode("utf-8", "replace").split("\n"):
        line = raw.strip()
        if block or line.startswith("/*"):
            content = raw if block else line[2:]
            block = not content.rstrip().endswith("*/")
            lines.append(content.rstrip().removesuffix("*/").rstrip())
        elif not _DIRECTIVE.match(line):
            lines.append(line[2:].removeprefix(" ").rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def constraint(data: bytes, comments: list[Node], package_row: int) -> str:
    """Return the build constraint as written: the expression of `//go:build`, else the `+build` lines.

    `comments` are those before the package clause, whose 0-based row is `package_row`; several
    `+build` lines are joined by newlines.
    """
    plus: list[bytes] = []
    for number, node in enumerate(comments):
        if written := _GO_BUILD.match(data, node.start_byte, node.end_byte):
            return _decoded(written[1])
        if (written := _PLUS_BUILD.match(data, node.start_byte, node.end_byte)) and _stands_apart(
            comments[number:], package_row
        ):
            plus.append(written[1])
    return "\n".join(map(_decoded, plus))


def _stands_apart(comments: list[Node], package_row: int) -> bool:
    """Whether a blank line follows the block that the first comment is in."""
    row = comments[0].start_point[0]
    for node in comments:
        if node.start_point[0] > row:
            return True
        row = node.end_point[0] + 1
    return package_row > row


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").strip()


# Closures in closures: each level repeats its owners' names.
MAX_CLOSURE_NESTING = 16

_FUNC = re.compile(rb"\bfunc\b")
_BINDINGS = frozenset({"short_var_declaration", "assignment_statement", "var_spec"})


def bound_closures(data: bytes, body: Node, owner: str) -> tuple[Declaration, ...]:
    """Return the closures that are bound to a name in a body, nested ones as members of their own.

    `owner` is the enclosing function's symbol.
    """
    places = [match.start() for match in _FUNC.finditer(data, body.start_byte, body.end_byte)]
    found = [bound for node in _bindings(body, places) for bound in _bound(node)] if places else ()
    return _nested(sorted(found, key=lambda bound: bound.closure.start_byte), data, owner) if found else ()


def _bindings(body: Node, places: list[int]) -> Iterator[Node]:
    """Yield the nodes that bind names to values and contain the word `func`.

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
    """Return the closures that a statement binds."""
    value = node.child_by_field_name("right") or node.child_by_field_name("value")
    left = node.child_by_field_name("left")
    names = _plain(left.named_children if left is not None else node.children_by_field_name("name"))
    for name, closure in zip(names, _plain(value.named_children if value is not None else []), strict=False):
        if closure.type == "func_literal" and name.type == "identifier":
            yield _Bound(name, closure, name if len(names) == 1 else closure)


def _plain(nodes: list[Node]) -> list[Node]:
    return [node for node in nodes if node.is_named and node.type != "comment"]


class _Open:
    """A closure whose end is not reached yet, its symbol and its members."""

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
        if len(stack) < MAX_CLOSURE_NESTING:
            above = stack[-1].symbol if stack else owner
            stack.append(_Open(f"{above}.{text(data, bound.name)}", bound))
    _close(stack, data, outermost, len(data))
    return tuple(outermost)


def _close(stack: list[_Open], data: bytes, outermost: list[Declaration], at: int) -> None:
    """Take the closures that end at or before an offset from the stack."""
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
        *position(bound.name),
        Span(first.start, last.end, first.line, last.end_line),
        signature=f"{called} := {head}",
        type=head,
        members=tuple(closed.declarations),
    )


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
    """Return the fields of a struct or the elements of an interface; `owner` is the type's symbol."""
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
            *position(name),
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
        *position(name),
        span(node),
        doc,
        head,
        doc_text(data, doc),
        f"func{head[len(text(data, name)) :]}",
    )


def _embedded(data: bytes, node: Node, owner: str, doc: Span | None) -> Iterator[Declaration]:
    """Return an embedded field or interface under its bare name."""
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
        *position(name),
        span(node),
        doc,
        typed,
        doc_text(data, doc),
        typed,
        embedded=True,
    )


def _bare(node: Node) -> Node | None:
    """Return `C` of `pkg.C` and `E` of `E[int]`; None for a union or anything without a name."""
    if node.type == "generic_type":
        node = node.child_by_field_name("type") or node
    if node.type == "qualified_type":
        node = node.child_by_field_name("name") or node
    return node if node.type == "type_identifier" and not node.is_missing else None


def _anonymous(node: Node) -> Node | None:
    """Return the struct or interface literal that is a field's type, or None."""
    while node.type in _WRAPPERS and node.named_child_count:
        node = node.named_children[-1]
    return node if node.type in ("struct_type", "interface_type") else None


_SPECS = frozenset({"type_spec", "type_alias", "const_spec", "var_spec"})
_RECEIVER_WRAPPERS = frozenset({"pointer_type", "parenthesized_type"})


class FileHead(NamedTuple):
    """What a Go file says before its first declaration: its package's name, imports and build constraint."""

    package: str = ""
    imports: tuple[Import, ...] = ()
    constraint: str = ""


def read_go_file(data: bytes) -> GoFile:
    """Parse a Go file.

    Never raises: what cannot be read as Go (binary, or larger than `gosyntax.MAX_BYTES`) is a document
    without declarations whose first line is broken.
    """
    lines = data.count(b"\n") + (bool(data) and not data.endswith(b"\n"))
    root = syntax.root_of(data)
    if root is None:
        return GoFile("", (), (), "", lines, (1,))
    first = _head(data, root.named_children)
    broken = root.has_error
    return GoFile(
        first.package,
        first.imports,
        tuple(_broken_file(data, root) if broken else declarations(data, root)),
        first.constraint,
        lines,
        syntax.broken_lines(root) if broken else (),
    )


def read_function_alone(data: bytes, start: int) -> Declaration | None:
    """Parse the function that begins at an offset at the margin, without the closures in its body.

    Returns:
        None if that needs the whole file.
    """
    root = syntax.function_at(data, start)
    found = [*declarations(data, root)] if root is not None else []
    return found[0] if len(found) == 1 and found[0].span.start == start else None


def by_position(declarations: Iterable[Declaration]) -> Mapping[tuple[int, int], Declaration]:
    """Index declarations and members by the line and column of their names."""
    return {(found.line, found.column): found for found in with_members(declarations)}


# ── Package and imports ──────────────────────────────────────────────────────────────────────────
def read_head(data: bytes) -> FileHead:
    """Parse a Go file up to its first declaration."""
    first = data[: syntax.first_margin(data)]
    root = syntax.root_of(first)
    return _head(first, root.named_children) if root is not None else FileHead()


def _head(data: bytes, nodes: list[Node]) -> FileHead:
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
    return FileHead(package, tuple(imports), constrained)


def _imports(data: bytes, node: Node) -> Iterator[Import]:
    specs = node.named_children
    if specs and specs[0].type == "import_spec_list":
        specs = specs[0].named_children
    for spec in specs:
        path = spec.child_by_field_name("path") if spec.type == "import_spec" else None
        if path is not None:
            alias = spec.child_by_field_name("name")
            named = text(data, alias) if alias is not None else ""
            yield Import(text(data, path).strip('"`'), named)


# ── Top level ────────────────────────────────────────────────────────────────────────────────────
def declarations(data: bytes, root: Node) -> Iterator[Declaration]:
    """Return the top-level declarations of a tree without syntax errors."""
    for node, doc in documented(root.named_children):
        yield from _declared(data, node, doc)


def _broken_file(data: bytes, root: Node) -> Iterator[Declaration]:
    """Return the declarations of a file with syntax errors, re-reading broken stretches piece by piece.

    Statements of an unclosed function lie about as if at top level, but never at the margin.
    """
    at_margin = [found for found in documented(root.named_children) if found[0].start_point[1] == 0]
    whole = [found for found in at_margin if found[0].type in _DECLARATIONS and not found[0].has_error]
    ends = [0, *(node.end_byte for node, _ in whole)]
    starts = [*(node.start_byte for node, _ in whole), len(data)]
    for piece in syntax.pieces(data, list(zip(ends, starts, strict=True))):
        whole += (found for found in documented(piece.named_children) if found[0].start_point[1] == 0)
    for node, doc in sorted(whole, key=lambda found: found[0].start_byte):
        yield from _declared(data, node, doc)


def _declared(data: bytes, node: Node, doc: Span | None) -> Iterator[Declaration]:
    """Return the declarations of one top-level node; none if it declares nothing."""
    reader = _DECLARATIONS.get(node.type)
    if reader is not None:
        yield from reader(data, node, doc)


# ── Functions ────────────────────────────────────────────────────────────────────────────────────
def _function(data: bytes, node: Node, doc: Span | None, owner: str = "") -> Iterator[Declaration]:
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
        *position(name),
        span(node),
        doc,
        one_line(data, node.start_byte, body.start_byte if body is not None else node.end_byte),
        doc_text(data, doc),
        members=bound_closures(data, body, symbol) if body is not None else (),
        head_end=body.start_byte if body is not None else node.end_byte,
    )


def _method(data: bytes, node: Node, doc: Span | None) -> Iterator[Declaration]:
    """Return a method, or nothing if its receiver is not a type of this package."""
    receiver = node.child_by_field_name("receiver")
    parameter = _first(receiver)
    owner = parameter.child_by_field_name("type") if parameter is not None else None
    while owner is not None and owner.type in _RECEIVER_WRAPPERS:
        owner = _first(owner)
    if owner is not None and owner.type == "generic_type":
        owner = owner.child_by_field_name("type")
    if owner is not None and owner.type == "type_identifier" and not owner.is_missing:
        yield from _function(data, node, doc, text(data, owner))


def _first(node: Node | None) -> Node | None:
    """Return the first part of a node that is no comment, or None."""
    return next(iter(_plain(node.named_children)), None) if node is not None else None


# ── Types, constants, variables ──────────────────────────────────────────────────────────────────
def _specs(data: bytes, node: Node, doc: Span | None) -> Iterator[Declaration]:
    """Return the declarations of `type …`, `const …` or `var …`, grouped or not."""
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
    kind = KINDS.get(defined.type, Kind.TYPE)
    composite = kind in (Kind.STRUCT, Kind.INTERFACE)
    head = one_line(data, spec.start_byte, defined.start_byte if composite else defined.end_byte)
    yield Declaration(
        kind,
        called,
        "",
        *position(name),
        where,
        doc,
        f"type {head} {kind}" if composite else f"type {head}",
        doc_text(data, doc),
        "" if composite else written(data, defined),
        members=members(data, defined, called) if composite else (),
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
            *position(name),
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
