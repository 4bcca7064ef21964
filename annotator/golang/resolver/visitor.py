"""Visits a file in scope order and records resolved uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from tree_sitter import Node

from annotator.golang.resolver.expressions import ExpressionTypes, SelectedMember, expressions
from annotator.golang.resolver.packages import PackageSymbol, ParsedFile
from annotator.golang.resolver.types import (
    Context,
    LocalName,
    MapType,
    PackageName,
    PointerType,
    SliceType,
    Type,
    TypeLiteral,
    TypeName,
    TypeResolver,
    type_parameters,
)
from annotator.golang.syntax import DECLARATIONS, callee, names_of
from annotator.model.go import Kind, ResolvedUse


class Scopes:
    """A stack of scopes, innermost last; at package level it is empty."""

    def __init__(self, file: ParsedFile) -> None:
        self._file = file
        self.stack: list[dict[str, LocalName]] = []

    @property
    def context(self) -> Context:
        """Where names of this place are looked up."""
        return Context(self._file, tuple(self.stack))

    def enter(self, names: dict[str, LocalName] | None = None) -> None:
        """Enter a scope that starts with some names."""
        self.stack.append(names or {})

    def leave(self) -> None:
        """Leave the innermost scope."""
        self.stack.pop()

    def declare(self, names: Sequence[Node], kinds: Sequence[Type | None], *, only_new: bool = False) -> None:
        """Declare variables; with `only_new`, those of the innermost scope keep their declaration."""
        scope = self.stack[-1]
        for name, kind in zip(names, kinds, strict=False):
            called = self._file.text(name)
            if name.type == "identifier" and called != "_" and not (only_new and called in scope):
                scope[called] = LocalName(kind, self._closure(name))

    def declare_type(self, name: str, kind: Type | None) -> None:
        """Declare a local type in the innermost scope."""
        self.stack[-1][name] = LocalName(TypeName(kind))

    def _closure(self, name: Node) -> str:
        """Return the symbol of the closure that is bound to a name; empty if it is ambiguous."""
        row, column = name.start_point
        found = self._file.places.get((row + 1, column + 1))
        if found is None or found.kind is not Kind.CLOSURE or self._file.symbols[found.symbol] != 1:
            return ""
        return found.symbol


# Nothing is bound where scopes nest deeper: every name would be looked for in all of them.
MAX_SCOPES = 200

VisitStep = Node | Callable[[], None]

_Rule = Callable[["ScopeVisitor", Node], Iterable[VisitStep]]

SelectorCallback = Callable[[Node, Context, ExpressionTypes], None]
"""Is shown every selector, with what its names mean where it stands."""


@dataclass(eq=False)
class ScopeVisitor:
    """One file's walk; `run` gives the uses that are proven, in source order.

    `standard` has the uses of the standard library, each with the import path in place of a file's.

    The walk keeps its own stack, so that no nesting of the source can exhaust Python's: a rule
    answers with the steps that come next, which are nodes to visit or actions to take between them.
    """

    file: ParsedFile
    expressions: ExpressionTypes
    uses: list[ResolvedUse] = field(default_factory=list)
    standard: list[ResolvedUse] = field(default_factory=list)
    watch: SelectorCallback | None = None
    types: TypeResolver = field(init=False)
    _scopes: Scopes = field(init=False)
    _called: set[int] = field(default_factory=set)
    _expected: dict[int, Type | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.types = self.expressions.types
        self._scopes = Scopes(self.file)

    def run(self, root: Node) -> tuple[ResolvedUse, ...]:
        """Return the proven uses in a tree."""
        todo: list[VisitStep] = [node for node in reversed(root.named_children) if _is_sound(node, root)]
        while todo:
            step = todo.pop()
            if callable(step):
                step()
            elif len(self._scopes.stack) <= MAX_SCOPES:
                rule = self._RULES.get(step.type)
                todo += reversed(list(rule(self, step)) if rule is not None else step.named_children)
        return tuple(sorted(self.uses, key=lambda use: use.start))

    def _block(self, node: Node) -> Iterator[VisitStep]:
        self._scopes.enter()
        yield from node.named_children
        yield self._scopes.leave

    # ── Declarations ─────────────────────────────────────────────────────────────────────────────

    def _function(self, node: Node) -> Iterator[VisitStep]:
        self._scopes.enter(type_parameters(node, self.file))
        lists = [
            node.child_by_field_name(name) for name in ("type_parameters", "receiver", "parameters", "result")
        ]
        found = [item for item in lists if item is not None]
        yield from found
        yield lambda: self._enter(found)
        body = node.child_by_field_name("body")
        if body is not None:
            # Not the block itself: parameters and body share one scope.
            yield from body.named_children
        yield self._scopes.leave

    def _enter(self, lists: list[Node]) -> None:
        """Receiver, parameters and named results come into scope."""
        context = self._scopes.context
        for found in lists:
            if found.type == "parameter_list":
                for name, kind in list(self.types.parameters(found, context)):
                    if name is not None:
                        self._scopes.declare([name], [kind])

    def _parameter(self, node: Node) -> list[VisitStep]:
        kind = node.child_by_field_name("type")
        return [kind] if kind is not None else []

    def _type_spec(self, node: Node) -> Iterator[VisitStep]:
        name, kind = node.child_by_field_name("name"), node.child_by_field_name("type")
        if self._scopes.stack and name is not None:
            self._scopes.declare_type(self.file.text(name), None)
            self._scopes.declare_type(self.file.text(name), self.types.resolve(kind, self._scopes.context))
        self._scopes.enter(type_parameters(node, self.file))
        yield from (child for child in node.named_children if child != name)
        yield self._scopes.leave

    def _value_spec(self, node: Node) -> Iterator[VisitStep]:
        kind, given = node.child_by_field_name("type"), node.child_by_field_name("value")
        yield from [child for child in (kind, given) if child is not None]
        if self._scopes.stack:
            yield lambda: self._declare_values(node, kind, given)

    def _declare_values(self, node: Node, kind: Node | None, given: Node | None) -> None:
        names = names_of(node)
        if kind is not None:
            kinds = [self.types.resolve(kind, self._scopes.context)] * len(names)
        elif given is not None:
            kinds = self.expressions.values(expressions(given), len(names), self._scopes.context)
        else:
            kinds = [None] * len(names)
        self._scopes.declare(names, kinds)

    def _short(self, node: Node) -> Iterator[VisitStep]:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None and right is not None:
            yield right
            yield lambda: self._declare_short(left, right)

    def _declare_short(self, left: Node, right: Node) -> None:
        names = expressions(left)
        given = expressions(right) if right.type == "expression_list" else [right]
        kinds = self.expressions.values(given, len(names), self._scopes.context)
        self._scopes.declare(names, kinds, only_new=True)

    # ── Statements ───────────────────────────────────────────────────────────────────────────────

    def _range(self, node: Node) -> Iterator[VisitStep]:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if right is None:
            return
        yield right
        if left is None:
            return
        if any(child.type == ":=" for child in node.children):
            yield lambda: self._declare_range(left, right)
        else:
            yield left

    def _declare_range(self, left: Node, right: Node) -> None:
        names = expressions(left)
        kinds = [*self.expressions.ranged(right, self._scopes.context), *[None] * len(names)]
        self._scopes.declare(names, kinds[: len(names)])

    def _receive(self, node: Node) -> Iterator[VisitStep]:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None and right is not None and any(child.type == ":=" for child in node.children):
            yield from self._short(node)
        else:
            yield from node.named_children

    def _type_switch(self, node: Node) -> Iterator[VisitStep]:
        self._scopes.enter()
        alias, value = node.child_by_field_name("alias"), node.child_by_field_name("value")
        initializer = node.child_by_field_name("initializer")
        yield from [step for step in (initializer, value) if step is not None]
        for case in node.named_children:
            if case.type in ("type_case", "default_case"):
                yield from self._case(case, alias, value)
        yield self._scopes.leave

    def _case(self, case: Node, alias: Node | None, value: Node | None) -> Iterator[VisitStep]:
        types = case.children_by_field_name("type")
        types = [kind for kind in types if kind.is_named]
        yield from types
        yield lambda: self._enter_case(alias, value, types)
        listed = {kind.id for kind in types}
        yield from [child for child in case.named_children if child.id not in listed]
        yield self._scopes.leave

    def _enter_case(self, alias: Node | None, value: Node | None, types: list[Node]) -> None:
        context = self._scopes.context
        self._scopes.enter()
        if alias is not None:
            kind = (
                self.types.resolve(types[0], context)
                if len(types) == 1
                else self.expressions.value(value, context)
            )
            self._scopes.declare(expressions(alias)[:1], [kind])

    # ── Composite literals ───────────────────────────────────────────────────────────────────────

    def _composite(self, node: Node) -> Iterator[VisitStep]:
        kind, body = node.child_by_field_name("type"), node.child_by_field_name("body")
        if kind is not None:
            yield kind
        if body is not None:
            self._expected[body.id] = self.types.resolve(kind, self._scopes.context)
            yield body

    def _literal(self, node: Node) -> list[VisitStep]:
        kind = self.types.underlying(self._expected.get(node.id))
        if isinstance(kind, PointerType):
            kind = self.types.underlying(kind.element)
        for child in node.named_children:
            self._expected[child.id] = kind
        return list(node.named_children)

    def _element(self, node: Node) -> list[VisitStep]:
        """Visit an element without a key, of a slice or of a struct in field order."""
        kind = self._expected.get(node.id)
        self._expect(node, kind.element if isinstance(kind, SliceType) else None)
        return list(node.named_children)

    def _keyed(self, node: Node) -> list[VisitStep]:
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        if key is None or value is None:
            return list(node.named_children)
        inner = {key.id: key, value.id: value}
        match self._expected.get(node.id):
            case TypeLiteral() as kind:
                self._expect(value, self._field(key, kind))
                del inner[key.id]
            case MapType(key_kind, value_kind):
                self._expect(key, key_kind)
                self._expect(value, value_kind)
            case SliceType(element):
                self._expect(value, element)
            case _:
                # A field or a variable: without the type nobody can tell.
                if _is_name(key):
                    del inner[key.id]
        return [child for element in inner.values() for child in element.named_children]

    def _field(self, key: Node, kind: TypeLiteral) -> Type | None:
        """Links the key of a struct's element to its field; the field's type."""
        name = key.named_child(0) if _is_name(key) else None
        found = self.expressions.member(kind, self.file.text(name)) if name is not None else None
        if name is None or found is None or found.declaration is None:
            return None
        self._use_found(name, found)
        return self.expressions.type_of(found)

    def _expect(self, element: Node, kind: Type | None) -> None:
        for child in element.named_children:
            self._expected[child.id] = kind

    # ── Uses ─────────────────────────────────────────────────────────────────────────────────────

    def _call(self, node: Node) -> list[VisitStep]:
        self._called.add(callee(node).id)
        return list(node.named_children)

    def _name(self, node: Node) -> tuple[VisitStep, ...]:
        called = self.file.text(node)
        local = self._scopes.context.local(called)
        if local is not None:
            if local.symbol:
                self._use(node, self.file.path, local.symbol)
            return ()
        entry = self.types.entry(called, self.file)
        if entry is not None:
            self._use_found(node, entry)
        return ()

    def _qualified(self, node: Node) -> tuple[VisitStep, ...]:
        found, name = self.types.qualified(node, self._scopes.context), node.child_by_field_name("name")
        if found is not None and name is not None:
            self._use_found(name, found)
        return ()

    def _selector(self, node: Node) -> Iterator[VisitStep]:
        operand = node.child_by_field_name("operand")
        if operand is not None:
            yield operand
            yield lambda: self._select(node)

    def _select(self, node: Node) -> None:
        if self.watch is not None:
            self.watch(node, self._scopes.context, self.expressions)
        found, name = self.expressions.selected(node, self._scopes.context), node.child_by_field_name("field")
        if found is not None and name is not None:
            self._use_found(name, found)

    def _use_found(self, node: Node, found: PackageSymbol | PackageName | SelectedMember) -> None:
        match found:
            case PackageSymbol(file, declaration):
                self._use(node, file.path, declaration.symbol)
            case PackageName():
                self._use_standard(node, found)
            case SelectedMember(declaration, _, context):
                if declaration is not None:
                    self._use(node, context.file.path, declaration.symbol)

    def _use_standard(self, node: Node, package: PackageName) -> None:
        """Record a use of the standard library, whose import paths do not begin with a host's name."""
        symbol, first = self.file.text(node), package.path.split("/")[0]
        own = {module.split("/")[0] for module in self.types.packages.modules}
        is_standard = package.package is None and "." not in first and first not in own | {"C"}
        if is_standard and symbol[:1].isupper():
            self.standard.append(self._used(node, package.path, symbol))

    def _use(self, node: Node, path: str, symbol: str) -> None:
        self.uses.append(self._used(node, path, symbol))

    def _used(self, node: Node, path: str, symbol: str) -> ResolvedUse:
        called = node.id in self._called
        return ResolvedUse(node.start_byte, node.end_byte, node.start_point[0] + 1, called, path, symbol)

    def _nothing(self, _node: Node) -> tuple[VisitStep, ...]:
        return ()

    _RULES: ClassVar[dict[str, _Rule]] = {
        "comment": _nothing,
        "function_declaration": _function,
        "method_declaration": _function,
        "func_literal": _function,
        "parameter_declaration": _parameter,
        "variadic_parameter_declaration": _parameter,
        "type_parameter_declaration": _parameter,
        "field_declaration": _parameter,
        "type_spec": _type_spec,
        "type_alias": _type_spec,
        "var_spec": _value_spec,
        "const_spec": _value_spec,
        "short_var_declaration": _short,
        "block": _block,
        "if_statement": _block,
        "for_statement": _block,
        "expression_switch_statement": _block,
        "expression_case": _block,
        "default_case": _block,
        "communication_case": _block,
        "type_switch_statement": _type_switch,
        "range_clause": _range,
        "receive_statement": _receive,
        "composite_literal": _composite,
        "literal_value": _literal,
        "literal_element": _element,
        "keyed_element": _keyed,
        "call_expression": _call,
        "identifier": _name,
        "type_identifier": _name,
        "qualified_type": _qualified,
        "selector_expression": _selector,
    }


def _is_sound(node: Node, root: Node) -> bool:
    """Whether a top-level node is a whole declaration: in a broken one a name may hide others unseen.

    In a broken file statements of an unclosed function lie about as if at top level, but not at the margin.
    """
    at_margin = node.start_point[1] == 0 or not root.has_error
    return node.type in DECLARATIONS and not node.has_error and at_margin


def _is_name(element: Node) -> bool:
    child = element.named_child(0) if element.named_child_count == 1 else None
    return child is not None and child.type == "identifier"
