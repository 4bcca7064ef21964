"""The types of Go's expressions, as far as they are proven."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from tree_sitter import Node

from annotator.model import Kind
from annotator.reading.binding_members import Member, Members
from annotator.reading.binding_packages import Entry
from annotator.reading.binding_types import MAX_DEPTH, TYPE_KINDS, Types
from annotator.reading.binding_values import (
    Channel,
    Context,
    Function,
    PackageName,
    Pointer,
    Sequence,
    Several,
    Table,
    Type,
    TypeName,
)
from annotator.reading.gosyntax import names_of

_Rule = Callable[["Expressions", Node, Context], "Type | None"]


@dataclass(eq=False)
class Expressions:
    """Types of expressions within one build; `Types` says what type expressions mean."""

    types: Types
    members: Members
    _depth: int = 0
    _variables: dict[tuple[str, int], Type | None] = field(default_factory=dict)

    def value(self, node: Node | None, context: Context) -> Type | None:
        """An expression's type; None, if it is not known."""
        rule = self._RULES.get(node.type) if node is not None else None
        if node is None or rule is None or self._depth > MAX_DEPTH:
            return None
        self._depth += 1
        try:
            return rule(self, node, context)
        finally:
            self._depth -= 1

    def values(self, nodes: list[Node], count: int, context: Context) -> list[Type | None]:
        """The types of `count` variables that are given a list of expressions."""
        if len(nodes) == count:
            return [_single(self.value(node, context)) for node in nodes]
        if len(nodes) != 1:
            return [None] * count
        found = self.value(nodes[0], context)
        items = found.items if isinstance(found, Several) else (found,)
        return [*items, *[None] * count][:count]

    def ranged(self, node: Node | None, context: Context) -> list[Type | None]:
        """The types of the two variables of `for … range`."""
        kind = self.types.underlying(_single(self.value(node, context)))
        match self.types.underlying(kind.element) if isinstance(kind, Pointer) else kind:
            case Sequence(element):
                return [None, element]
            case Table(key, value):
                return [key, value]
            case Channel(element):
                return [element, None]
            case _:
                return [None, None]

    def declared(self, entry: Entry) -> Type | None:
        """What a package-level name means in an expression."""
        kind = entry.declaration.kind
        if kind in TYPE_KINDS:
            return TypeName(self.types.declared(entry))
        if kind is Kind.FUNC:
            return self.types.value_of_function(entry)
        return self._variable(entry)

    def selected(self, node: Node, context: Context) -> Entry | Member | None:
        """What `operand.field` names."""
        operand, name = node.child_by_field_name("operand"), node.child_by_field_name("field")
        if operand is None or name is None:
            return None
        called = context.file.text(name)
        of = self.value(operand, context)
        if isinstance(of, PackageName):
            return of.package.only(called) if of.package is not None else None
        return self.members.find(of.type if isinstance(of, TypeName) else of, called)

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
        found = self.selected(node, context)
        return self.declared(found) if isinstance(found, Entry) else found.type if found is not None else None

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
                return _returned(function) if isinstance(function, Function) else None

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
        return Pointer(kind) if name == "new" else kind

    def _composite(self, node: Node, context: Context) -> Type | None:
        return self.types.resolve(node.child_by_field_name("type"), context)

    def _unary(self, node: Node, context: Context) -> Type | None:
        operator, operand = node.child_by_field_name("operator"), node.child_by_field_name("operand")
        kind = _single(self.value(operand, context))
        match context.file.text(operator) if operator is not None else "":
            case "&":
                return Pointer(kind) if kind is not None else None
            case "*":
                if isinstance(kind, TypeName):
                    return TypeName(Pointer(kind.type))
                pointer = self.types.underlying(kind)
                return pointer.element if isinstance(pointer, Pointer) else None
            case "<-":
                channel = self.types.underlying(kind)
                return channel.element if isinstance(channel, Channel) else None
            case _:
                return None

    def _index(self, node: Node, context: Context) -> Type | None:
        kind = self.types.underlying(self.value(node.child_by_field_name("operand"), context))
        match self.types.underlying(kind.element) if isinstance(kind, Pointer) else kind:
            case Sequence(element):
                return element
            case Table(_, value):
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

    def _variable(self, entry: Entry) -> Type | None:
        """The type of a package-level variable or constant, as declared or as its value has it."""
        key = (entry.file.path, entry.declaration.span.start * 64 + entry.declaration.column)
        if key not in self._variables:
            self._variables[key] = None
            self._variables[key] = self._initial(entry)
        return self._variables[key]

    def _initial(self, entry: Entry) -> Type | None:
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
    """The expressions of a list."""
    return [child for child in node.named_children if child.type != "comment"]


def _returned(function: Function) -> Type | None:
    return function.results[0] if len(function.results) == 1 else Several(function.results)


def _single(kind: Type | None) -> Type | None:
    return None if isinstance(kind, Several) else kind
