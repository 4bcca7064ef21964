"""Compares all counterparts of a project with their originals."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from annotator.baseline_file import recorded
from annotator.config import Project
from annotator.model import port
from annotator.model.port import PythonObject
from annotator.model.reference import Problem
from annotator.parity import comparison, coverage, docstring_index
from annotator.parity.baseline import originals_of
from annotator.parity.docstring_index import Said
from annotator.parity.scope import SCOPE, scope_of


class Mapped(msgspec.Struct, frozen=True):
    """Every counterpart beside its originals, on the recorded facts, and what is to be mended."""

    pairs: tuple[port.Comparison, ...]
    remarks: tuple[Problem, ...]
    coverage: port.Coverage


def mapped(
    project: Project,
    objects: Mapping[str, PythonObject] | None = None,
    docstrings: Said | None = None,
) -> Mapped:
    """The mapping of the project's packages; it stands on the recorded facts and needs no source.

    Args:
        project: The project.
        objects: What is known of its Python objects, if that has been read already.
        docstrings: What its docstrings say of Go, likewise.

    Raises:
        InvalidInput: A Python file, the facts or the scope cannot be read.
    """
    docstrings = docstrings or docstring_index.said(project)
    found, remarks = docstrings.counterparts, docstrings.remarks
    known = recorded(project)
    scope = scope_of(project)
    originals = originals_of(known, scope)
    python = docstring_index.objects(project) if objects is None else objects
    made = comparison.pairs(found, originals, python, scope)
    covered = coverage.coverage(known.symbols, found, scope, python)
    name = f"{project.config.site}/{SCOPE}"
    stale = comparison.unused(made, scope, name)
    wrong = (*remarks, *comparison.remarks(made), *stale, *coverage.remarks(covered, name))
    return Mapped(made, wrong, covered)
