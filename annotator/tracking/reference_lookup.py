"""Finds what a reference cites, by its symbol or by its line."""

from __future__ import annotations

import msgspec

from annotator.golang.source_tree import SourceTree
from annotator.model.reference import Anchor, Reference, Skipped, TextState, Unplaced, Verdict
from annotator.tracking import line_lookup
from annotator.tracking.lookup import Found, Search, at_anchor, body, locate, named, search


def verdict(reference: Reference, tree: SourceTree, written_at: SourceTree | None = None) -> Verdict:
    """Return a verdict on a reference at the tree's tag.

    Args:
        reference: What is cited.
        tree: The repository at the tag that is asked for.
        written_at: The repository at the tag at which the reference was written, if it is at hand.
    """
    if reference.repository is not None:
        return Verdict(reference, Skipped(f"cited in another repository, {reference.repository}"))
    looked_for = search(_completed(reference, tree), tree, written_at)
    outcome = (
        line_lookup.locate(looked_for) if reference.symbol is None else locate(looked_for, reference.symbol)
    )
    if isinstance(outcome, Unplaced) or not outcome.anchor.symbol:
        return Verdict(reference, outcome)
    found = Found(outcome.anchor.path, at_anchor(tree, outcome.anchor))
    return Verdict(reference, outcome, _text(looked_for, found))


def _completed(reference: Reference, tree: SourceTree) -> Reference:
    """Complete a bare file name with its folder, if only one file has that name."""
    if "/" in reference.path or tree.has(reference.path):
        return reference
    files = [path for path in tree.go_files if path.rpartition("/")[2] == reference.path]
    if reference.symbol is not None:
        documents = tree.documents(files)
        files = [path for path in files if named(documents[path], reference.symbol)]
    return msgspec.structs.replace(reference, path=files[0]) if len(files) == 1 else reference


def _text(looked_for: Search, found: Found) -> TextState:
    """Compare the declaration's text at the tag with the text where it was written."""
    if looked_for.origin is None or looked_for.written_at is None:
        return TextState.UNKNOWN
    before = body(looked_for.written_at, looked_for.origin)
    return TextState.SAME if before == body(looked_for.tree, found) else TextState.CHANGED


def text(one: Anchor, before: SourceTree, other: Anchor, after: SourceTree) -> TextState:
    """Whether two anchors' declarations have the same text, doc comments apart."""
    bodies = (
        body(tree, Found(anchor.path, at_anchor(tree, anchor)))
        for anchor, tree in ((one, before), (other, after))
    )
    return TextState.SAME if next(bodies) == next(bodies) else TextState.CHANGED
