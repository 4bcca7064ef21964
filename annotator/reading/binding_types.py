"""What Go's type expressions mean, and what their types have for members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tree_sitter import Node

from annotator.model import Declaration, Kind
from annotator.reading.binding_packages import Entry, File, Package, Packages
from annotator.reading.binding_values import (
    Basic,
    Channel,
    Context,
    Function,
    Local,
    Named,
    PackageName,
    Pointer,
    Sequence,
    Spelled,
    Table,
    Type,
    TypeName,
)

TYPE_KINDS = frozenset({Kind.STRUCT, Kind.INTERFACE, Kind.TYPE, Kind.FUNCTYPE})
BASIC = frozenset(
    [
        "any",
        "bool",
        "byte",
        "comparable",
        "complex64",
        "complex128",
        "error",
        "float32",
        "float64",
        "int",
        "int8",
        "int16",
        "int32",
        "int64",
        "rune",
        "string",
        "uint",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "uintptr",
    ],
)
# Deeper types and longer chains of embedding or renaming stay unknown.
MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Member:
    """What a selector names: its declaration, if the document has it, and its type."""

    file: File
    declaration: Declaration | None
    type: Type | None


@dataclass(eq=False)
class Types:
    """Resolves type expressions within one build."""

    packages: Packages
    _depth: int = 0
    _underlying: dict[Named, Type | None] = field(default_factory=dict)

    # ── Names ────────────────────────────────────────────────────────────────────────────────────

    def own_package(self, file: File) -> Package | None:
        """The package that a file belongs to."""
        return self.packages.package(file.folder, file.document.package)

    def entry(self, name: str, file: File) -> Entry | None:
        """The one package-level declaration that a bare name means in a file."""
        package = self.own_package(file)
        found = package.find(name) if package is not None else ()
        if not found and name[:1].isupper():
            dotted = [
                self.packages.of_import(item.path) for item in file.document.imports if item.alias == "."
            ]
            found = tuple(entry for package in dotted if package is not None for entry in package.find(name))
        return found[0] if len(found) == 1 else None

    def import_of(self, name: str, file: File) -> PackageName | None:
        """The imported package that a bare name means in a file."""
        for item in file.document.imports:
            package = self.packages.of_import(item.path)
            called = item.alias or (package.name if package is not None else item.path.rsplit("/", 1)[-1])
            if called == name:
                return PackageName(package)
        return None

    def named(self, name: str, context: Context) -> Type | None:
        """The type that a bare name means."""
        local = context.local(name)
        if local is not None:
            return local.type.type if isinstance(local.type, TypeName) else None
        found = self.entry(name, context.file)
        if found is not None:
            return self.declared(found)
        package = self.own_package(context.file)
        if name in BASIC and package is not None and not package.find(name):
            return Basic(name)
        return None

    def declared(self, entry: Entry) -> Type | None:
        """The type that a package-level declaration makes; for an alias, what it stands for."""
        package = self.own_package(entry.file)
        if entry.declaration.kind not in TYPE_KINDS or package is None:
            return None
        node = entry.file.node(entry.declaration)
        if node is not None and node.type == "type_alias":
            target = node.child_by_field_name("type")
            return self.resolve(target, self.context_of(entry)) if target is not None else None
        return Named(package, entry.declaration.name)

    def context_of(self, entry: Entry) -> Context:
        """Where a package-level declaration's names are looked up: its type parameters first."""
        node = entry.file.node(entry.declaration)
        return Context(entry.file, (type_parameters(node, entry.file),) if node is not None else ())

    # ── Type expressions ─────────────────────────────────────────────────────────────────────────

    def resolve(self, node: Node | None, context: Context) -> Type | None:
        """The type that a type expression means; None, if that is not known."""
        if node is None or self._depth > MAX_DEPTH:
            return None
        self._depth += 1
        try:
            return self._resolved(node, context)
        finally:
            self._depth -= 1

    def _resolved(self, node: Node, context: Context) -> Type | None:
        match node.type:
            case "type_identifier" | "identifier":
                return self.named(context.file.text(node), context)
            case "qualified_type":
                return self._qualified(node, context)
            case "generic_type":
                return self.resolve(node.child_by_field_name("type"), context)
            case "parenthesized_type" | "type_elem" | "type_constraint":
                return self.resolve(_only_child(node), context)
            case "pointer_type":
                return Pointer(self.resolve(_only_child(node), context))
            case "slice_type" | "array_type" | "implicit_length_array_type":
                return Sequence(self.resolve(node.child_by_field_name("element"), context))
            case "channel_type":
                return Channel(self.resolve(node.child_by_field_name("value"), context))
            case "map_type":
                key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
                return Table(self.resolve(key, context), self.resolve(value, context))
            case "function_type":
                return self.function(node, context)
            case "struct_type" | "interface_type":
                return Spelled(node, context)
            case _:
                return None

    def _qualified(self, node: Node, context: Context) -> Type | None:
        qualifier, name = node.child_by_field_name("package"), node.child_by_field_name("name")
        if qualifier is None or name is None or context.local(context.file.text(qualifier)) is not None:
            return None
        found = self.import_of(context.file.text(qualifier), context.file)
        entry = found.package.only(context.file.text(name)) if found is not None and found.package else None
        return self.declared(entry) if entry is not None else None

    def function(self, node: Node, context: Context) -> Function:
        """A function's type, of its declaration, literal, type or interface method."""
        result = node.child_by_field_name("result")
        if result is None:
            return Function(())
        if result.type != "parameter_list":
            return Function((self.resolve(result, context),))
        return Function(tuple(kind for _, kind in self.parameters(result, context)))

    def parameters(self, node: Node, context: Context) -> Iterator[tuple[Node | None, Type | None]]:
        """The parameters of a list, each with its name, if it has one, and its type."""
        for parameter in node.named_children:
            if parameter.type not in ("parameter_declaration", "variadic_parameter_declaration"):
                continue
            kind = self.resolve(parameter.child_by_field_name("type"), context)
            if parameter.type == "variadic_parameter_declaration":
                kind = Sequence(kind)
            names = [name for name in parameter.children_by_field_name("name") if name.is_named]
            for name in names or [None]:
                yield name, kind

    def underlying(self, kind: Type | None) -> Type | None:
        """A type without its name."""
        for _ in range(MAX_DEPTH):
            if not isinstance(kind, Named):
                return kind
            kind = self._definition(kind)
        return None

    def _definition(self, named: Named) -> Type | None:
        if named not in self._underlying:
            entry = named.package.only(named.name)
            node = entry.file.node(entry.declaration) if entry is not None else None
            self._underlying[named] = (
                self.resolve(node.child_by_field_name("type"), self.context_of(entry))
                if entry is not None and node is not None and node.type == "type_spec"
                else None
            )
        return self._underlying[named]

    # ── Members ──────────────────────────────────────────────────────────────────────────────────

    def member(self, kind: Type | None, name: str) -> Member | None:
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
        return isinstance(self.underlying(_pointed(kind)), Spelled)

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
                yield Member(entry.file, entry.declaration, self.value_of_function(entry))
        spelled = self.underlying(kind)
        if isinstance(spelled, Spelled):
            yield from self._spelled(spelled, name, embedded)

    def value_of_function(self, entry: Entry) -> Function | None:
        """The type of a declared function or method."""
        node = entry.file.node(entry.declaration)
        if node is None or node.type not in ("function_declaration", "method_declaration"):
            return None
        return self.function(node, self.context_of(entry))

    def _spelled(self, spelled: Spelled, name: str, embedded: list[Type | None]) -> Iterator[Member]:
        context = spelled.context
        for node in _elements(spelled.node):
            kind = node.child_by_field_name("type")
            names = [item for item in node.children_by_field_name("name") if item.is_named]
            for item in names:
                if context.file.text(item) == name:
                    yield self._member(item, node, context)
            if not names:
                inner = kind if node.type == "field_declaration" else _only_child(node)
                bare = _bare(inner)
                embedded.append(self.resolve(inner, context))
                if node.type == "field_declaration" and bare is not None and context.file.text(bare) == name:
                    yield self._member(bare, node, context)

    def _member(self, name: Node, node: Node, context: Context) -> Member:
        if node.type == "method_elem":
            kind: Type | None = self.function(node, context)
        else:
            kind = self.resolve(node.child_by_field_name("type"), context)
            if node.children[0].type == "*":
                kind = Pointer(kind)
        row, column = name.start_point
        return Member(context.file, context.file.places.get((row + 1, column + 1)), kind)


def type_parameters(node: Node, file: File) -> dict[str, Local]:
    """The type parameters that a declaration's names may mean, a generic receiver's included."""
    names = [
        name
        for parameter in _children(node.child_by_field_name("type_parameters"))
        for name in parameter.children_by_field_name("name")
    ]
    for receiver in _children(node.child_by_field_name("receiver")):
        kind = receiver.child_by_field_name("type")
        while kind is not None and kind.type in ("pointer_type", "parenthesized_type"):
            kind = _only_child(kind)
        arguments = kind.child_by_field_name("type_arguments") if kind is not None else None
        names += list(_children(arguments))
    return {file.text(name): Local() for name in names}


def _elements(node: Node) -> list[Node]:
    """The field declarations of a struct, the elements of an interface."""
    if node.type == "struct_type":
        lists = [child for child in node.named_children if child.type == "field_declaration_list"]
        return [item for found in lists for item in found.named_children if item.type == "field_declaration"]
    return [item for item in node.named_children if item.type in ("method_elem", "type_elem")]


def _bare(node: Node | None) -> Node | None:
    """The name that an embedded type goes by."""
    while node is not None and node.type in ("generic_type", "qualified_type", "pointer_type"):
        field_name = {"generic_type": "type", "qualified_type": "name"}.get(node.type)
        node = node.child_by_field_name(field_name) if field_name else _only_child(node)
    return node


def _pointed(kind: Type | None) -> Type | None:
    return kind.element if isinstance(kind, Pointer) else kind


def _children(node: Node | None) -> list[Node]:
    return node.named_children if node is not None else []


def _only_child(node: Node) -> Node | None:
    children = [child for child in node.named_children if child.type != "comment"]
    return children[0] if len(children) == 1 else None
