"""Collects the facts of Go symbols, and compares recorded ones with the source."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

import msgspec

from annotator.baseline_file import RECORD_AGAIN
from annotator.config import GoNames
from annotator.golang import function_facts
from annotator.golang.build_constraints import is_named_for_linux
from annotator.golang.resolver import Resolver
from annotator.golang.source_tree import SourceTree
from annotator.model.go import Declaration, Kind, ResolvedUse, folder_of, is_test_file
from annotator.model.port import Baseline, GoSymbol, Parameter
from annotator.model.reference import Problem, Reference
from annotator.parity import scope as scopes
from annotator.tracking import similarity

_TOP = frozenset(
    {Kind.FUNC, Kind.METHOD, Kind.STRUCT, Kind.INTERFACE, Kind.TYPE, Kind.FUNCTYPE, Kind.CONST, Kind.VAR}
)


def declarations_in_packages(tree: SourceTree, packages: Iterable[str]) -> Iterator[tuple[str, Declaration]]:
    """Return the declarations of some packages with their files, but for those of tests."""
    folders = set(packages)
    paths = [
        path
        for path in tree.go_files
        if folder_of(path) in folders and not is_test_file(path) and is_named_for_linux(path)
    ]
    for path, declaration in tree.declarations(paths):
        if declaration.name != "_" and declaration.kind in _TOP | {Kind.IMETHOD}:
            yield path, declaration


def declarations_in_files(tree: SourceTree, paths: Iterable[str]) -> Iterator[tuple[str, Declaration]]:
    """Return the declarations of those Go files that the tree has."""
    return tree.declarations(path for path in paths if path.endswith(".go") and tree.has(path))


def declarations_named(
    tree: SourceTree, references: Iterable[Reference]
) -> Iterator[tuple[str, Declaration]]:
    """Return the declarations that references name, as far as the tree has them."""
    for reference in references:
        if reference.path in tree.files and reference.path.endswith(".go"):
            for path, declaration in tree.declarations([reference.path]):
                if declaration.symbol == reference.symbol:
                    yield path, declaration


def collect_facts(
    tree: SourceTree, modules: tuple[str, ...], wanted: Iterable[tuple[str, Declaration]], names: GoNames
) -> tuple[GoSymbol, ...]:
    """Return the facts of some declarations, each once, sorted by path and line."""
    unique = {(path, found.symbol, found.line): found for path, found in wanted}
    tree.read({path for path, _, _ in unique})
    resolver = Resolver(tree, modules)
    recorded = {(path, symbol) for path, symbol, _ in unique}
    uses = {
        path: {use.end: use for use in resolver.uses(path) if _is_to_be_named(use, recorded)}
        for path, _, _ in unique
    }
    facts = [_facts(tree, path, found, uses[path], names) for (path, _, _), found in unique.items()]
    return tuple(sorted(facts, key=lambda each: (each.path, each.line, each.symbol)))


def _is_to_be_named(use: ResolvedUse, recorded: Container[tuple[str, str]]) -> bool:
    """Return whether a use is of the repository itself, or of a vendored symbol that is recorded too."""
    return "vendor" not in use.path.split("/") or (use.path, use.symbol) in recorded


def _facts(
    tree: SourceTree, path: str, found: Declaration, uses: Mapping[int, ResolvedUse], names: GoNames
) -> GoSymbol:
    data = tree.data(path)
    own = function_facts.read_function(data, found, names)
    calls = [
        f"{use.path}::{use.symbol}" if (use := uses.get(callee.end)) else f"?{callee.written}"
        for callee in own.callees
    ]
    members = [member for member in found.members if member.kind in (Kind.FIELD, Kind.IMETHOD)]
    return GoSymbol(
        path=path,
        symbol=found.symbol,
        kind=found.kind,
        line=found.line,
        end_line=found.span.end_line,
        params=own.params,
        results=own.results,
        members=tuple(Parameter(member.name, member.type, member.line) for member in members),
        calls=tuple(calls),
        errors=own.errors,
        blob=tree.files[path],
        likeness=similarity.fingerprint(found.body(data)),
    )


def outdated_facts(name: str, recorded: Baseline, tree: SourceTree) -> Iterator[Problem]:
    """Return a problem for each recorded symbol that the source does not have like that.

    The same blob holds the same declarations, so that only changed files are parsed.
    """
    for number, symbol in enumerate(recorded.symbols, 2):
        blob = tree.files.get(symbol.path)
        if blob == symbol.blob:
            continue
        what = _what(symbol, tree) if blob is not None else "is in no file of the source"
        message = f"{symbol.notation} {what} at {recorded.tag}; {RECORD_AGAIN}"
        yield Problem(name, number, message, "facts-differ")


def _what(symbol: GoSymbol, tree: SourceTree) -> str:
    document = tree.documents([symbol.path])[symbol.path]
    lines = [d.line for d in document.walk() if d.symbol == symbol.symbol]
    if symbol.line in lines:
        return "stands in a file that is another one"
    return f"stands in line {lines[0]}, not {symbol.line}" if lines else "is not in that file"


def originals_of(known: Baseline, scope: scopes.Scope) -> Mapping[str, GoSymbol]:
    """Return the recorded symbols by notation; those left out of the port come without their calls."""
    return {
        symbol.notation: symbol
        if scope.reason(symbol.notation) is None
        else msgspec.structs.replace(symbol, calls=())
        for symbol in known.symbols
    }
