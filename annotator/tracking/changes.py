"""What changed in a declaration from one tag to another, as far as it concerns its counterpart."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from annotator.history import Change, Edit, Finding, Porting, Shift, Version
from annotator.model import Anchor, Counterpart, Difference, Parameter
from annotator.tracking import likeness
from annotator.tracking.places import folder

_CONTEXT = 3

ADVICE: Mapping[tuple[str, str], str] = {
    ("field", "new"): "add it, or say under Differs why it is not needed",
    ("field", "gone"): "remove it, or say under Differs what it still is for",
    ("field", "changed"): "see whether its type here still fits",
    ("method", "new"): "whoever implements this needs it too",
    ("method", "gone"): "nobody has to implement it any more",
    ("method", "changed"): "its signature is another one, for callers and for implementers",
    ("param", "new"): "callers have something new to pass",
    ("param", "gone"): "callers do not pass it any more",
    ("param", "changed"): "see whether its type here still fits",
    ("result", "changed"): "it gives back something else",
    ("call", "new"): "see whether the same has to happen here",
    ("call", "gone"): "see whether it should still happen here",
    ("error", "new"): "a new error text that users can see",
    ("error", "gone"): "an error text that users do not see any more",
    ("type", "changed"): "it is made of another type",
    ("order", "changed"): "the same calls and errors, but the code between them is another one",
}
"""What a finding means for the counterpart, by what changed and how."""


class Compared(msgspec.Struct, frozen=True):
    """A mapped symbol at both tags.

    Attributes:
        symbol: The symbol in the notation of the baseline.
        counterparts: The Python objects that mirror it.
        old: It at the old tag, None if it is not there.
        new: It at the new tag, None if it is not there.
        reason: Why it is not there.
    """

    symbol: str
    counterparts: tuple[Counterpart, ...]
    old: Version | None
    new: Version | None
    reason: str = ""


def porting(old: str, new: str, changes: Sequence[Change], new_names: Iterable[Anchor]) -> Porting:
    """The report of what to port.

    Args:
        old: The old tag.
        new: The new tag.
        changes: What became of each mapped symbol.
        new_names: The declarations of the mapped packages whose name is new.
    """
    return Porting(
        old,
        new,
        len(changes),
        tuple(
            c
            for c in changes
            if (c.shift, c.edit) not in ((Shift.STAYED, Edit.SAME), (Shift.UNKNOWN, Edit.UNKNOWN))
        ),
        tuple(new_names),
    )


def change(compared: Compared) -> Change:
    """What became of one symbol."""
    old, new = compared.old, compared.new
    shift = _shift(old, new)
    edit = _edit(old, new)
    found = _explained(findings(old, new), compared.counterparts) if old and new else ()
    return Change(
        compared.symbol,
        compared.counterparts,
        old.anchor if old else None,
        new.anchor if new else None,
        shift,
        edit,
        tuple(found) if edit is Edit.CHANGED else (),
        tuple(_lines(old, new)) if old and new and edit is Edit.CHANGED else (),
        compared.reason,
    )


def _shift(old: Version | None, new: Version | None) -> Shift:
    if old is None or new is None:
        return Shift.UNKNOWN if old is new else Shift.GONE if new is None else Shift.NEW
    if old.anchor.symbol != new.anchor.symbol:
        return Shift.RENAMED
    return Shift.STAYED if old.anchor.path == new.anchor.path else Shift.MOVED


def _edit(old: Version | None, new: Version | None) -> Edit:
    if old is None or new is None:
        return Edit.UNKNOWN
    if (old.code, old.doc) == (new.code, new.doc):
        return Edit.SAME
    return Edit.COMMENTS if likeness.same_code(old.code.encode(), new.code.encode()) else Edit.CHANGED


def _lines(old: Version, new: Version) -> Iterator[str]:
    """The unified diff of both codes without comments, with Go's lines as they are."""
    before, after = likeness.bare(old.code).split("\n"), likeness.bare(new.code).split("\n")
    diff = difflib.unified_diff(before, after, old.anchor.path, new.anchor.path, lineterm="", n=_CONTEXT)
    yield from diff


def fresh(mapped: Iterable[Anchor], old: Iterable[Anchor], new: Iterable[Anchor]) -> Iterator[Anchor]:
    """By path and line, declarations of names that none had before and that no mapped symbol became.

    Args:
        mapped: Where the mapped symbols are at the new tag.
        old: All declarations of their packages at the old tag.
        new: All declarations of their packages at the new tag.
    """
    known = {(anchor.symbol, anchor.kind) for anchor in old}
    places = {(anchor.path, anchor.symbol) for anchor in mapped}
    homes = {folder(path) for path, _ in places}
    for anchor in sorted(new, key=lambda found: (found.path, found.line)):
        is_known = (anchor.symbol, anchor.kind) in known or (anchor.path, anchor.symbol) in places
        if folder(anchor.path) in homes and not is_known:
            yield anchor


# ── Findings ─────────────────────────────────────────────────────────────────────────────────────


def findings(old: Version, new: Version) -> tuple[Finding, ...]:
    """What changed, most telling first."""
    found = [finding for find in _FINDERS for finding in find(old, new)]
    return tuple(found or [_finding("order", "changed", new.anchor.symbol, "", "")])


def _members(old: Version, new: Version) -> Iterator[Finding]:
    kind = "method" if new.anchor.kind == "interface" else "field"
    yield from _named(kind, old.members, new.members)


def _params(old: Version, new: Version) -> Iterator[Finding]:
    before, after = _types(old.params), _types(new.params)
    if before == after:
        return
    if all(p.name for p in (*old.params, *new.params)):
        yield from _named("param", old.params, new.params)
    else:
        yield _finding("param", "changed", new.anchor.symbol, ", ".join(before), ", ".join(after))


def _results(old: Version, new: Version) -> Iterator[Finding]:
    before, after = _types(old.results), _types(new.results)
    if before != after:
        yield _finding("result", "changed", new.anchor.symbol, ", ".join(before), ", ".join(after))


def _type(old: Version, new: Version) -> Iterator[Finding]:
    if old.type != new.type or old.anchor.kind != new.anchor.kind:
        before, after = (v.type or str(v.anchor.kind) for v in (old, new))
        yield _finding("type", "changed", new.anchor.symbol, before, after)


def _calls(old: Version, new: Version) -> Iterator[Finding]:
    yield from _counted("call", old.calls, new.calls)


def _errors(old: Version, new: Version) -> Iterator[Finding]:
    yield from _counted("error", old.errors, new.errors)


_FINDERS: tuple[Callable[[Version, Version], Iterator[Finding]], ...] = (
    _type,
    _members,
    _params,
    _results,
    _errors,
    _calls,
)


def _types(parameters: Iterable[Parameter]) -> list[str]:
    return [parameter.type for parameter in parameters]


def _named(kind: str, old: Iterable[Parameter], new: Iterable[Parameter]) -> Iterator[Finding]:
    before, after = ({p.name: p.type for p in parameters} for parameters in (old, new))
    for name, type_ in after.items():
        if name not in before:
            yield _finding(kind, "new", name, "", f"{name} {type_}".strip())
        elif before[name] != type_:
            yield _finding(kind, "changed", name, before[name], type_)
    for name, type_ in before.items():
        if name not in after:
            yield _finding(kind, "gone", name, f"{name} {type_}".strip(), "")


def _counted(kind: str, old: Iterable[str], new: Iterable[str]) -> Iterator[Finding]:
    """What stands there more often than before, or less often."""
    before, after = Counter(old), Counter(new)
    for name in after - before:
        yield _finding(kind, "new", name, "", name)
    for name in before - after:
        yield _finding(kind, "gone", name, name, "")


def _finding(kind: str, change: str, name: str, old: str, new: str) -> Finding:
    return Finding(kind, change, name, old, new, ADVICE[kind, change])


def _explained(found: Iterable[Finding], counterparts: Iterable[Counterpart]) -> Iterator[Finding]:
    """The findings, each with the reason that a docstring gives for differing there."""
    stated = [difference for counterpart in counterparts for difference in counterpart.differences]
    for finding in found:
        yield msgspec.structs.replace(finding, stated=_reason(finding, stated))


def _reason(finding: Finding, stated: Iterable[Difference]) -> str:
    last = finding.name.rpartition(".")[2]
    fitting = (d.reason for d in stated if d.kind == finding.kind and d.name in (finding.name, last))
    return next(fitting, "")
