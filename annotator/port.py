"""The port beside its original: mapped, walked, and what is to be mended."""

from __future__ import annotations

import os
import subprocess
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
    made = walked(project, traced(project), portside.objects(project))
    return made, tuple(trace.remarks(made, portside.said(project).counterparts))


def walked(project: Project, calls: bytes, objects: Mapping[str, PythonObject]) -> trace.Walk:
    """The walk that `traced` ran, on what is known of the project's Python objects.

    Raises:
        InvalidInput: The facts cannot be read.
    """
    found = portside.said(project).counterparts
    originals = originals_of(recorded(project), scope_of(project))
    return trace.walk(trace.parse(calls), str(project.root.resolve()), found, originals, objects)


def traced(project: Project) -> bytes:
    """What the tracer wrote of the project's walk, run in a process of its own.

    Raises:
        InvalidInput: It fails.
    """
    script = project.root / project.config.walk
    folders = [str(project.root / package) for package in project.config.packages]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "calls.json"
        command = [sys.executable, "-m", "annotator.tracer", str(out), *folders, "--", str(script)]
        paths = [str(project.root), *sys.path]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}
        done = subprocess.run(command, env=environment, capture_output=True, check=False)  # noqa: S603 - our own
        if done.returncode or not out.is_file():
            last = "".join(done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:])
            raise InvalidInput(f"{script}: the walk failed: {printable(last)}{extras.hint(last)}")
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
