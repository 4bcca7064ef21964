"""A project whose source stays open, and the facts about its symbols that a server shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from annotator.articles import reference_notation
from annotator.errors import AnnotatorError, counted, printable, shortened
from annotator.model.go import Kind
from annotator.model.reference import Anchor, Reference, TextState, Unplaced, Verdict
from annotator.model.source import Warn, no_progress
from annotator.model.symbol_history import ReferenceHistory, SymbolChange, TextChange
from annotator.project_source import Session, SourceOptions, open_session
from annotator.reports.markdown import fenced
from annotator.repository.tag_snapshots import TagSnapshots
from annotator.repository.versions import latest, proper
from annotator.site.markup import quote, web
from annotator.tracking import symbol_diff, symbol_follower
from annotator.tracking.declaration_lookup import at_anchor
from annotator.tracking.verification import verify_reference

if TYPE_CHECKING:
    from annotator.config import Project
    from annotator.golang.source_tree import SourceTree

_MOST_TREES = 8
"""Tags whose trees are held at once; one of moby takes some 10 MB."""

_MARKS = re.compile(r"([\\`*_\[\]<>&~$|])")
_MOST_DOC = 1200
"""Characters of a doc comment that are shown."""

_MOST_STEPS = 6
_MOST_DETAILS = 8


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A declaration at a tag.

    Attributes:
        tag: The tag or commit that was asked for.
        commit: Its commit, or null where the source has none.
        path: The file, from the repository's root.
        symbol: The declaration, empty for a line outside declarations.
        kind: What it is.
        line: The cited line, or that of its name.
        end_line: Its last line.
        signature: Its head, without the body.
        doc: Its doc comment.
        permalink: The address of the line at the commit, empty if the repository is not on the web.
    """

    tag: str
    commit: str | None
    path: str
    symbol: str
    kind: Kind
    line: int
    end_line: int
    signature: str = ""
    doc: str = ""
    permalink: str = ""


class Step(msgspec.Struct, frozen=True):
    """A tag at which a declaration is not as it was at the tag before.

    Attributes:
        tag: The tag.
        path: Where it is, or null if it is not found there.
        symbol: Its name there, or null.
        line: The line of its name there, or null.
        text: Whether its text is the one at the origin.
        reason: What is known of it, in a sentence.
    """

    tag: str
    path: str | None
    symbol: str | None
    line: int | None
    text: TextState
    reason: str


class OpenProject:
    """A project and the session with its source; for one thread, as databases are."""

    def __init__(self, project: Project, options: SourceOptions, warn: Warn) -> None:
        """Open the source.

        Raises:
            SourceUnavailable: It cannot be had.
        """
        self.project = project
        self._stack = ExitStack()
        self.session = self._stack.enter_context(open_session(project, options, no_progress, warn))
        self._sessions: dict[str, Session] = {}
        self._trails: dict[tuple[str, Anchor], ReferenceHistory] = {}

    def close(self) -> None:
        """Close the source."""
        self._stack.close()

    @cached_property
    def newest(self) -> str:
        """The newest release of the source; the session's tag if it has none."""
        tags = self.session.source.tags() if self.session.source.has_history else []
        return next(reversed([*tags, *latest(tags)]), self.session.tag)

    @cached_property
    def _snapshots(self) -> TagSnapshots:
        session = self.session
        return TagSnapshots(session.source, session.version_tags, known=session.tree.snapshot)

    def at(self, tag: str | None) -> Session:
        """Return the session at a tag, or at the project's own.

        Raises:
            UnknownTag: The source has no such tag.
        """
        if tag in (None, self.session.tag):
            return self.session
        assert tag is not None  # noqa: S101 - excluded above
        if tag not in self._sessions:
            session = self.session.at_tag(tag)
            _ = session.tree
            while len(self._sessions) >= _MOST_TREES:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[tag] = session
        return self._sessions[tag]

    def place(self, tree: SourceTree, at: Anchor) -> Place:
        """Return the facts about a declaration or a line in it."""
        declaration = at_anchor(tree, at) if at.symbol and tree.go_blob(at.path) else None
        line = at.line + at.offset
        return Place(
            tag=tree.tag,
            commit=tree.snapshot.commit,
            path=at.path,
            symbol=at.symbol,
            kind=at.kind,
            line=line,
            end_line=at.end_line,
            signature=declaration.signature if declaration else "",
            doc=declaration.doc if declaration else "",
            permalink=permalink(tree, at.path, line),
        )

    def change(self, before: SourceTree, old: Anchor, after: SourceTree, new: Anchor) -> SymbolChange:
        """Return what differs between a declaration at two tags."""
        names = self.project.config.go
        versions = [symbol_diff.version(tree, at, names) for tree, at in ((before, old), (after, new))]
        return symbol_diff.symbol_change(reference_notation.render(old.path, old.symbol), *versions)

    def steps(self, tree: SourceTree, at: Anchor, until: str) -> list[Step]:
        """Return the releases after a tag, up to another, at which a declaration changed or went elsewhere.

        Empty where the tags are not releases, or the source has none.
        """
        session = self.session
        tags = proper(session.version_tags) if session.source.has_history else []
        if tree.tag not in tags or until not in tags or tags.index(tree.tag) >= tags.index(until):
            return []
        if (tree.tag, at) not in self._trails:
            reference = Reference(at.path, at.symbol, at.line)
            self._trails[tree.tag, at] = symbol_follower.track(
                self._snapshots, session.version_tags, session.cache, tree, [reference]
            ).trails[0]
        trail = self._trails[tree.tag, at]
        wanted = tags[tags.index(tree.tag) + 1 : tags.index(until) + 1]
        stops = {stop.tag: stop for stop in trail.stops}
        found: list[Step] = []
        before: tuple[object, ...] = (at.path, at.symbol, TextState.SAME)
        for tag in wanted:
            outcome, text = stops[tag].outcome, stops[tag].text
            placed = None if isinstance(outcome, Unplaced) else outcome.anchor
            now = (placed.path, placed.symbol, text) if placed else (None, None, text)
            if now != before:
                found.append(Step(tag, now[0], now[1], placed.line if placed else None, text, outcome.reason))
            before = now
        return found


def permalink(tree: SourceTree, path: str, line: int | None = None, end_line: int | None = None) -> str:
    """Return the address of lines in the repository at a tree's commit; empty if it is not on the web."""
    root = web(tree.snapshot.repository).rstrip("/").removesuffix(".git")
    last = f"-L{end_line}" if end_line and end_line != line else ""
    lines = f"#L{line}{last}" if line else ""
    return f"{root}/blob/{quote(tree.snapshot.commit or tree.tag)}/{quote(path)}{lines}" if root else ""


def is_comparable(at: Anchor) -> bool:
    """Return whether an anchor is that of a declaration, whose versions can be compared."""
    return bool(at.symbol) and at.path.endswith(".go")


def origin_tree(session: Session, verdict: Verdict) -> SourceTree | None:
    """Return the source tree at a verdict's origin, or None if it is not available."""
    try:
        return session.origin_tree(verdict.origin) if verdict.origin else None
    except AnnotatorError:
        return None


# ── For people: Markdown that an editor shows next to a reference ─────────────────────────────────
def hover(opened: OpenProject, verdict: Verdict) -> str:
    """Return a declaration at its origin, where it is at the newest tag, and what happened between."""
    return "\n\n".join(_hover_parts(opened, verdict))


def _hover_parts(opened: OpenProject, verdict: Verdict) -> Iterator[str]:
    yield f"**{verdict.name}**: {escaped(verdict.outcome.reason)}"
    yield from _guess(verdict)
    tree = origin_tree(opened.session, verdict)
    at = verify_reference(opened.at(verdict.origin), verdict.reference).anchor if tree else None
    if tree is None or at is None:  # else at the tag that documents are checked against
        tree, at = opened.session.tree, verdict.anchor
    if at is None:
        return
    yield from _declaration(opened.place(tree, at))
    newest = opened.newest
    if newest == tree.tag:
        yield "This is the newest release."
        return
    try:
        yield from _since(opened, verdict, tree, at, newest)
    except AnnotatorError as error:
        yield f"What became of it at {code(newest)} is not known: {escaped(str(error))}"


def _guess(verdict: Verdict) -> Iterator[str]:
    if (guess := verdict.guess) is not None:
        yield f"A guess, not an answer: {code(f'{guess.path}:{guess.line}')} {code(guess.symbol)}"


def _declaration(place: Place) -> Iterator[str]:
    first, last = place.line, place.end_line
    lines = f"line {first}" if first == last else f"lines {first} to {last}"
    where = f"{code(place.path)}, {lines} at {code(place.tag)}"
    yield f"{where} ([open]({place.permalink}))" if place.permalink else where
    if place.signature:
        doc = [f"// {line}".rstrip() for line in shortened(place.doc, _MOST_DOC).splitlines()]
        yield fenced("go", "\n".join([*doc, place.signature]))


def _since(opened: OpenProject, verdict: Verdict, tree: SourceTree, at: Anchor, newest: str) -> Iterator[str]:
    after = opened.at(newest)
    later = verify_reference(after, verdict.reference)
    now = later.anchor
    if now is None:
        yield f"At {code(newest)}, the newest: {escaped(later.outcome.reason)}"
        yield from _guess(later)
    else:
        place = opened.place(after.tree, now)
        link = f" ([open]({place.permalink}))" if place.permalink else ""
        where = f"{code(f'{place.path}:{place.line}')} {code(place.symbol)}"
        yield f"At {code(newest)}, the newest: {where}{link}"
        if is_comparable(at) and is_comparable(now):
            yield _difference(opened, tree, at, after.tree, now)
    if is_comparable(at):
        steps = opened.steps(tree, at, newest)
        items = [f"- {_step(step)}" for step in steps[:_MOST_STEPS]]
        if steps[_MOST_STEPS:]:
            items.append(f"- and {counted(len(steps) - _MOST_STEPS, 'more release')}")
        if items:
            yield "What happened between:\n\n" + "\n".join(items)


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


def escaped(text: str) -> str:
    """Return words so that nothing in them is Markdown or HTML."""
    return _MARKS.sub(r"\\\1", printable(text))


def code(text: str) -> str:
    """Return words as code in a line."""
    return f"`{printable(text).replace('`', chr(0x2019))}`" if text else ""
