"""Finds a cited symbol by name in file, package, tree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum

import msgspec

from annotator.golang.source_tree import SourceTree
from annotator.model.go import CALLABLE_KINDS, Declaration, GoFile, Kind, folder_of, is_test_file
from annotator.model.reference import Anchor, FoundBy, Missing, Moved, Outcome, Reference, Renamed, Verified
from annotator.tracking import similarity


class Found(msgspec.Struct, frozen=True):
    """A declaration and its file."""

    path: str
    declaration: Declaration


class Search(msgspec.Struct, frozen=True):
    """A reference to locate, the tree, and the declaration that it cited where it was written.

    Attributes:
        reference: The reference.
        tree: The repository at the tag that is asked for.
        written_at: The repository at the tag at which the reference was written, if it is at hand.
        origin: The cited declaration there, if it is one.
    """

    reference: Reference
    tree: SourceTree
    written_at: SourceTree | None = None
    origin: Found | None = None


def search(reference: Reference, tree: SourceTree, written_at: SourceTree | None) -> Search:
    """Return the search for a reference, with the declaration that it cited where it was written."""
    origin = None
    if written_at is not None and reference.path.endswith(".go") and written_at.has(reference.path):
        origin = _cited(reference, written_at.documents([reference.path])[reference.path])
    return Search(reference, tree, written_at, origin)


def _cited(reference: Reference, document: GoFile) -> Found | None:
    if reference.symbol is None:
        found = innermost(document, reference.line) if reference.line else None
        return Found(reference.path, found) if found else None
    hits = named(document, reference.symbol)
    chosen = tuple(d for d in hits if d.line == reference.line) or hits
    return Found(reference.path, chosen[0]) if len(chosen) == 1 else None


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


def innermost(document: GoFile, line: int) -> Declaration | None:
    """Return the smallest declaration that spans a line, its doc comment included."""
    spanning = [d for d in document.walk() if first_line(d) <= line <= d.span.end_line]
    return min(spanning, key=lambda d: d.span.end_line - first_line(d), default=None)


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


def body(tree: SourceTree, found: Found) -> bytes:
    """Return the declaration's bytes, without its doc comment."""
    span = found.declaration.span
    return tree.data(found.path)[span.start : span.end]


def lines(data: bytes) -> list[bytes]:
    """Return the lines of a file, without their ends."""
    return data.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")


def shared_tail(one: str, other: str) -> int:
    """How many parts, from the file name up, two paths have in common."""
    count = 0
    for a, b in zip(reversed(one.split("/")), reversed(other.split("/")), strict=False):
        if a != b:
            break
        count += 1
    return count


# A moved file is believed when so many of its path's last parts stayed: folder and name.
KEPT_PARTS = 2


class _Place(StrEnum):
    FILE = "file"
    PACKAGE = "package"
    TREE = "tree"


def locate(looked_for: Search, symbol: str) -> Outcome:
    """Locate the declaration of the symbol: in its file, then its package, then the tree."""
    guess: Found | None = None
    for place, candidates in _candidates(looked_for, symbol):
        likely = _likely(looked_for, candidates)
        if len(likely) == 1:
            return _placed(looked_for, likely[0], place)
        if len(candidates) > 1 and place is _Place.FILE:
            return Missing(_not_unique(symbol, candidates), _anchor(candidates[0]))
        guess = guess or next(iter(candidates), None)
    return Missing(_why_missing(looked_for, symbol, guess), _anchor(guess) if guess else None)


def _anchor(found: Found) -> Anchor:
    return anchor(found.path, found.declaration)


def _candidates(looked_for: Search, symbol: str) -> Iterator[tuple[_Place, list[Found]]]:
    path, tree = looked_for.reference.path, looked_for.tree
    if tree.has(path) and path.endswith(".go"):
        yield _Place.FILE, _declared(looked_for, [path], symbol)
    bare = symbol.rpartition(".")[2]
    having = [other for other in tree.containing(bare) if other != path]
    siblings = [other for other in having if folder_of(other) == folder_of(path)]
    yield _Place.PACKAGE, _declared(looked_for, siblings, symbol)
    elsewhere = [other for other in having if folder_of(other) != folder_of(path)]
    yield _Place.TREE, _nearest_by_path(path, _declared(looked_for, elsewhere, symbol))


def _declared(looked_for: Search, paths: list[str], symbol: str) -> list[Found]:
    tests = is_test_file(looked_for.reference.path)
    eligible = [path for path in paths if tests or not is_test_file(path)]
    wanted = _wanted_kinds(looked_for)
    return [
        Found(path, declaration)
        for path, document in looked_for.tree.documents(eligible).items()
        for declaration in named(document, symbol)
        if path == looked_for.reference.path or wanted is None or declaration.kind in wanted
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


def _wanted_kinds(looked_for: Search) -> frozenset[Kind] | None:
    """Return the kinds that the reference can mean: the known one, else those its heading allows."""
    if looked_for.origin is not None:
        return frozenset({looked_for.origin.declaration.kind})
    return _HEADINGS.get(looked_for.reference.heading or "")


def _likely(looked_for: Search, candidates: list[Found]) -> list[Found]:
    """Return the likely candidates: by line if there are several, by body if it is known."""
    at_line = [found for found in candidates if _is_at_cited_place(found, looked_for.reference)]
    if at_line or looked_for.origin is None or looked_for.written_at is None:
        return at_line or candidates
    if len(candidates) == 1 and candidates[0].path == looked_for.reference.path:
        return candidates
    before = body(looked_for.written_at, looked_for.origin)
    needed = similarity.SAME if len(candidates) > 1 else similarity.AKIN
    return [
        found
        for found in candidates
        if similarity.token_similarity(before, body(looked_for.tree, found)) >= needed
    ]


def _is_at_cited_place(found: Found, reference: Reference) -> bool:
    return found.path == reference.path and found.declaration.line == reference.line


def _placed(looked_for: Search, found: Found, place: _Place) -> Outcome:
    declaration, path = found.declaration, found.path
    at = anchor(path, declaration)
    if not stands_at(looked_for.tree.data(path), declaration):
        return Missing(
            f"the syntax tree puts {declaration.symbol} in line {declaration.line} of {path}, "
            "but that line does not hold its name",
            at,
        )
    where = f"{declaration.symbol} ({declaration.kind}) stands in {path} in line {declaration.line}"
    match place:
        case _Place.FILE:
            return _in_file(looked_for, found, where)
        case _Place.PACKAGE:
            return Moved(at, FoundBy.SYMBOL, f"{where}: another file of its package")
        case _Place.TREE:
            return Moved(at, FoundBy.FILE_RENAME, f"{where}: the file moved there")


def _in_file(looked_for: Search, found: Found, where: str) -> Outcome:
    at, cited = _anchor(found), looked_for.reference.line
    if looked_for.origin is not None and looked_for.origin.declaration.symbol != at.symbol:
        return _other_symbol(looked_for, found, where)
    if cited in (None, at.line):
        return Verified(at, FoundBy.SYMBOL, f"{where}, as cited")
    inside = first_line(found.declaration) <= (cited or 0) <= at.end_line
    return Moved(
        at, FoundBy.SYMBOL, f"{where}, not in line {cited}" + (", which lies inside it" if inside else "")
    )


def _other_symbol(looked_for: Search, found: Found, where: str) -> Outcome:
    """Return functions that became methods or the reverse; only a similar body identifies them."""
    origin, written_at = looked_for.origin, looked_for.written_at
    at = _anchor(found)
    if origin is None or written_at is None:
        return Missing(f"{where}, which is another symbol", at)
    if similarity.token_similarity(body(written_at, origin), body(looked_for.tree, found)) < similarity.SAME:
        return Missing(f"{where}, whose body is not that of {origin.declaration.symbol}", at)
    return Renamed(at, FoundBy.BODY, f"{where}: it was {origin.declaration.symbol}")


def stands_at(data: bytes, declaration: Declaration) -> bool:
    """Whether the bytes of the declared line hold the name: read without the syntax tree."""
    text = lines(data)
    if not 1 <= declaration.line <= len(text):
        return False
    name = re.escape(declaration.name.encode())
    return re.search(rb"(?<!\w)" + name + rb"(?!\w)", text[declaration.line - 1]) is not None


def _not_unique(symbol: str, candidates: list[Found]) -> str:
    places = ", ".join(f"{f.declaration.symbol} in line {f.declaration.line}" for f in candidates[:4])
    return f"{symbol} is not unique in {candidates[0].path}: {places}; cite the line or the receiver"


def _why_missing(looked_for: Search, symbol: str, guess: Found | None) -> str:
    path, tree = looked_for.reference.path, looked_for.tree
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
    """Where a file may have gone, for a person."""
    alike = [other for other in tree.go_files if shared_tail(other, path) >= KEPT_PARTS]
    return f"; it may have moved to {alike[0]}" if len(alike) == 1 else ""
