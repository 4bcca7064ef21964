"""Modules of a Python package and what each of them imports."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from annotator.errors import InvalidInput
from annotator.model.port import ModuleImports, PackageImports
from annotator.python_source.modules import statements


class File(msgspec.Struct, frozen=True):
    """What one file says: the first sentence of its docstring, and the dotted names that it imports.

    What follows `from` stands joined to it: whether the last part is a module, only the package knows.
    """

    says: str
    imported: tuple[str, ...]


def read(path: str, data: bytes) -> File:
    """What a file imports, wherever in it the imports stand.

    Args:
        path: The file, from the folder that the packages lie in.
        data: Its bytes.

    Raises:
        InvalidInput: It is not Python.
    """
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise InvalidInput(f"{path}:{line}: not Python that can be read: {error}") from error
    package = path.split("/")[:-1]
    found = dict.fromkeys(name for node in statements(tree) for name in _names(node, package))
    return File(_sentence(ast.get_docstring(tree) or ""), tuple(found))


def packages(names: Iterable[str], files: Mapping[str, File]) -> tuple[PackageImports, ...]:
    """Packages by name, made of all their files; what is imported from elsewhere is left out."""
    known = {_dotted(path): path for path in files}
    return tuple(
        PackageImports(
            name,
            tuple(
                ModuleImports(
                    module, path, files[path].says, tuple(_known(files[path].imported, module, known))
                )
                for module, path in sorted(known.items())
                if module == name or module.startswith(f"{name}.")
            ),
        )
        for name in names
    )


def _names(node: ast.AST, package: list[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package[: len(package) - node.level + 1] if node.level else []
        base = [*above, *((node.module or "").split(".") if node.module else [])]
        yield from (".".join([*base, alias.name]) for alias in node.names)


def _known(imported: Iterable[str], importer: str, known: Mapping[str, str]) -> Iterator[str]:
    """The modules that names lead to, each once: the name itself, or what it is defined in."""
    found = (name if name in known else name.rpartition(".")[0] for name in imported)
    yield from dict.fromkeys(name for name in found if name in known and name != importer)


def _dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _sentence(doc: str) -> str:
    """A docstring's first paragraph on one line."""
    return " ".join(doc.partition("\n\n")[0].split())
