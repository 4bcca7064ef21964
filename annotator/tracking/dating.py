"""Decides at which tag or commit a reference, a document or an article was written."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from annotator.errors import SourceUnavailable
from annotator.golang.source_tree import SourceTree, parse_blobs, parsed_files
from annotator.model.go import Declaration, GoFile
from annotator.model.reference import Dating, Mismatch, Reference, TagFit
from annotator.project_source import Session
from annotator.repository import local_git, tag_snapshots
from annotator.repository.local_git import DocumentHistory, GitSnapshot
from annotator.repository.versions import line_name, versions
from annotator.tracking.declaration_lookup import first_line, named

_COMMIT = re.compile(r"[0-9a-fA-F]{5,64}")
_RELEASE_LINE = re.compile(r"v?\d+\.\d+(?:\.x)?")
_DEFAULT_BRANCHES = frozenset({"master", "main", "HEAD", "trunk", "develop"})

# Only a tag that the user states for all documents can stand in for a commit of another repository.
_NOT_STATED = (None, "auto", "blame")

# Fewer digits than these may by chance begin the id of a commit in a repository that the link does not mean.
_SURE_DIGITS = 7


class Origin(msgspec.Struct, frozen=True):
    """The tag or commit at which a reference was true, and the source tree there.

    Attributes:
        name: The tag, commit or branch.
        tree: The source tree there, or None if the source does not have it.
        is_branch: Whether the name is that of a branch, whose head moves on.
        why: Why there is no tree, in a clause, or "".
    """

    name: str
    tree: SourceTree | None
    is_branch: bool = False
    why: str = ""


def origin_of(at: Session, reference: Reference, documents: DocumentOrigins) -> Origin:
    """Return the origin of a reference: its own ref, else its document's, else the baseline."""
    ref = reference.ref
    if ref is None and reference.foreign_ref is not None and at.options.written_at in _NOT_STATED:
        kind = "commit" if is_commit(reference.foreign_ref) else "branch"
        why = f"{reference.foreign_ref} is a {kind} of a repository that contains this one"
        return Origin(reference.foreign_ref, None, why=why)
    if ref is None:
        return origin_of_document(at, reference, documents)
    if is_branch(at, ref):
        return _head(at, ref)
    tree = at.origin_tree(ref)
    kind = "commit" if is_commit(ref) else "tag"
    return Origin(ref, tree, why="" if tree else f"the {kind} {ref} is not in the source that is read")


def origin_of_document(at: Session, reference: Reference, documents: DocumentOrigins) -> Origin:
    """Return the origin of a document, which a reference's own ref does not change."""
    name = documents.name(reference)
    tree = at.origin_tree(name)
    return Origin(name, tree, why="" if tree else f"{name} is not in the source that is read")


def is_commit(ref: str) -> bool:
    """Return whether a ref is written like the id of a commit."""
    return _COMMIT.fullmatch(ref) is not None


def is_branch(at: Session, ref: str) -> bool:
    """Return whether a cited ref is the name of a branch."""
    if ref in at.known_tags or is_commit(ref):
        return False
    if ref in _DEFAULT_BRANCHES or _RELEASE_LINE.fullmatch(ref):
        return True
    return at.source.has_history and at.tree_if_available(ref) is not None


def _head(at: Session, branch: str) -> Origin:
    """Return the head of a branch, or of the branch or release that replaced it."""
    names = [branch]
    if branch in _DEFAULT_BRANCHES:  # repositories rename their default branch, and links follow it
        names.append("HEAD")
    elif _RELEASE_LINE.fullmatch(branch) and at.known_tags:
        names += _latest_of_line(at, branch)
    trees = (at.origin_tree(name) for name in names)
    tree = next((tree for tree in trees if tree is not None), None)
    why = "" if tree else f"the branch {branch} is not in the source that is read"
    return Origin(branch, tree, is_branch=True, why=why)


def _latest_of_line(at: Session, branch: str) -> list[str]:
    line = line_name(f"{branch.removesuffix('.x')}.0")
    return [tag for tag in at.version_tags if line_name(tag) == line][-1:]


def has_path(at: Session, path: str) -> bool:
    """Return whether the repository has a file at the requested tag or at the baseline."""
    baseline = at.tree_if_available(at.project.config.baseline)
    return at.tree.has(path) or (baseline is not None and baseline.has(path))


def with_own_repository(at: Session, reference: Reference) -> Reference:
    """Return a reference without its repository if that is a fork: its commit is in this repository."""
    ref = reference.ref
    if reference.repository is None or ref is None or not is_commit(ref) or len(ref) < _SURE_DIGITS:
        return reference
    tree = at.tree_if_available(ref)
    if tree is None or not tree.has(reference.path):
        return reference
    return msgspec.structs.replace(reference, repository=None)


class DocumentOrigins:
    """The origins of the documents of some references; each document is looked at once."""

    def __init__(self, at: Session, references: Iterable[Reference]) -> None:
        self._at = at
        self._references: dict[str, list[Reference]] = defaultdict(list)
        for reference in references:
            self._references[reference.file].append(reference)
        self._dated: dict[str, str] = {}
        self._lines: dict[str, dict[int, str]] = {}
        self._commits: dict[tuple[str, str], str] = {}
        self._histories: dict[str, DocumentHistory] = {}

    def name(self, reference: Reference) -> str:
        """Return the tag or commit at which a reference's document, or its line there, was written."""
        if reference.written_at is not None:
            return reference.written_at
        asked, baseline = self._at.options.written_at, self._at.project.config.baseline
        match asked:
            case None if not self.is_of_source(reference.file):
                return baseline
            case "auto":
                return self._dated_by_references(reference.file)
            case None | "blame":
                return self._committed(reference) or baseline
            case _:
                return asked

    def _dated_by_references(self, file: str) -> str:
        """Return the newest of the tags at which most of a document's references are exact."""
        if file not in self._dated:
            self._dated[file] = self._date(file)
        return self._dated[file]

    def _date(self, file: str) -> str:
        baseline = self._at.project.config.baseline
        try:
            best = date_references(self._at, self._references[file]).best
        except SourceUnavailable as error:
            self._at.warn(f"{file} cannot be dated, so it is taken to be written at {baseline}: {error}")
            return baseline
        if not best:
            self._at.warn(
                f"{file} cannot be dated by its references; it is taken to be written at {baseline}"
            )
            return baseline
        return baseline if baseline in best else best[-1]

    def _committed(self, reference: Reference) -> str | None:
        """Return the commit of the source that belongs to the one that last changed a line."""
        file = reference.file
        history = self._history(file)
        if file not in self._lines:
            cited = [each.at_line for each in self._references[file] if each.written_at is None]
            self._lines[file] = history.commits(min(cited), max(cited))
        commit = self._lines[file].get(reference.at_line)
        if commit is None:
            return None
        if (file, commit) not in self._commits:
            self._commits[file, commit] = self._source_commit(history, commit)
        return self._commits[file, commit]

    def _source_commit(self, history: DocumentHistory, name: str) -> str:
        """Return the commit itself if it is one of the source, else the source's commit at its date."""
        commit = history.commit(name) or name
        if self._at.source.has_commit(commit):
            return commit
        snapshot, date = self._at.tree.snapshot, history.date(commit)
        if date is None or not isinstance(snapshot, GitSnapshot):
            return commit
        return local_git.commit_at(snapshot.store, date) or commit

    def is_of_source(self, file: str) -> bool:
        """Return whether a document lies in the work tree of the source itself."""
        snapshot = self._at.tree.snapshot
        if not file or not isinstance(snapshot, GitSnapshot):
            return False
        return self._history(file).folder == snapshot.store.folder.resolve()

    def _history(self, file: str) -> DocumentHistory:
        if file not in self._histories:
            self._histories[file] = DocumentHistory(Path(self._at.project.root, file))
        return self._histories[file]


# How many tags that are not among the best are worth telling.
NEAR = 6


def date_references(at: Session, references: Sequence[Reference]) -> Dating:
    """Return the tags at which the references of an article are exact.

    Raises:
        SourceUnavailable: The source cannot be read, or has no version tags.
    """
    tags = versions(at.source.tags())
    if not tags:
        raise SourceUnavailable(f"{at.source.repository} has no version tags to date an article by")
    paths = list(dict.fromkeys(ref.path for ref in references if ref.repository is None))
    files = tag_snapshots.files_at(at.source, tags, paths, at.warn)
    go = {blob for found in files.values() for path, blob in found.items() if path.endswith(".go")}

    def parse_missing(missing: list[str]) -> Mapping[str, GoFile]:
        return parse_blobs(tag_snapshots.contents(at.source, tags, files, set(missing)))

    return date_by_files(references, files, parsed_files(at.cache, go, parse_missing))


class _FileFit(msgspec.Struct, frozen=True):
    """How a reference fits one version of its file; `strong` if a declaration confirms it."""

    exact: bool
    strong: bool
    reason: str = ""


def date_by_files(
    references: Sequence[Reference],
    at: Mapping[str, Mapping[str, str]],
    documents: Mapping[str, GoFile],
) -> Dating:
    """How well each tag fits the references.

    Args:
        references: What an article cites.
        at: For each tag the blob ids of the cited files, by path.
        documents: What those blobs say; a blob without a document is no Go file.
    """
    own = [each for each in references if each.repository is None and not each.is_of_package]
    sights: dict[tuple[int, str], _FileFit] = {}
    for files in at.values():
        for number, reference in enumerate(own):
            key = (number, files.get(reference.path, ""))
            if key not in sights:
                sights[key] = _fit(reference, documents.get(key[1]), present=bool(key[1]))
    telling = [
        number
        for number, reference in enumerate(own)
        if reference.symbol is not None
        or any(sight.strong for (other, _), sight in sights.items() if other == number)
    ]
    found = tuple(_dated(tag, files, own, telling, sights) for tag, files in at.items())
    most = max((dated.exact for dated in found), default=0)
    best = tuple(dated.tag for dated in found if dated.exact == most and most)
    return Dating(len(references), len(references) - len(telling), found, best, _near(found, set(best)))


def _near(found: Sequence[TagFit], best: set[str]) -> tuple[TagFit, ...]:
    """Return the next best tags; among equals, those nearest to one of the best."""
    places = [place for place, dated in enumerate(found) if dated.tag in best]
    others = [
        (-dated.exact, min(abs(place - other) for other in places), place)
        for place, dated in enumerate(found)
        if places and dated.tag not in best and dated.exact
    ]
    return tuple(found[place] for _, _, place in sorted(others)[:NEAR])


def _dated(
    tag: str,
    files: Mapping[str, str],
    references: Sequence[Reference],
    telling: Sequence[int],
    sights: Mapping[tuple[int, str], _FileFit],
) -> TagFit:
    seen = [(references[n], sights[n, files.get(references[n].path, "")]) for n in telling]
    exact = [sight.exact and (sight.strong or reference.symbol is not None) for reference, sight in seen]
    off = tuple(
        Mismatch(reference, sight.reason or "another declaration begins or ends there")
        for (reference, sight), fits in zip(seen, exact, strict=True)
        if not fits
    )
    return TagFit(tag, sum(exact), off)


def _fit(reference: Reference, document: GoFile | None, *, present: bool) -> _FileFit:
    if not present:
        return _FileFit(exact=False, strong=False, reason=f"{reference.path} is not there")
    if document is None:
        return _FileFit(exact=True, strong=False)
    if reference.symbol is not None:
        return _symbol_fit(reference, reference.symbol, document)
    last = reference.end_line or reference.line or 1
    if last > document.lines:
        return _FileFit(exact=False, strong=False, reason=f"the file has {document.lines} lines")
    strong = any(_delimits(d, reference) for d in document.walk())
    return _FileFit(exact=True, strong=strong)


def _symbol_fit(reference: Reference, symbol: str, document: GoFile) -> _FileFit:
    found = named(document, symbol)
    if not found:
        return _FileFit(exact=False, strong=False, reason=f"{symbol} is not in {reference.path}")
    lines = [d.line for d in found]
    if reference.line is None or reference.line in lines:
        return _FileFit(exact=True, strong=True)
    where = ", ".join(str(line) for line in lines)
    return _FileFit(exact=False, strong=True, reason=f"{symbol} stands in line {where}, not {reference.line}")


def _delimits(declaration: Declaration, reference: Reference) -> bool:
    """Whether the cited line begins the declaration, and the cited range, if it is one, ends it."""
    starts = {declaration.line, declaration.span.line, first_line(declaration)}
    ends = reference.end_line in (None, reference.line, declaration.span.end_line)
    return reference.line in starts and ends
