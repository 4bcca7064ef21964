"""Resolves identifiers of Go files to their declarations ("go to definition")."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

from tree_sitter import Node

from annotator.golang.build_constraints import platform_of
from annotator.golang.resolver.expressions import ExpressionTypes, MemberLookup
from annotator.golang.resolver.method_sets import MethodSets, SignatureFormatter
from annotator.golang.resolver.packages import FileSet, PackageIndex, ParsedFile, by_symbol
from annotator.golang.resolver.types import TypeResolver
from annotator.golang.resolver.visitor import ScopeVisitor, SelectorCallback
from annotator.golang.source_tree import SourceTree
from annotator.model.go import CALLABLE_KINDS, Declaration, ResolvedUse


@dataclass(eq=False)
class Resolver:
    """Binds the files of one snapshot; packages are read when a name first leads to them.

    Attributes:
        source: Gives the Go files of a folder.
        modules: Import paths of the repository's root, through its history.
    """

    source: SourceTree
    modules: tuple[str, ...]
    _files: FileSet = field(init=False)
    _builds: dict[tuple[tuple[tuple[str, bool], ...], str | None], BuildContext] = field(default_factory=dict)
    _uses: dict[str, tuple[ResolvedUse, ...]] = field(default_factory=dict)
    _symbols: dict[str, Mapping[str, tuple[Declaration, ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._files = FileSet(self.source)

    def uses(self, path: str) -> tuple[ResolvedUse, ...]:
        """The proven uses in a file, in source order; none for a path without a Go file."""
        if path not in self._uses:
            self._uses[path] = self._bound(path)
        return self._uses[path]

    def uses_in(self, path: str, declaration: Declaration) -> tuple[ResolvedUse, ...]:
        """The proven uses within one declaration of a file."""
        uses = self.uses(path)
        first = bisect_left(uses, declaration.span.start, key=_start)
        last = bisect_left(uses, declaration.span.end, key=_start)
        return uses[first:last]

    def calls_of(self, path: str, symbol: str) -> list[tuple[str, str]]:
        """The functions, as path and symbol, that a declaration calls or hands on.

        In the order of their first mention, each once; those of closures inside belong to the
        declaration too. Of several declarations with the symbol (twins of `init`) all are meant.
        """
        mentioned: dict[tuple[str, str], None] = {}
        for declaration in self._declarations(path).get(symbol, ()):
            for use in self.uses_in(path, declaration):
                targets = self._declarations(use.path).get(use.symbol, ())
                if any(target.kind in CALLABLE_KINDS for target in targets):
                    mentioned[use.path, use.symbol] = None
        return list(mentioned)

    def implements(self, type_: tuple[str, str], interface: tuple[str, str]) -> bool:
        """Whether a type (path and symbol), or a pointer to it, is proven to implement an interface."""
        found = self._files.file(type_[0])
        if found is None:
            return False
        build = self._build(found)
        concrete, abstract = build.packages.entry(*type_), build.packages.entry(*interface)
        return (
            concrete is not None and abstract is not None and build.interfaces.implements(concrete, abstract)
        )

    def _declarations(self, path: str) -> Mapping[str, tuple[Declaration, ...]]:
        if path not in self._symbols:
            found = self._files.file(path)
            self._symbols[path] = by_symbol(found.document.walk()) if found is not None else {}
        return self._symbols[path]

    def show(self, path: str, watch: SelectorCallback) -> None:
        """Show every selector of a file to `watch`, with what its names mean where it stands."""
        self._uses[path] = self._bound(path, watch)

    def root(self, path: str) -> Node | None:
        """The root of a file's tree, if it is Go."""
        found = self._files.file(path)
        return found.root if found is not None else None

    def _bound(self, path: str, watch: SelectorCallback | None = None) -> tuple[ResolvedUse, ...]:
        found = self._files.file(path)
        if found is None:
            return ()
        build = self._build(found)
        file = build.packages.file(path)
        if file is None or file.root is None:
            return ()
        return ScopeVisitor(file, build.types, build.expressions, watch=watch).run(file.root)

    def _build(self, file: ParsedFile) -> BuildContext:
        platform = platform_of(file.path, file.head.constraint)
        tested = file.folder if file.is_test else None
        key = (tuple(sorted(platform.items())), tested)
        if key not in self._builds:
            packages = PackageIndex(self._files, self.modules, platform, tested)
            types = TypeResolver(packages)
            members = MemberLookup(types)
            self._builds[key] = BuildContext(
                packages,
                types,
                ExpressionTypes(types, members),
                MethodSets(types, members, SignatureFormatter(types)),
            )
        return self._builds[key]


@dataclass(frozen=True, slots=True)
class BuildContext:
    """What is known of the files that are built together."""

    packages: PackageIndex
    types: TypeResolver
    expressions: ExpressionTypes
    interfaces: MethodSets


def _start(use: ResolvedUse) -> int:
    return use.start
