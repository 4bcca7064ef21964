"""Decides at which tag or commit a reference was true."""

from __future__ import annotations

import re

import msgspec

from annotator.golang.source_tree import SourceTree
from annotator.model.reference import Reference
from annotator.repository.versions import line_name
from annotator.session import Session
from annotator.tracking.document_origins import DocumentOrigins

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


def decide(at: Session, reference: Reference, documents: DocumentOrigins) -> Origin:
    """Return the origin of a reference: its own ref, else its document's, else the baseline."""
    ref = reference.ref
    if ref is None and reference.foreign_ref is not None and at.options.written_at in _NOT_STATED:
        kind = "commit" if is_commit(reference.foreign_ref) else "branch"
        why = f"{reference.foreign_ref} is a {kind} of a repository that contains this one"
        return Origin(reference.foreign_ref, None, why=why)
    if ref is None:
        return of_document(at, reference, documents)
    if is_branch(at, ref):
        return _head(at, ref)
    tree = at.origin_tree(ref)
    kind = "commit" if is_commit(ref) else "tag"
    return Origin(ref, tree, why="" if tree else f"the {kind} {ref} is not in the source that is read")


def of_document(at: Session, reference: Reference, documents: DocumentOrigins) -> Origin:
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


def has(at: Session, path: str) -> bool:
    """Return whether the repository has a file at the requested tag or at the baseline."""
    baseline = at.tree_if_available(at.project.config.baseline)
    return at.tree.has(path) or (baseline is not None and baseline.has(path))


def own(at: Session, reference: Reference) -> Reference:
    """Return a reference without its repository if that is a fork: its commit is in this repository."""
    ref = reference.ref
    if reference.repository is None or ref is None or not is_commit(ref) or len(ref) < _SURE_DIGITS:
        return reference
    tree = at.tree_if_available(ref)
    if tree is None or not tree.has(reference.path):
        return reference
    return msgspec.structs.replace(reference, repository=None)
