"""The verdict on one reference that was written at another tree's tag."""

from __future__ import annotations

from annotator.golang.source_tree import SourceTree
from annotator.model.reference import Reference, Unplaced, Verdict
from annotator.tracking import declaration_lookup, relocation


def verdict(reference: Reference, tree: SourceTree, written_at: SourceTree) -> Verdict:
    """Look a reference up in the tree that it was written at, and carry its place to another tree."""
    full = declaration_lookup.completed(reference, written_at)
    cited = declaration_lookup.find_reference(full, written_at)
    if isinstance(cited, Unplaced):
        return Verdict(reference, cited)
    place = relocation.AnchoredReference(full, cited.anchor)
    (found,) = relocation.carry([place], written_at, tree)
    return Verdict(reference, found.outcome, found.text)
