"""Loads counterparts from docstrings, and checks that their originals exist."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from annotator.baseline_file import recorded
from annotator.config import Project
from annotator.golang.source_tree import SourceTree
from annotator.model.go import TYPE_KINDS, Declaration, GoFile, Kind, Span
from annotator.model.port import Baseline, Counterpart, GoSymbol
from annotator.model.reference import Problem, Reference
from annotator.parity.call_graph import normalized_name
from annotator.parity.scope import scope_of
from annotator.python_source.docstrings import DocstringIndex, read_docstrings
from annotator.python_source.modules import SourceFile, iterate_packages

_NEAREST = 3


_METHODS = frozenset({Kind.METHOD, Kind.IMETHOD})


def resolve(docstrings: DocstringIndex, symbols: Iterable[GoSymbol]) -> DocstringIndex:
    """Find the originals of the objects that no `Go:` line names, by name in their module's Go files.

    A class, method or function is the counterpart of the Go symbol with its name, ignoring case and
    underscores, if exactly one of the files declares it. A method's receiver is what its class mirrors.

    Args:
        docstrings: The objects; those without `mirrors` have `files`. An object that has no original and
            states differences becomes a problem.
        symbols: The Go symbols that can have a counterpart.
    """
    by_file: dict[str, list[GoSymbol]] = defaultdict(list)
    for symbol in symbols:
        by_file[symbol.path].append(symbol)
    found: dict[tuple[str, int], Counterpart] = {}
    classes: dict[str, Counterpart] = {}
    remarks = list(docstrings.remarks)
    # A class is resolved before its methods.
    for stated in sorted(docstrings.counterparts, key=lambda each: each.name.count(".")):
        counterpart = stated
        if not counterpart.mirrors:
            mirror = _original(counterpart, classes.get(counterpart.name.rpartition(".")[0]), by_file)
            mirrors = (mirror,) if mirror is not None else ()
            counterpart = msgspec.structs.replace(counterpart, mirrors=mirrors)
        if counterpart.mirrors:
            found[counterpart.name, counterpart.line] = counterpart
            if counterpart.kind == "class":
                classes[counterpart.name] = counterpart
        elif counterpart.differences:
            message = f"{counterpart.name} says how it differs, but not from what: add a `Go:` line"
            line = counterpart.differences[0].line
            remarks.append(Problem(counterpart.path, line, message, "differs-without-go"))
    keys = [(each.name, each.line) for each in docstrings.counterparts]
    return DocstringIndex(tuple(found[key] for key in keys if key in found), tuple(remarks))


def _original(
    counterpart: Counterpart, owner: Counterpart | None, by_file: Mapping[str, list[GoSymbol]]
) -> Reference | None:
    name = normalized_name(counterpart.name.rpartition(".")[2])
    receivers = {mirror.symbol for mirror in owner.mirrors} if owner is not None else {""}
    kinds = _METHODS if owner is not None else frozenset({Kind.FUNC})
    if counterpart.kind == "class":
        kinds = TYPE_KINDS
    matches = [
        symbol
        for file in counterpart.files
        for symbol in by_file.get(file, ())
        if symbol.kind in kinds
        and (kinds is TYPE_KINDS or symbol.symbol.rpartition(".")[0] in receivers)
        and normalized_name(symbol.symbol.rpartition(".")[2]) == name
    ]
    if len({symbol.path for symbol in matches}) != 1:
        return None
    # `Create` and `create` of one file: what is public mirrors what is exported.
    exported = [symbol for symbol in matches if symbol.symbol.rpartition(".")[2][:1].isupper()]
    (symbol, *others) = exported or matches
    if others:
        return None
    return Reference(
        symbol.path,
        symbol.symbol,
        cited=f"{symbol.path}::{symbol.symbol}",
        cited_in=counterpart.name,
        file=counterpart.path,
        at_line=counterpart.line,
    )


class RecordedTree:
    """The recorded facts in place of the source, for a command that has no source."""

    def __init__(self, baseline: Baseline) -> None:
        self.tag = f"{baseline.tag} (recorded facts)"
        self._files: dict[str, list[Declaration]] = {}
        for symbol in baseline.symbols:
            owner, _, name = symbol.symbol.rpartition(".")
            span = Span(0, 0, symbol.line, symbol.end_line)
            declaration = Declaration(symbol.kind, name, owner, symbol.line, 1, span)
            self._files.setdefault(symbol.path, []).append(declaration)

    @property
    def files(self) -> Mapping[str, object]:
        """Files with recorded declarations, by path."""
        return self._files

    def documents(self, paths: Iterable[str]) -> Mapping[str, GoFile]:
        """Return the recorded declarations of some files."""
        return {path: GoFile("", (), tuple(self._files[path]), "", 0) for path in paths}


def unknown_originals(
    counterparts: Iterable[Counterpart], tree: SourceTree | RecordedTree
) -> Iterator[Problem]:
    """Return a problem for each `Go:` line that names no declaration, with the nearest existing names."""
    for counterpart in counterparts:
        for mirror in counterpart.mirrors:
            message = _fault(mirror, tree)
            if message:
                yield Problem(mirror.file, mirror.at_line, f"{mirror.cited} {message}", "go-unknown")


def _fault(mirror: Reference, tree: SourceTree | RecordedTree) -> str:
    if mirror.path not in tree.files:
        return f"names a file that is not there at {tree.tag}{_near(mirror.path, tree.files)}"
    document = tree.documents([mirror.path])[mirror.path]
    lines = {d.symbol: d.line for d in document.walk()}
    if mirror.symbol not in lines:
        folder = mirror.path.rpartition("/")[0]
        siblings = [path for path in tree.files if path.rpartition("/")[0] == folder]
        elsewhere = [
            path
            for path, sibling in tree.documents(siblings).items()
            if any(d.symbol == mirror.symbol for d in sibling.walk())
        ]
        hint = f"; it is {elsewhere[0]}::{mirror.symbol}" if elsewhere else _near(mirror.symbol or "", lines)
        return f"names no declaration of that file at {tree.tag}{hint}"
    if mirror.line not in (None, lines[mirror.symbol]):
        return f"stands in line {lines[mirror.symbol]} at {tree.tag}"
    return ""


def _near(name: str, names: Iterable[str]) -> str:
    alike = difflib.get_close_matches(name, list(names), n=_NEAREST, cutoff=0.5)
    return f"; the nearest are {', '.join(alike)}" if alike else ""


def load_counterparts(project: Project) -> DocstringIndex:
    """Read the counterparts of the packages; names are resolved on the recorded facts.

    Raises:
        InvalidInput: A package is not there, a file of it is not Python, or the facts cannot be read.
    """
    return counterparts_in(project, iterate_packages(project.root, project.config.packages))


def counterparts_in(project: Project, files: Iterable[SourceFile]) -> DocstringIndex:
    """Return the counterparts in files of the packages; names are resolved on the recorded facts.

    Raises:
        InvalidInput: The facts cannot be read.
    """
    index = read_docstrings(files)
    if all(counterpart.mirrors for counterpart in index.counterparts):
        return index
    scope = scope_of(project)
    # A symbol that is absent for a reason has no counterpart, whatever it is called.
    symbols = [symbol for symbol in recorded(project).symbols if scope.reason(symbol.notation) is None]
    return resolve(index, symbols)
