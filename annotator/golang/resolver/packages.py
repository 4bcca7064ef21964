"""Files, packages and imports as one build sees them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tree_sitter import Node

from annotator.golang import declarations, syntax
from annotator.golang.build_constraints import Platform, is_built
from annotator.golang.source_tree import SourceTree
from annotator.model.go import Declaration, GoFile, Span, folder_of


@dataclass(frozen=True, eq=False)
class ParsedFile:
    """A Go file, parsed when first needed."""

    path: str
    folder: str
    data: bytes
    source: SourceTree
    _nodes: dict[Span, Node | None] = field(default_factory=dict)

    @cached_property
    def head(self) -> declarations.FileHead:
        """Its package's name, its imports and its build constraint."""
        return declarations.read_head(self.data)

    @cached_property
    def document(self) -> GoFile:
        """All that it says."""
        return self.source.document(self.path)

    @cached_property
    def named(self) -> Mapping[str, Sequence[Declaration]]:
        """Its package-level declarations by symbol; duplicates such as `init` are kept."""
        found: dict[str, list[Declaration]] = defaultdict(list)
        for declaration in self.document.declarations:
            found[declaration.symbol].append(declaration)
        return found

    def declared(self, symbol: str) -> Sequence[Declaration]:
        """Return its declarations of `Name` or `Type.Method`; it is parsed only if the names occur."""
        is_parsed = "named" in self.__dict__
        if is_parsed or all(name.encode() in self.data for name in symbol.split(".")):
            return self.named.get(symbol, ())
        return ()

    @property
    def is_test(self) -> bool:
        """Whether only `go test` builds it."""
        return self.path.endswith("_test.go")

    @cached_property
    def root(self) -> Node | None:
        """The tree's root."""
        return syntax.root_of(self.data)

    @cached_property
    def places(self) -> Mapping[tuple[int, int], Declaration]:
        """All declarations and members by the line and column of their names."""
        return declarations.by_position(self.document.declarations)

    def place(self, name: Node) -> Declaration | None:
        """Return the declaration or member with its name at a node."""
        return self.places.get(syntax.position(name))

    @cached_property
    def symbols(self) -> Mapping[str, int]:
        """How many declarations and members go by each symbol."""
        return Counter(found.symbol for found in self.places.values())

    def text(self, node: Node) -> str:
        """Return a node's text."""
        return syntax.text(self.data, node)

    def node(self, declaration: Declaration) -> Node | None:
        """Return the specification or function that declares a package-level name."""
        where = declaration.span
        if where not in self._nodes:
            self._nodes[where] = self._declaring(where)
        return self._nodes[where]

    def descendant(self, where: Span) -> Node | None:
        """Return the smallest named node around a stretch of the file."""
        root = self.root
        return root.named_descendant_for_byte_range(where.start, where.end) if root is not None else None

    def _declaring(self, where: Span) -> Node | None:
        node = self.descendant(where)
        if node is None or node.end_byte > where.end or node.start_byte < where.start:
            return None
        if node.type.endswith("_declaration") and node.type not in (
            "function_declaration",
            "method_declaration",
        ):
            return node.named_child(0) if node.named_child_count else None
        return node


@dataclass(eq=False)
class FileSet:
    """The Go files of a repository, one object each for all platforms."""

    source: SourceTree
    _folders: dict[str, Mapping[str, ParsedFile]] = field(default_factory=dict)

    def folder(self, folder: str) -> Mapping[str, ParsedFile]:
        """Those of a folder by path, in order."""
        if folder not in self._folders:
            found = sorted(self.source.package(folder).items())
            self._folders[folder] = {
                path: ParsedFile(path, folder, data, self.source) for path, data in found
            }
        return self._folders[folder]

    def file(self, path: str) -> ParsedFile | None:
        """One of them."""
        return self.folder(folder_of(path)).get(path)


@dataclass(frozen=True, slots=True)
class PackageSymbol:
    """A declaration and the file that makes it."""

    file: ParsedFile
    declaration: Declaration


@dataclass(frozen=True, eq=False)
class GoPackage:
    """Files of one folder that belong to one package and one build."""

    name: str
    files: tuple[ParsedFile, ...]
    _found: dict[str, tuple[PackageSymbol, ...]] = field(default_factory=dict)

    def find(self, symbol: str) -> tuple[PackageSymbol, ...]:
        """Return the declarations of `Name` or `Type.Method`; several if duplicates are indistinguishable.

        Not all of several: that there are two says enough, and the files of other machines need no parsing.
        """
        if symbol not in self._found:
            found: list[PackageSymbol] = []
            for file in self.files:
                found += (PackageSymbol(file, declaration) for declaration in file.declared(symbol))
                if len(found) > 1:
                    break
            self._found[symbol] = tuple(found)
        return self._found[symbol]

    def only(self, symbol: str) -> PackageSymbol | None:
        """Return the declaration of a symbol, or None unless there is exactly one."""
        found = self.find(symbol)
        return found[0] if len(found) == 1 else None


@dataclass(eq=False)
class PackageIndex:
    """The packages of a repository as one file's build sees them.

    Attributes:
        all: The files of every build.
        modules: Import paths of the repository's root.
        platform: What the build is for.
        tested: Folder whose test files belong to the build too, None if none.
    """

    all: FileSet
    modules: tuple[str, ...]
    platform: Platform
    tested: str | None = None
    _folders: dict[str, list[ParsedFile]] = field(default_factory=dict)
    _packages: dict[tuple[str, str], GoPackage | None] = field(default_factory=dict)

    def of_import(self, path: str) -> GoPackage | None:
        """Return the repository's package for an import path, vendored or not, or None."""
        for module in sorted(self.modules, key=len, reverse=True):
            if path == module or path.startswith(f"{module}/"):
                return self.package(path[len(module) + 1 :])
        return self.package(f"vendor/{path}")

    def package(self, folder: str, name: str = "") -> GoPackage | None:
        """Return a folder's package; give `name` for a file's own, which may be an external test package."""
        if (folder, name) not in self._packages:
            built = self._built(folder)
            importable = "" if name else _importable(built)
            if importable:
                self._packages[folder, ""] = self.package(folder, importable)
            else:
                files = tuple(file for file in built if file.head.package == name)
                self._packages[folder, name] = GoPackage(name, files) if files else None
        return self._packages[folder, name]

    def has(self, file: ParsedFile) -> bool:
        """Return whether a file belongs to the build."""
        return file in self._built(file.folder)

    def _built(self, folder: str) -> list[ParsedFile]:
        if folder not in self._folders:
            files = self.all.folder(folder).values()
            self._folders[folder] = [file for file in files if self._is_built(file)]
        return self._folders[folder]

    def _is_built(self, file: ParsedFile) -> bool:
        if file.is_test and file.folder != self.tested:
            return False
        return is_built(file.path, file.head.constraint, self.platform) is not False


def _importable(files: list[ParsedFile]) -> str:
    """Return the name by which a folder's package is imported; empty if it is ambiguous."""
    names = {file.head.package for file in files if not file.is_test}
    return names.pop() if len(names) == 1 else ""
