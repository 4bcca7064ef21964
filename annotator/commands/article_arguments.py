"""Files that the `ARTICLE` arguments of `verify` and `build` name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from annotator.articles.article_files import expand, is_article, is_excluded
from annotator.config import Project
from annotator.errors import InvalidInput


class Selection(msgspec.Struct, frozen=True):
    """The files that arguments name.

    Attributes:
        articles: Those that are read.
        others: TOML files that are not manifests.
        excluded: Those that the settings exclude.
    """

    articles: tuple[Path, ...]
    others: tuple[Path, ...]
    excluded: tuple[Path, ...]


def select_articles(project: Project, arguments: Iterable[Path], *, allow_none: bool) -> Selection:
    """Return the files that arguments name.

    Raises:
        InvalidInput: An argument names nothing, and `allow_none` is false.
    """
    files = expand(arguments, allow_none=allow_none)
    kinds: dict[str, list[Path]] = {"articles": [], "others": [], "excluded": []}
    for file in files:
        kind = (
            "excluded"
            if is_excluded(project, file)
            else "articles"
            if _is_article(project, file)
            else "others"
        )
        kinds[kind].append(file)
    return Selection(**{kind: tuple(found) for kind, found in kinds.items()})


def _is_article(project: Project, file: Path) -> bool:
    """Return whether a file is meant as an article; its errors are reported when it is read."""
    try:
        return is_article(project, file)
    except InvalidInput:
        return True
