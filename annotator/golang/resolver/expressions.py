"""Types of expressions; fields and methods of types."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from tree_sitter import Node

from annotator.golang.resolver.packages import PackageSymbol, ParsedFile
from annotator.golang.resolver.types import (
    MAX_DEPTH,
    ChannelType,
    Context,
    FunctionType,
    MapType,
    NamedType,
    PackageName,
    PointerType,
    SliceType,
    TupleType,
    Type,
    TypeLiteral,
    TypeName,
    TypeResolver,
    only_child,
)
from annotator.golang.syntax import names_of
from annotator.model.go import FUNCTION_KINDS, TYPE_KINDS, Declaration


@dataclass(frozen=True, slots=True)
class SelectedMember:
    """A field, or a method of an interface: its declaration, if the document has it, and its node."""

    declaration: Declaration | None
    node: Node
    context: Context


@dataclass(frozen=True, slots=True)
class _Elements:
    """The members of a struct or interface literal by name, and the types it embeds."""

    named: dict[str, list[tuple[Node, Node]]]
    embedded: list[Node | None]


def _read(spelled: Node, file: ParsedFile) -> _Elements:
    read = _Elements(defaultdict(list), [])
    for node in elements(spelled):
        names = names_of(node)
        if not names:
            inner = only_embedded(node)
            bare = _bare(inner)
            read.embedded.append(inner)
            names = [bare] if node.type == "field_declaration" and bare is not None else []
        for name in names:
            read.named[file.text(name)].append((name, node))
    return read


def elements(node: Node) -> list[Node]:
    """Return the field declarations of a struct, the elements of an interface."""
    if node.type == "struct_type":
        lists = [child for child in node.named_children if child.type == "field_declaration_list"]
        return [item for found in lists for item in found.named_children if item.type == "field_declaration"]
    return [item for item in node.named_children if item.type in ("method_elem", "type_elem")]


def only_embedded(node: Node) -> Node | None:
    """Return the type that an element without a name embeds."""
    return node.child_by_field_name("type") if node.type == "field_declaration" else only_child(node)


def _bare(node: Node | None) -> Node | None:
    """Return the bare name of an embedded type."""
    while node is not None and node.type in ("generic_type", "qualified_type", "pointer_type"):
        field_name = {"generic_type": "type", "qualified_type": "name"}.get(node.type)
        node = node.child_by_field_name(field_name) if field_name else only_child(node)
    return node


def _pointed(kind: Type | None) -> Type | None:
    return kind.element if isinstance(kind, PointerType) else kind


_Rule = Callable[["ExpressionTypes", Node, Context], "Type | None"]


@dataclass(eq=False)
class ExpressionTypes:
    """Types of expressions within one build; `Types` says what type expressions mean."""

    types: TypeResolver
    _depth: int = 0
    _variables: dict[tuple[str, int], Type | None] = field(default_factory=dict)
    _elements: dict[tuple[str, int], _Elements] = field(default_factory=dict)

    def value(self, node: Node | None, context: Context) -> Type | None:
        """Return an expression's type, or None if it is unknown."""
        rule = self._RULES.get(node.type) if node is not None else None
        if node is None or rule is None or self._depth > MAX_DEPTH:
            return None
        self._depth += 1
        try:
            return rule(self, node, context)
        finally:
            self._depth -= 1

    def values(self, nodes: list[Node], count: int, context: Context) -> list[Type | None]:
        """Return the types of `count` variables that are assigned a list of expressions."""
        if len(nodes) == count:
            return [_single(self.value(node, context)) for node in nodes]
        if len(nodes) != 1:
            return [None] * count
        found = self.value(nodes[0], context)
        items = found.items if isinstance(found, TupleType) else (found,)
        return [*items, *[None] * count][:count]

    def ranged(self, node: Node | None, context: Context) -> list[Type | None]:
        """Return the types of the two variables of `for … range`."""
        kind = self.types.underlying(_single(self.value(node, context)))
        match self.types.underlying(kind.element) if isinstance(kind, PointerType) else kind:
            case SliceType(element):
                return [None, element]
            case MapType(key, value):
                return [key, value]
            case ChannelType(element):
                return [element, None]
            case _:
                return [None, None]

    def declared(self, entry: PackageSymbol) -> Type | None:
        """Return the type of a package-level name, or of a method, in an expression."""
        kind = entry.declaration.kind
        if kind in TYPE_KINDS:
            return TypeName(self.types.declared(entry))
        if kind in FUNCTION_KINDS:
            return self.types.value_of_function(entry)
        return self._variable(entry)

    def type_of(self, found: PackageSymbol | PackageName | SelectedMember | None) -> Type | None:
        """Return the type of what a selector names. Most selectors end there, and no type is needed."""
        if isinstance(found, PackageSymbol):
            return self.declared(found)
        if not isinstance(found, SelectedMember):
            return None
        if found.node.type == "method_elem":
            return self.types.function(found.node, found.context)
        kind = self.types.resolve(found.node.child_by_field_name("type"), found.context)
        return PointerType(kind) if found.node.children[0].type == "*" else kind

    def selected(self, node: Node, context: Context) -> PackageSymbol | PackageName | SelectedMember | None:
        """Return what `operand.field` selects; a package, if it has no declaration of that name."""
        operand, name = node.child_by_field_name("operand"), node.child_by_field_name("field")
        if operand is None or name is None:
            return None
        called = context.file.text(name)
        of = self.value(operand, context)
        if isinstance(of, PackageName):
            return of.member(called)
        return self.member(of.type if isinstance(of, TypeName) else of, called)

    def member(self, kind: Type | None, name: str) -> PackageSymbol | SelectedMember | None:
        """Return the field or method that `x.name` selects for an x of a type, promoted ones included."""
        level: list[Type | None] = [kind]
        seen: set[NamedType] = set()
        for _ in range(MAX_DEPTH):
            found: list[PackageSymbol | SelectedMember] = []
            embedded: list[tuple[Node | None, Context]] = []
            is_known = True
            for item in map(_pointed, level):
                if isinstance(item, NamedType):
                    if item in seen:
                        continue
                    seen.add(item)
                    found += item.package.find(f"{item.name}.{name}")
                spelled = self.types.underlying(item)
                if not isinstance(spelled, TypeLiteral):
                    is_known = False
                    continue
                context, elements_ = spelled.context, self._elements_of(spelled)
                for member, node in elements_.named.get(name, ()):
                    found.append(SelectedMember(context.file.place(member), node, context))
                embedded += [(inner, context) for inner in elements_.embedded]
            if found:
                return found[0] if len(found) == 1 else None
            # A type that we do not know may have the name itself, above whatever lies deeper.
            if not embedded or not is_known:
                return None
            level = [self.types.resolve(inner, context) for inner, context in embedded]
        return None

    def _elements_of(self, spelled: TypeLiteral) -> _Elements:
        key = spelled.context.file.path, spelled.node.id
        if key not in self._elements:
            self._elements[key] = _read(spelled.node, spelled.context.file)
        return self._elements[key]

    # ── Rules ────────────────────────────────────────────────────────────────────────────────────

    def _identifier(self, node: Node, context: Context) -> Type | None:
        name = context.file.text(node)
        local = context.local(name)
        if local is not None:
            return local.type
        entry = self.types.entry(name, context.file)
        if entry is not None:
            return self.declared(entry)
        named = self.types.named(name, context)
        return TypeName(named) if named is not None else self.types.import_of(name, context.file)

    def _selector(self, node: Node, context: Context) -> Type | None:
        return self.type_of(self.selected(node, context))

    def _call(self, node: Node, context: Context) -> Type | None:
        called = node.child_by_field_name("function")
        made = self._built_in(called, node.child_by_field_name("arguments"), context)
        if made is not None:
            return made
        match self.value(called, context):
            case TypeName(kind):
                return kind
            case kind:
                function = self.types.underlying(kind)
                return _returned(function) if isinstance(function, FunctionType) else None

    def _built_in(self, called: Node | None, arguments: Node | None, context: Context) -> Type | None:
        name = context.file.text(called) if called is not None and called.type == "identifier" else ""
        if name not in ("new", "make", "append") or arguments is None or not arguments.named_child_count:
            return None
        if context.local(name) is not None or self.types.entry(name, context.file) is not None:
            return None
        first = arguments.named_child(0)
        if name == "append":
            return self.value(first, context)
        kind = self.types.resolve(first, context)
        return PointerType(kind) if name == "new" else kind

    def _composite(self, node: Node, context: Context) -> Type | None:
        return self.types.resolve(node.child_by_field_name("type"), context)

    def _unary(self, node: Node, context: Context) -> Type | None:
        operator, operand = node.child_by_field_name("operator"), node.child_by_field_name("operand")
        kind = _single(self.value(operand, context))
        match context.file.text(operator) if operator is not None else "":
            case "&":
                return PointerType(kind) if kind is not None else None
            case "*":
                if isinstance(kind, TypeName):
                    return TypeName(PointerType(kind.type))
                pointer = self.types.underlying(kind)
                return pointer.element if isinstance(pointer, PointerType) else None
            case "<-":
                channel = self.types.underlying(kind)
                return channel.element if isinstance(channel, ChannelType) else None
            case _:
                return None

    def _index(self, node: Node, context: Context) -> Type | None:
        kind = self.types.underlying(self.value(node.child_by_field_name("operand"), context))
        match self.types.underlying(kind.element) if isinstance(kind, PointerType) else kind:
            case SliceType(element):
                return element
            case MapType(_, value):
                return value
            case _:
                return None

    def _slice(self, node: Node, context: Context) -> Type | None:
        return self.value(node.child_by_field_name("operand"), context)

    def _type(self, node: Node, context: Context) -> Type | None:
        return self.types.resolve(node.child_by_field_name("type"), context)

    def _inner(self, node: Node, context: Context) -> Type | None:
        return self.value(node.named_child(0) if node.named_child_count == 1 else None, context)

    def _closure(self, node: Node, context: Context) -> Type | None:
        return self.types.function(node, context)

    def _type_expression(self, node: Node, context: Context) -> Type | None:
        return TypeName(self.types.resolve(node, context))

    def _variable(self, entry: PackageSymbol) -> Type | None:
        """Return the type of a package-level variable or constant, as declared or inferred from its value."""
        key = (entry.file.path, entry.declaration.span.start * 64 + entry.declaration.column)
        if key not in self._variables:
            self._variables[key] = None
            self._variables[key] = self._initial(entry)
        return self._variables[key]

    def _initial(self, entry: PackageSymbol) -> Type | None:
        node = entry.file.node(entry.declaration)
        if node is None or node.type not in ("var_spec", "const_spec"):
            return None
        context = Context(entry.file)
        kind = node.child_by_field_name("type")
        if kind is not None:
            return self.types.resolve(kind, context)
        names = names_of(node)
        given = node.child_by_field_name("value")
        place = (entry.declaration.line - 1, entry.declaration.column - 1)
        at = next((number for number, name in enumerate(names) if name.start_point == place), None)
        if given is None or at is None:
            return None
        return self.values(expressions(given), len(names), context)[at]

    _RULES: ClassVar[dict[str, _Rule]] = {
        "identifier": _identifier,
        "selector_expression": _selector,
        "call_expression": _call,
        "composite_literal": _composite,
        "unary_expression": _unary,
        "index_expression": _index,
        "slice_expression": _slice,
        "type_assertion_expression": _type,
        "type_conversion_expression": _type,
        "parenthesized_expression": _inner,
        "func_literal": _closure,
        "type_identifier": _type_expression,
        "qualified_type": _type_expression,
        "pointer_type": _type_expression,
        "slice_type": _type_expression,
        "map_type": _type_expression,
    }


def expressions(node: Node) -> list[Node]:
    """Return the expressions of a list."""
    return [child for child in node.named_children if child.type != "comment"]


def _returned(function: FunctionType) -> Type | None:
    return function.results[0] if len(function.results) == 1 else TupleType(function.results)


def _single(kind: Type | None) -> Type | None:
    return None if isinstance(kind, TupleType) else kind
