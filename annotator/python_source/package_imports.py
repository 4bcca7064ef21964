"""Modules of a Python package and what each of them imports."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path

import grimp
from grimp.application.config import settings
from grimp.application.ports.filesystem import AbstractFileSystem
from grimp.application.ports.packagefinder import AbstractPackageFinder
from grimp.exceptions import SourceSyntaxError

from annotator.errors import InvalidInput
from annotator.model.port import ModuleImports, PackageImports
from annotator.python_source.modules import dotted_name


def packages(root: Path, folders: Iterable[str]) -> tuple[PackageImports, ...]:
    """Return the packages in some folders with their modules; imports from elsewhere are left out.

    Args:
        root: The folder that the packages are imported from.
        folders: The package folders, from the root.

    Raises:
        InvalidInput: A file is not Python.
    """
    names = [folder.strip("/").replace("/", ".") for folder in folders]
    files = {
        file.relative_to(root).as_posix()
        for name in names
        for file in (root / name.replace(".", "/")).rglob("*.py")
    }
    summaries = {dotted_name(path): (path, _summary(path, (root / path).read_bytes())) for path in files}
    # A package within another one is a part of its graph.
    outermost = [name for name in dict.fromkeys(names) if not any(name.startswith(f"{n}.") for n in names)]
    graph = _graph(root, outermost) if outermost else grimp.ImportGraph()
    modules = [
        ModuleImports(
            name, *summaries[name], tuple(sorted(graph.find_modules_directly_imported_by(name) - {name}))
        )
        for name in sorted(graph.modules & summaries.keys())
    ]
    return tuple(
        PackageImports(name, tuple(m for m in modules if m.name == name or m.name.startswith(f"{name}.")))
        for name in names
    )


class _FinderBelow(AbstractPackageFinder):
    """Finds packages below a folder.

    grimp's own finder takes them from `sys.path`, and a package that this process has imported from where
    that lies: reading `annotator` of another worktree would read the running one.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def determine_package_directories(self, package_name: str, file_system: AbstractFileSystem) -> set[str]:
        """Return the folder of a package."""
        return {file_system.join(str(self._root), *package_name.split("."))}


def _graph(root: Path, names: list[str]) -> grimp.ImportGraph:
    default = settings.PACKAGE_FINDER
    settings.configure(PACKAGE_FINDER=_FinderBelow(root.resolve()))
    try:
        return grimp.build_graph(*names, cache_dir=None)
    except SourceSyntaxError as error:
        file = Path(error.filename).relative_to(root.resolve()).as_posix()
        raise InvalidInput(f"{file}:{error.lineno or 1}: not Python that can be read") from error
    finally:
        settings.configure(PACKAGE_FINDER=default)


def _summary(path: str, data: bytes) -> str:
    """Return the first paragraph of a module's docstring on one line."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}:1: not Python that can be read: {error}") from error
    return " ".join(_docstring(text).partition("\n\n")[0].split())


def _docstring(text: str) -> str:
    """Return a module's docstring; only its beginning is read, as parsing all takes 1 s for 180 files."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    significant = (token for token in tokens if token.type not in (tokenize.COMMENT, tokenize.NL))
    with suppress(tokenize.TokenError, SyntaxError, ValueError):  # what is not Python, grimp reports
        first, second = islice(significant, 2)
        if first.type == tokenize.STRING and second.type == tokenize.NEWLINE:
            return ast.get_docstring(ast.parse(first.string)) or ""
    return ""
