"""Counterparts and objects of the Python packages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from annotator.baseline_file import recorded
from annotator.config import Project
from annotator.model.port import Counterpart, PythonObject
from annotator.model.reference import Problem
from annotator.parity import counterparts
from annotator.parity.counterparts import Symbol
from annotator.parity.scope import scope_of
from annotator.python_source import docstrings
from annotator.python_source.objects import read as load_objects


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
    folders = [project.root / package for package in project.config.packages]
    found = docstrings.joined(docstrings.read(folder, project.root) for folder in folders)
    return Said(found.counterparts, found.remarks)


def objects(project: Project) -> Mapping[str, PythonObject]:
    """Everything that is defined in the packages, by dotted name.

    Raises:
        InvalidInput: A file is not Python.
    """
    return load_objects([project.root / package for package in project.config.packages], project.root)
