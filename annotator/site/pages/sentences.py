"""Sentences on verdicts and changes, in the language of the pages.

The annotator's own sentences are English diagnostics. English pages show them as they are; for other
languages the same is said again from the values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.model.reference import (
    Code,
    FoundBy,
    Missing,
    Mistaken,
    Moved,
    Renamed,
    Unplaced,
    Verified,
)
from annotator.model.symbol_history import PlacementChange
from annotator.reports import porting_report
from annotator.site.language import ENGLISH, _, active_code, deferred, plural, translated

if TYPE_CHECKING:
    from collections.abc import Iterable

    from annotator.model.reference import Anchor, NoteChange, PlacedLine, Reference, Verdict
    from annotator.model.symbol_history import ChangeDetail, PortingReport, SymbolChange

_WHY = {
    Code.FILE_GONE: deferred("%(path)s is not in the source"),
    Code.NO_SUCH_FILE: deferred("%(path)s is not in the source, and was not at the origin"),
    Code.DECLARATION_GONE: deferred("no declaration is clearly %(symbol)s of %(path)s"),
    Code.NEVER_EXISTED: deferred("%(path)s did not have %(symbol)s at the origin either"),
    Code.PAST_END: deferred("%(path)s has no line %(line)s"),
    Code.AMBIGUOUS: deferred("several declarations or files can be meant by %(symbol)s in %(path)s"),
    Code.TEXT_GONE: deferred("the cited text is no longer in %(path)s"),
    Code.CONTRADICTS_SYMBOL: deferred("line %(line)s of %(path)s is not in %(symbol)s"),
    Code.CONTRADICTS_SENTENCE: deferred("line %(line)s of %(path)s is not what the sentence names"),
    Code.CONTRADICTS_LABEL: deferred("line %(line)s of %(path)s is not what the link's label names"),
    Code.CONTRADICTS_LISTING: deferred("line %(line)s of %(path)s is not what the listing shows"),
    Code.MALFORMED: deferred("the reference cannot be read"),
    Code.COMMIT_NOT_AVAILABLE: deferred("the commit that the reference names is not available"),
    Code.REF_NOT_AVAILABLE: deferred("the tag or branch that the reference names is not available"),
    Code.ORIGIN_UNKNOWN: deferred("the origin of the reference is not known"),
    Code.PROGRAM_OUTPUT: deferred("the reference stands in the output of a program"),
    Code.OTHER_REPOSITORY: deferred("the reference is into another repository"),
}
"""By the code of a verdict without a place, the reason."""

_EVIDENCE = {
    FoundBy.FILE_RENAME: deferred("the file was renamed"),
    FoundBy.BODY: deferred("told by its body"),
    FoundBy.NEIGHBOURS: deferred("told by its neighbours"),
    FoundBy.CALLERS: deferred("told by its callers"),
    FoundBy.TEXT: deferred("told by its text"),
    FoundBy.FACTS: deferred("by what was recorded of it"),
}
"""How a place was found that its name or line alone does not tell."""


def reason(verdict: Verdict) -> str:
    """Return the reason of a verdict."""
    if active_code() == ENGLISH:
        return verdict.outcome.reason
    reference, outcome = verdict.reference, verdict.outcome
    if isinstance(outcome, Unplaced):
        why = _(
            _WHY.get(outcome.code, _WHY[Code.ORIGIN_UNKNOWN]),
            path=reference.path,
            symbol=reference.symbol or _("(no name)"),
            line=reference.line or 1,
        )
        return _with_other_place(why, outcome)
    said = _placed(reference, outcome)
    evidence = _EVIDENCE.get(outcome.by)
    said = _("%(said)s, %(evidence)s", said=said, evidence=_(evidence)) if evidence else said
    follows = outcome.code is Code.FOLLOWS_BRANCH
    return _("%(said)s; the reference follows a branch", said=said) if follows else said


def _placed(reference: Reference, outcome: Verified | Moved | Renamed) -> str:
    at = outcome.anchor
    where = _where(at, outcome.range_end)
    if isinstance(outcome, Verified):
        return _("%(where)s, as cited", where=where)
    if isinstance(outcome, Renamed):
        return _("%(where)s: it was %(old)s", where=where, old=reference.symbol or reference.path)
    if at.path != reference.path:
        return _("%(where)s: it was in %(old)s", where=where, old=reference.path)
    cited = _lines(reference.line or 1, reference.end_line)
    return _("%(where)s, not in %(lines)s", where=where, lines=cited)


def _where(at: Anchor, range_end: int | None) -> str:
    lines = _lines(at.line + at.offset, range_end)
    if not at.symbol:
        return _("%(path)s, %(lines)s", path=at.path, lines=lines)
    return _(
        "%(symbol)s (%(kind)s) stands in %(path)s in %(lines)s",
        symbol=at.symbol,
        kind=translated(at.kind),
        path=at.path,
        lines=lines,
    )


def _lines(first: int, last: int | None) -> str:
    if last is None or last == first:
        return _("line %(line)s", line=first)
    return _("lines %(first)s to %(last)s", first=first, last=last)


def _with_other_place(why: str, outcome: Unplaced) -> str:
    """Add where something like it is, or where the named symbol is."""
    if isinstance(outcome, Missing) and outcome.guess:
        it = outcome.guess
        return _(
            "%(why)s; it may be %(symbol)s in line %(line)s of %(path)s",
            why=why,
            symbol=it.symbol,
            line=it.line,
            path=it.path,
        )
    if isinstance(outcome, Mistaken) and outcome.named:
        return _("%(why)s; %(where)s", why=why, where=_where(outcome.named, None))
    return why


def joined(parts: Iterable[str]) -> str:
    """Return sentences, one after another."""
    found = ""
    for part in parts:
        found = _("%(one)s %(other)s", one=found, other=part) if found else part
    return found


def lost_line(line: PlacedLine) -> str:
    """Return why an annotated line is nowhere."""
    if active_code() == ENGLISH or not line.reason:
        return line.reason
    if line.symbol:
        return _(
            "%(symbol)s is in %(path)s, but the line is not clearly in it any more",
            symbol=line.symbol,
            path=line.path,
        )
    return _(_WHY[Code.DECLARATION_GONE], symbol=line.place.symbol, path=line.place.path)


# ── What changed from one version to another ─────────────────────────────────────────────────────
def report_sentence(found: PortingReport) -> str:
    """Return what a report holds, in a clause."""
    if active_code() == ENGLISH:
        return porting_report.sentence(found)
    return _(
        "%(symbols)s mapped or cited symbols from %(old)s to %(new)s: %(changed)s changed, %(gone)s of them "
        "gone; %(fresh)s new names in their packages",
        symbols=found.symbols,
        old=found.old,
        new=found.new,
        changed=len(found.changes),
        gone=sum(change.shift is PlacementChange.GONE for change in found.changes),
        fresh=len(found.fresh),
    )


_TEXTS = {
    "same": deferred("%(place)s, text the same"),
    "comments": deferred("%(place)s, comments changed"),
    "changed": deferred("%(place)s, text changed"),
}


def change(found: SymbolChange) -> str:
    """Return how place and text of a symbol changed, in a clause."""
    if active_code() == ENGLISH:
        return porting_report.told(found)
    place = _change_of_place(found)
    text = _TEXTS.get(found.edit)
    return _(text, place=place) if text else place


def _change_of_place(found: SymbolChange) -> str:
    old, new = (f"{at.path}::{at.symbol}#L{at.line}" if at else "" for at in (found.old, found.new))
    match found.shift:
        case PlacementChange.MOVED:
            return _("moved from %(old)s to %(new)s", old=old, new=new)
        case PlacementChange.RENAMED:
            return _("renamed from %(old)s to %(new)s", old=old, new=new)
        case PlacementChange.GONE:
            return _("gone; it was %(old)s", old=old)
        case PlacementChange.NEW:
            return _("new at %(new)s", new=new)
        case PlacementChange.UNKNOWN:
            return _("at neither tag")
        case PlacementChange.STAYED:
            if found.old and found.new and found.old.line != found.new.line:
                return _("in line %(new)s, not in line %(old)s", old=found.old.line, new=found.new.line)
            return _("in its place")


def detail(found: ChangeDetail) -> str:
    """Return one thing that changed in a symbol, with advice, and with the reason in the docstring."""
    if active_code() == ENGLISH:
        return porting_report.said(found)
    values = found.name
    if found.change == "changed" and found.old and found.new:
        values = _("%(name)s, %(old)s → %(new)s", name=found.name, old=found.old, new=found.new)
    said = _(
        "%(kind)s %(what)s: %(advice)s",
        kind=translated(found.kind),
        what=values,
        advice=translated(found.advice),
    )
    stated = found.stated
    if not stated:
        return said
    return _("%(said)s (the docstring says why it differs: %(reason)s)", said=said, reason=stated)


def note_change(note: NoteChange) -> str:
    """Return the change of an annotated line."""
    if active_code() == ENGLISH:
        return porting_report.note_sentence(note)
    where = f"{note.place.path}::{note.place.symbol}"
    if note.now:
        return _(
            "the note %(label)s: in %(where)s “%(was)s” is now “%(now)s”",
            label=note.label,
            where=where,
            was=note.was,
            now=note.now,
        )
    return _(
        "the note %(label)s: in %(where)s “%(was)s” is gone", label=note.label, where=where, was=note.was
    )


def lost_notes(gone: int, notes: int, tag: str) -> str:
    """Return a sentence on the notes of which a line is not there at a tag."""
    return plural(
        "The line of %(count)s note of %(notes)s is no longer in the source at %(tag)s; "
        "the list of notes quotes it",
        "The line of %(count)s notes of %(notes)s is no longer in the source at %(tag)s; "
        "the list of notes quotes it",
        count=gone,
        notes=notes,
        tag=tag,
    )
