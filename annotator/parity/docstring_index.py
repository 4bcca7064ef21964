"""Counterparts and objects of the Python packages, cached per file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

from annotator.baseline_file import recorded
from annotator.cache import Cache, Kept
from annotator.config import Project
from annotator.golang.source_tree import reader_fingerprint
from annotator.model.port import Counterpart, PythonObject
from annotator.model.reference import Problem
from annotator.parity import counterparts
from annotator.parity.counterparts import Symbol
from annotator.parity.scope import scope_of
from annotator.python_source import docstrings
from annotator.python_source.objects import read as load_objects
from annotator.repository import factory

T = TypeVar("T")


class Said(msgspec.Struct, frozen=True):
    """The counterparts of all packages, and what does not fit the grammar of their docstrings."""

    counterparts: tuple[Counterpart, ...] = ()
    remarks: tuple[Problem, ...] = ()


def said(project: Project) -> Said:
    """Read the counterparts of the packages; names are resolved on the recorded facts.

    Raises:
        InvalidInput: A package is not there, a file of it is not Python, or the facts cannot be read.
    """
    docstrings = read(project)
    if all(counterpart.mirrors for counterpart in docstrings.counterparts):
        return docstrings
    scope = scope_of(project)
    # A symbol that is absent for a reason has no counterpart, whatever it is called.
    symbols = [symbol for symbol in recorded(project).symbols if scope.reason(symbol.notation) is None]
    return resolved(docstrings, symbols)


def resolved(docstrings: Said, symbols: Iterable[Symbol]) -> Said:
    """Resolve the counterparts that no `Go:` line names; see `mapping.counterparts.resolved`."""
    found, remarks = counterparts.resolved(docstrings.counterparts, symbols)
    return Said(found, (*docstrings.remarks, *remarks))


def read(project: Project) -> Said:
    """Read what the packages' docstrings say of Go.

    Raises:
        InvalidInput: A package is not there, or a file of it is not Python.
    """
    return _kept(project, "docstrings", Said, lambda kept: _read(project, kept))


def objects(project: Project) -> Mapping[str, PythonObject]:
    """Everything that is defined in the packages, by dotted name.

    Raises:
        InvalidInput: A file is not Python.
    """

    def read(_: Cache) -> dict[str, PythonObject]:
        folders = [project.root / package for package in project.config.packages]
        return dict(load_objects(folders, project.root))

    return _kept(project, "objects", dict[str, PythonObject], read)


def _read(project: Project, kept: Cache) -> Said:
    """What the files say; one that has not changed is not read again."""
    folders = [project.root / package for package in project.config.packages]
    keys = {
        (file, folder): _state(project, [file]) for folder in folders for file in docstrings.files(folder)
    }

    def read(lacking: list[tuple[Path, Path]]) -> dict[tuple[Path, Path], docstrings.Package]:
        return {each: docstrings.read_file(*each, project.root) for each in lacking}

    found = docstrings.joined(Kept(kept, "docstrings of a file", docstrings.Package).all(keys, read).values())
    return Said(found.counterparts, found.remarks)


def _kept(project: Project, kind: str, shape: type[T], read: Callable[[Cache], T]) -> T:
    files = [file for name in project.config.packages for file in sorted((project.root / name).rglob("*.py"))]
    with Cache(factory.cache_folder(), reader=reader_fingerprint()) as opened:
        return Kept(opened, kind, shape).one(_state(project, files), lambda: read(opened))


def _state(project: Project, files: Iterable[Path]) -> str:
    """A hash of some files, of where they lie, and of what reads them."""
    found = hashlib.sha256(msgspec.json.encode((str(project.root), project.config.packages)))
    found.update(_reader())
    for file in files:
        found.update(str(file).encode() + b"\0" + file.read_bytes() + b"\0")
    return found.hexdigest()


@cache
def _reader() -> bytes:
    """What reads the files, by content."""
    found = hashlib.sha256()
    for file in sorted((Path(__file__).parents[1] / "python_source").glob("*.py")):
        found.update(file.read_bytes() + b"\0")
    return found.digest()
