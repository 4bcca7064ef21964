"""Files that the `ARTICLE` arguments of `verify` and `build` name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from annotator.articles.article_files import expand, is_article
from annotator.config import Project
from annotator.errors import InvalidInput


def select_articles(
    project: Project, arguments: Iterable[Path], *, allow_none: bool
) -> tuple[list[Path], list[Path]]:
    """Return the articles that arguments name, and the TOML files among them that are not manifests.

    Raises:
        InvalidInput: An argument names nothing, and `allow_none` is false.
    """
    articles: list[Path] = []
    others: list[Path] = []
    for file in expand(arguments, allow_none=allow_none):
        (articles if _is_article(project, file) else others).append(file)
    return articles, others


def _is_article(project: Project, file: Path) -> bool:
    """Return whether a file is meant as an article; its errors are reported when it is read."""
    try:
        return is_article(project, file)
    except InvalidInput:
        return True
