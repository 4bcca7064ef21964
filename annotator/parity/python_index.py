"""Definitions and uses in Python files, cached per file."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from annotator.cache import Kept
from annotator.model.go import ResolvedUse
from annotator.model.port import PythonObject
from annotator.parity import examples
from annotator.python_source import docstrings, modules, objects
from annotator.python_source.objects import facts, load, uses_of

if TYPE_CHECKING:
    from annotator.cache import Cache
    from annotator.config import Project


class Defined(msgspec.Struct, frozen=True):
    """The objects of all files by dotted name; by path, the uses of them in each file and its docstring."""

    objects: Mapping[str, PythonObject]
    uses: Mapping[str, tuple[ResolvedUse, ...]]
    docs: Mapping[str, str]


class _Facts(msgspec.Struct, frozen=True):
    """What is kept of all files for as long as nothing in any of them does anything else, or elsewhere."""

    objects: dict[str, PythonObject]
    uses: dict[str, tuple[ResolvedUse, ...]]


class _File(msgspec.Struct, frozen=True):
    """What is kept of one file for as long as nothing in any file does anything else."""

    functions: dict[str, PythonObject]
    uses: tuple[ResolvedUse, ...]


def defined(project: Project, kept: Cache, data: Mapping[str, bytes]) -> Defined:
    """What the files of a project's packages define and name.

    Args:
        project: The project.
        kept: Where it is kept.
        data: The files by path from the project's root.

    Raises:
        InvalidInput: A file is not Python.
    """
    trees: dict[str, ast.Module] = {}
    words = _words(project, kept, data, trees)
    does = examples.state(data, kept)
    said = hashlib.sha256(msgspec.msgpack.encode([(one.bare, one.last) for one in words.values()]))
    found = Kept(kept, "python facts", _Facts).one(
        f"{_reader()}:{does.placed}:{said.hexdigest()}",
        lambda: _read(project, trees, data, _Files(kept, f"{_reader()}:{does.code}", data)),
    )
    # Words may have become longer or shorter before a name, but not in the same line.
    uses = {path: objects.placed(found.uses[path], data[path]) for path in data}
    return Defined(found.objects, uses, {path: one.doc for path, one in words.items()})


def _words(
    project: Project, kept: Cache, data: Mapping[str, bytes], trees: dict[str, ast.Module]
) -> Mapping[str, docstrings.Words]:
    """The words of all files; `trees` gets the trees that they are read from."""
    keys = {path: f"{_reader()}:{hashlib.sha256(found).hexdigest()}" for path, found in data.items()}

    def read(lacking: list[str]) -> Mapping[str, docstrings.Words]:
        trees.update((path, modules.parsed(project.root / path, data[path])) for path in lacking)
        return {path: docstrings.words(trees[path]) for path in lacking}

    return Kept(kept, "words", docstrings.Words).all(keys, read)


def _read(
    project: Project, trees: Mapping[str, ast.Module], data: Mapping[str, bytes], files: _Files
) -> _Facts:
    folders = [project.root / package for package in project.config.packages]
    packages = load(folders, project.root, trees)
    objects = facts(packages, files.functions)
    uses = uses_of(packages, objects, data, files.uses)
    files.keep(objects, uses)
    return _Facts(dict(objects), dict(uses))


@cache
def _reader() -> str:
    """A name for what reads the files."""
    own = Path(__file__).parents[1]
    found = hashlib.sha256()
    for file in (Path(__file__), *sorted([*own.glob("model/*.py"), *own.glob("python_source/*.py")])):
        found.update(file.read_bytes())
    return found.hexdigest()


class _Files:
    """What is kept of single files, by their bytes and by what all files do."""

    def __init__(self, cache: Cache, state: str, data: Mapping[str, bytes]) -> None:
        hashes = {path: hashlib.sha256(found).hexdigest() for path, found in data.items()}
        self._kept = Kept(cache, "python", _File)
        self._keys = {path: f"{state}:{path}:{name}" for path, name in hashes.items()}
        self.known = self._kept.get(self._keys)

    @property
    def functions(self) -> Mapping[str, PythonObject]:
        """The functions of all files that are known."""
        return {name: found for file in self.known.values() for name, found in file.functions.items()}

    @property
    def uses(self) -> Mapping[str, tuple[ResolvedUse, ...]]:
        """The uses in each file that is known."""
        return {path: file.uses for path, file in self.known.items()}

    def keep(self, objects: Mapping[str, PythonObject], uses: Mapping[str, tuple[ResolvedUse, ...]]) -> None:
        """Keep what was read of the others."""
        functions: dict[str, dict[str, PythonObject]] = {path: {} for path in self._keys}
        for name, found in objects.items():
            if found.kind in ("function", "signature"):
                functions[found.path][name] = found
        fresh = {path: _File(functions[path], uses[path]) for path in self._keys if path not in self.known}
        self._kept.put({self._keys[path]: file for path, file in fresh.items()})
