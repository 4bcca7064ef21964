"""Rewrites references of a text in place: number, range end, name, path, ref and label."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, takewhile
from urllib.parse import quote

import msgspec

from annotator.model.reference import Claim, ClaimKind, Reference

# Characters that no citation holds: they keep the place of what is already dealt with.
_PATH, _REF, _SYMBOL, _HIDDEN = "\ue000", "\ue001", "\ue002", "\ue003"
_LINE_END = re.compile(r"\r\n|\r|\n")

# What may stand between a path and its line: quotes, a query, a symbol, and the mark of a line.
_TIGHT = (
    rf"{_PATH}[`'\"*)\]]{{0,3}}(?:\?[^\s#]{{0,200}})?(?:::{_SYMBOL})?(?::|(?:\#|%23)(?:L|l|n|lines?-)?|\()"
)
_FURTHER = re.compile(r"[0-9]+(?:\D{1,4}[0-9]+)?")
"""A further line of a list, whose path stands in front of the list."""

_OPTIONS = 12
"""Lines below the head of a directive in which its options stand."""


class Edit(msgspec.Struct, frozen=True, order=True):
    """New words for a part of a line; line and columns count from 0."""

    line: int
    start: int
    end: int
    words: str


def split(text: str) -> list[str]:
    """Return the lines of a text with their ends, as articles are read."""
    ends = [0, *(match.end() for match in _LINE_END.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(ends) if end > start]


def apply(lines: Sequence[str], edits: Iterable[Edit]) -> str:
    """Return the text with edits made; of two that overlap the first one counts."""
    changed = list(lines)
    for edit in sorted(_apart(edits), reverse=True):
        line = changed[edit.line]
        changed[edit.line] = line[: edit.start] + edit.words + line[edit.end :]
    return "".join(changed)


def _apart(edits: Iterable[Edit]) -> list[Edit]:
    """Return the edits without those that overlap an earlier one."""
    kept: dict[int, list[Edit]] = defaultdict(list)
    for edit in edits:
        if not any(edit.start < other.end and other.start < edit.end for other in kept[edit.line]):
            kept[edit.line].append(edit)
    return [edit for on_line in kept.values() for edit in on_line]


def edits(lines: Sequence[str], before: Reference, after: Reference) -> tuple[Edit, ...] | None:
    """Return what to write for another place, labels included, or None if that is not clear.

    `after` is the reference as it was read with its new path, symbol, line, range end and ref.
    """
    if not 1 <= before.at_line <= len(lines):
        return None
    row = before.at_line - 1
    line = lines[row]
    start, end = 0, len(line)
    if before.at_column and before.at_end > before.at_column:
        start, end = before.at_column - 1, before.at_end - 1
    labels = _apart(edit for claim in before.claims if (edit := _label(lines, claim, before, after)))
    inner = [edit for edit in labels if edit.line == row and start <= edit.start < edit.end <= end]
    words = line[start:end]
    for edit in sorted(inner, reverse=True):  # a label within the citation is written on its own
        words = words[: edit.start - start] + _HIDDEN + words[edit.end - start :]
    written = _citation(words, before, after)
    if written is None:
        return _directive(lines, before, after, start, end)
    for edit in sorted(inner):
        written = written.replace(_HIDDEN, edit.words, 1)
    # The words at its end that stay can hold further lines of a list, which other edits write.
    old = line[start:end]
    same = _common(old[::-1], written[::-1])
    while same and old[-same].isdigit():  # a number is written as a whole
        same -= 1
    whole = Edit(row, start, end - same, written[: len(written) - same])
    return (whole, *(edit for edit in labels if edit not in inner))


def _directive(
    lines: Sequence[str], before: Reference, after: Reference, start: int, end: int
) -> tuple[Edit, ...] | None:
    """Return the edits of a citation with its lines next to or below its path: `:lines: 13-16`."""
    row = before.at_line - 1
    line = lines[row]
    words = line[start:end]
    if before.line is None or str(before.line) in words:
        return None
    unlined = (msgspec.structs.replace(one, line=None, end_line=None) for one in (before, after))
    path = _citation(words, *unlined)
    options = takewhile(str.strip, lines[row + 1 : row + 1 + _OPTIONS])
    below = [(number, 0, len(option)) for number, option in enumerate(options, row + 1)]
    for parts in ([(row, 0, start), (row, end, len(line))], below):
        found = [
            Edit(at, first, last, numbered)
            for at, first, last in parts
            if (numbered := _numbers(lines[at][first:last], before, after)) is not None
        ]
        if found:
            return (Edit(row, start, end, path), *found) if path is not None and len(found) == 1 else None
    return None


def _citation(words: str, before: Reference, after: Reference) -> str | None:
    """Return a citation's words with the new place, or None if it is not clear what to change."""
    if before.is_of_package or (before.ref != after.ref and words.startswith("{")):
        return None  # a page of documentation has no lines; the ref stands where an attribute is set
    paths = list(_spellings(words, before, after))
    spelled = next((pair for pair in paths if pair[0] in words), None)
    if spelled is None and before.path != after.path and not _FURTHER.fullmatch(words):
        return None
    if not before.at_column and (spelled is None or words.count(spelled[0]) > 1):
        return None  # of several in a line it is not known which is meant
    marked = words.replace(spelled[0], _PATH) if spelled else words
    ref = ""
    for old, new in _ref_spellings(before, after):
        found = list(re.finditer(rf"(?:(?<![\w.-])|(?<=%2F)|(?<=%2f)){re.escape(old)}(?![\w.-])", marked))
        if found:  # the last one: an owner or a host may be called like a branch
            ref = new
            marked = marked[: found[-1].start()] + _REF + marked[found[-1].end() :]
            break
    symbol = after.symbol or ""
    if before.symbol and after.symbol != before.symbol:
        named = _replaced(marked, before.symbol, _SYMBOL)
        if named is None:
            return None
        marked = named
    elif before.symbol:
        marked = marked.replace(f"::{before.symbol}", f"::{_SYMBOL}", 1)
    numbered = _numbers(marked, before, after)
    if numbered is None:
        return None
    numbered = numbered.replace(_SYMBOL, symbol)
    return numbered.replace(_PATH, spelled[1] if spelled else "").replace(_REF, ref)


def _spellings(words: str, before: Reference, after: Reference) -> Iterator[tuple[str, str]]:
    """Yield the ways to write the old path, each with the new path written so."""
    old, new = before.path, after.path
    # In an encoded address a path without a folder looks as usual, but the folder it gets has to be encoded.
    for slash in ("%2F", "%2f"):
        if slash in words:
            yield quote(old, safe="").replace("%2F", slash), quote(new, safe="").replace("%2F", slash)
    yield old, new
    yield quote(old), quote(new)
    yield old.replace("/", "\\"), new.replace("/", "\\")
    yield from _relative(before, new)


def _relative(before: Reference, new: str) -> Iterator[tuple[str, str]]:
    """Yield a path relative to its document, and the new one as seen from there."""
    steps = re.match(r"(?:\.{1,2}/)*", before.cited)
    up, rest = (steps[0], before.cited[steps.end() :]) if steps else ("", before.cited)
    if not rest or not before.path.endswith(rest):
        return
    base = [part for part in before.path[: -len(rest)].strip("/").split("/") if part]
    parts = new.split("/")
    same = _common(base, parts[:-1])
    further = "../" * (len(base) - same)
    yield before.cited, (up.removeprefix("./") if further else up) + further + "/".join(parts[same:])


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many parts at their beginnings are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _ref_spellings(before: Reference, after: Reference) -> Iterator[tuple[str, str]]:
    if before.ref and after.ref:
        yield before.ref, after.ref
        yield quote(before.ref, safe=""), quote(after.ref, safe="")


def _label(lines: Sequence[str], claim: Claim, before: Reference, after: Reference) -> Edit | None:
    """Return what to write in place of a claim's words, or None if they can stay or show no place."""
    if claim.kind is not ClaimKind.LABEL or not 0 < claim.at_column < claim.at_end:
        return None
    if not 1 <= claim.at_line <= len(lines):
        return None
    start, end = claim.at_column - 1, claim.at_end - 1
    words = lines[claim.at_line - 1][start:end]
    shown = msgspec.structs.replace(before, line=claim.line, end_line=claim.end_line, claims=())
    wanted = msgspec.structs.replace(
        after,
        line=after.line if claim.line is not None else None,
        end_line=after.end_line if claim.end_line is not None else None,
        claims=(),
    )
    if claim.path and claim.path in words and before.path != after.path:
        new = after.path if "/" in claim.path else after.path.rpartition("/")[2]
        words = words.replace(claim.path, new, 1)
    numbered = _numbers(words, shown, wanted)
    return None if numbered is None else Edit(claim.at_line - 1, start, end, numbered)


def _numbers(words: str, before: Reference, after: Reference) -> str | None:
    """Write new numbers in place of a line or range; return None unless it is clear where they stand."""
    if before.line is None or (before.line, before.end_line) == (after.line, after.end_line):
        return words
    if before.end_line is None:
        return _line_number(words, before.line, after.line)
    pair = re.compile(
        rf"(?<!\d){before.line}(?!\d)((?:C\d{{1,5}}|:\d{{1,6}})?\D{{1,12}}){before.end_line}(?!\d)"
    )
    if len(pair.findall(words)) != 1:
        return _before_end(words, before, after)
    return pair.sub(lambda match: f"{after.line}{match[1]}{after.end_line}", words)


def _before_end(words: str, before: Reference, after: Reference) -> str | None:
    """Write a range in place of one that names the line behind its end, as Org's `:lines "13-17"` does."""
    head, mark, written = words.partition(':lines "')
    old, new = (f"{one.line}-{(one.end_line or 0) + 1}" for one in (before, after))
    return head + mark + written.replace(old, new, 1) if written.startswith(old) else None


def _line_number(words: str, old: int, new: int | None) -> str | None:
    """Replace a line number behind its path, or else where it stands once."""
    behind = re.compile(rf"({_TIGHT}){old}(?!\d)")
    if len(behind.findall(words)) == 1:
        return behind.sub(lambda match: f"{match[1]}{new}", words)
    return _replaced(words, str(old), str(new))


def _replaced(words: str, old: str, new: str) -> str | None:
    """Replace `old` where it is a word of its own; return None unless that is in exactly one place."""
    part = r"\d" if old.isdigit() else "[A-Za-z0-9_]"
    changed, count = re.subn(rf"(?<!{part}){re.escape(old)}(?!{part})", lambda _: new, words)
    return changed if count == 1 else None
