"""`symbols`: lists the declarations of a repository."""

from __future__ import annotations

from collections.abc import Iterator

from annotator.model.go import Declaration
from annotator.project_source import Session


def symbols(at: Session) -> Iterator[tuple[str, Declaration]]:
    """Yield each declaration of the tree that is not vendored, with its file, in the tree's order."""
    return at.tree.declarations(at.tree.go_files)
