"""Finds a cited line at another tag."""

from __future__ import annotations

import msgspec

from annotator.golang.source_tree import SourceTree
from annotator.model.go import Declaration, Kind
from annotator.model.reference import (
    Anchor,
    FoundBy,
    Missing,
    Moved,
    Outcome,
    Reference,
    Unplaced,
    Verified,
)
from annotator.tracking import lookup
from annotator.tracking.lookup import Found, Search, anchor, at_anchor, first_line, innermost, lines

# So many lines on either side are compared, and so many must be the same, to tell a line from its like.
_AROUND = 4
_SURE = 3


def locate(looked_for: Search) -> Outcome:
    """Locate the cited line at the tag."""
    written_at, tree = looked_for.written_at, looked_for.tree
    ref = looked_for.reference.ref
    if written_at is None and ref not in (None, "", tree.tag):
        return Missing(
            f"a line alone cannot be carried from {ref}, whose source is not at hand, to {tree.tag}"
        )
    if written_at is None or written_at.tag == tree.tag:
        return _as_cited(looked_for.reference, tree)
    if looked_for.origin is None:
        return _outside(looked_for.reference, tree, written_at)
    return _carried(looked_for, looked_for.origin, written_at)


def _as_cited(reference: Reference, tree: SourceTree) -> Outcome:
    path, line = reference.path, reference.line or 1
    if not tree.has(path):
        return _file_is_gone(path, tree)
    count = len(lines(tree.data(path)))
    last = reference.end_line or line
    if last > count:
        return Missing(f"{path} has {count} lines at {tree.tag}; line {last} is past the end")
    if reference.line is None:
        return Verified(_whole_file(path, count), FoundBy.POSITION, f"{path} is in the tree")
    found = innermost(tree.documents([path])[path], line) if path.endswith(".go") else None
    if found is None:
        at = _whole_file(path, count, line)
        return Verified(at, FoundBy.POSITION, f"line {line} of {path}, outside any declaration")
    where = f"line {line} of {path} lies in {found.symbol} ({found.kind}){_offset(found, line)}"
    return Verified(anchor(path, found, line), FoundBy.POSITION, where)


def _offset(declaration: Declaration, line: int) -> str:
    return f", {line - declaration.line:+d} lines from its name" if line != declaration.line else ""


def _whole_file(path: str, count: int, line: int = 1) -> Anchor:
    """Return the anchor of a line outside any declaration: the file itself, with an empty symbol."""
    return Anchor(path=path, symbol="", kind=Kind.FILE, line=line, end_line=count)


def _file_is_gone(path: str, tree: SourceTree) -> Missing:
    return Missing(f"{path} is not in the tree at {tree.tag}{lookup.moved_file_hint(path, tree)}")


def _carried(looked_for: Search, origin: Found, written_at: SourceTree) -> Outcome:
    reference = looked_for.reference
    line, declared = reference.line or 1, origin.declaration
    as_symbol = msgspec.structs.replace(
        looked_for,
        reference=msgspec.structs.replace(reference, symbol=declared.symbol, line=declared.line),
    )
    outcome = lookup.locate(as_symbol, declared.symbol)
    if isinstance(outcome, Unplaced):
        return outcome
    spot = _same_place(looked_for.tree, outcome.anchor, origin, reference, written_at)
    if spot is None:
        gone = f"{outcome.anchor.symbol} is there, but where the cited line is in it now is not clear"
        return Missing(gone, outcome.anchor)
    at = msgspec.structs.replace(outcome.anchor, offset=spot - outcome.anchor.line)
    where = f"the cited line stands in line {spot} of {at.path}, in {at.symbol}"
    if at.path == reference.path and spot == line:
        return Verified(at, FoundBy.POSITION, where)
    return Moved(at, FoundBy.POSITION, f"{where}, not in line {line}")


def _words(line: bytes) -> bytes:
    """Return a line without its white space, which gofmt changes from version to version."""
    return b" ".join(line.split())


def _same_place(
    tree: SourceTree, at: Anchor, origin: Found, reference: Reference, written_at: SourceTree
) -> int | None:
    """Return the line of the declaration that holds the cited text, or None if it is not certain.

    A line that stands once in the declaration, before and now, is sure. Others are told apart by the
    lines around them; a cited range must end as it did.
    """
    old = [_words(text) for text in lines(written_at.data(reference.path))]
    new = [_words(text) for text in lines(tree.data(at.path))]
    line = reference.line or 1
    before = _window(origin.declaration)
    after = _window(at_anchor(tree, at))
    hits = [number for number in after if new[number - 1] == old[line - 1]]
    once = sum(old[number - 1] == old[line - 1] for number in before) == 1 and len(hits) == 1
    if not (once and old[line - 1]):
        hits = _best(hits, old, line, new)
    length = (reference.end_line or line) - line
    if len(hits) != 1 or not _ends_alike(old, line + length, new, hits[0] + length):
        return None
    return hits[0]


def _window(declaration: Declaration) -> range:
    return range(first_line(declaration), declaration.span.end_line + 1)


def _best(hits: list[int], old: list[bytes], line: int, new: list[bytes]) -> list[int]:
    """Return the hits whose surrounding lines match those of the cited line best, if enough match."""
    around = {hit: _alike_around(old, line, new, hit) for hit in hits}
    most = max(around.values(), default=0)
    return [hit for hit in hits if around[hit] == most] if most >= _SURE else []


def _alike_around(old: list[bytes], line: int, new: list[bytes], spot: int) -> int:
    """How many of the lines next to two lines are the same, counted outwards until one differs."""
    count = 0
    for step in (-1, 1):
        for distance in range(1, _AROUND + 1):
            one, other = line + step * distance - 1, spot + step * distance - 1
            if not (0 <= one < len(old) and 0 <= other < len(new)) or old[one] != new[other]:
                break
            count += 1
    return count


def _ends_alike(old: list[bytes], end: int, new: list[bytes], spot: int) -> bool:
    return end <= len(old) and spot <= len(new) and old[end - 1] == new[spot - 1]


def _outside(reference: Reference, tree: SourceTree, written_at: SourceTree) -> Outcome:
    """Locate a line outside any declaration: in the same file only, and only if it is unique."""
    path, line = reference.path, reference.line or 1
    before = lines(written_at.data(path)) if written_at.has(path) else []
    if not before:
        return Missing(f"{path} is not in the tree at {written_at.tag}, where it was cited")
    if line > len(before):
        return Missing(
            f"{path} has {len(before)} lines at {written_at.tag}, where it was cited; "
            f"line {line} is past the end"
        )
    if not tree.has(path):
        return _file_is_gone(path, tree)
    cited = _words(before[line - 1])
    after = lines(tree.data(path))
    hits = [number for number, text in enumerate(after, 1) if _words(text) == cited]
    if not cited or len(hits) != 1:
        return Missing(f"the text of the cited line is not found once in {path} at {tree.tag}")
    at = _whole_file(path, len(after), hits[0])
    if hits[0] == line:
        return Verified(at, FoundBy.POSITION, f"line {line} of {path} holds the cited text")
    return Moved(at, FoundBy.POSITION, f"the cited text stands in line {hits[0]} of {path}, not {line}")
