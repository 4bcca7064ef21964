"""`walk`: traces the run of the port and compares it with Go."""

from __future__ import annotations

import tempfile
from pathlib import Path

from annotator.config import Project
from annotator.errors import InvalidInput
from annotator.model import port
from annotator.model.reference import Problem
from annotator.parity import call_order, docstring_index
from annotator.parity.call_order import traced, tracing, walked
from annotator.programs import Programs


def walk(project: Project) -> tuple[port.TracedRun, tuple[Problem, ...]]:
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
    counterparts = docstring_index.said(project).counterparts
    made = walked(project, calls, docstring_index.objects(project), counterparts)
    return made, tuple(call_order.remarks(made, counterparts))
