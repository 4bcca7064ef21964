"""Finds where a place that was cited in one tree is in another tree."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

import msgspec

from annotator.cache import Cache, CacheKind
from annotator.golang.source_tree import SourceTree
from annotator.model.go import Declaration, Kind, is_vendored
from annotator.model.reference import (
    Anchor,
    Code,
    FoundBy,
    Missing,
    Moved,
    Outcome,
    Reference,
    Renamed,
    TextState,
    Verified,
)
from annotator.model.symbol_history import TagStep, TrackedPosition
from annotator.tracking import declaration_lookup, similarity, symbol_follower
from annotator.tracking.declaration_lookup import (
    anchor,
    at_anchor,
    first_line,
    lines,
    named,
    plain_spaces,
    spanning,
)
from annotator.tracking.tree_diff import FileMoves, SourceTrees

_BACK = 4
"""So many lines above the end of a range are looked at for a text that tells where the end went."""

_VALUES = frozenset({Kind.CONST, Kind.VAR})


class AnchoredReference(NamedTuple):
    """A reference with its complete path, and the anchor that it cites in the tree of its origin."""

    reference: Reference
    anchor: Anchor


class Carried(msgspec.Struct, frozen=True):
    """Where a cited place is in the other tree, and whether its text changed on the way."""

    outcome: Outcome
    text: TextState = TextState.UNKNOWN


CARRIED = CacheKind("carried place", Carried)
"""Where a place is in another tree, by both trees and all that the answer is made from."""


class _Spot(NamedTuple):
    """The new place of a cited line: its anchor, the end of a cited range, and the evidence."""

    anchor: Anchor
    range_end: int | None
    by: FoundBy
    text: TextState

    @property
    def line(self) -> int:
        return self.anchor.line + self.anchor.offset


def carry(
    places: Sequence[AnchoredReference], before: SourceTree, after: SourceTree, cache: Cache | None = None
) -> list[Carried]:
    """Return where cited places of one tree are in another.

    Args:
        places: The places, as they are in the first tree.
        before: The tree in which the references were written.
        after: The tree that is asked for; its tag must be another one.
        cache: The results of earlier runs, if they are cached.
    """
    if cache is None:
        return _Carrier(before, after, None).carry(places)
    keys = {_key(place, before, after): place for place in places}

    def carry_missing(missing: list[str]) -> dict[str, Carried]:
        carrier = _Carrier(before, after, cache)
        return dict(zip(missing, carrier.carry([keys[key] for key in missing]), strict=True))

    found = cache.get_or_compute_many(CARRIED, {key: key for key in keys}, carry_missing)
    return [found[_key(place, before, after)] for place in places]


def _key(place: AnchoredReference, before: SourceTree, after: SourceTree) -> str:
    cited = place.reference
    states = [(tree.tag, tree.state, sorted(tree.unreadable)) for tree in (before, after)]
    parts = (states, cited.path, cited.symbol, cited.line, cited.end_line, place.anchor)
    return hashlib.sha256(msgspec.msgpack.encode(parts)).hexdigest()


class _Carrier:
    """Carries places from one tree to another; what several of them need is computed once."""

    def __init__(self, before: SourceTree, after: SourceTree, cache: Cache | None) -> None:
        self._before, self._after, self._cache = before, after, cache
        self._trees = SourceTrees(None, cache, (before, after))
        self._positions: dict[Anchor, TrackedPosition] = {}
        self._alignments: dict[tuple[str, str], LineAlignment] = {}

    def carry(self, places: Sequence[AnchoredReference]) -> list[Carried]:
        """Return where the places are in the second tree, in order."""
        paths = {place.anchor.path for place in places}
        for tree in (self._before, self._after):  # in one go: file by file takes several times as long
            tree.scan(path for path in paths if tree.has(path))
        self._follow([_declared(place.anchor) for place in places if _is_followed(place.anchor)])
        self._follow([outer for place in places for outer in self._outer_of_lost(place)])
        self._follow([anchor(place.anchor.path, each) for place in places for each in self._spread_of(place)])
        return [self._carried(place) for place in places]

    def _follow(self, anchors: Sequence[Anchor]) -> None:
        fresh = [each for each in dict.fromkeys(anchors) if each not in self._positions]
        if not fresh:
            return
        step = TagStep(self._before.tag, self._after.tag)
        followed = symbol_follower.follow(fresh, self._before.tag, [step], self._trees, self._cache)
        self._positions |= dict(zip(fresh, dict(followed)[self._after.tag], strict=True))

    def _outer_of_lost(self, place: AnchoredReference) -> list[Anchor]:
        """Return the declarations around a line's own one, if that is gone: they may still hold the line."""
        at = place.anchor
        if place.reference.symbol is not None or not _is_followed(at):
            return []
        if not self._positions[_declared(at)].missing:
            return []
        document = self._before.document(at.path)
        around = spanning(document, at.line + at.offset)
        inner = at_anchor(self._before, at)
        return [anchor(at.path, each) for each in around[around.index(inner) + 1 :] if inner in around]

    def _spread_of(self, place: AnchoredReference) -> tuple[Declaration, ...]:
        """Return the declarations that a range covers, if it is not within one of them."""
        at, last = place.anchor, place.reference.end_line
        first = at.line + at.offset
        if last is None or place.reference.line != first or is_vendored(at.path):
            return ()
        covered = self._covered(self._before, at.path, first, last)
        return () if len(covered) == 1 and _holds(covered[0], first, last) else covered

    def _covered(self, tree: SourceTree, path: str, first: int, last: int) -> tuple[Declaration, ...]:
        """Return the top-level declarations of which a range of lines has a line."""
        if not path.endswith(".go"):
            return ()
        declarations = tree.documents([path])[path].declarations
        return tuple(d for d in declarations if first_line(d) <= last and first <= d.span.end_line)

    def _carried(self, place: AnchoredReference) -> Carried:
        at = place.anchor
        if not at.symbol:
            return self._in_file(place)
        if not _is_followed(at):
            return self._vendored(place)
        position = self._positions[_declared(at)]
        if not position.missing:
            return self._with_declaration(place, at_anchor(self._before, at), position)
        for outer in self._outer_of_lost(place):
            found = self._positions[outer]
            if not found.missing:
                return self._with_declaration(place, at_anchor(self._before, outer), found)
        return Carried(self._lost(place, position))

    def _lost(self, place: AnchoredReference, position: TrackedPosition) -> Missing:
        path, guess = position.anchor.path, position.guess or self._namesake(place.anchor)
        hint = f"; it may be {guess.symbol} in line {guess.line} of {guess.path}" if guess else ""
        code = Code.DECLARATION_GONE if self._after.has(path) else Code.FILE_GONE
        return Missing(f"{position.missing}{hint}", guess, code)

    def _namesake(self, at: Anchor) -> Anchor | None:
        """Return the one added declaration with the same name and kind, as a guess, or None."""
        wanted = at_anchor(self._before, at)
        paths = self._trees.diff(self._before.tag, self._after.tag).added_candidates(wanted)
        found = [
            anchor(path, declaration)
            for path, document in self._after.documents(paths).items()
            for declaration in document.walk()
            if (declaration.symbol, declaration.kind) == (at.symbol, at.kind)
        ]
        return found[0] if len(found) == 1 else None

    # ── Lines of declarations ────────────────────────────────────────────────────────────────────
    def _with_declaration(
        self, place: AnchoredReference, before: Declaration, position: TrackedPosition
    ) -> Carried:
        """Return the place of a line that went with its declaration."""
        at, now = place.anchor, position.anchor
        line = at.line + at.offset
        last = _cited_end(place, before)
        if last is None and line == before.line:  # most references: nothing else has to be read
            return _placed(place, before, _Spot(_moved_to(now, now.line), None, position.by, position.text))
        window = _Window(self._aligned(at.path, now.path), before, at_anchor(self._after, now))
        spot = window.line(line)
        if spot is None:
            gone = f"{now.symbol} is in {now.path}, but the text of line {line} is not clearly in it any more"
            return Carried(Missing(gone, now, Code.TEXT_GONE))
        if last is None:
            return _placed(place, before, _Spot(_moved_to(now, spot), None, position.by, position.text))
        text = position.text
        if _holds(before, line, last):
            end = window.end(line, spot, last)
        else:
            end = self._spread_end(place, now.path, spot)
            text = self._lines_text(place, now.path, spot, end)
        if end is None:
            return Carried(_end_is_unclear(line, spot, last, now))
        return _placed(place, before, _Spot(_moved_to(now, spot), end, position.by, text))

    # ── Ranges that are not within one declaration ───────────────────────────────────────────────
    def _spread_end(self, place: AnchoredReference, path: str, now: int) -> int | None:
        """Return where a range ends that began in one line and now begins in another, if that is certain.

        It is certain if the whole text is the same, or if the same declarations are covered in the same
        order and the last line is found by what it is or by its text.
        """
        at, last = place.anchor, place.reference.end_line
        line = at.line + at.offset
        aligned = self._aligned(at.path, path)
        if last is None:
            return None
        if aligned.is_run(line, last, now):
            return now + last - line
        covered = self._spread_of(place)
        windows = self._windows(at.path, path, covered)
        if windows is None:
            return None
        inside = windows[-1] if windows and _holds(windows[-1].before, last, last) else None
        if inside is not None:
            end = inside.line(last)
        else:
            end = aligned.successor(last) or _after_known(aligned, windows[-1:], line, last)
        if end is None or end < now:
            return None
        kept = self._covered(self._after, path, now, end)
        return end if _are_same(kept, [window.after for window in windows]) else None

    def _windows(self, path: str, now: str, covered: Sequence[Declaration]) -> list[_Window] | None:
        """Return the declarations in both trees, or None if one of them is not in the other file."""
        positions = [self._positions.get(anchor(path, each)) for each in covered]
        anchors = [each.anchor for each in positions if each is not None and not each.missing]
        if len(anchors) != len(covered) or any(each.path != now for each in anchors):
            return None
        aligned = self._aligned(path, now)
        return [
            _Window(aligned, before, at_anchor(self._after, after))
            for before, after in zip(covered, anchors, strict=True)
        ]

    def _lines_text(self, place: AnchoredReference, now: str, line: int, end: int | None) -> TextState:
        """Compare all lines of a range with those that it became."""
        at, last = place.anchor, place.reference.end_line
        first = at.line + at.offset
        if self._aligned(at.path, now).text(first, last, line, end) is TextState.SAME:
            return TextState.SAME
        before = b"\n".join(lines(self._before.data(at.path))[first - 1 : last])
        after = b"\n".join(lines(self._after.data(now))[line - 1 : end])
        same = at.path.endswith(".go") and similarity.same_code(before, after)
        return TextState.SAME if same else TextState.CHANGED

    def _vendored(self, place: AnchoredReference) -> Carried:
        """Return the place of a declaration that is not followed: by its name, in its own file alone."""
        at, tree = place.anchor, self._after
        path = at.path
        if not tree.has(path):
            return Carried(_file_is_gone(path, tree))
        found = [d for d in named(tree.document(path), at.symbol) if d.kind is at.kind]
        if len(found) != 1:
            reason = f"no declaration in {path} at {tree.tag} is clearly {at.symbol}"
            return Carried(Missing(reason))
        before, now = at_anchor(self._before, at), found[0]
        same = similarity.same_code(before.body(self._before.data(path)), now.body(tree.data(path)))
        text = TextState.SAME if same else TextState.CHANGED
        position = TrackedPosition(anchor(path, now), FoundBy.SYMBOL, text, now.line)
        return self._with_declaration(place, before, position)

    # ── Lines outside declarations, and whole files ──────────────────────────────────────────────
    def _in_file(self, place: AnchoredReference) -> Carried:
        """Return the place of a file, or of a line in it that is in no declaration."""
        reference, path = place.reference, place.anchor.path
        now = self._files.successor(path)
        if now is None:
            return Carried(_file_is_gone(path, self._after))
        by = FoundBy.POSITION if now == path else FoundBy.FILE_RENAME
        count = len(lines(self._after.data(now)))
        if reference.line is None:
            spot = _Spot(declaration_lookup.whole_file(now, count), None, by, self._file_text(path, now))
            return _placed(place, None, spot)
        aligned = self._aligned(path, now)
        line = aligned.successor(reference.line)
        if line is None:
            gone = f"the text of line {reference.line} is not clearly in {now} at {self._after.tag}"
            return Carried(Missing(gone, code=Code.TEXT_GONE))
        whole = declaration_lookup.whole_file(now, count, line)
        end = self._spread_end(place, now, line)
        if reference.end_line is not None and end is None:
            return Carried(_end_is_unclear(reference.line, line, reference.end_line, whole))
        text = self._lines_text(place, now, line, end)
        return _placed(place, None, _Spot(whole, end, by, text))

    @cached_property
    def _files(self) -> FileMoves:
        return FileMoves(self._trees.diff(self._before.tag, self._after.tag))

    def _file_text(self, path: str, now: str) -> TextState:
        before, after = self._before.files[path], self._after.files[now]
        if before == after:
            return TextState.SAME
        same = now.endswith(".go") and similarity.same_code(self._before.data(path), self._after.data(now))
        return TextState.SAME if same else TextState.CHANGED

    def _aligned(self, path: str, now: str) -> LineAlignment:
        if (path, now) not in self._alignments:
            before, after = self._before.data(path), self._after.data(now)
            self._alignments[path, now] = LineAlignment(before, after)
        return self._alignments[path, now]


class _Window(NamedTuple):
    """A declaration in both trees, and the lines of its files."""

    aligned: LineAlignment
    before: Declaration
    after: Declaration

    def line(self, line: int) -> int | None:
        """Return the new line of a declaration's line: head, end and doc comment by role, others by text."""
        named_lines = self._named_lines()
        return named_lines[line] if line in named_lines else self._by_text(line)

    def end(self, line: int, now: int, last: int) -> int | None:
        """Return where the end of a range is that is within the declaration."""
        away = now + last - line
        is_inside = away < self.after.span.end_line and last not in self._named_lines()
        before_it = max(line, last - _BACK)
        # A bracket or an empty line at the same distance may be another one: the lines before it tell.
        if is_inside and self.aligned.is_run(before_it, last, away - (last - before_it)):
            return away
        found = self.line(last)
        if found is None:
            found = _behind(self.aligned, self._by_text, line, last)
        return found if found is not None and found >= now else None

    def _named_lines(self) -> dict[int, int | None]:
        """Return the lines that are known by their role, each with its new line."""
        before, after = self.before, self.after
        old, new = before.doc_span, after.doc_span
        found: dict[int, int | None] = {}
        if old is not None:
            found[old.line] = new.line if new is not None else None
        return found | {
            before.span.end_line: after.span.end_line,
            before.span.line: after.span.line,
            before.line: after.line,
        }

    def _by_text(self, line: int) -> int | None:
        return self.aligned.successor(line, _lines_of(self.before), _lines_of(self.after))


def _holds(declaration: Declaration, first: int, last: int) -> bool:
    """Return whether lines are within a declaration, its doc comment included."""
    return first_line(declaration) <= first and last <= declaration.span.end_line


def _after_known(aligned: LineAlignment, before_it: Sequence[_Window], first: int, last: int) -> int | None:
    """Return where a line outside declarations is that follows a line whose place is known.

    Known are the end of the declaration before it and lines of a telling text; all lines from there on
    must be the same.
    """
    for window in before_it:
        known, now = window.before.span.end_line, window.after.span.end_line
        if aligned.is_run(known + 1, last, now + 1):
            return now + last - known
    return _behind(aligned, aligned.successor, first, last)


def _behind(
    aligned: LineAlignment, successor: Callable[[int], int | None], first: int, last: int
) -> int | None:
    """Return where a line is that follows one of a telling text, with nothing new between them."""
    for known in range(last - 1, max(first, last - _BACK), -1):
        found = successor(known)
        if found is not None and aligned.is_run(known, last, found):
            return found + last - known
    return None


def _are_same(now: Sequence[Declaration], wanted: Sequence[Declaration]) -> bool:
    """Return whether declarations are the wanted ones in their order; constants may have come between."""
    lines_of_wanted = [each.line for each in wanted]
    kept = [d.line for d in now if d.line in lines_of_wanted or d.kind not in _VALUES]
    return kept == lines_of_wanted


def _end_is_unclear(line: int, now: int, last: int, at: Anchor) -> Missing:
    gone = f"line {line} is line {now} of {at.path}, but where line {last} went is not clear"
    return Missing(gone, _moved_to(at, now) if at.symbol else None, Code.TEXT_GONE)


def _placed(place: AnchoredReference, before: Declaration | None, spot: _Spot) -> Carried:
    reference, now, was = place.reference, spot.anchor, before.symbol if before is not None else ""
    where = _where(reference, spot)
    if now.symbol != was:
        return Carried(Renamed(now, spot.by, f"{where}: it was {was}", range_end=spot.range_end), spot.text)
    if now.path != reference.path:
        reason = f"{where}: it was in {reference.path}"
        return Carried(Moved(now, spot.by, reason, range_end=spot.range_end), spot.text)
    by = FoundBy.POSITION if reference.symbol is None and spot.by is FoundBy.SYMBOL else spot.by
    if reference.line in (None, spot.line) and reference.end_line in (None, spot.range_end):
        return Carried(Verified(now, by, f"{where}, as cited", range_end=spot.range_end), spot.text)
    reason = f"{where}, not in {_lines(reference.line, reference.end_line)}"
    return Carried(Moved(now, by, reason, range_end=spot.range_end), spot.text)


def _where(reference: Reference, spot: _Spot) -> str:
    now = spot.anchor
    if reference.line is None and not now.symbol:
        return f"{now.path} is in the tree"
    if not now.symbol:
        name = "the cited text"
    else:
        name = f"the cited line of {now.symbol}" if now.offset else f"{now.symbol} ({now.kind})"
    return f"{name} stands in {now.path} in {_lines(spot.line, spot.range_end)}"


def _lines(line: int | None, last: int | None) -> str:
    return f"line {line}" if last is None else f"lines {line}-{last}"


def _cited_end(place: AnchoredReference, before: Declaration) -> int | None:
    """Return the last line of the cited range as it was; a range that began elsewhere is the declaration."""
    reference, at = place.reference, place.anchor
    if reference.end_line is None or reference.line == at.line + at.offset:
        return reference.end_line
    return before.span.end_line


def _file_is_gone(path: str, tree: SourceTree) -> Missing:
    return Missing(f"{path} is not in the tree at {tree.tag}", code=Code.FILE_GONE)


def _moved_to(now: Anchor, line: int) -> Anchor:
    return msgspec.structs.replace(now, offset=line - now.line)


def _declared(at: Anchor) -> Anchor:
    """Return the anchor of a declaration's name, which all references into it share."""
    return msgspec.structs.replace(at, offset=0)


def _is_followed(at: Anchor) -> bool:
    return bool(at.symbol) and not is_vendored(at.path)


def _lines_of(declaration: Declaration) -> range:
    return range(first_line(declaration), declaration.span.end_line + 1)


# So many lines on either side are compared, and so many must be the same, to tell a line from its like.
_AROUND = 4
_SURE = 3

# A shorter line, such as `return nil, err`, may have been added elsewhere with the same text. It counts only
# if it and its unchanged neighbours have more letters and digits than an `if err != nil` block has.
_TELLING = 13
_TELLING_TOGETHER = 24
_IDIOM = re.compile(rb"[\W_]*|(?:return|if err|else|case|default|break|continue|for|defer|\}).*")
_LETTER = re.compile(rb"[0-9A-Za-z\x80-\xff]")


class LineAlignment:
    """Two versions of a text, compared line by line without the white space that gofmt changes."""

    def __init__(self, before: bytes, after: bytes) -> None:
        self._old = [plain_spaces(text) for text in lines(before)]
        self._new = [plain_spaces(text) for text in lines(after)]
        self._is_unchanged = self._old == self._new

    def successor(self, line: int, before: range | None = None, after: range | None = None) -> int | None:
        """Return the later line of an earlier one, or None if it is not certain.

        A telling line that stands once before and once after is sure. Others are told apart by the lines
        around them, which must say enough: `return err` may be another one of many.

        Args:
            line: The earlier 1-based line.
            before: The earlier lines among which it is sought; all if None.
            after: The later ones.
        """
        before = before or range(1, len(self._old) + 1)
        after = after or range(1, len(self._new) + 1)
        if self._is_unchanged and line in after:
            return line
        text = self._old[line - 1]
        hits = [number for number in after if self._new[number - 1] == text]
        is_only = len(hits) == 1 and self._is_only(line, before)
        if is_only and (self._is_sure(line, hits[0]) or self._has_a_neighbour(line, hits[0])):
            return hits[0]
        best = self._best(line, hits)
        if best is None:
            return None
        rivals = [number for number in before if self._old[number - 1] == text]
        return best if self._is_best_of(rivals, line, best) else None

    def is_same(self, line: int, later: int) -> bool:
        """Return whether both lines exist and have the same text."""
        exist = 1 <= line <= len(self._old) and 1 <= later <= len(self._new)
        return exist and self._old[line - 1] == self._new[later - 1]

    def is_run(self, line: int, last: int, later: int) -> bool:
        """Return whether all lines of a range have the same text as those that begin in a later line."""
        return all(self.is_same(number, later + number - line) for number in range(line, last + 1))

    def text(self, line: int, last: int | None, later: int, later_last: int | None) -> TextState:
        """Compare the lines of a range with those that it became; a single line was found by its text."""
        old = self._old[line - 1 : last or line]
        new = self._new[later - 1 : later_last or later]
        return TextState.SAME if old == new else TextState.CHANGED

    def _is_only(self, line: int, among: range) -> bool:
        text = self._old[line - 1]
        return bool(text) and sum(self._old[number - 1] == text for number in among) == 1

    def _is_sure(self, line: int, later: int) -> bool:
        own = _letters(self._old[line - 1])
        return (
            own >= _TELLING or own + sum(map(_letters, self._alike_around(line, later))) >= _TELLING_TOGETHER
        )

    def _has_a_neighbour(self, line: int, later: int) -> bool:
        """Return whether a line that is no idiom of its language has kept a neighbour with words."""
        is_idiom = _IDIOM.fullmatch(self._old[line - 1]) is not None
        return not is_idiom and any(map(_letters, self._alike_around(line, later)))

    def _best(self, line: int, hits: list[int]) -> int | None:
        """Return the line whose neighbours match those of the earlier line best, if they are enough."""
        around = {hit: len(self._alike_around(line, hit)) for hit in hits}
        most = max(around.values(), default=0)
        best = [hit for hit in hits if around[hit] == most]
        is_clear = len(best) == 1 and most >= _SURE
        return best[0] if is_clear and self._is_sure(line, best[0]) else None

    def _is_best_of(self, rivals: list[int], line: int, later: int) -> bool:
        """Return whether every other earlier line with this text matches the later line less well."""
        own = len(self._alike_around(line, later))
        return all(rival == line or len(self._alike_around(rival, later)) < own for rival in rivals)

    def _alike_around(self, line: int, later: int) -> list[bytes]:
        """Return the neighbours of two lines that are the same, outwards until one differs."""
        found = []
        for step in (-1, 1):
            for distance in range(1, _AROUND + 1):
                if not self.is_same(line + step * distance, later + step * distance):
                    break
                found.append(self._old[line + step * distance - 1])
        return found


def _letters(line: bytes) -> int:
    return len(_LETTER.findall(line))
