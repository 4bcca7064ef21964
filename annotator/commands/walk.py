"""`walk`: traces the run of the port and compares it with Go."""

from __future__ import annotations

import tempfile
from pathlib import Path

from annotator.config import Project
from annotator.errors import InvalidInput
from annotator.model import port
from annotator.model.reference import Problem
from annotator.parity import call_order
from annotator.parity.call_order import load_run, read_trace, trace_command
from annotator.parity.counterparts import counterparts_in
from annotator.python_source import objects
from annotator.python_source.modules import read_packages
from annotator.reports import parity_report
from annotator.subprocess_pool import SubprocessPool

__all__ = ["parity_report", "walk"]


def walk(project: Project) -> tuple[port.TracedRun, tuple[Problem, ...]]:
    """Run and trace the project's walk; return it with the calls that leave Go's order without a reason.

    Raises:
        InvalidInput: The settings name no walk, it fails, or the facts cannot be read.
    """
    if not project.config.walk:
        raise InvalidInput("the settings name no `walk`, the script that is to be traced")
    with SubprocessPool(project.root) as programs, tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "calls.json"
        finished = programs.start(f"{project.config.walk}: the walk", trace_command(project, out)).result()
        calls = read_trace(project, out, finished)
    files = read_packages(project.root, project.config.packages)
    counterparts = counterparts_in(project, files).counterparts
    made = load_run(project, calls, objects.read(files), counterparts)
    return made, tuple(call_order.problems(made, counterparts))
