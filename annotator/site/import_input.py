"""Loads the import graph of the packages that a page draws."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from annotator.errors import InvalidInput
from annotator.python_source import package_imports

if TYPE_CHECKING:
    from annotator.config import Project
    from annotator.model.port import PackageImports
    from annotator.site.markdown_text import MarkdownText


def packages(project: Project, texts: Iterable[MarkdownText]) -> tuple[PackageImports, ...]:
    """Return the packages whose structure the texts show.

    Raises:
        InvalidInput: A package is not there, or a file of it is not Python.
    """
    folders = {folder: text.name for text in texts for folder in text.packages}
    for folder, text in folders.items():
        if next((project.root / folder).rglob("*.py"), None) is None:
            raise InvalidInput(f"{text}.md:2: `packages` names {folder}, in which there is no Python file")
    return package_imports.packages(project.root, folders)
