"""`manifest`: drafts a manifest from the references of a text."""

from __future__ import annotations

from pathlib import Path

from annotator.articles import article_files, manifest_file
from annotator.articles.own_names import OwnNames
from annotator.config import Project
from annotator.errors import InvalidInput


def manifest(project: Project, file: Path, own: OwnNames | None = None) -> str:
    """Draft a manifest from the references of a text.

    Args:
        project: The project.
        file: The text.
        own: What is known of the repository; without it, less of the text can be understood.

    Raises:
        InvalidInput: The text cannot be read, or cites nothing.
    """
    article = article_files.article(project, file, own)
    if not article.references:
        raise InvalidInput(f"{file}: no reference into source code is found in it")
    return manifest_file.draft(article)
