"""Representation and resolution of Go types."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from tree_sitter import Node

from annotator.golang.resolver.packages import GoPackage, PackageIndex, PackageSymbol, ParsedFile
from annotator.golang.syntax import names_of
from annotator.model.go import TYPE_KINDS


@dataclass(frozen=True, slots=True)
class NamedType:
    """A type declared at package level in the repository."""

    package: GoPackage
    name: str


@dataclass(frozen=True, slots=True)
class PointerType:
    """`*T`."""

    element: Type | None


@dataclass(frozen=True, slots=True)
class SliceType:
    """A slice, an array or a variadic parameter."""

    element: Type | None


@dataclass(frozen=True, slots=True)
class ChannelType:
    """A channel."""

    element: Type | None


@dataclass(frozen=True, slots=True)
class MapType:
    """A map."""

    key: Type | None
    value: Type | None


@dataclass(frozen=True, slots=True)
class FunctionType:
    """A function type, by its results."""

    results: tuple[Type | None, ...]


@dataclass(frozen=True, slots=True)
class TupleType:
    """The values of a call that returns more than one, or none."""

    items: tuple[Type | None, ...]


@dataclass(frozen=True, slots=True)
class TypeLiteral:
    """A struct or interface as spelled out in a file, with what its names mean there."""

    node: Node
    context: Context


@dataclass(frozen=True, slots=True)
class TypeName:
    """An expression that names a type, as in a conversion or a method expression."""

    type: Type | None


@dataclass(frozen=True, slots=True)
class PackageName:
    """An identifier that names the package imported by a path; None for one outside the repository."""

    package: GoPackage | None
    path: str

    def member(self, name: str) -> PackageSymbol | PackageName:
        """Return the declaration of a name; the package itself, if that does not have exactly one."""
        return (self.package.only(name) if self.package is not None else None) or self


Type = (
    NamedType
    | PointerType
    | SliceType
    | ChannelType
    | MapType
    | FunctionType
    | TupleType
    | TypeLiteral
    | TypeName
    | PackageName
)


@dataclass(frozen=True, slots=True)
class LocalName:
    """A name declared in a function: its type, and its symbol if it is a closure of the document."""

    type: Type | None = None
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """Where names are looked up: a file, and the scopes around a place in it, innermost last."""

    file: ParsedFile
    scopes: tuple[Mapping[str, LocalName], ...] = ()

    def local(self, name: str) -> LocalName | None:
        """Return the innermost local declaration of a name."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return None


# Predeclared types have no members that a page could link to, so they are unknown. A package may declare a
# type of the same name. It is not found: the search would parse nearly all files of each package.
_PREDECLARED = frozenset(
    """
    any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64
    rune string uint uint8 uint16 uint32 uint64 uintptr
    """.split()  # noqa: SIM905 - a list of words is read best as words
)

# What is declared by these names cannot be referred to.
_NAMELESS = frozenset({"_", "init"})

# Deeper types and longer chains of embedding or renaming stay unknown.
MAX_DEPTH = 40

_Rule = Callable[["TypeResolver", Node, Context], "Type | None"]


@dataclass(frozen=True, slots=True)
class _Imported:
    """What a file's imports bring: packages by name, and those whose names come in bare, the last first."""

    packages: dict[str, PackageName]
    dotted: list[GoPackage]

    def find(self, name: str) -> tuple[PackageSymbol, ...]:
        """Return the symbols that a bare name means through dot imports."""
        return next((found for package in self.dotted if (found := package.find(name))), ())


@dataclass(eq=False)
class TypeResolver:
    """Resolves type expressions within one build."""

    packages: PackageIndex
    _depth: int = 0
    _imports: dict[str, _Imported] = field(default_factory=dict)
    _underlying: dict[NamedType, Type | None] = field(default_factory=dict)

    # ── Names ────────────────────────────────────────────────────────────────────────────────────

    def own_package(self, file: ParsedFile) -> GoPackage | None:
        """Return the package that a file belongs to."""
        return self.packages.package(file.folder, file.head.package)

    def entry(self, name: str, file: ParsedFile) -> PackageSymbol | None:
        """Return the package-level declaration of a bare name in a file, or None if it is ambiguous."""
        package = self.own_package(file) if name not in _NAMELESS else None
        found = package.find(name) if package is not None else ()
        if not found and name[:1].isupper():
            found = self._imported(file).find(name)
        return found[0] if len(found) == 1 else None

    def import_of(self, name: str, file: ParsedFile) -> PackageName | None:
        """Return the imported package that a bare name means in a file, or None."""
        return self._imported(file).packages.get(name)

    def _imported(self, file: ParsedFile) -> _Imported:
        if file.path not in self._imports:
            self._imports[file.path] = imported = _Imported({}, [])
            for item in file.head.imports:
                package = self.packages.of_import(item.path)
                last = item.path.rpartition("/")[2]
                called = item.alias or (package.name if package is not None else last)
                imported.packages.setdefault(called, PackageName(package, item.path))
                if item.alias == "." and package is not None:
                    imported.dotted.insert(0, package)
        return self._imports[file.path]

    def named(self, name: str, context: Context) -> Type | None:
        """Return the type that a bare name means, or None."""
        local = context.local(name)
        if local is not None:
            return local.type.type if isinstance(local.type, TypeName) else None
        found = self.entry(name, context.file) if name not in _PREDECLARED else None
        return self.declared(found) if found is not None else None

    def declared(self, entry: PackageSymbol) -> Type | None:
        """Return the type that a package-level declaration defines; for an alias, the aliased type."""
        package = self.own_package(entry.file)
        if entry.declaration.kind not in TYPE_KINDS or package is None:
            return None
        node = entry.file.node(entry.declaration)
        if node is not None and node.type == "type_alias":
            target = node.child_by_field_name("type")
            return self.resolve(target, self.context_of(entry)) if target is not None else None
        return NamedType(package, entry.declaration.name)

    def context_of(self, entry: PackageSymbol) -> Context:
        """Where a package-level declaration's names are looked up: its type parameters first."""
        node = entry.file.node(entry.declaration)
        return Context(entry.file, (type_parameters(node, entry.file),) if node is not None else ())

    # ── Type expressions ─────────────────────────────────────────────────────────────────────────

    def resolve(self, node: Node | None, context: Context) -> Type | None:
        """Return the type that a type expression means, or None if it is unknown."""
        rule = self._RULES.get(node.type) if node is not None else None
        if node is None or rule is None or self._depth > MAX_DEPTH:
            return None
        self._depth += 1
        try:
            return rule(self, node, context)
        finally:
            self._depth -= 1

    def _name(self, node: Node, context: Context) -> Type | None:
        return self.named(context.file.text(node), context)

    def _generic(self, node: Node, context: Context) -> Type | None:
        return self.resolve(node.child_by_field_name("type"), context)

    def _wrapped(self, node: Node, context: Context) -> Type | None:
        return self.resolve(only_child(node), context)

    def _pointer(self, node: Node, context: Context) -> Type:
        return PointerType(self.resolve(only_child(node), context))

    def _sequence(self, node: Node, context: Context) -> Type:
        return SliceType(self.resolve(node.child_by_field_name("element"), context))

    def _channel(self, node: Node, context: Context) -> Type:
        return ChannelType(self.resolve(node.child_by_field_name("value"), context))

    def _table(self, node: Node, context: Context) -> Type:
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        return MapType(self.resolve(key, context), self.resolve(value, context))

    def _spelled(self, node: Node, context: Context) -> Type:
        return TypeLiteral(node, context)

    def _qualified(self, node: Node, context: Context) -> Type | None:
        found = self.qualified(node, context)
        return self.declared(found) if isinstance(found, PackageSymbol) else None

    def qualified(self, node: Node, context: Context) -> PackageSymbol | PackageName | None:
        """Return the declaration that `package.Name` means; the package, if it has no such declaration."""
        qualifier, name = node.child_by_field_name("package"), node.child_by_field_name("name")
        if qualifier is None or name is None or context.local(context.file.text(qualifier)) is not None:
            return None
        found = self.import_of(context.file.text(qualifier), context.file)
        return found.member(context.file.text(name)) if found is not None else None

    def function(self, node: Node, context: Context) -> FunctionType:
        """Return the type of a function declaration, literal, type or interface method."""
        result = node.child_by_field_name("result")
        if result is None:
            return FunctionType(())
        if result.type != "parameter_list":
            return FunctionType((self.resolve(result, context),))
        return FunctionType(tuple(kind for _, kind in self.parameters(result, context)))

    def parameters(self, node: Node, context: Context) -> Iterator[tuple[Node | None, Type | None]]:
        """Return the parameters of a list, each with its name, if it has one, and its type."""
        for parameter in node.named_children:
            if parameter.type not in ("parameter_declaration", "variadic_parameter_declaration"):
                continue
            kind = self.resolve(parameter.child_by_field_name("type"), context)
            if parameter.type == "variadic_parameter_declaration":
                kind = SliceType(kind)
            names = names_of(parameter)
            for name in names:
                yield name, kind
            if not names:
                yield None, kind

    def underlying(self, kind: Type | None) -> Type | None:
        """Return the underlying type of a named type."""
        for _ in range(MAX_DEPTH):
            if not isinstance(kind, NamedType):
                return kind
            kind = self._definition(kind)
        return None

    def _definition(self, named: NamedType) -> Type | None:
        if named not in self._underlying:
            entry = named.package.only(named.name)
            node = entry.file.node(entry.declaration) if entry is not None else None
            self._underlying[named] = (
                self.resolve(node.child_by_field_name("type"), self.context_of(entry))
                if entry is not None and node is not None and node.type == "type_spec"
                else None
            )
        return self._underlying[named]

    def value_of_function(self, entry: PackageSymbol) -> FunctionType | None:
        """Return the type of a declared function or method."""
        node = entry.file.node(entry.declaration)
        if node is None or node.type not in ("function_declaration", "method_declaration"):
            return None
        return self.function(node, self.context_of(entry))

    _RULES: ClassVar[dict[str, _Rule]] = {
        "identifier": _name,
        "type_identifier": _name,
        "qualified_type": _qualified,
        "generic_type": _generic,
        "parenthesized_type": _wrapped,
        "type_elem": _wrapped,
        "pointer_type": _pointer,
        "slice_type": _sequence,
        "array_type": _sequence,
        "implicit_length_array_type": _sequence,
        "channel_type": _channel,
        "map_type": _table,
        "function_type": function,
        "struct_type": _spelled,
        "interface_type": _spelled,
    }


def type_parameters(node: Node, file: ParsedFile) -> dict[str, LocalName]:
    """Return the type parameters that are in scope of a declaration, a generic receiver's included."""
    names = [
        name
        for parameter in _children(node.child_by_field_name("type_parameters"))
        for name in parameter.children_by_field_name("name")
    ]
    for receiver in _children(node.child_by_field_name("receiver")):
        kind = receiver.child_by_field_name("type")
        while kind is not None and kind.type in ("pointer_type", "parenthesized_type"):
            kind = only_child(kind)
        arguments = kind.child_by_field_name("type_arguments") if kind is not None else None
        names += list(_children(arguments))
    return {file.text(name): LocalName() for name in names}


def _children(node: Node | None) -> list[Node]:
    return node.named_children if node is not None else []


def only_child(node: Node) -> Node | None:
    """Return a node's only child that is not a comment, or None."""
    children = [child for child in node.named_children if child.type != "comment"]
    return children[0] if len(children) == 1 else None
