"""Resolves identifiers of Go files to their declarations ("go to definition")."""

from __future__ import annotations

from dataclasses import dataclass, field

from tree_sitter import Node

from annotator.golang.build_constraints import platform_of
from annotator.golang.resolver.expressions import ExpressionTypes
from annotator.golang.resolver.packages import FileSet, PackageIndex, ParsedFile
from annotator.golang.resolver.types import TypeResolver
from annotator.golang.resolver.visitor import ScopeVisitor, SelectorCallback
from annotator.golang.source_tree import SourceTree
from annotator.model.go import ResolvedUse


@dataclass(eq=False)
class Resolver:
    """Resolves names in the files of one snapshot; packages are parsed when a name first leads to them.

    Attributes:
        source: Gives the Go files of a folder.
        modules: Import paths of the repository's root, through its history.
    """

    source: SourceTree
    modules: tuple[str, ...]
    _files: FileSet = field(init=False)
    _builds: dict[tuple[tuple[tuple[str, bool], ...], str | None], ExpressionTypes] = field(
        default_factory=dict
    )
    _uses: dict[str, tuple[ResolvedUse, ...]] = field(default_factory=dict)
    _standard: dict[str, tuple[ResolvedUse, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._files = FileSet(self.source)

    def uses(self, path: str) -> tuple[ResolvedUse, ...]:
        """Return the proven uses in a file, in source order; none if the path has no Go file."""
        if path not in self._uses:
            self._uses[path] = self._bound(path)
        return self._uses[path]

    def standard_uses(self, path: str) -> tuple[ResolvedUse, ...]:
        """Return the uses of the standard library in a file; their paths are import paths."""
        self.uses(path)
        return self._standard.get(path, ())

    def show(self, path: str, watch: SelectorCallback) -> None:
        """Show every selector of a file to `watch`, with what its names mean where it stands."""
        self._uses[path] = self._bound(path, watch)

    def root(self, path: str) -> Node | None:
        """Return the root of a file's syntax tree, or None if the file is not Go."""
        found = self._files.file(path)
        return found.root if found is not None else None

    def _bound(self, path: str, watch: SelectorCallback | None = None) -> tuple[ResolvedUse, ...]:
        found = self._files.file(path)
        if found is None:
            return ()
        build = self._build(found)
        if not build.types.packages.has(found) or found.root is None:
            return ()
        visitor = ScopeVisitor(found, build, watch=watch)
        uses = visitor.run(found.root)
        self._standard[path] = tuple(sorted(visitor.standard, key=lambda use: use.start))
        return uses

    def _build(self, file: ParsedFile) -> ExpressionTypes:
        """Return the types of the expressions in the files that are built together with a file."""
        platform = platform_of(file.path, file.head.constraint)
        tested = file.folder if file.is_test else None
        key = (tuple(sorted(platform.items())), tested)
        if key not in self._builds:
            packages = PackageIndex(self._files, self.modules, platform, tested)
            self._builds[key] = ExpressionTypes(TypeResolver(packages))
        return self._builds[key]
