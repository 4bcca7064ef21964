"""Reads an article with the settings of a project, without its source."""

from __future__ import annotations

from annotator.articles import document, source_paths
from annotator.model.reference import Article


def read(
    name: str,
    data: bytes,
    *,
    repository: str,
    prefixes: tuple[str, ...] = (),
    modules: tuple[str, ...] = (),
    editions: tuple[str, ...] = (),
) -> Article:
    """Read an article in some bytes."""
    roots = source_paths.roots(repository, prefixes, modules, editions)
    return document.read(name, data, repository, roots)
