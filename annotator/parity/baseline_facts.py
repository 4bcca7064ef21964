"""Collects the facts of Go symbols: declarations, calls, errors, fingerprints."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

from annotator.golang import function_facts
from annotator.golang.build_constraints import is_named_for_linux
from annotator.golang.resolver import Resolver
from annotator.golang.source_tree import SourceTree
from annotator.model.go import Declaration, Kind, ResolvedUse, folder_of, is_test_file
from annotator.model.port import GoSymbol, Parameter
from annotator.model.reference import Reference
from annotator.tracking import similarity

_TOP = frozenset(
    {Kind.FUNC, Kind.METHOD, Kind.STRUCT, Kind.INTERFACE, Kind.TYPE, Kind.FUNCTYPE, Kind.CONST, Kind.VAR}
)


def in_packages(tree: SourceTree, packages: Iterable[str]) -> Iterator[tuple[str, Declaration]]:
    """Every declaration of some packages, interface methods and closures among them; no tests."""
    folders = set(packages)
    paths = [
        path
        for path in tree.go_files
        if folder_of(path) in folders and not is_test_file(path) and is_named_for_linux(path)
    ]
    for path, document in tree.documents(paths).items():
        for declaration in document.walk():
            if declaration.name != "_" and declaration.kind in _TOP | {Kind.IMETHOD}:
                yield path, declaration


def in_files(tree: SourceTree, paths: Iterable[str]) -> Iterator[tuple[str, Declaration]]:
    """Return every declaration of some Go files, as far as the tree has them."""
    existing = [path for path in paths if path.endswith(".go") and tree.has(path)]
    for path, document in tree.documents(existing).items():
        yield from ((path, declaration) for declaration in document.walk())


def named(tree: SourceTree, references: Iterable[Reference]) -> Iterator[tuple[str, Declaration]]:
    """The declarations that references name, where they are there."""
    for reference in references:
        if reference.path in tree.files and reference.path.endswith(".go"):
            for declaration in tree.documents([reference.path])[reference.path].walk():
                if declaration.symbol == reference.symbol:
                    yield reference.path, declaration


def facts(
    tree: SourceTree, modules: tuple[str, ...], wanted: Iterable[tuple[str, Declaration]]
) -> tuple[GoSymbol, ...]:
    """What there is to know of some declarations, each once, in the order of path and line."""
    unique = {(path, found.symbol, found.line): found for path, found in wanted}
    tree.read({path for path, _, _ in unique})
    binder = Resolver(tree, modules)
    recorded = {(path, symbol) for path, symbol, _ in unique}
    uses = {
        path: {use.end: use for use in binder.uses(path) if _is_to_be_named(use, recorded)}
        for path, _, _ in unique
    }
    made = (_facts(tree, path, found, uses[path]) for (path, _, _), found in unique.items())
    return tuple(sorted(made, key=lambda each: (each.path, each.line, each.symbol)))


def _facts(
    tree: SourceTree,
    path: str,
    found: Declaration,
    uses: Mapping[int, ResolvedUse],
) -> GoSymbol:
    data = tree.data(path)
    own = function_facts.read_function(data, found)
    body = data[found.span.start : found.span.end]
    return GoSymbol(
        path=path,
        symbol=found.symbol,
        kind=found.kind,
        line=found.line,
        end_line=found.span.end_line,
        params=own.params,
        results=own.results,
        members=tuple(Parameter(member.name, member.type, member.line) for member in _members(found)),
        calls=tuple(_called(callee, uses) for callee in own.callees),
        errors=own.errors,
        blob=tree.files[path].id,
        likeness=similarity.fingerprint(body),
    )


def _members(found: Declaration) -> Iterator[Declaration]:
    return (member for member in found.members if member.kind in (Kind.FIELD, Kind.IMETHOD))


def _is_to_be_named(use: ResolvedUse, recorded: Container[tuple[str, str]]) -> bool:
    """Whether a use is of the repository's own, or of something vendored that is recorded itself."""
    return "vendor" not in use.path.split("/") or (use.path, use.symbol) in recorded


def _called(callee: function_facts.Callee, uses: Mapping[int, ResolvedUse]) -> str:
    use = uses.get(callee.end)
    return f"?{callee.written}" if use is None else f"{use.path}::{use.symbol}"
