"""The fields and methods of Go's types, promoted ones included."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tree_sitter import Node

from annotator.model import Declaration
from annotator.reading.binding_packages import File
from annotator.reading.binding_types import MAX_DEPTH, Types, only_child
from annotator.reading.binding_values import Context, Named, Pointer, Spelled, Type
from annotator.reading.gosyntax import names_of


@dataclass(frozen=True, slots=True)
class Member:
    """What a selector names: its declaration, if the document has it, and its type."""

    file: File
    declaration: Declaration | None
    type: Type | None


@dataclass(frozen=True, slots=True)
class _Elements:
    """What a struct or interface spells out: by name, where each is named and declared; what it embeds."""

    named: dict[str, list[tuple[Node, Node]]]
    embedded: list[Node | None]


@dataclass(frozen=True, slots=True)
class Members:
    """Finds what selectors name, within one build."""

    types: Types
    _known: dict[tuple[str, int], _Elements] = field(default_factory=dict)

    def find(self, kind: Type | None, name: str) -> Member | None:
        """The field or method that `x.name` means for an x of a type, promoted ones included."""
        level: list[Type | None] = [kind]
        seen: set[Named] = set()
        for _ in range(MAX_DEPTH):
            found: list[Member] = []
            embedded: list[Type | None] = []
            for item in level:
                found += self._direct(item, name, seen, embedded)
            if found:
                return found[0] if len(found) == 1 else None
            # A type that we do not know may have the name itself, above whatever lies deeper.
            if not embedded or not all(map(self._is_known, level)):
                return None
            level = embedded
        return None

    def _is_known(self, kind: Type | None) -> bool:
        return isinstance(self.types.underlying(_pointed(kind)), Spelled)

    def _direct(
        self, kind: Type | None, name: str, seen: set[Named], embedded: list[Type | None]
    ) -> Iterator[Member]:
        """The members that a type itself has by a name; its embedded types are added to `embedded`."""
        kind = _pointed(kind)
        if isinstance(kind, Named):
            if kind in seen:
                return
            seen.add(kind)
            for entry in kind.package.find(f"{kind.name}.{name}"):
                yield Member(entry.file, entry.declaration, self.types.value_of_function(entry))
        spelled = self.types.underlying(kind)
        if isinstance(spelled, Spelled):
            yield from self._spelled(spelled, name, embedded)

    def _spelled(self, spelled: Spelled, name: str, embedded: list[Type | None]) -> Iterator[Member]:
        context = spelled.context
        elements_ = self._elements(spelled)
        for item, node in elements_.named.get(name, ()):
            yield self._member(item, node, context)
        embedded += [self.types.resolve(inner, context) for inner in elements_.embedded]

    def _elements(self, spelled: Spelled) -> _Elements:
        key = spelled.context.file.path, spelled.node.id
        if key not in self._known:
            self._known[key] = _read(spelled.node, spelled.context.file)
        return self._known[key]

    def _member(self, name: Node, node: Node, context: Context) -> Member:
        if node.type == "method_elem":
            kind: Type | None = self.types.function(node, context)
        else:
            kind = self.types.resolve(node.child_by_field_name("type"), context)
            if node.children[0].type == "*":
                kind = Pointer(kind)
        return Member(context.file, context.file.place(name), kind)


def _read(spelled: Node, file: File) -> _Elements:
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
    """The field declarations of a struct, the elements of an interface."""
    if node.type == "struct_type":
        lists = [child for child in node.named_children if child.type == "field_declaration_list"]
        return [item for found in lists for item in found.named_children if item.type == "field_declaration"]
    return [item for item in node.named_children if item.type in ("method_elem", "type_elem")]


def only_embedded(node: Node) -> Node | None:
    """The type that an element without a name embeds."""
    return node.child_by_field_name("type") if node.type == "field_declaration" else only_child(node)


def _bare(node: Node | None) -> Node | None:
    """The name that an embedded type goes by."""
    while node is not None and node.type in ("generic_type", "qualified_type", "pointer_type"):
        field_name = {"generic_type": "type", "qualified_type": "name"}.get(node.type)
        node = node.child_by_field_name(field_name) if field_name else only_child(node)
    return node


def _pointed(kind: Type | None) -> Type | None:
    return kind.element if isinstance(kind, Pointer) else kind
