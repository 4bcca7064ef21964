"""The port beside its original: mapped, walked, and what is to be mended."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from annotator import extras, portside
from annotator.config import Project
from annotator.errors import InvalidInput, printable
from annotator.mapping import coverage, parity, rows, trace
from annotator.model import (
    Checked,
    PythonObject,
    Remark,
)
from annotator.programs import Finished, Programs
from annotator.recorded import SCOPE, originals_of, recorded, scope_of


class Mapped(msgspec.Struct, frozen=True):
    """Every counterpart beside its originals, on the recorded facts, and what is to be mended."""

    pairs: tuple[rows.Pair, ...]
    remarks: tuple[Remark, ...]
    coverage: coverage.Coverage


def mapped(project: Project, objects: Mapping[str, PythonObject] | None = None) -> Mapped:
    """The mapping of the project's packages; it stands on the recorded facts and needs no source.

    Args:
        project: The project.
        objects: What is known of its Python objects, if that has been read already.

    Raises:
        InvalidInput: A Python file, the facts or the scope cannot be read.
    """
    said = portside.said(project)
    found, remarks = said.counterparts, said.remarks
    known = recorded(project)
    scope = scope_of(project)
    originals = originals_of(known, scope)
    python = portside.objects(project) if objects is None else objects
    made = parity.pairs(found, originals, python, scope)
    covered = coverage.coverage(known.symbols, found, scope, python)
    name = f"{project.config.site}/{SCOPE}"
    stale = parity.unused(made, scope, name)
    wrong = (*remarks, *parity.remarks(made), *stale, *coverage.remarks(covered, name))
    return Mapped(made, wrong, covered)


def walk(project: Project) -> tuple[trace.Walk, tuple[Remark, ...]]:
    """The project's walk, really run and traced, and what in it is out of Go's order without a reason.

    Raises:
        InvalidInput: The settings name no walk, it fails, or the facts cannot be read.
    """
    if not project.config.walk:
        raise InvalidInput("the settings name no `walk`, the script that is to be traced")
    with Programs(project.root) as programs, tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "calls.json"
        finished = programs.start(f"{project.config.walk}: the walk", tracing(project, out)).result()
        calls = traced(project, out, finished)
    made = walked(project, calls, portside.objects(project))
    return made, tuple(trace.remarks(made, portside.said(project).counterparts))


def walked(project: Project, calls: bytes, objects: Mapping[str, PythonObject]) -> trace.Walk:
    """The walk that `traced` ran, on what is known of the project's Python objects.

    Raises:
        InvalidInput: The facts cannot be read.
    """
    found = portside.said(project).counterparts
    originals = originals_of(recorded(project), scope_of(project))
    return trace.walk(trace.parse(calls), str(project.root.resolve()), found, originals, objects)


def tracing(project: Project, out: Path) -> list[str]:
    """Return the command that traces the project's walk and writes its calls to a file."""
    folders = [str(project.root / package) for package in project.config.packages]
    script = str(project.root / project.config.walk)
    return [sys.executable, "-m", "annotator.tracer", str(out), *folders, "--", script]


def traced(project: Project, out: Path, finished: Finished) -> bytes:
    """Return what the tracer wrote.

    Raises:
        InvalidInput: The walk failed.
    """
    if finished.code or not out.is_file():
        last = finished.last_error
        why = f"{printable(last) or 'it says nothing'}{extras.hint(last)}"
        raise InvalidInput(f"{project.config.walk}: the walk failed: {why}")
    return out.read_bytes()


def as_checked(project: Project, found: Mapped) -> Checked:
    """The mapping's findings for the reports that tools read."""
    config = project.config
    return Checked(
        repository=config.repository,
        tag=config.baseline,
        commit=None,
        version=config.baseline,
        verdicts=(),
        counterparts=len(found.pairs),
        remarks=found.remarks,
    )
