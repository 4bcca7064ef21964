"""What the project's Python packages say, kept by their content: they are read again where a file changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from annotator.config import Project
from annotator.kept import Kept
from annotator.model import Counterpart, PythonObject, Remark
from annotator.sources import opening
from annotator.sources.cache import Cache
from annotator.tree import reader

T = TypeVar("T")


class Said(msgspec.Struct, frozen=True):
    """The counterparts of all packages, and what does not fit the grammar of their docstrings."""

    counterparts: tuple[Counterpart, ...] = ()
    remarks: tuple[Remark, ...] = ()


def said(project: Project) -> Said:
    """What the packages' docstrings say of Go.

    Raises:
        InvalidInput: A package is not there, or a file of it is not Python.
    """
    return _kept(project, "docstrings", Said, lambda: _read(project))


def objects(project: Project) -> Mapping[str, PythonObject]:
    """Everything that is defined in the packages, by dotted name.

    Raises:
        InvalidInput: A file is not Python.
    """

    def read() -> dict[str, PythonObject]:
        from annotator.reading import pyfacts

        folders = [project.root / package for package in project.config.packages]
        return dict(pyfacts.read(folders, project.root))

    return _kept(project, "objects", dict[str, PythonObject], read)


def _read(project: Project) -> Said:
    from annotator.reading import python

    read = [python.read(project.root / package, project.root) for package in project.config.packages]
    return Said(
        tuple(counterpart for package in read for counterpart in package.counterparts),
        tuple(remark for package in read for remark in package.remarks),
    )


def _kept(project: Project, kind: str, shape: type[T], read: Callable[[], T]) -> T:
    key = _state(project)
    with Cache(opening.cache_folder(), reader=reader()) as cache:
        return Kept(cache, kind, shape).one(key, read)


def _state(project: Project) -> str:
    """A hash of the packages' files and of what reads them."""
    found = hashlib.sha256(str(project.root).encode())
    own = sorted((Path(__file__).parent / "reading").glob("[pn]*.py"))
    theirs = [
        file for name in project.config.packages for file in sorted((project.root / name).rglob("*.py"))
    ]
    for file in (*own, *theirs):
        found.update(str(file).encode() + b"\0" + file.read_bytes() + b"\0")
    return found.hexdigest()
