"""`manifest`: drafts a manifest from the references of a text."""

from __future__ import annotations

from pathlib import Path

from annotator.articles import article_files, manifest_file
from annotator.config import Project
from annotator.errors import InvalidInput


def manifest(project: Project, file: Path) -> str:
    """Draft a manifest from the references of a text.

    Raises:
        InvalidInput: The text cannot be read, or cites nothing.
    """
    article = article_files.article(project, file)
    if not article.references:
        raise InvalidInput(f"{file}: no reference into source code is found in it")
    return manifest_file.draft(article)
