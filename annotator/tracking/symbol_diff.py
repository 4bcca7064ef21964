"""What changed in mapped declarations between two tags."""

from __future__ import annotations

import difflib
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from annotator.cache import Cache
from annotator.config import GoNames
from annotator.golang import function_facts
from annotator.golang.source_tree import SourceTree
from annotator.model.go import COMPOSITE_KINDS, Declaration, Kind, Span, folder_of, is_test_file
from annotator.model.port import Counterpart, Difference, Parameter
from annotator.model.reference import Anchor, Reference, TextState
from annotator.model.source import Source
from annotator.model.symbol_history import (
    ChangeDetail,
    DeclarationVersion,
    PlacementChange,
    PortingReport,
    SymbolChange,
    TextChange,
    TrackedPosition,
)
from annotator.repository.tag_snapshots import TagSnapshots
from annotator.repository.versions import releases, spanned
from annotator.tracking import similarity, symbol_follower
from annotator.tracking.declaration_lookup import anchor, at_anchor
from annotator.tracking.symbol_follower import tracked
from annotator.tracking.tree_diff import SourceTrees

_CONTEXT = 3

ADVICE: Mapping[tuple[str, str], str] = {
    ("field", "new"): "add it, or say under Differs why it is not needed",
    ("field", "gone"): "remove it, or say under Differs what it still is for",
    ("field", "changed"): "see whether its type here still fits",
    ("method", "new"): "every implementation needs it, too",
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


def symbol_change(
    symbol: str,
    old: DeclarationVersion | None,
    new: DeclarationVersion | None,
    *,
    counterparts: tuple[Counterpart, ...] = (),
    citations: tuple[Reference, ...] = (),
    reason: str = "",
) -> SymbolChange:
    """Compare the two versions of one symbol.

    Args:
        symbol: The symbol in the notation of the baseline.
        old: It at the old tag, None if it is not there.
        new: It at the new tag, None if it is not there.
        counterparts: The Python objects that mirror it.
        citations: The references of documents to it.
        reason: Why it is not there.
    """
    edit = _edit(old, new)
    findings: tuple[ChangeDetail, ...] = ()
    lines: tuple[str, ...] = ()
    if old is not None and new is not None and edit is TextChange.CHANGED:
        findings = tuple(_explained(_details(old, new), counterparts))
        lines = tuple(_lines(old, new))
    return SymbolChange(
        symbol,
        counterparts,
        old.anchor if old else None,
        new.anchor if new else None,
        _shift(old, new),
        edit,
        findings,
        lines,
        reason,
        citations,
    )


def _shift(old: DeclarationVersion | None, new: DeclarationVersion | None) -> PlacementChange:
    if old is None:
        return PlacementChange.UNKNOWN if new is None else PlacementChange.NEW
    if new is None:
        return PlacementChange.GONE
    if old.anchor.symbol != new.anchor.symbol:
        return PlacementChange.RENAMED
    return PlacementChange.STAYED if old.anchor.path == new.anchor.path else PlacementChange.MOVED


def _edit(old: DeclarationVersion | None, new: DeclarationVersion | None) -> TextChange:
    if old is None or new is None:
        return TextChange.UNKNOWN
    if (old.code, old.doc) == (new.code, new.doc):
        return TextChange.SAME
    same = similarity.same_code(old.code.encode(), new.code.encode())
    return TextChange.COMMENTS if same else TextChange.CHANGED


def _lines(old: DeclarationVersion, new: DeclarationVersion) -> Iterator[str]:
    """Return the unified diff of both codes without comments, with Go's lines as they are."""
    before, after = (similarity.without_comments(each.code).split("\n") for each in (old, new))
    return difflib.unified_diff(before, after, old.anchor.path, new.anchor.path, lineterm="", n=_CONTEXT)


def added_declarations(
    mapped: Iterable[Anchor], old: Iterable[Anchor], new: Iterable[Anchor]
) -> Iterator[Anchor]:
    """By path and line, declarations of names that none had before and that no mapped symbol became.

    Args:
        mapped: Where the mapped symbols are at the new tag.
        old: All declarations of their packages at the old tag.
        new: All declarations of their packages at the new tag.
    """
    known = {(anchor.symbol, anchor.kind) for anchor in old}
    places = {(anchor.path, anchor.symbol) for anchor in mapped}
    homes = {folder_of(path) for path, _ in places}
    for place in sorted(new, key=lambda found: (found.path, found.line)):
        is_known = (place.symbol, place.kind) in known or (place.path, place.symbol) in places
        if folder_of(place.path) in homes and not is_known:
            yield place


# ── Findings ─────────────────────────────────────────────────────────────────────────────────────
def _details(old: DeclarationVersion, new: DeclarationVersion) -> list[ChangeDetail]:
    """Return the details that changed, the most important first."""
    symbol = new.anchor.symbol
    found: list[ChangeDetail] = []
    if old.type != new.type or old.anchor.kind != new.anchor.kind:
        before, after = (each.type or str(each.anchor.kind) for each in (old, new))
        found.append(_finding("type", "changed", symbol, before, after))
    found += _named("method" if new.anchor.kind == "interface" else "field", old.members, new.members)
    before, after = _types(old.params), _types(new.params)
    if before != after and all(parameter.name for parameter in (*old.params, *new.params)):
        found += _named("param", old.params, new.params)
    elif before != after:
        found.append(_finding("param", "changed", symbol, before, after))
    before, after = _types(old.results), _types(new.results)
    if before != after:
        found.append(_finding("result", "changed", symbol, before, after))
    found += [*_counted("error", old.errors, new.errors), *_counted("call", old.calls, new.calls)]
    return found or [_finding("order", "changed", symbol, "", "")]


def _types(parameters: Iterable[Parameter]) -> str:
    return ", ".join(parameter.type for parameter in parameters)


def _named(kind: str, old: Iterable[Parameter], new: Iterable[Parameter]) -> Iterator[ChangeDetail]:
    before, after = ({p.name: p.type for p in parameters} for parameters in (old, new))
    for name, type_ in after.items():
        if name not in before:
            yield _finding(kind, "new", name, "", f"{name} {type_}".strip())
        elif before[name] != type_:
            yield _finding(kind, "changed", name, before[name], type_)
    for name, type_ in before.items():
        if name not in after:
            yield _finding(kind, "gone", name, f"{name} {type_}".strip(), "")


def _counted(kind: str, old: Iterable[str], new: Iterable[str]) -> Iterator[ChangeDetail]:
    """Yield the names that occur more often or less often than before."""
    before, after = Counter(old), Counter(new)
    for name in after - before:
        yield _finding(kind, "new", name, "", name)
    for name in before - after:
        yield _finding(kind, "gone", name, name, "")


def _finding(kind: str, change: str, name: str, old: str, new: str) -> ChangeDetail:
    return ChangeDetail(kind, change, name, old, new, ADVICE[kind, change])


def _explained(found: Iterable[ChangeDetail], counterparts: Iterable[Counterpart]) -> Iterator[ChangeDetail]:
    """Return the findings, each with the reason that a docstring gives for differing there."""
    stated = [difference for counterpart in counterparts for difference in counterpart.differences]
    for finding in found:
        yield msgspec.structs.replace(finding, stated=_reason(finding, stated))


def _reason(finding: ChangeDetail, stated: Iterable[Difference]) -> str:
    last = finding.name.rpartition(".")[2]
    fitting = (d.reason for d in stated if d.kind == finding.kind and d.name in (finding.name, last))
    return next(fitting, "")


_FUNCTIONS = {Kind.FUNC: b"package p\n", Kind.METHOD: b"package p\n", Kind.CLOSURE: b"package p\nvar _ = "}


def version(tree: SourceTree, at: Anchor, go_names: GoNames, *, in_full: bool = True) -> DeclarationVersion:
    """Return the declaration at an anchor; `in_full` with the facts of its body."""
    declaration = at_anchor(tree, at)
    code = declaration.body(tree.data(at.path))
    facts = _facts(declaration, code, go_names) if in_full else function_facts.FunctionFacts()
    return DeclarationVersion(
        at,
        code.decode(errors="replace"),
        declaration.doc,
        "" if declaration.kind in COMPOSITE_KINDS else declaration.type,
        facts.params,
        facts.results,
        tuple(Parameter(member.name, member.type) for member in declaration.members)
        if declaration.kind in COMPOSITE_KINDS
        else (),
        tuple(callee.written for callee in facts.callees),
        facts.errors,
    )


def names(tree: SourceTree, folders: Iterable[str]) -> Iterator[Anchor]:
    """Yield every function, method and type of some packages, without tests."""
    wanted = set(folders)
    paths = [path for path in tree.go_files if folder_of(path) in wanted and not is_test_file(path)]
    for path, document in tree.documents(paths).items():
        for declaration in document.declarations:
            if declaration.kind not in (Kind.CONST, Kind.VAR):
                yield anchor(path, declaration)


def _facts(declaration: Declaration, code: bytes, go_names: GoNames) -> function_facts.FunctionFacts:
    """Return the facts of a function from its own bytes, so that the rest of the file is not parsed."""
    head = _FUNCTIONS.get(declaration.kind)
    if head is None:
        return function_facts.FunctionFacts()
    alone = Span(len(head), len(head) + len(code), 1, 1)
    return function_facts.read_function(
        head + code, msgspec.structs.replace(declaration, span=alone), go_names
    )


_LOG = logging.getLogger(__name__)

_NO_CHANGE = (
    (PlacementChange.STAYED, TextChange.SAME),
    (PlacementChange.UNKNOWN, TextChange.UNKNOWN),
)

# Over more release lines than this a report does not walk: one step finds nearly as much in a second.
MOST_LINES = 6


class MappedSymbol(msgspec.Struct, frozen=True):
    """A Go symbol at the baseline, the Python objects that mirror it and the references that cite it."""

    anchor: Anchor
    counterparts: tuple[Counterpart, ...]
    citations: tuple[Reference, ...] = ()

    @property
    def symbol(self) -> str:
        """The symbol in the project's notation."""
        return f"{self.anchor.path}::{self.anchor.symbol}"


def mapped_symbols(
    counterparts: Iterable[Counterpart],
    base: SourceTree,
    cited: Iterable[tuple[Reference, Anchor]] = (),
) -> tuple[MappedSymbol, ...]:
    """Each Go symbol that counterparts name or documents cite, once, with all that do.

    What is not at the baseline, or is vendored there, is left out.

    Args:
        counterparts: The counterparts.
        base: The tree at the baseline.
        cited: References of documents, with the places that they cite at the baseline.
    """
    named: dict[Anchor, tuple[list[Counterpart], list[Reference]]] = defaultdict(lambda: ([], []))
    for counterpart in counterparts:
        for reference in counterpart.mirrors:
            if (place := tracked(reference, base).anchor) is not None:
                named[place][0].append(counterpart)
    for reference, place in cited:
        named[msgspec.structs.replace(place, offset=0)][1].append(reference)
    return tuple(
        MappedSymbol(place, tuple(mirrors), tuple(dict.fromkeys(citations)))
        for place, (mirrors, citations) in named.items()
        if place.symbol and place.path in base.go_files
    )


class SymbolChanges(NamedTuple):
    """The changes of symbols between two trees, with those that did not change, and where the symbols are."""

    changes: list[SymbolChange]
    before: Sequence[TrackedPosition]
    after: Sequence[TrackedPosition]


def porting(
    source: Source,
    cache: Cache,
    base: SourceTree,
    symbols: Sequence[MappedSymbol],
    ends: tuple[SourceTree, SourceTree],
    go_names: GoNames,
) -> PortingReport:
    """Report the changes of symbols between two trees, and the new symbols of the mapped packages.

    The arguments are those of `compare`.

    Raises:
        SourceUnavailable: The source cannot be read.
    """
    compared = compare(source, cache, base, symbols, ends, go_names)
    changes = (change for change in compared.changes if (change.shift, change.edit) not in _NO_CHANGE)
    # A document cites single symbols: what else is new in their packages is not its subject.
    mapped = [number for number, symbol in enumerate(symbols) if symbol.counterparts]
    before, after = (
        [place.anchor for number in mapped if not (place := places[number]).missing]
        for places in (compared.before, compared.after)
    )
    known, now = (
        names(tree, {folder_of(place.path) for place in places})
        for tree, places in zip(ends, (before, after), strict=True)
    )
    return PortingReport(
        ends[0].tag,
        ends[1].tag,
        len(compared.changes),
        tuple(changes),
        tuple(added_declarations(after, known, now)),
    )


def compare(
    source: Source,
    cache: Cache,
    base: SourceTree,
    symbols: Sequence[MappedSymbol],
    ends: tuple[SourceTree, SourceTree],
    go_names: GoNames,
) -> SymbolChanges:
    """Compare symbols between two trees.

    Args:
        source: The source.
        cache: Where documents and the results of steps are kept.
        base: The tree at the baseline tag, in which the symbols are known.
        symbols: The mapped symbols.
        ends: The tree that was ported last and the tree to port.
        go_names: Names in the source that tell what a call does.

    Raises:
        SourceUnavailable: The source cannot be read.
    """
    before, after = ends
    trees_by_tag = {tree.tag: tree for tree in (before, after, base)}
    tags = tuple(dict.fromkeys((base.tag, before.tag, after.tag)))
    known = source.tags()
    among = _between(known, tags)
    others = ((tag, trees_by_tag[tag].snapshot.commit) for tag in set(tags).difference(known))
    commits = {tag: commit for tag, commit in others if commit is not None}
    snapshots = TagSnapshots(source, (*among, *tags), known=base.snapshot, commits=commits)
    trees = SourceTrees(snapshots, cache, trees_by_tag.values())
    _LOG.info("comparing %s with %s", before.tag, after.tag)
    starts = [symbol.anchor for symbol in symbols]
    at = symbol_follower.at_tags(starts, base.tag, (before.tag, after.tag), trees, cache, among=among)
    _load(before, at[before.tag])
    _load(after, at[after.tag])
    changed = [
        symbol_change(
            symbol.symbol,
            _version(before, was, now, go_names),
            _version(after, now, was, go_names),
            counterparts=symbol.counterparts,
            citations=symbol.citations,
            reason=now.missing or was.missing,
        )
        for symbol, was, now in zip(symbols, at[before.tag], at[after.tag], strict=True)
    ]
    return SymbolChanges(changed, at[before.tag], at[after.tag])


def _between(tags: Iterable[str], ends: Sequence[str]) -> tuple[str, ...]:
    """Return the version tags between some tags, with these; none if there are too many release lines."""
    lines = spanned(releases(tags), ends)
    if len(lines) > MOST_LINES:
        return ()
    versions = [tag for line in lines for tag in line]
    return (*versions, *(tag for tag in ends if tag not in versions))


def _load(tree: SourceTree, places: Iterable[TrackedPosition]) -> None:
    """Read and parse together what a report will look at."""
    paths = sorted({place.anchor.path for place in places if not place.missing})
    tree.read(paths)
    tree.documents(paths)


def _version(
    tree: SourceTree, place: TrackedPosition, other: TrackedPosition, go_names: GoNames
) -> DeclarationVersion | None:
    """Return a declaration, in full only if its text differs at the other tag."""
    if place.missing:
        return None
    is_same = place.text is TextState.SAME is other.text
    return version(tree, place.anchor, go_names, in_full=not (is_same or other.missing))
