"""Where a cited thing is at a tag: looked for in its file, its package, then the whole tree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

import msgspec

from annotator.model import (
    Anchor,
    Declaration,
    Document,
    Kind,
    Missing,
    Moved,
    Outcome,
    Reference,
    Sign,
    Skipped,
    Text,
    Verdict,
    Verified,
)
from annotator.tracking import likeness

# A moved file is believed when so many of its path's last parts stayed: folder and name.
_KEPT_PARTS = 2


class Tree(Protocol):
    """A repository at one tag, read as Go."""

    @property
    def tag(self) -> str:
        """The tag's name."""
        ...

    @property
    def go_files(self) -> Mapping[str, object]:
        """Every Go file that is not vendored, by path."""
        ...

    def has(self, path: str) -> bool:
        """Whether the tree has this file, vendored or not."""
        ...

    def data(self, path: str) -> bytes:
        """A file's bytes."""
        ...

    def documents(self, paths: Iterable[str]) -> Mapping[str, Document]:
        """What Go files say."""
        ...

    def containing(self, word: str) -> tuple[str, ...]:
        """The Go files, not vendored, whose bytes hold `word`."""
        ...


class _Found(msgspec.Struct, frozen=True):
    path: str
    declaration: Declaration


def verdict(reference: Reference, tree: Tree, written_at: Tree | None = None) -> Verdict:
    """What became of a reference at the tree's tag.

    Args:
        reference: What is cited.
        tree: The repository at the tag that is asked for.
        written_at: The repository at the tag at which the reference was written, if it is at hand.
    """
    if reference.repository is not None:
        return Verdict(reference, Skipped(f"cited in another repository, {reference.repository}"))
    origin = _origin(reference, written_at)
    if reference.symbol is None:
        outcome = _by_line(reference, tree, written_at, origin)
    else:
        outcome = _by_symbol(reference, reference.symbol, tree, origin, written_at)
    return Verdict(reference, outcome, _text(outcome, tree, origin, written_at))


def declarations(document: Document) -> Iterator[Declaration]:
    """Every declaration of a document, members after their owner."""
    pending = list(reversed(document.declarations))
    while pending:
        declaration = pending.pop()
        yield declaration
        pending.extend(reversed(declaration.members))


def named(document: Document, symbol: str) -> tuple[Declaration, ...]:
    """The declarations that a symbol names: dotted exactly; a bare name also as a sole method's or closure's."""
    exact = tuple(d for d in declarations(document) if d.symbol == symbol)
    if exact or "." in symbol:
        return exact
    return tuple(
        d for d in declarations(document) if d.name == symbol and d.kind in (Kind.METHOD, Kind.CLOSURE)
    )


def innermost(document: Document, line: int) -> Declaration | None:
    """The smallest declaration that spans a line, its doc comment included."""
    spanning = [d for d in declarations(document) if first_line(d) <= line <= d.span.end_line]
    return min(
        spanning, key=lambda d: (d.span.end_line - first_line(d), d.span.end - d.span.start), default=None
    )


def first_line(declaration: Declaration) -> int:
    """The declaration's first line, its doc comment included."""
    return declaration.doc_span.line if declaration.doc_span else declaration.span.line


def anchor(path: str, declaration: Declaration, line: int | None = None) -> Anchor:
    """The declaration's anchor; with a line, the anchor of that line by its offset."""
    return Anchor(
        path=path,
        symbol=declaration.symbol,
        kind=declaration.kind,
        line=declaration.line,
        end_line=declaration.span.end_line,
        offset=0 if line is None else line - declaration.line,
    )


# ── By symbol ────────────────────────────────────────────────────────────────────────────────────


def _by_symbol(
    reference: Reference, symbol: str, tree: Tree, origin: _Found | None, written_at: Tree | None
) -> Outcome:
    guess: Anchor | None = None
    for place, candidates in _candidates(reference, symbol, tree, origin):
        likely = _likely(candidates, origin, tree, written_at, reference)
        if len(likely) == 1:
            return _placed(reference, likely[0], tree, place)
        if candidates and guess is None:
            guess = anchor(candidates[0].path, candidates[0].declaration)
            if place == "file":
                names = ", ".join(
                    f"{f.declaration.symbol} in line {f.declaration.line}" for f in candidates[:4]
                )
                return Missing(f"{symbol} is not unique in {reference.path}: {names}", guess)
    return Missing(_why_missing(reference, symbol, tree, guess), guess)


def _candidates(
    reference: Reference, symbol: str, tree: Tree, origin: _Found | None
) -> Iterator[tuple[str, list[_Found]]]:
    """Where the symbol may be, from the surest place to the weakest."""
    if tree.has(reference.path) and reference.path.endswith(".go"):
        document = tree.documents([reference.path])[reference.path]
        yield "file", [_Found(reference.path, d) for d in named(document, symbol)]
    wanted = _wanted_kinds(reference, origin)
    folder = reference.path.rpartition("/")[0]
    siblings = [p for p in tree.go_files if p.rpartition("/")[0] == folder and p != reference.path]
    yield "package", _declared(tree, siblings, symbol, wanted, tests=_is_test(reference.path))
    elsewhere = [p for p in tree.containing(symbol.rpartition(".")[2]) if p.rpartition("/")[0] != folder]
    found = _declared(tree, elsewhere, symbol, wanted, tests=_is_test(reference.path))
    yield "tree", _nearest_by_path(reference.path, found)


def _declared(
    tree: Tree, paths: list[str], symbol: str, kinds: frozenset[Kind] | None, *, tests: bool
) -> list[_Found]:
    eligible = [path for path in paths if tests or not _is_test(path)]
    return [
        _Found(path, declaration)
        for path, document in tree.documents(eligible).items()
        for declaration in named(document, symbol)
        if kinds is None or declaration.kind in kinds
    ]


def _nearest_by_path(path: str, found: list[_Found]) -> list[_Found]:
    """Those whose path ends most like the cited one, if folder and file name both stayed."""
    best = max((_shared_tail(path, f.path) for f in found), default=0)
    if best < _KEPT_PARTS:
        return []
    return [f for f in found if _shared_tail(path, f.path) == best]


def _shared_tail(one: str, other: str) -> int:
    count = 0
    for a, b in zip(reversed(one.split("/")), reversed(other.split("/")), strict=False):
        if a != b:
            break
        count += 1
    return count


def _likely(
    candidates: list[_Found],
    origin: _Found | None,
    tree: Tree,
    written_at: Tree | None,
    reference: Reference,
) -> list[_Found]:
    """The candidates that can be meant: by the line among several, by the body where it is known."""
    if len(candidates) < 2:  # noqa: PLR2004 - nothing to choose between
        return candidates
    if reference.path == candidates[0].path:
        at_line = [f for f in candidates if f.declaration.line == reference.line]
        if at_line:
            return at_line
    if origin is None or written_at is None:
        return candidates
    body = _body(written_at, origin)
    scored = [(likeness.ratio(body, _body(tree, f)), f) for f in candidates]
    return [f for score, f in scored if score >= likeness.SAME] or candidates


_HEADINGS: Mapping[str, frozenset[Kind]] = {
    "function": frozenset({Kind.FUNC, Kind.METHOD, Kind.CLOSURE, Kind.IMETHOD}),
    "func": frozenset({Kind.FUNC, Kind.METHOD, Kind.CLOSURE, Kind.IMETHOD}),
    "method": frozenset({Kind.METHOD, Kind.IMETHOD}),
    "struct": frozenset({Kind.STRUCT, Kind.METHOD}),
    "interface": frozenset({Kind.INTERFACE}),
}


def _wanted_kinds(reference: Reference, origin: _Found | None) -> frozenset[Kind] | None:
    """The kinds that can be meant: the known one, else what the article's heading allows."""
    if origin is not None:
        return frozenset({origin.declaration.kind})
    return _HEADINGS.get(reference.heading or "")


def _placed(reference: Reference, found: _Found, tree: Tree, place: str) -> Outcome:
    declaration, path = found.declaration, found.path
    at = anchor(path, declaration)
    if not _stands_at(tree.data(path), declaration):
        return Missing(
            f"the syntax tree puts {declaration.symbol} in line {declaration.line} of {path}, "
            "but that line does not hold its name",
            at,
        )
    where = f"{declaration.symbol} ({declaration.kind}) stands in {path} in line {declaration.line}"
    if place == "file":
        if reference.line in (None, declaration.line):
            return Verified(at, Sign.SYMBOL, f"{where}, as cited")
        return Moved(
            at, Sign.SYMBOL, f"{where}, not in line {reference.line}{_inside(reference, declaration)}"
        )
    if place == "package":
        return Moved(at, Sign.SYMBOL, f"{where}: another file of the same package")
    return Moved(at, Sign.FILE_RENAME, f"{where}: the file moved there")


def _inside(reference: Reference, declaration: Declaration) -> str:
    line = reference.line or 0
    return ", which lies inside it" if first_line(declaration) <= line <= declaration.span.end_line else ""


def _stands_at(data: bytes, declaration: Declaration) -> bool:
    """Whether the bytes of the declared line hold the name, read without the syntax tree."""
    lines = data.splitlines() if b"\r" in data else data.split(b"\n")
    if not 1 <= declaration.line <= len(lines):
        return False
    name = re.escape(declaration.name.encode())
    return re.search(rb"(?<![\w])" + name + rb"(?![\w])", lines[declaration.line - 1]) is not None


def _why_missing(reference: Reference, symbol: str, tree: Tree, guess: Anchor | None) -> str:
    if not tree.has(reference.path):
        lead = (
            f"{reference.path} is not in the tree at {tree.tag}, and no one declaration is clearly {symbol}"
        )
    else:
        lead = f"no declaration in {reference.path}, its package or a moved file is clearly {symbol}"
    if guess is not None:
        return f"{lead}; it may be {guess.symbol} in line {guess.line} of {guess.path}"
    return lead


# ── By line ──────────────────────────────────────────────────────────────────────────────────────


def _by_line(reference: Reference, tree: Tree, written_at: Tree | None, origin: _Found | None) -> Outcome:
    if written_at is not None and written_at.tag != tree.tag:
        return _carried_line(reference, tree, written_at, origin)
    path, line = reference.path, reference.line or 1
    if not tree.has(path):
        return _line_in_moved_file(reference, tree)
    count = tree.data(path).count(b"\n") + (not tree.data(path).endswith(b"\n"))
    last = reference.end_line or line
    if last > count:
        return Missing(f"{path} has {count} lines at {tree.tag}; line {last} is past the end")
    if reference.line is None:
        return Verified(_file_anchor(path, count), Sign.POSITION, f"{path} is in the tree")
    found = innermost(tree.documents([path])[path], line) if path.endswith(".go") else None
    if found is None:
        return Verified(
            _file_anchor(path, count, line), Sign.POSITION, f"line {line} of {path}, outside any declaration"
        )
    return Verified(
        anchor(path, found, line),
        Sign.POSITION,
        f"line {line} of {path} lies in {found.symbol}{_offset(found, line)}",
    )


def _offset(declaration: Declaration, line: int) -> str:
    return f", {line - declaration.line:+d} lines from its name" if line != declaration.line else ""


def _file_anchor(path: str, count: int, line: int = 1) -> Anchor:
    """The anchor of a place outside any declaration: the file itself."""
    return Anchor(path=path, symbol="", kind=Kind.TYPE, line=line, end_line=count)


def _line_in_moved_file(reference: Reference, tree: Tree) -> Missing:
    same_name = [p for p in tree.go_files if _shared_tail(p, reference.path) >= _KEPT_PARTS]
    hint = f"; it may have moved to {same_name[0]}" if len(same_name) == 1 else ""
    return Missing(f"{reference.path} is not in the tree at {tree.tag}{hint}")


def _carried_line(reference: Reference, tree: Tree, written_at: Tree, origin: _Found | None) -> Outcome:
    """A cited line goes with its declaration, and is gone when its text is."""
    line = reference.line or 1
    if origin is None:
        return _line_outside(reference, tree, written_at)
    declared = msgspec.structs.replace(
        reference, symbol=origin.declaration.symbol, line=origin.declaration.line, end_line=None
    )
    outcome = _by_symbol(declared, origin.declaration.symbol, tree, origin, written_at)
    if isinstance(outcome, Missing | Skipped):
        return outcome
    cited = written_at.data(reference.path).split(b"\n")[line - 1].strip()
    spot = _same_line(tree, outcome.anchor, cited, line - origin.declaration.line)
    if spot is None:
        return Missing(
            f"{outcome.anchor.symbol} is there, but the cited line's text is gone from it", outcome.anchor
        )
    at = msgspec.structs.replace(outcome.anchor, offset=spot - outcome.anchor.line)
    where = f"the cited line stands in line {spot} of {at.path}, in {at.symbol}"
    if at.path == reference.path and spot == line:
        return Verified(at, Sign.POSITION, where)
    return Moved(at, Sign.POSITION, f"{where}, not in line {line}")


def _same_line(tree: Tree, at: Anchor, cited: bytes, offset: int) -> int | None:
    """The line in the declaration that holds the cited text; the nearest to the old offset, if it is one."""
    lines = tree.data(at.path).split(b"\n")
    declaration = next(d for d in named(tree.documents([at.path])[at.path], at.symbol) if d.line == at.line)
    window = range(first_line(declaration), declaration.span.end_line + 1)
    hits = [number for number in window if lines[number - 1].strip() == cited]
    if not hits:
        return None
    nearest = sorted(hits, key=lambda number: abs(number - at.line - offset))
    tie = len(nearest) > 1 and abs(nearest[0] - at.line - offset) == abs(nearest[1] - at.line - offset)
    return None if tie else nearest[0]


def _line_outside(reference: Reference, tree: Tree, written_at: Tree) -> Outcome:
    """A line outside any declaration: found again only in the same file and only if its text is unique."""
    line = reference.line or 1
    before = written_at.data(reference.path).split(b"\n") if written_at.has(reference.path) else []
    if line > len(before):
        return Missing(
            f"line {line} of {reference.path} is past the end at {written_at.tag}, where it was cited"
        )
    if not tree.has(reference.path):
        return _line_in_moved_file(reference, tree)
    cited = before[line - 1].strip()
    after = tree.data(reference.path).split(b"\n")
    hits = [number for number, text in enumerate(after, 1) if text.strip() == cited]
    if not cited or len(hits) != 1:
        return Missing(f"the text of the cited line is not found once in {reference.path} at {tree.tag}")
    at = _file_anchor(reference.path, len(after), hits[0])
    if hits[0] == line:
        return Verified(at, Sign.POSITION, f"line {line} of {reference.path} holds the cited text")
    return Moved(
        at, Sign.POSITION, f"the cited text stands in line {hits[0]} of {reference.path}, not {line}"
    )


# ── The tag at which it was written ──────────────────────────────────────────────────────────────


def _origin(reference: Reference, written_at: Tree | None) -> _Found | None:
    """The cited declaration where it was written, if that is at hand and unique."""
    if written_at is None or not reference.path.endswith(".go") or not written_at.has(reference.path):
        return None
    document = written_at.documents([reference.path])[reference.path]
    if reference.symbol is None:
        found = innermost(document, reference.line) if reference.line else None
        return _Found(reference.path, found) if found else None
    hits = named(document, reference.symbol)
    exact = [d for d in hits if d.line == reference.line]
    chosen = exact or list(hits)
    return _Found(reference.path, chosen[0]) if len(chosen) == 1 else None


def _body(tree: Tree, found: _Found) -> bytes:
    span = found.declaration.span
    return tree.data(found.path)[span.start : span.end]


def _text(outcome: Outcome, tree: Tree, origin: _Found | None, written_at: Tree | None) -> Text:
    """The declaration's text at the tag against the text where it was written."""
    if origin is None or written_at is None or isinstance(outcome, Missing | Skipped):
        return Text.UNKNOWN
    at = outcome.anchor
    if not at.symbol:
        return Text.UNKNOWN
    now = [d for d in named(tree.documents([at.path])[at.path], at.symbol) if d.line == at.line]
    if len(now) != 1:
        return Text.UNKNOWN
    same = _body(tree, _Found(at.path, now[0])) == _body(written_at, origin)
    return Text.SAME if same else Text.CHANGED
