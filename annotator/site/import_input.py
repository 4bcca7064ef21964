"""Loads the import graph of the packages that a page draws."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from annotator.cache import Kept
from annotator.errors import InvalidInput
from annotator.python_source import package_imports

if TYPE_CHECKING:
    from annotator.cache import Cache
    from annotator.config import Project
    from annotator.model.port import PackageImports
    from annotator.site.markdown_text import Prose


def packages(project: Project, cache: Cache, texts: Iterable[Prose]) -> tuple[PackageImports, ...]:
    """The packages whose structure the texts show; a file is read again only where it has changed.

    Raises:
        InvalidInput: A package is not there, or a file of it is not Python.
    """
    asked = {folder: text.name for text in texts for folder in text.packages}
    data = {
        file.relative_to(project.root).as_posix(): file.read_bytes()
        for folder, text in asked.items()
        for file in _files(project.root, folder, text)
    }
    reader = Path(package_imports.__file__).read_bytes()
    keys = {
        path: hashlib.sha256(b"\0".join((reader, path.encode(), content))).hexdigest()
        for path, content in data.items()
    }
    found = Kept(cache, "imports", package_imports.File).all(
        keys, lambda lacking: {path: package_imports.read(path, data[path]) for path in lacking}
    )
    return package_imports.packages((folder.replace("/", ".") for folder in asked), found)


def _files(root: Path, folder: str, text: str) -> Iterator[Path]:
    found = sorted((root / folder).rglob("*.py"))
    if not found:
        raise InvalidInput(f"{text}.md:2: `packages` names {folder}, in which there is no Python file")
    yield from found
