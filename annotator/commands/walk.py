"""`walk`: traces the run of the port and compares it with Go."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from annotator.config import Project
from annotator.errors import InvalidInput, printable
from annotator.model.port import TracedRun, TracedStep
from annotator.model.reference import Problem
from annotator.parity import call_order
from annotator.parity.call_order import load_run, read_trace, trace_command
from annotator.parity.counterparts import counterparts_in
from annotator.python_source import objects
from annotator.python_source.modules import read_packages
from annotator.reports import indented_json
from annotator.subprocess_pool import SubprocessPool


def walk(project: Project) -> tuple[TracedRun, tuple[Problem, ...]]:
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


def json(found: TracedRun) -> str:
    """Return the steps as JSON."""
    return indented_json(found)


def text(found: TracedRun) -> Iterator[str]:
    """Return a line for each step, thread by thread, indented by depth."""
    for thread in found.threads:
        yield f"thread {printable(thread.name)}"
        for step in thread.steps:
            yield from _step(step, 1)


def _step(step: TracedStep, depth: int) -> Iterator[str]:
    took = f"{step.micros / 1000:.1f} ms" if step.micros >= 0 else "never ended"
    yield f"{'  ' * depth}{step.python}  {', '.join(step.go)}  {took}"
    for pair in step.order:
        reason = pair.reason or "no reason is stated"
        yield f"{'  ' * (depth + 1)}order: {pair.first} before {pair.then}: {reason}"
    for inner in step.steps:
        yield from _step(inner, depth + 1)
