"""Gives a verdict on each reference: where its place is now that was true at its origin."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import msgspec

from annotator.articles import reference_notation
from annotator.articles.own_names import OwnNames
from annotator.errors import BlobMissing, counted
from annotator.golang.source_tree import SourceTree
from annotator.model.reference import (
    Anchor,
    Code,
    Evidence,
    FoundBy,
    Missing,
    Mistaken,
    Moved,
    Outcome,
    Reference,
    Renamed,
    TextState,
    Unknown,
    Unplaced,
    Verdict,
    Verified,
)
from annotator.project_source import Session
from annotator.tracking import claim_checks, dating, declaration_lookup, relocation
from annotator.tracking.baseline_lookup import BaselineLookup
from annotator.tracking.dating import DocumentOrigins, Origin
from annotator.tracking.relocation import AnchoredReference, Carried


def verify_reference(at: Session, reference: Reference) -> Verdict:
    """Return the verdict on one reference."""
    return verify_references(at, [reference])[0]


def verify_references(at: Session, references: Iterable[Reference]) -> tuple[Verdict, ...]:
    """Return the verdicts on references, in order."""
    wanted = tuple(references)
    elsewhere = {reference: _in_repository(at, reference) for reference in dict.fromkeys(wanted)}
    verdicts: dict[Reference, Verdict] = {}
    for session in dict.fromkeys(found[0] for found in elsewhere.values()):
        there = {each: found[1] for each, found in elsewhere.items() if found[0] is session}
        judged = _Verification(session, there.values()).verdicts()
        for reference, own in there.items():
            verdicts[reference] = msgspec.structs.replace(judged[own], reference=reference)
    return tuple(verdicts[reference] for reference in wanted)


def _in_repository(at: Session, reference: Reference) -> tuple[Session, Reference]:
    """Return the session of a reference's own repository, and the reference as it is read there."""
    if reference.repository is None:
        return _having(at, reference.path), reference
    session = at.of_repository(reference.repository)
    if session is None:
        return at, reference
    path = reference_notation.normalise(reference.path, session.project.config.prefixes) or reference.path
    return session, msgspec.structs.replace(reference, path=path, repository=None, written_at=None)


def _having(at: Session, path: str) -> Session:
    """Return the session of the only repository that has a path, or that of the annotated one."""
    others = at.project.config.others
    if not others or dating.has_path(at, path):
        return at
    sessions = filter(None, (at.of_repository(next(iter(other.names))) for other in others))
    having = [session for session in sessions if session.tree.has(path)]
    return having[0] if len(having) == 1 else at


class _Cited(msgspec.Struct, frozen=True):
    """A reference with the place that it cites at its origin, and the evidence of the words around it.

    Attributes:
        reference: The reference as it was read.
        full: The reference with its complete path, as its claims make it certain.
        origin: Where it was true.
        outcome: What it cites there, or why nothing.
        evidence: What the words around it name.
        follows: Whether it follows a branch, and stands elsewhere at its head.
    """

    reference: Reference
    full: Reference
    origin: Origin
    outcome: Outcome
    evidence: tuple[Evidence, ...] = ()
    follows: bool = False

    @property
    def anchor(self) -> Anchor | None:
        """The place at the origin that is to be carried."""
        if isinstance(self.outcome, Mistaken):
            return self.outcome.named
        return None if isinstance(self.outcome, Unplaced) else self.outcome.anchor


class _Verification:
    """The verification of references at a session's tag."""

    def __init__(self, at: Session, references: Iterable[Reference]) -> None:
        self._at = at
        self._references = tuple(dict.fromkeys(references))
        self._documents = DocumentOrigins(at, self._references)

    def verdicts(self) -> dict[Reference, Verdict]:
        """Return the verdicts by reference."""
        found: dict[Reference, Verdict] = {}
        elsewhere: dict[str, list[_Cited]] = defaultdict(list)
        origin_of = {reference: self._origin(reference) for reference in self._references}
        _prepare(origin_of)
        for reference, origin in origin_of.items():
            try:
                cited = self._cited(reference, origin)
            except BlobMissing as error:
                cited = Verdict(reference, Unknown(str(error), Code.COMMIT_NOT_AVAILABLE))
            if isinstance(cited, Verdict):
                found[reference] = cited
            elif cited.anchor is None or self._is_here(cited.origin):
                found[reference] = _verdict(cited, Carried(cited.outcome, TextState.SAME))
            else:
                elsewhere[cited.origin.name].append(cited)
        for group in elsewhere.values():
            found |= {verdict.reference: verdict for verdict in self._carried(group)}
        self._report_unreadable()
        return found

    # ── At the origin ────────────────────────────────────────────────────────────────────────────
    def _origin(self, reference: Reference) -> Origin | None:
        """Return the origin of a reference, or None if it needs none."""
        own = dating.with_own_repository(self._at, reference)
        if own.malformed or own.repository is not None:
            return None
        return dating.origin_of(self._at, own, self._documents)

    def _cited(self, reference: Reference, origin: Origin | None) -> _Cited | Verdict:
        """Return what a reference cites at its origin, or its verdict if that needs no origin."""
        if reference.malformed:
            why = f"it cannot be read: {reference.malformed}"
            return Verdict(reference, Missing(why, code=Code.MALFORMED))
        if origin is None:
            return self._elsewhere(reference)
        own = msgspec.structs.replace(reference, repository=None)
        if origin.tree is None:
            return self._without_origin(reference, own, origin)
        found = _resolved(reference, own, origin, origin.tree)
        if origin.is_branch:
            found = self._of_branch(found, own)
        if _is_unknown_symbol(found):
            return self._looked_up_here(found)
        return self._never_there(found)

    def _elsewhere(self, reference: Reference) -> Verdict:
        """Return the verdict on a reference into another repository, whose source is not at hand."""
        assert reference.repository is not None  # noqa: S101 - only such a one has no origin
        if self._at.project.config.other(reference.repository) is None:
            return declaration_lookup.verdict_at(reference, self._at.tree)
        why = f"the source of {reference.repository} cannot be read, though the settings name it"
        return Verdict(reference, Unknown(why, _lacking(reference.ref)))

    def _never_there(self, found: _Cited) -> _Cited:
        """Give a file that neither tree has another code than one that is gone since the origin."""
        outcome, path, origin = found.outcome, found.full.path, found.origin.tree
        if not isinstance(outcome, Missing) or outcome.code is not Code.FILE_GONE or outcome.guess:
            return found
        if origin is None or self._at.tree.has(path) or declaration_lookup.moved_file_hint(path, origin):
            return found
        never = msgspec.structs.replace(outcome, code=Code.NO_SUCH_FILE)
        return msgspec.structs.replace(found, outcome=never)

    def _of_branch(self, found: _Cited, own: Reference) -> _Cited:
        """Return what a link to a branch cites: what its words name, if that stands elsewhere at its head.

        Where it was exact when it was written, that place is carried.
        """
        is_wrong = isinstance(found.outcome, Mistaken | Missing)
        origin = dating.origin_of_document(self._at, own, self._documents)
        if origin.tree is None or not (is_wrong or own.claims):
            return found
        first = _resolved(found.reference, own, origin, origin.tree)
        is_proven = own.symbol is not None or any(each.agrees for each in first.evidence)
        if isinstance(first.outcome, Unplaced) or not is_proven:
            return found
        if is_wrong or (_is_declared_there(first) and not _is_declared_there(found)):
            return msgspec.structs.replace(first, follows=True)
        return found

    def _looked_up_here(self, found: _Cited) -> _Cited | Verdict:
        """Look a symbol up that its origin lacks: the document may be younger than it says."""
        full, tree = found.full, self._at.tree
        if not self._is_here(found.origin):
            here = declaration_lookup.find_reference(declaration_lookup.completed(full, tree), tree)
            if not isinstance(here, Unplaced):
                return Verdict(found.reference, here, origin=found.origin.name, evidence=found.evidence)
        assert isinstance(found.outcome, Missing)  # noqa: S101 - only such a one is looked up again
        if found.outcome.code is not Code.DECLARATION_GONE or found.outcome.guess or self._is_partial(found):
            return self._never_there(found)
        if self._is_in_text(found):  # a variable of a function, or an import
            return found
        tags = " and ".join(dict.fromkeys((found.origin.name, tree.tag)))
        # What other packages declare does not tell of a package: so it is not looked for.
        never = (
            f"{full.symbol} is not in the package in {full.path} at {tags}"
            if full.is_of_package
            else f"{full.symbol} is neither in {full.path} nor anywhere else in the source at {tags}"
        )
        return msgspec.structs.replace(found, outcome=Mistaken(never, code=Code.NEVER_EXISTED))

    def _is_in_text(self, found: _Cited) -> bool:
        """Return whether the cited file holds the name of a symbol that it does not declare."""
        tree, path, name = found.origin.tree, found.full.path, (found.full.symbol or "").rpartition(".")[2]
        if tree is None or not tree.has(path):  # a package has no file
            return False
        return re.search(rf"(?<!\w){re.escape(name)}(?!\w)".encode(), tree.data(path)) is not None

    def _is_partial(self, found: _Cited) -> bool:
        trees = (found.origin.tree, self._at.tree)
        return any(tree is not None and tree.unreadable for tree in trees)

    def _without_origin(self, reference: Reference, own: Reference, origin: Origin) -> Verdict:
        """Return the verdict if the origin's source is not at hand: only a symbol can be looked up."""
        if own.symbol is None:
            reason = f"where it was written is not known: {origin.why}"
            code = _lacking(own.ref or own.foreign_ref)
            return Verdict(reference, Unknown(reason, code), origin=origin.name)
        tree = self._at.tree
        outcome = declaration_lookup.find_reference(declaration_lookup.completed(own, tree), tree)
        found = Verdict(reference, outcome, origin=origin.name)
        return self._by_facts(reference, own, found)

    def _by_facts(self, reference: Reference, own: Reference, found: Verdict) -> Verdict:
        """Use the recorded facts in place of the baseline's source if that is not available."""
        known = self._at.baseline
        if known is None or found.origin != known.tag:
            return found
        symbol = self._at.baseline_symbols.get(f"{own.path}::{own.symbol}")
        if symbol is None:
            return found
        by_facts = self._recorded.verdict(reference, symbol)
        anchor = getattr(found.outcome, "anchor", None)
        if anchor is None or anchor.symbol != own.symbol:  # such as a field that has the name of a lost type
            return msgspec.structs.replace(by_facts, origin=found.origin)
        same = getattr(by_facts.outcome, "anchor", None) == anchor
        return msgspec.structs.replace(found, text=by_facts.text) if same else found

    @cached_property
    def _recorded(self) -> BaselineLookup:
        return BaselineLookup(self._at.baseline.symbols if self._at.baseline else (), self._at.tree)

    # ── At the tag that is asked for ─────────────────────────────────────────────────────────────
    def _is_here(self, origin: Origin) -> bool:
        """Return whether an origin is the state that is asked for."""
        tree, here = origin.tree, self._at.tree
        if tree is None or tree is here or tree.tag == here.tag:
            return True
        return tree.snapshot.commit is not None and tree.snapshot.commit == here.snapshot.commit

    def _carried(self, group: Sequence[_Cited]) -> Iterator[Verdict]:
        """Yield the verdicts on references of one origin."""
        tree = group[0].origin.tree
        assert tree is not None  # noqa: S101 - they were resolved in it
        places = [AnchoredReference(each.full, each.anchor) for each in group if each.anchor is not None]
        try:
            found = relocation.carry(places, tree, self._at.tree, self._at.cache)
        except BlobMissing as error:
            if len(group) > 1:  # only those that need the lacking content are not known
                for each in group:
                    yield from self._carried([each])
                return
            found = [Carried(Unknown(str(error), Code.COMMIT_NOT_AVAILABLE))]
        for cited, carried in zip(group, found, strict=True):
            yield _verdict(cited, carried)

    def _report_unreadable(self) -> None:
        lacking = sorted(self._at.tree.unreadable)
        if lacking:
            more = f" and {counted(len(lacking) - 1, 'other file')}" if lacking[1:] else ""
            self._at.warn(
                f"{lacking[0]}{more} at {self._at.tag} cannot be read, as the repository was cloned without "
                "all its objects; what may be in there is not found"
            )


def _prepare(cited: Mapping[Reference, Origin | None]) -> None:
    """Read and parse in one go what references cite at their origins."""
    paths: dict[str, set[str]] = defaultdict(set)
    trees: dict[str, SourceTree] = {}
    packages: dict[str, set[str]] = defaultdict(set)
    for reference, origin in cited.items():
        if origin is None or origin.tree is None:
            continue
        trees[origin.name] = origin.tree
        if origin.tree.has(reference.path):
            paths[origin.name].add(reference.path)
        elif reference.is_of_package and reference.symbol is not None:
            packages[origin.name].add(reference.path.removeprefix("./")[:-1])
    for name, tree in trees.items():
        searched = (declaration_lookup.package_files(folder, tree) for folder in packages[name])
        readable = tree.scan(sorted(paths[name].union(*searched)))
        tree.documents([path for path in sorted(paths[name]) if path in readable and path.endswith(".go")])


def _resolved(reference: Reference, own: Reference, origin: Origin, tree: SourceTree) -> _Cited:
    """Return what a reference cites in the tree of its origin."""
    full = claim_checks.narrow(declaration_lookup.completed(own, tree), tree)
    judgement = claim_checks.judge(full, tree)
    outcome = judgement.outcome or declaration_lookup.find_reference(full, tree)
    return _Cited(reference, full, origin, outcome, judgement.evidence)


def _lacking(ref: str | None) -> Code:
    """Return why the origin of a reference with a ref, or without one, is not available."""
    if ref is None:
        return Code.ORIGIN_UNKNOWN
    return Code.COMMIT_NOT_AVAILABLE if dating.is_commit(ref) else Code.REF_NOT_AVAILABLE


def _is_declared_there(found: _Cited) -> bool:
    """Return whether the cited line declares what the words around it name."""
    names = {each.names.rpartition(".")[2] for each in found.evidence if each.agrees}
    at = found.anchor
    return at is not None and not at.offset and at.symbol.rpartition(".")[2] in names


def _is_unknown_symbol(found: _Cited) -> bool:
    """Return whether a reference names a symbol that is not found at its origin."""
    is_missing = isinstance(found.outcome, Missing) and found.outcome.code is not Code.PAST_END
    return is_missing and found.full.symbol is not None


def _verdict(cited: _Cited, carried: Carried) -> Verdict:
    """Return the verdict on a reference whose place, or the one that its words name, was carried."""
    outcome = carried.outcome
    # What its words name stands at the cited line: the document is younger than its origin says.
    is_younger = (
        cited.reference.ref is None
        and isinstance(outcome, Verified)
        and (cited.full.symbol is None or (cited.full.end_line or 0) <= outcome.anchor.end_line)
    )
    if isinstance(cited.outcome, Mistaken) and not isinstance(outcome, Mistaken) and not is_younger:
        named = None if isinstance(outcome, Unplaced) else outcome.anchor
        outcome = msgspec.structs.replace(cited.outcome, named=named)
    if isinstance(outcome, Moved) and _is_file_alone(cited.reference, outcome.anchor):
        # Its listing told the line at the origin; what the reference itself says is still true.
        outcome = Verified(outcome.anchor, outcome.by, outcome.reason, range_end=outcome.range_end)
    if cited.origin.is_branch or cited.follows:
        outcome = _following(cited, outcome)
    if link := _link(cited):
        outcome = msgspec.structs.replace(
            outcome, reason=f"{outcome.reason}; {link} leads to it by a symbolic link"
        )
    text = TextState.UNKNOWN if isinstance(outcome, Unplaced) else carried.text
    return Verdict(cited.reference, outcome, text, cited.origin.name, cited.evidence)


def _link(cited: _Cited) -> str:
    """Return the path that was written, if symbolic links in it lead to the cited file, or ""."""
    written, tree = cited.reference.cited, cited.origin.tree
    links = getattr(tree.snapshot, "links", {}) if tree is not None and written != cited.full.path else {}
    return written if OwnNames(links=links).resolved(written) == cited.full.path != written else ""


def _is_file_alone(reference: Reference, at: Anchor) -> bool:
    """Return whether a reference names the file of an anchor, and neither a line nor a symbol of it."""
    return reference.line is None and reference.symbol is None and reference.path == at.path


def _following(cited: _Cited, outcome: Outcome) -> Outcome:
    """Return the outcome of a link that follows a branch: moved if its words name another line."""
    branch = cited.reference.ref
    told = f"it follows the branch {branch}"
    if isinstance(outcome, Mistaken) and outcome.named is not None:
        reason = f"{told}, at whose head {outcome.reason}"
        return Moved(outcome.named, FoundBy.SYMBOL, reason, Code.FOLLOWS_BRANCH)
    if isinstance(outcome, Verified) and cited.follows:
        reason = f"{told}, where this stands in another line; {outcome.reason}"
        return Moved(outcome.anchor, outcome.by, reason, Code.FOLLOWS_BRANCH, outcome.range_end)
    if isinstance(outcome, Verified | Moved | Renamed):
        reason = f"{outcome.reason}; {told}"
        return msgspec.structs.replace(outcome, reason=reason, code=Code.FOLLOWS_BRANCH)
    return outcome
