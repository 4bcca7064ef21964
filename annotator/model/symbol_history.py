"""Value types for following symbols over tags and for porting reports."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from annotator.model.port import Counterpart, Parameter
from annotator.model.reference import Anchor, FoundBy, NoteChange, Outcome, Reference, TextState


class TagStep(msgspec.Struct, frozen=True, array_like=True):
    """One step of a walk over tags: from a tag that was reached before to the next."""

    before: str
    after: str


class TrackedPosition(msgspec.Struct, frozen=True, array_like=True):
    """The position of a declaration at a tag, the evidence for it, and its text compared with the baseline.

    Attributes:
        anchor: Where it stands; where it was last seen, if it is missing. Its offset is the baseline's.
        by: The weakest sign on the way from the baseline.
        text: Its text against the baseline's.
        line: The cited line: that of the name, or the one that the baseline's offset leads to; 0 if
            that line's text is gone from the declaration.
        start: Byte offset at which the top-level declaration that it is or is in begins; 0 if unknown.
        end: Byte offset of that declaration's end; 0 if unknown.
        missing: Why the declaration is not there, empty if it is.
        guess: The best candidate for a missing one, never an answer.
    """

    anchor: Anchor
    by: FoundBy
    text: TextState
    line: int
    start: int = 0
    end: int = 0
    missing: str = ""
    guess: Anchor | None = None


class TagOutcome(msgspec.Struct, frozen=True):
    """The outcome for a reference at one tag."""

    tag: str
    outcome: Outcome
    text: TextState


class ReferenceHistory(msgspec.Struct, frozen=True):
    """A reference and its outcomes, in the order of the tags."""

    reference: Reference
    stops: tuple[TagOutcome, ...]


class HistoryInput(msgspec.Struct, frozen=True):
    """The histories and the porting report that pages show.

    Attributes:
        tags: All tags of the trails, in order.
        releases: Those of them that stand for their release line: its latest patch each.
        trails: What became of each mapped symbol at each tag.
        porting: What is to be ported from one tag to another, if that was asked for.
        comparison: What differs between this version and another that is built along with it.
    """

    tags: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    trails: tuple[ReferenceHistory, ...] = ()
    porting: PortingReport | None = None
    comparison: PortingReport | None = None


# ── What changed from one tag to another ─────────────────────────────────────────────────────────
class PlacementChange(StrEnum):
    """How a declaration's place changed from one tag to another."""

    STAYED = "stayed"
    MOVED = "moved"
    RENAMED = "renamed"
    GONE = "gone"
    NEW = "new"
    UNKNOWN = "unknown"


class TextChange(StrEnum):
    """How a declaration's text changed from one tag to another."""

    SAME = "same"
    COMMENTS = "comments"
    CHANGED = "changed"
    UNKNOWN = "unknown"


class DeclarationVersion(msgspec.Struct, frozen=True):
    """A declaration at one tag, with what can be compared of it.

    Attributes:
        code: Its text without the doc comment.
        doc: Its doc comment without comment marks.
        type: The type as written, of what is neither function nor composite.
        members: Fields of a struct, methods of an interface.
        calls: Callees as written, in order.
        errors: Error texts in order, as Go's format strings.
    """

    anchor: Anchor
    code: str
    doc: str = ""
    type: str = ""
    params: tuple[Parameter, ...] = ()
    results: tuple[Parameter, ...] = ()
    members: tuple[Parameter, ...] = ()
    calls: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


class ChangeDetail(msgspec.Struct, frozen=True):
    """One thing that changed in a declaration.

    Attributes:
        kind: A kind of the `Differs:` grammar where one fits: field, method, param, result, call,
            error; else type or order.
        change: new, gone or changed.
        name: Its name in Go's spelling.
        old: What it was, empty if it was not.
        new: What it is, empty if it is not.
        advice: What it means for the counterpart.
        stated: The reason that the counterpart's docstring gives for differing here, if it does.
    """

    kind: str
    change: str
    name: str
    old: str
    new: str
    advice: str
    stated: str = ""


class SymbolChange(msgspec.Struct, frozen=True):
    """What changed of one mapped or cited symbol.

    Attributes:
        symbol: The symbol in the notation of the baseline.
        counterparts: The Python objects that mirror it.
        shift: What became of its place.
        edit: What became of its text.
        findings: What changed, as far as a machine can say.
        lines: The unified diff of the declaration without comments.
        citations: The references of documents to it.
    """

    symbol: str
    counterparts: tuple[Counterpart, ...]
    old: Anchor | None
    new: Anchor | None
    shift: PlacementChange
    edit: TextChange
    findings: tuple[ChangeDetail, ...] = ()
    lines: tuple[str, ...] = ()
    reason: str = ""
    citations: tuple[Reference, ...] = ()


class PortingReport(msgspec.Struct, frozen=True):
    """The changes to port from one tag to another.

    Attributes:
        symbols: How many mapped symbols were compared.
        changes: Those whose place or text is not the same, in the order they were given.
        fresh: Declarations of the mapped packages whose name is new.
        notes: Lines that our texts explain and that read differently, or are not there.
    """

    old: str
    new: str
    symbols: int
    changes: tuple[SymbolChange, ...]
    fresh: tuple[Anchor, ...] = ()
    notes: tuple[NoteChange, ...] = ()
