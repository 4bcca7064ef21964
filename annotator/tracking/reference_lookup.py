"""Finds what a reference cites in one tree, by its symbol or by its line."""

from __future__ import annotations

import msgspec

from annotator.errors import counted
from annotator.golang.source_tree import SourceTree
from annotator.model.go import Declaration, Kind
from annotator.model.reference import (
    Anchor,
    Code,
    FoundBy,
    Missing,
    Outcome,
    Reference,
    Skipped,
    Verdict,
    Verified,
)
from annotator.tracking import lookup
from annotator.tracking.lookup import anchor, innermost, lines, locate, named


def verdict(reference: Reference, tree: SourceTree) -> Verdict:
    """Return a verdict on a reference at the tree's tag, as if it had been written there."""
    if reference.repository is not None:
        return Verdict(reference, Skipped(_skipped(reference.repository, tree.snapshot.repository)))
    return Verdict(reference, find(completed(reference, tree), tree))


def _skipped(cited: str, own: str) -> str:
    """Return why a reference into another repository is skipped."""
    name = own.removesuffix(".git").rstrip("/").rpartition("/")[2]
    if cited.rpartition("/")[2].casefold() == name.casefold():
        return (
            f"cited in {cited}, a fork or another repository of the same name; "
            "if it is this one, add it to `also` in the settings"
        )
    return f"cited in another repository, {cited}"


def find(reference: Reference, tree: SourceTree) -> Outcome:
    """Return where a reference with a complete path is in a tree."""
    if reference.symbol is None:
        return _by_line(reference, tree)
    if reference.is_of_package:
        why = f"the package in {reference.path} declares no {reference.symbol} at {tree.tag}"
        return Missing(why, code=Code.DECLARATION_GONE)
    return locate(reference, reference.symbol, tree)


def completed(reference: Reference, tree: SourceTree) -> Reference:
    """Complete a bare file name with its folder, or the folder of a package with the file of the symbol."""
    if reference.is_of_package and reference.symbol is not None:
        declaring = _declaring(reference.path.removeprefix("./")[:-1], reference.symbol, tree)
        return msgspec.structs.replace(reference, path=declaring) if declaring else reference
    files = _namesakes(reference, tree)
    return msgspec.structs.replace(reference, path=files[0]) if len(files) == 1 else reference


def _declaring(folder: str, symbol: str, tree: SourceTree) -> str | None:
    """Return the file of a package that declares a symbol; of several, the one that is shown for Linux."""
    bare = symbol.rpartition(".")[2]
    files = [path for path in tree.containing(bare) if path.rpartition("/")[0] == folder]
    documents = tree.documents(path for path in files if not path.endswith("_test.go"))
    declaring = [path for path, document in documents.items() if named(document, symbol)]
    return min(declaring, key=lambda path: (not path.endswith(("_linux.go", "_unix.go")), path), default=None)


def _namesakes(reference: Reference, tree: SourceTree) -> list[str]:
    """Return the files that a bare file name can mean, in order; none if it is a whole path."""
    # A link that names its ref has the whole path.
    if "/" in reference.path or reference.ref is not None or tree.has(reference.path):
        return []
    every = tree.go_files if reference.path.endswith(".go") else tree.files
    files = [path for path in every if path.rpartition("/")[2] == reference.path]
    if reference.symbol is not None and len(files) > 1:
        documents = tree.documents(path for path in files if path.endswith(".go"))
        files = [path for path in files if path in documents and named(documents[path], reference.symbol)]
    return files


def _by_line(reference: Reference, tree: SourceTree) -> Outcome:
    path, line = reference.path, reference.line or 1
    if not tree.has(path):
        return _file_is_gone(reference, tree)
    count = len(lines(tree.data(path)))
    last = reference.end_line or line
    if last > count:
        past = f"{path} has {count} lines at {tree.tag}; line {last} is past the end"
        return Missing(past, code=Code.PAST_END)
    if reference.line is None:
        return Verified(whole_file(path, count), FoundBy.POSITION, f"{path} is in the tree")
    found = (
        innermost(tree.documents([path])[path], line, reference.end_line) if path.endswith(".go") else None
    )
    if found is None:
        at, where = whole_file(path, count, line), f"line {line} of {path} lies outside any declaration"
    else:
        at = anchor(path, found, line)
        where = f"line {line} of {path} lies in {_place_in(found, line)}"
    return Verified(at, FoundBy.POSITION, where, range_end=reference.end_line)


def _place_in(found: Declaration, line: int) -> str:
    """Return a line's place in its declaration, in words."""
    shown, distance = f"{found.symbol} ({found.kind})", line - found.line
    if line < found.span.line:
        return f"the doc comment of {shown}, whose name stands in line {found.line}"
    side = "below" if distance > 0 else "above"
    return f"{shown}, {counted(abs(distance), 'line')} {side} its name" if distance else shown


def whole_file(path: str, count: int, line: int = 1) -> Anchor:
    """Return the anchor of a line outside any declaration: the file itself, with an empty symbol."""
    return Anchor(path=path, symbol="", kind=Kind.FILE, line=line, end_line=count)


def _file_is_gone(reference: Reference, tree: SourceTree) -> Missing:
    path, files = reference.path, _namesakes(reference, tree)
    if len(files) > 1:
        shown = " or ".join(files[:4]) + (" or another one" if len(files) > 4 else "")  # noqa: PLR2004
        return Missing(f"{path} can be {shown}; write the folder, too", code=Code.AMBIGUOUS)
    hint = lookup.moved_file_hint(path, tree)
    return Missing(f"{path} is not in the tree at {tree.tag}{hint}", code=Code.FILE_GONE)
