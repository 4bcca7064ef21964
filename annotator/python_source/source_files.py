"""Python files of a project's packages, each read and parsed once."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from annotator.errors import InvalidInput


class SourceFile(msgspec.Struct, frozen=True):
    """A Python file: its path from the project's root, its module's dotted name, and its content."""

    path: str
    module: str
    data: bytes
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        """Whether this is the `__init__.py` of a package."""
        return self.path.rpartition("/")[2] == "__init__.py"


def read_packages(root: Path, folders: Iterable[str]) -> tuple[SourceFile, ...]:
    """Read the files of some packages, in order; nothing is imported or run.

    Args:
        root: The project's root; files are named from it.
        folders: The packages' folders, from the root.

    Raises:
        InvalidInput: There is no such package, or a file of it is not Python.
    """
    return tuple(file for folder in folders for file in _read_package(root, root / folder))


def _read_package(root: Path, folder: Path) -> Iterator[SourceFile]:
    if not folder.is_dir():
        raise InvalidInput(f"{folder}: no such Python package; correct `packages` in the settings")
    for path in sorted(folder.rglob("*.py")):
        data = path.read_bytes()
        name = dotted_name(path.relative_to(folder.parent).as_posix())
        yield SourceFile(path.relative_to(root).as_posix(), name, data, parse(path, data))


def dotted_name(path: str) -> str:
    """Return the dotted name of the module in a file."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def parse(path: Path | str, data: bytes) -> ast.Module:
    """Parse a file.

    Raises:
        InvalidInput: It is not Python.
    """
    try:
        return ast.parse(data.decode("utf-8-sig"))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise InvalidInput(f"{path}:{line}: not Python that can be read: {error}") from error
