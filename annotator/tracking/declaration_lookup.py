"""Finds the declaration that a reference cites in one tree, by its symbol or by its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum

import msgspec

from annotator.errors import counted
from annotator.golang.source_tree import SourceTree
from annotator.model.go import CALLABLE_KINDS, Declaration, GoFile, Kind, folder_of, is_test_file, shared_tail
from annotator.model.reference import (
    Anchor,
    Code,
    FoundBy,
    Missing,
    Moved,
    Outcome,
    Reference,
    Skipped,
    Verdict,
    Verified,
)


def verdict_at(reference: Reference, tree: SourceTree) -> Verdict:
    """Return a verdict on a reference at the tree's tag, as if it had been written there."""
    if reference.repository is not None:
        return Verdict(reference, Skipped(_skipped(reference.repository, tree.snapshot.repository)))
    return Verdict(reference, find_reference(completed(reference, tree), tree))


def _skipped(cited: str, own: str) -> str:
    """Return why a reference into another repository is skipped."""
    name = own.removesuffix(".git").rstrip("/").rpartition("/")[2]
    if cited.rpartition("/")[2].casefold() == name.casefold():
        return (
            f"cited in {cited}, which has the name of this repository and may be a fork; "
            "if it is this one, add it to `also` in the settings"
        )
    return f"cited in another repository, {cited}"


def find_reference(reference: Reference, tree: SourceTree) -> Outcome:
    """Return where a reference with a complete path is in a tree."""
    if reference.symbol is None:
        return _by_line(reference, tree)
    if reference.is_of_package:
        folder = reference.path.removeprefix("./")[:-1]
        if not any(path.rpartition("/")[0] == folder for path in tree.go_files):
            return Missing(f"no package is in {reference.path} at {tree.tag}", code=Code.FILE_GONE)
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
    bare = symbol.rpartition(".")[2].encode()
    files = [path for path, data in tree.scan(package_files(folder, tree)).items() if bare in data]
    declaring = [path for path, document in tree.documents(files).items() if named(document, symbol)]
    return min(declaring, key=lambda path: (not path.endswith(("_linux.go", "_unix.go")), path), default=None)


def package_files(folder: str, tree: SourceTree) -> list[str]:
    """Return the Go files of a package, without its tests."""
    return [path for path in tree.go_files if folder_of(path) == folder and not is_test_file(path)]


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
    hint = moved_file_hint(path, tree)
    return Missing(f"{path} is not in the tree at {tree.tag}{hint}", code=Code.FILE_GONE)


class Found(msgspec.Struct, frozen=True):
    """A declaration and its file."""

    path: str
    declaration: Declaration


def named(document: GoFile, symbol: str) -> tuple[Declaration, ...]:
    """Return the declarations that a symbol names.

    A dotted symbol is matched exactly, a bare one also as the name of a method or closure.
    """
    name = symbol.rpartition(".")[2]
    namesakes = [d for d in document.walk() if d.name == name]
    exact = tuple(d for d in namesakes if d.symbol == symbol)
    if exact or "." in symbol:
        return exact
    return tuple(d for d in namesakes if d.kind in (Kind.METHOD, Kind.CLOSURE))


def named_in_file(document: GoFile, symbol: str) -> tuple[Declaration, ...]:
    """Return the declarations that a symbol names in its own file: a bare one also as a field or the like."""
    return named(document, symbol) or tuple(
        d for d in document.walk() if "." not in symbol and d.name == symbol and d.kind is not Kind.CLOSURE
    )


def innermost(document: GoFile, line: int, end_line: int | None = None) -> Declaration | None:
    """Return the smallest declaration that spans a line and, if one does, a range from it."""
    found = spanning(document, line)
    whole = [d for d in found if d.span.end_line >= (end_line or line)]
    return next(iter(whole or found), None)


def spanning(document: GoFile, line: int) -> list[Declaration]:
    """Return the declarations that span a line, doc comments included, from the smallest to the largest."""
    found = [d for d in document.walk() if first_line(d) <= line <= d.span.end_line]
    return sorted(found, key=lambda d: d.span.end_line - first_line(d))


def first_line(declaration: Declaration) -> int:
    """Return the declaration's first line, its doc comment included."""
    return declaration.doc_span.line if declaration.doc_span else declaration.span.line


def anchor(path: str, declaration: Declaration, line: int | None = None) -> Anchor:
    """Return the declaration's anchor; with a line, the anchor of that line by its offset."""
    return Anchor(
        path=path,
        symbol=declaration.symbol,
        kind=declaration.kind,
        line=declaration.line,
        end_line=declaration.span.end_line,
        offset=0 if line is None else line - declaration.line,
    )


def at_anchor(tree: SourceTree, at: Anchor) -> Declaration:
    """Return the declaration at an anchor of this tree."""
    document = tree.documents([at.path])[at.path]
    return next(d for d in named(document, at.symbol) if d.line == at.line)


def lines(data: bytes) -> list[bytes]:
    """Return the lines of a file, without their ends."""
    return data.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")


def plain_spaces(line: bytes) -> bytes:
    """Return a line with one blank in place of each white space, which gofmt changes between versions."""
    return b" ".join(line.split())


# A moved file is believed when so many of its path's last parts stayed: folder and name.
KEPT_PARTS = 2


class _SearchArea(StrEnum):
    FILE = "file"
    PACKAGE = "package"
    TREE = "tree"


def locate(reference: Reference, symbol: str, tree: SourceTree) -> Outcome:
    """Locate the declaration of a symbol by its name: in its file, then its package, then the tree."""
    guess: Found | None = None
    for place, candidates in _candidates(reference, symbol, tree):
        at_line = [found for found in candidates if _is_at_cited_place(found, reference)]
        likely = at_line or candidates
        if len(likely) == 1:
            return _placed(reference, likely[0], place, tree)
        if len(candidates) > 1 and place is _SearchArea.FILE:
            return Missing(_not_unique(symbol, candidates), _anchor(candidates[0]), Code.AMBIGUOUS)
        guess = guess or next(iter(candidates), None)
    code = Code.DECLARATION_GONE if tree.has(reference.path) else Code.FILE_GONE
    why = _why_missing(reference.path, symbol, guess, tree)
    return Missing(why, _anchor(guess) if guess else None, code)


def _anchor(found: Found) -> Anchor:
    return anchor(found.path, found.declaration)


def _candidates(
    reference: Reference, symbol: str, tree: SourceTree
) -> Iterator[tuple[_SearchArea, list[Found]]]:
    path = reference.path
    if tree.has(path) and path.endswith(".go"):
        yield _SearchArea.FILE, _declared(reference, [path], symbol, tree)
    bare = symbol.rpartition(".")[2]
    having = [other for other in tree.containing(bare) if other != path]
    siblings = [other for other in having if folder_of(other) == folder_of(path)]
    yield _SearchArea.PACKAGE, _declared(reference, siblings, symbol, tree)
    elsewhere = [other for other in having if folder_of(other) != folder_of(path)]
    yield _SearchArea.TREE, _nearest_by_path(path, _declared(reference, elsewhere, symbol, tree))


def _declared(reference: Reference, paths: list[str], symbol: str, tree: SourceTree) -> list[Found]:
    tests = is_test_file(reference.path)
    eligible = [path for path in paths if tests or not is_test_file(path)]
    wanted = _HEADINGS.get(reference.heading or "")
    return [
        Found(path, declaration)
        for path, document in tree.documents(eligible).items()
        for declaration in (named_in_file if path == reference.path else named)(document, symbol)
        if wanted is None
        or declaration.kind in wanted
        or (path == reference.path and declaration in named(document, symbol))
    ]


def _nearest_by_path(path: str, found: list[Found]) -> list[Found]:
    """Those in a file that has clearly moved there: folder and name stayed, or the name and a folder did."""
    best = max((shared_tail(path, candidate.path) for candidate in found), default=0)
    if best >= KEPT_PARTS:
        return [candidate for candidate in found if shared_tail(path, candidate.path) == best]
    folders = set(path.split("/")[:-1])
    return found if best and len(found) == 1 and folders & set(found[0].path.split("/")[:-1]) else []


_HEADINGS: Mapping[str, frozenset[Kind]] = {
    "function": CALLABLE_KINDS,
    "func": CALLABLE_KINDS,
    "method": frozenset({Kind.METHOD, Kind.IMETHOD}),
    # Articles head methods by the type that they belong to.
    "struct": frozenset({Kind.STRUCT, Kind.METHOD}),
    "interface": frozenset({Kind.INTERFACE}),
}


def _is_at_cited_place(found: Found, reference: Reference) -> bool:
    return found.path == reference.path and found.declaration.line == reference.line


def _placed(reference: Reference, found: Found, place: _SearchArea, tree: SourceTree) -> Outcome:
    declaration, path = found.declaration, found.path
    at = anchor(path, declaration)
    if not stands_at(tree.data(path), declaration):
        return Missing(
            f"the syntax tree puts {declaration.symbol} in line {declaration.line} of {path}, "
            "but that line does not hold its name",
            at,
        )
    where = f"{declaration.symbol} ({declaration.kind}) stands in {path} in line {declaration.line}"
    match place:
        case _SearchArea.FILE:
            return _in_file(reference, found, where, tree)
        case _SearchArea.PACKAGE:
            return Moved(at, FoundBy.SYMBOL, f"{where}: another file of its package")
        case _SearchArea.TREE:
            return Moved(at, FoundBy.FILE_RENAME, f"{where}: the file moved there")


def _in_file(reference: Reference, found: Found, where: str, tree: SourceTree) -> Outcome:
    at, cited, last = _anchor(found), reference.line, reference.end_line
    if last is not None and last > (count := len(lines(tree.data(found.path)))):
        reason = f"{where}, but {found.path} has {count} lines at {tree.tag}; line {last} is past the end"
        return Missing(reason, at, Code.PAST_END)
    if cited in (None, at.line):
        end = f"; the cited range ends in line {last}, it in line {at.end_line}"
        told = end if last not in (None, at.end_line) else ""
        return Verified(at, FoundBy.SYMBOL, f"{where}, as cited{told}", range_end=last)
    inside = first_line(found.declaration) <= (cited or 0) <= at.end_line
    reason = f"{where}, not in line {cited}" + (", which lies inside it" if inside else "")
    return Moved(at, FoundBy.SYMBOL, reason, range_end=at.end_line if last is not None else None)


# Letters beyond ASCII are letters in Go too.
_WORD = re.compile(rb"[\w\x80-\xff]+")


def stands_at(data: bytes, declaration: Declaration) -> bool:
    """Whether the bytes of the declared line hold the name: read without the syntax tree."""
    rows = data.split(b"\n", declaration.line)
    return declaration.name.encode() in _WORD.findall(b"".join(rows[declaration.line - 1 : declaration.line]))


def _not_unique(symbol: str, candidates: list[Found]) -> str:
    places = ", ".join(f"{f.declaration.symbol} in line {f.declaration.line}" for f in candidates[:4])
    return f"{symbol} is not unique in {candidates[0].path}: {places}; cite the line or the receiver"


def _why_missing(path: str, symbol: str, guess: Found | None, tree: SourceTree) -> str:
    lead = (
        f"no declaration in {path}, its package or a moved file is clearly {symbol}"
        if tree.has(path)
        else f"{path} is not in the tree at {tree.tag}, and no one declaration is clearly {symbol}"
    )
    if guess is None:
        return lead
    at = guess.declaration
    return f"{lead}; it may be {at.symbol} in line {at.line} of {guess.path}"


def moved_file_hint(path: str, tree: SourceTree) -> str:
    """Return where a file may have gone, for a person: the name in other letter case, or a moved file."""
    folded = path.casefold()
    for other in tree.files:
        if len(other) == len(path) and other.casefold() == folded:
            return f"; it is {other} but for the case of its letters"
    alike = [other for other in tree.go_files if shared_tail(other, path) >= KEPT_PARTS]
    return f"; it may have moved to {alike[0]}" if len(alike) == 1 else ""
