"""Matches stated reasons with differences; finds stale reasons."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

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
    """Return the row with the reason that is stated for it, if there is one.

    Args:
        row: The row.
        differences: What the counterpart's docstring states.
        scope: What the scope states for many symbols.
        originals: The Go symbols of the counterpart.
    """
    if row.agreement is Agreement.SAME:
        return row
    for item in differences:
        if _EXPLAINS.get(row.kind, _by_name)(item, row):
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
    return _is_about_kind(rule, row) and _is_for(rule, notations) and _is_about_name(rule, row)


def _is_about_kind(rule: Rule, row: ComparisonRow) -> bool:
    match rule:
        case Rename():
            return row.kind in ("param", "field") and row.name == rule.go
        case Convention():
            return rule.kind in (("param", "extra") if row.kind == "param" and not row.go else (row.kind,))
        case Absent():
            return not row.python


def _is_for(rule: Rule, notations: Iterable[str]) -> bool:
    """Return whether a rule is for one of some symbols; a convention that names no symbol is for all."""
    is_for_all = isinstance(rule, Convention) and not rule.of
    return is_for_all or any(is_among(notation, rule.of) for notation in notations)


def _is_about_name(rule: Rule, row: ComparisonRow) -> bool:
    match rule:
        case Rename():
            return row.python.partition(":")[0] == rule.python
        case Convention():
            fits = not rule.pattern or re.fullmatch(rule.pattern, row.go or row.name) is not None
            return fits and (not rule.names or any(_is_name_of(name, row.name) for name in rule.names))
        case Absent():
            return any(is_absent(name, row) for name in rule.names)


def is_absent(name: str, row: ComparisonRow) -> bool:
    """Return whether a name in a list of absent things means a row."""
    if row.kind == "error":
        return set(slug(name).split("-")) <= set(row.name.split("-"))
    return _is_name_of(name, row.name)


def _by_name(item: Difference, row: ComparisonRow) -> bool:
    kinds = ("param", "extra") if row.kind == "param" else (row.kind,)
    return item.kind in kinds and _names(item.name, row.name)


def _names(written: str, name: str) -> bool:
    """Return whether one of a reason's comma-separated names means a row."""
    return any(_is_name_of(each, name) for each in written.split(",") if each)


def _is_name_of(written: str, name: str) -> bool:
    """Return whether a name means a row; the last parts of a dotted name suffice."""
    ours, theirs = written.split("."), name.split(".")
    shared = min(len(ours), len(theirs))
    return [normalized_name(part) for part in ours[-shared:]] == [
        normalized_name(part) for part in theirs[-shared:]
    ]


def _by_words(item: Difference, row: ComparisonRow) -> bool:
    said = set(row.name.split("-"))
    names = (set(slug(name).split("-")) for name in item.name.split(","))
    return item.kind == "error" and any(words <= said for words in names)


def _any_result(item: Difference, row: ComparisonRow) -> bool:
    return item.kind == row.kind == "result"


_EXPLAINS: Mapping[str, Callable[[Difference, ComparisonRow], bool]] = {
    "error": _by_words,
    "result": _any_result,
}

# These are about how something runs, which no row shows.
_ABOUT_RUNNING = frozenset({"order", "behaviour"})


def stale_reasons(
    counterpart: Counterpart,
    ours: PythonObject,
    rows: tuple[ComparisonRow, ...],
    mirrored: tuple[GoSymbol, ...],
) -> Iterator[Difference]:
    """Yield stated differences that do not exist: both sides have the name, or neither has."""
    for item in _single(counterpart.differences):
        if item.kind in _ABOUT_RUNNING:
            continue
        matching = [row for row in rows if _EXPLAINS.get(row.kind, _by_name)(item, row)]
        if any(row.agreement is Agreement.DIFFERS for row in matching):
            continue
        if matching or not _stands_somewhere(item, ours, mirrored):
            yield item


def _single(differences: Iterable[Difference]) -> Iterator[Difference]:
    """Each name of each reason by itself."""
    for item in differences:
        for name in item.name.split(","):
            yield msgspec.structs.replace(item, name=name)


def _stands_somewhere(item: Difference, ours: PythonObject, mirrored: tuple[GoSymbol, ...]) -> bool:
    """Return whether a side has something of that name that rows do not compare."""
    if item.kind == "extra":
        return normalized_name(item.name) in {
            normalized_name(each.name) for each in (*ours.members, *ours.params)
        }
    return _stands_in_go(item, mirrored)


def _stands_in_go(item: Difference, mirrored: tuple[GoSymbol, ...]) -> bool:
    """Return whether the originals have something of that name that rows do not compare."""
    if item.kind in ("error", "result"):
        return True
    written = {
        part
        for original in mirrored
        for call in original.calls
        for part in re.split(r"[^\w]+", call.removeprefix("?"))
    }
    named = {normalized_name(param.name) for o in mirrored for param in (*o.params, *o.members)}
    return item.name.rpartition(".")[2] in written or normalized_name(item.name.rpartition(".")[2]) in named
