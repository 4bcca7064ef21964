"""Which types implement which interfaces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from tree_sitter import Node

from annotator.golang.resolver.expressions import MemberLookup, SelectedMember, elements, only_embedded
from annotator.golang.resolver.packages import PackageSymbol, ParsedFile
from annotator.golang.resolver.types import (
    BASIC_TYPES,
    MAX_DEPTH,
    Context,
    PointerType,
    Type,
    TypeLiteral,
    TypeResolver,
    only_child,
)
from annotator.golang.syntax import names_of
from annotator.model.go import TYPE_KINDS, Kind

_SAME = {"byte": "uint8", "rune": "int32", "any": "interface{}"}
_Rule = Callable[["SignatureFormatter", Node, Context], str]


class UnknownType(Exception):
    """A type that cannot be spelled; it never leaves this module."""


@dataclass(eq=False)
class SignatureFormatter:
    """Spells types within one build: a declared one by its import path, an alias as what it stands for."""

    types: TypeResolver
    _depth: int = 0

    def of(self, node: Node, context: Context) -> str | None:
        """The signature of a function or interface method; None, if a type in it is not known."""
        try:
            return self._function(node, context)
        except UnknownType:
            return None

    def _type(self, node: Node | None, context: Context) -> str:
        rule = self._RULES.get(node.type) if node is not None else None
        if node is None or rule is None or self._depth > MAX_DEPTH:
            raise UnknownType
        self._depth += 1
        try:
            return rule(self, node, context)
        finally:
            self._depth -= 1

    def _function(self, node: Node, context: Context) -> str:
        parameters = self._list(node.child_by_field_name("parameters"), context)
        result = node.child_by_field_name("result")
        if result is None or result.type == "parameter_list":
            return f"func({parameters})({self._list(result, context)})"
        return f"func({parameters})({self._type(result, context)})"

    def _list(self, node: Node | None, context: Context) -> str:
        kinds: list[str] = []
        for parameter in node.named_children if node is not None else ():
            if parameter.type == "comment":
                continue
            dots = "..." if parameter.type == "variadic_parameter_declaration" else ""
            kind = dots + self._type(parameter.child_by_field_name("type"), context)
            kinds += [kind] * (len(names_of(parameter)) or 1)
        return ",".join(kinds)

    def _name(self, node: Node, context: Context) -> str:
        name = context.file.text(node)
        if context.local(name) is not None:
            raise UnknownType
        entry = self.types.entry(name, context.file)
        if entry is not None:
            return self._declared(entry)
        package = self.types.own_package(context.file)
        if name not in BASIC_TYPES or package is None or package.find(name):
            raise UnknownType
        return _SAME.get(name, name)

    def _qualified(self, node: Node, context: Context) -> str:
        qualifier, name = node.child_by_field_name("package"), node.child_by_field_name("name")
        if qualifier is None or name is None:
            raise UnknownType
        found = self.types.import_of(context.file.text(qualifier), context.file)
        if found is None:
            raise UnknownType
        if found.package is None:
            return f"{_import_path(context.file, context.file.text(qualifier))}.{context.file.text(name)}"
        entry = found.package.only(context.file.text(name))
        if entry is None:
            raise UnknownType
        return self._declared(entry)

    def _declared(self, entry: PackageSymbol) -> str:
        node = entry.file.node(entry.declaration)
        if node is None or entry.declaration.kind not in TYPE_KINDS:
            raise UnknownType
        if node.type == "type_alias":
            return self._type(node.child_by_field_name("type"), self.types.context_of(entry))
        return f"{entry.file.folder}.{entry.declaration.name}"

    def _wrapped(self, node: Node, context: Context) -> str:
        return self._type(only_child(node), context)

    def _pointer(self, node: Node, context: Context) -> str:
        return f"*{self._type(only_child(node), context)}"

    def _slice(self, node: Node, context: Context) -> str:
        return f"[]{self._type(node.child_by_field_name('element'), context)}"

    def _map(self, node: Node, context: Context) -> str:
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        return f"map[{self._type(key, context)}]{self._type(value, context)}"

    def _channel(self, node: Node, context: Context) -> str:
        value = node.child_by_field_name("value")
        marks = "".join(child.type for child in node.children if not child.is_named)
        return f"{marks} {self._type(value, context)}"

    def _empty(self, node: Node, _context: Context) -> str:
        """`interface{}` and `struct{}`; what spells out members is not compared."""
        inside = [child for child in node.named_children if child.type != "field_declaration_list"]
        lists = [child for child in node.named_children if child.type == "field_declaration_list"]
        if inside or any(found.named_child_count for found in lists):
            raise UnknownType
        return "interface{}" if node.type == "interface_type" else "struct{}"

    _RULES: ClassVar[dict[str, _Rule]] = {
        "type_identifier": _name,
        "qualified_type": _qualified,
        "parenthesized_type": _wrapped,
        "pointer_type": _pointer,
        "slice_type": _slice,
        "map_type": _map,
        "channel_type": _channel,
        "function_type": _function,
        "interface_type": _empty,
        "struct_type": _empty,
    }


def _import_path(file: ParsedFile, name: str) -> str:
    """The path of the import outside the repository that a file knows by a name."""
    for item in file.head.imports:
        if (item.alias or item.path.rpartition("/")[2]) == name:
            return item.path
    raise UnknownType


MAX_EMBEDDED = 100


@dataclass(frozen=True, slots=True)
class MethodSets:
    """Compares method sets within one build, by names and signatures."""

    types: TypeResolver
    members: MemberLookup
    signatures: SignatureFormatter

    def implements(self, entry: PackageSymbol, interface: PackageSymbol) -> bool:
        """Whether a type, or a pointer to it, has every method of an interface.

        False means that it is not proven; an empty interface is proven of nothing.
        """
        kind = self.types.declared(entry)
        wanted = self._method_set(interface)
        return bool(wanted) and all(
            signature is not None and self._signature_of(kind, name) == signature
            for name, signature in wanted.items()
        )

    def _signature_of(self, kind: Type | None, name: str) -> str | None:
        member = self.members.find(PointerType(kind), name)
        node = _node(member) if member is not None else None
        if member is None or member.declaration is None or node is None:
            return None
        context = self.types.context_of(PackageSymbol(member.file, member.declaration))
        return self.signatures.of(node, context)

    def _method_set(self, interface: PackageSymbol) -> dict[str, str | None]:
        """The interface's methods with their signatures; empty, if what it embeds is not known."""
        methods: dict[str, str | None] = {}
        todo: list[Type | None] = [self.types.declared(interface)]
        for kind in todo:
            spelled = self.types.underlying(kind)
            if (
                not isinstance(spelled, TypeLiteral)
                or len(todo) > MAX_EMBEDDED
                or _is_generic(spelled.context)
            ):
                return {}
            for node in elements(spelled.node):
                if node.type == "method_elem":
                    methods[_name(node, spelled.context)] = self.signatures.of(node, spelled.context)
                else:
                    todo.append(self.types.resolve(only_embedded(node), spelled.context))
        return methods


def _is_generic(context: Context) -> bool:
    return any(context.scopes)


def _name(node: Node, context: Context) -> str:
    name = node.child_by_field_name("name")
    return context.file.text(name) if name is not None else ""


def _node(member: SelectedMember) -> Node | None:
    """The node of a method's or interface method's declaration."""
    declaration = member.declaration
    if declaration is None or declaration.kind not in (Kind.METHOD, Kind.IMETHOD):
        return None
    node = member.file.descendant(declaration.span)
    return node if node is not None and node.type in ("method_declaration", "method_elem") else None
