"""Rewrites stale references in place."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from annotator.model.reference import Anchor, Moved, Reference, Renamed, TextState, Verdict

# Characters that no citation holds: they keep the place of what is already dealt with.
_PATH, _REF = "\ue000", "\ue001"

# A further line of a list, whose path stands in front of the list.
_FURTHER = re.compile(r"[0-9]+(?:\D{1,3}[0-9]+)?")


def updated(text: str, verdicts: Mapping[int, Verdict], tag: str) -> tuple[str, set[int]]:
    """Return the text with moved and renamed references rewritten, and the numbers of these references.

    Args:
        text: The article, with its own line ends.
        verdicts: By number, those that may be rewritten; others stay as they are.
        tag: The tag that the verdicts are about.
    """
    lines = text.splitlines(keepends=True)
    by_line: dict[int, list[int]] = defaultdict(list)
    for number, verdict in verdicts.items():
        by_line[verdict.reference.at_line].append(number)
    done: set[int] = set()
    for at, numbers in by_line.items():
        if 1 <= at <= len(lines):
            lines[at - 1], changed = _line(lines[at - 1], numbers, verdicts, tag)
            done |= changed
    return "".join(lines), done


def _line(
    line: str, numbers: Sequence[int], verdicts: Mapping[int, Verdict], tag: str
) -> tuple[str, set[int]]:
    """Rewrite the citations of a line from the last to the first, so that columns stay valid."""
    done: set[int] = set()
    for number in sorted(numbers, key=lambda each: -verdicts[each].reference.at_column):
        reference = verdicts[number].reference
        start, end = _bounds(reference, line)
        new = _citation(line[start:end], verdicts[number], tag)
        if new is not None:
            line = line[:start] + new + line[end:]
            done.add(number)
    return line, done


def _bounds(reference: Reference, line: str) -> tuple[int, int]:
    if reference.at_column and reference.at_end > reference.at_column:
        return reference.at_column - 1, reference.at_end - 1
    return 0, len(line)


def _citation(words: str, verdict: Verdict, tag: str) -> str | None:
    """Return the citation with its new place, or None if it is ambiguous what to change."""
    outcome, reference = verdict.outcome, verdict.reference
    if not isinstance(outcome, Moved | Renamed):
        return None
    anchor = outcome.anchor
    if words.count(reference.path) != 1 and not _FURTHER.fullmatch(words):
        return None
    marked = words.replace(reference.path, _PATH)
    if reference.ref and reference.ref in marked:
        marked = marked.replace(reference.ref, _REF, 1)
    renamed = _renamed(marked, reference, anchor) if isinstance(outcome, Renamed) else marked
    moved = _renumbered(renamed, verdict, anchor) if renamed is not None else None
    return moved.replace(_PATH, anchor.path).replace(_REF, tag) if moved is not None else None


def _renamed(words: str, reference: Reference, anchor: Anchor) -> str | None:
    if reference.symbol is None:
        return words
    old = reference.symbol
    new = anchor.symbol if "." in old else anchor.symbol.rpartition(".")[2]
    return _replaced(words, old, new)


def _renumbered(words: str, verdict: Verdict, anchor: Anchor) -> str | None:
    reference = verdict.reference
    if reference.line is None:
        return words
    line = anchor.line + anchor.offset
    if reference.end_line is None:
        return _replaced(words, str(reference.line), str(line))
    if verdict.text is not TextState.SAME:
        return None  # where a changed range ends now, nobody has said
    last = line + reference.end_line - reference.line
    first = _replaced(words, str(reference.line), "\ue002")
    both = _replaced(first, str(reference.end_line), str(last)) if first is not None else None
    return both.replace("\ue002", str(line)) if both is not None else None


def _replaced(words: str, old: str, new: str) -> str | None:
    """Replace `old` where it is a word of its own; return None unless that is in exactly one place."""
    pattern = rf"(?<![A-Za-z0-9_]){re.escape(old)}(?![A-Za-z0-9_])"
    if old.isdigit():
        pattern = rf"(?<!\d){old}(?!\d)"
    changed, count = re.subn(pattern, lambda _: new, words)
    return changed if count == 1 else None
