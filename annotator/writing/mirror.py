"""The Python side of the pages: files, objects, the pairs that the mapping made, and what examples print."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from annotator.model import PythonObject, Use
from annotator.writing.code import Coloured
from annotator.writing.sides import Covered, Pair
from annotator.writing.walks import Walk


class Module(msgspec.Struct, frozen=True):
    """A Python file: its bytes, what its names are proven to mean, its docstring and its colours.

    A use's `symbol` is a dotted name.
    """

    data: bytes
    uses: tuple[Use, ...] = ()
    doc: str = ""
    colours: Coloured | None = None


class Example(msgspec.Struct, frozen=True):
    """A program that shows something.

    Attributes:
        name: What it is called by.
        path: Its file, from the project's root.
        title: The first sentence of its docstring.
        command: What a reader types to run it.
        output: What it printed when it was run.
    """

    name: str
    path: str
    title: str
    command: str
    output: str


class Mirror(msgspec.Struct, frozen=True):
    """All that pages show of the Python packages.

    Attributes:
        modules: The files by path from the project's root.
        objects: Everything defined in them, by dotted name.
        pairs: Each counterpart beside its originals.
        covered: Every symbol in scope.
        examples: The examples with their output.
        walk: What ran when the project's walk was traced, if it has one.
        home: Address below which the files are on the web, or empty.
    """

    modules: Mapping[str, Module] = {}
    objects: Mapping[str, PythonObject] = {}
    pairs: tuple[Pair, ...] = ()
    covered: tuple[Covered, ...] = ()
    examples: tuple[Example, ...] = ()
    walk: Walk | None = None
    home: str = ""

    def named(self, path: str) -> str:
        """The dotted name of a file's module."""
        return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def blob(data: bytes) -> str:
    """The id under which git keeps these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
