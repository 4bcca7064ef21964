"""Which interfaces a Go type is proven to implement."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from annotator.model import Kind
from annotator.reading.binding_members import Member, Members, elements, only_embedded
from annotator.reading.binding_packages import Entry
from annotator.reading.binding_signatures import Signatures
from annotator.reading.binding_types import Types
from annotator.reading.binding_values import Context, Pointer, Spelled, Type

MAX_EMBEDDED = 100


@dataclass(frozen=True, slots=True)
class Interfaces:
    """Compares method sets within one build, by names and signatures."""

    types: Types
    members: Members
    signatures: Signatures

    def implements(self, entry: Entry, interface: Entry) -> bool:
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
        member = self.members.find(Pointer(kind), name)
        node = _node(member) if member is not None else None
        if member is None or member.declaration is None or node is None:
            return None
        context = self.types.context_of(Entry(member.file, member.declaration))
        return self.signatures.of(node, context)

    def _method_set(self, interface: Entry) -> dict[str, str | None]:
        """The interface's methods with their signatures; empty, if what it embeds is not known."""
        methods: dict[str, str | None] = {}
        todo: list[Type | None] = [self.types.declared(interface)]
        for kind in todo:
            spelled = self.types.underlying(kind)
            if not isinstance(spelled, Spelled) or len(todo) > MAX_EMBEDDED or _is_generic(spelled.context):
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


def _node(member: Member) -> Node | None:
    """The node of a method's or interface method's declaration."""
    declaration = member.declaration
    if declaration is None or declaration.kind not in (Kind.METHOD, Kind.IMETHOD):
        return None
    node = member.file.descendant(declaration.span)
    return node if node is not None and node.type in ("method_declaration", "method_elem") else None
