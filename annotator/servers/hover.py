"""Facts about a reference, as Markdown that an editor shows next to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from annotator.errors import AnnotatorError, counted, printable, shortened
from annotator.golang.source_tree import SourceTree
from annotator.model.reference import Anchor, TextState, Verdict
from annotator.model.symbol_history import TextChange
from annotator.reports.markdown import fenced
from annotator.servers.open_project import (
    OpenProject,
    Place,
    Step,
    is_comparable,
    origin_tree,
)
from annotator.tracking.verification import verify_reference

_MARKS = re.compile(r"([\\`*_\[\]<>&~$|])")
_MOST_DOC = 1200
"""Characters of a doc comment that are shown."""

_MOST_STEPS = 6
_MOST_DETAILS = 8


def markdown(opened: OpenProject, verdict: Verdict) -> str:
    """Return the declaration at the origin, where it is at the newest tag, and what happened between."""
    return "\n\n".join(_parts(opened, verdict))


def _parts(opened: OpenProject, verdict: Verdict) -> Iterator[str]:
    yield f"**{verdict.name}**: {escaped(verdict.outcome.reason)}"
    if (guess := verdict.guess) is not None:
        yield f"A guess, not an answer: {code(f'{guess.path}:{guess.line}')} {code(guess.symbol)}"
    found = _origin(opened, verdict)
    if found is None:
        return
    tree, at = found
    yield from _place(opened.place(tree, at))
    newest = opened.newest
    if newest == tree.tag:
        yield "This is the newest release."
        return
    try:
        yield from _since(opened, verdict, tree, at, newest)
    except AnnotatorError as error:
        yield f"What became of it at {code(newest)} is not known: {escaped(str(error))}"


def _origin(opened: OpenProject, verdict: Verdict) -> tuple[SourceTree, Anchor] | None:
    """Return the place at the origin, or else at the tag that documents are checked against."""
    tree = origin_tree(opened, verdict)
    if tree is not None:
        then = verify_reference(opened.at(verdict.origin), verdict.reference).anchor
        if then is not None:
            return tree, then
    now = verdict.anchor
    return None if now is None else (opened.session.tree, now)


def _place(place: Place) -> Iterator[str]:
    lines = (
        f"line {place.line}" if place.line == place.end_line else f"lines {place.line} to {place.end_line}"
    )
    where = f"{code(place.path)}, {lines} at {code(place.tag)}"
    yield f"{where} ([open]({place.permalink}))" if place.permalink else where
    if place.signature:
        doc = (
            [f"// {line}".rstrip() for line in shortened(place.doc, _MOST_DOC).splitlines()]
            if place.doc
            else []
        )
        yield fenced("go", "\n".join([*doc, place.signature]))


def _since(opened: OpenProject, verdict: Verdict, tree: SourceTree, at: Anchor, newest: str) -> Iterator[str]:
    after = opened.at(newest)
    later = verify_reference(after, verdict.reference)
    now = later.anchor
    if now is None:
        yield f"At {code(newest)}, the newest: {escaped(later.outcome.reason)}"
        if (guess := later.guess) is not None:
            yield f"A guess, not an answer: {code(f'{guess.path}:{guess.line}')} {code(guess.symbol)}"
    else:
        place = opened.place(after.tree, now)
        link = f" ([open]({place.permalink}))" if place.permalink else ""
        where = f"{code(f'{place.path}:{place.line}')} {code(place.symbol)}"
        yield f"At {code(newest)}, the newest: {where}{link}"
        if is_comparable(at) and is_comparable(now):
            yield _difference(opened, tree, at, after.tree, now)
    if is_comparable(at):
        steps = opened.steps(tree, at, newest)
        if steps:
            shown = "\n".join(f"- {_step(step)}" for step in steps[:_MOST_STEPS])
            more = (
                f"\n- and {counted(len(steps) - _MOST_STEPS, 'more release')}" if steps[_MOST_STEPS:] else ""
            )
            yield f"What happened between:\n\n{shown}{more}"


def _difference(opened: OpenProject, tree: SourceTree, at: Anchor, after: SourceTree, now: Anchor) -> str:
    change = opened.change(tree, at, after, now)
    match change.edit:
        case TextChange.SAME:
            return "Its text is the same."
        case TextChange.COMMENTS:
            return "Its text is the same but for comments and layout."
        case _:
            details = [
                f"{detail.kind} {code(detail.new or detail.old or detail.name)} is {detail.change}"
                for detail in change.findings
            ]
            shown, left = details[:_MOST_DETAILS], len(details) - _MOST_DETAILS
            more = f"; {left} more" if left > 0 else ""
            return f"Its text has changed: {'; '.join(shown)}{more}"


def _step(step: Step) -> str:
    if step.path is None:
        return f"{code(step.tag)}: not found: {escaped(step.reason)}"
    text = {TextState.SAME: "the same text", TextState.CHANGED: "another text"}.get(step.text, "")
    where = f"{code(f'{step.path}:{step.line}')} {code(step.symbol or '')}"
    return f"{code(step.tag)}: {where}" + (f", {text}" if text else "")


# ── Foreign text in Markdown ─────────────────────────────────────────────────────────────────────
def escaped(text: str) -> str:
    """Return words so that nothing in them is Markdown or HTML."""
    return _MARKS.sub(r"\\\1", printable(text))


def code(text: str) -> str:
    """Return words as code in a line."""
    return f"`{printable(text).replace('`', chr(0x2019))}`" if text else ""
