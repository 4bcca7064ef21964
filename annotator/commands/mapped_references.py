"""What `track` follows when no reference is given: all that the project mirrors or cites."""

from __future__ import annotations

from annotator.articles.article_files import followed_references
from annotator.config import Project
from annotator.model.reference import Reference
from annotator.parity.counterparts import load_counterparts


def mapped_references(project: Project) -> list[Reference]:
    """Return each symbol that a counterpart mirrors or an article of the project cites, once.

    Raises:
        InvalidInput: A Python file, an article or the recorded facts cannot be read.
    """
    return followed_references(project, load_counterparts(project).counterparts)
