"""Definitions and uses in Python files."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from annotator.model.go import ResolvedUse
from annotator.model.port import PythonObject
from annotator.python_source import modules
from annotator.python_source.objects import facts, load, uses_of

if TYPE_CHECKING:
    from annotator.config import Project


class Defined(msgspec.Struct, frozen=True):
    """The objects of all files by dotted name; by path, the uses of them in each file and its docstring."""

    objects: Mapping[str, PythonObject]
    uses: Mapping[str, tuple[ResolvedUse, ...]]
    docs: Mapping[str, str]


def defined(project: Project, data: Mapping[str, bytes]) -> Defined:
    """Return what the files of a project's packages define and name.

    Args:
        project: The project.
        data: The files by path from the project's root.

    Raises:
        InvalidInput: A file is not Python.
    """
    trees = {path: modules.parsed(project.root / path, content) for path, content in data.items()}
    folders = [project.root / package for package in project.config.packages]
    packages = load(folders, project.root, trees)
    objects = facts(packages)
    docs = {path: ast.get_docstring(tree) or "" for path, tree in trees.items()}
    return Defined(objects, uses_of(packages, objects, data), docs)
