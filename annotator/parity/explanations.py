"""Matches stated reasons with differences; finds stale reasons."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from annotator.model.port import Agreement, ComparisonRow, Counterpart, Difference, GoSymbol, PythonObject
from annotator.parity.call_graph import normalized_name
from annotator.parity.scope import Absent, Convention, Rename, Scope, is_among

Rule = Rename | Convention | Absent

_VERB = re.compile(r"%(?:[-+# 0]*\d*(?:\.\d+)?)[a-zA-Z]|\{[^{}]*\}|%%")
_WORD = re.compile(r"[A-Za-z0-9]+")


def slug(text: str) -> str:
    """Return an error text as a name for `Differs:`: its words without placeholders, joined by hyphens."""
    return "-".join(_WORD.findall(_VERB.sub(" ", text))).lower()


def explain(
    row: ComparisonRow, differences: Iterable[Difference], scope: Scope, originals: Iterable[GoSymbol]
) -> ComparisonRow:
    """Return the row with the reason that its docstring or the scope states for it, if there is one."""
    if row.agreement is Agreement.SAME:
        return row
    for item in differences:
        if _explains(item, row):
            return msgspec.structs.replace(row, agreement=Agreement.DIFFERS, reason=item.reason)
    notations = [original.notation for original in originals]
    rules: tuple[Rule, ...] = (*scope.renames, *scope.conventions, *scope.absent)
    if row.kind == "param" and not row.go:  # a rule for what only Python has says more than one for both
        rules = tuple(sorted(rules, key=lambda rule: getattr(rule, "kind", "") != "extra"))
    for rule in rules:
        if applies(rule, row, notations):
            reason = f"called `{rule.python}`" if isinstance(rule, Rename) else rule.reason
            return msgspec.structs.replace(row, agreement=Agreement.DIFFERS, reason=reason)
    return row


def applies(rule: Rule, row: ComparisonRow, notations: Iterable[str]) -> bool:
    """Return whether a rule of the scope explains a row of a counterpart."""
    match rule:
        case Rename():
            is_about = row.kind in ("param", "field") and row.name == rule.go
            is_about = is_about and row.python.partition(":")[0] == rule.python
        case Convention():
            kinds = ("param", "extra") if row.kind == "param" and not row.go else (row.kind,)
            is_about = (
                rule.kind in kinds
                and (not rule.pattern or re.fullmatch(rule.pattern, row.go or row.name) is not None)
                and (not rule.names or any(_is_name_of(name, row.name) for name in rule.names))
            )
        case Absent():
            is_about = not row.python and any(_means(name, row) for name in rule.names)
    is_for_all = isinstance(rule, Convention) and not rule.of
    return is_about and (is_for_all or any(is_among(notation, rule.of) for notation in notations))


def _explains(item: Difference, row: ComparisonRow) -> bool:
    """Return whether an item of `Differs:` is about a row."""
    if row.kind == "result":
        return item.kind == "result"
    kinds = ("param", "extra") if row.kind == "param" else (row.kind,)
    return item.kind in kinds and any(_means(name, row) for name in item.name.split(",") if name)


def _means(name: str, row: ComparisonRow) -> bool:
    """Return whether a stated name means a row: an error by some of its words, else by the name."""
    if row.kind == "error":
        return set(slug(name).split("-")) <= set(row.name.split("-"))
    return _is_name_of(name, row.name)


def _is_name_of(stated: str, name: str) -> bool:
    """Return whether two names mean the same; the last parts of a dotted name suffice."""
    ours, theirs = ([normalized_name(part) for part in each.split(".")] for each in (stated, name))
    shared = min(len(ours), len(theirs))
    return ours[-shared:] == theirs[-shared:]


# These are about how something runs, which no row shows.
_ABOUT_RUNNING = frozenset({"order", "behaviour"})


def stale_reasons(
    counterpart: Counterpart,
    ours: PythonObject,
    rows: tuple[ComparisonRow, ...],
    mirrored: tuple[GoSymbol, ...],
) -> Iterator[Difference]:
    """Yield stated differences that do not exist: both sides have the name, or neither has."""
    for stated in counterpart.differences:
        for name in () if stated.kind in _ABOUT_RUNNING else stated.name.split(","):
            item = msgspec.structs.replace(stated, name=name)
            matching = [row for row in rows if _explains(item, row)]
            is_needed = (
                any(row.agreement is Agreement.DIFFERS for row in matching)
                if matching
                else _stands_somewhere(item, ours, mirrored)
            )
            if not is_needed:
                yield item


def _stands_somewhere(item: Difference, ours: PythonObject, mirrored: tuple[GoSymbol, ...]) -> bool:
    """Return whether a side has something of that name that rows do not compare."""
    if item.kind == "extra":
        names = {normalized_name(each.name) for each in (*ours.members, *ours.params)}
        return normalized_name(item.name) in names
    if item.kind in ("error", "result"):
        return True
    name = item.name.rpartition(".")[2]
    called = {
        part
        for original in mirrored
        for call in original.calls
        for part in re.split(r"[^\w]+", call.removeprefix("?"))
    }
    named = {normalized_name(param.name) for o in mirrored for param in (*o.params, *o.members)}
    return name in called or normalized_name(name) in named
