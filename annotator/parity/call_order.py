"""Runs the port under the recorder and compares the order of calls with Go."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import msgspec

from annotator.baseline_file import recorded
from annotator.config import Project
from annotator.errors import InvalidInput
from annotator.model.port import (
    Counterpart,
    GoSymbol,
    OutOfOrder,
    PythonObject,
    TracedCall,
    TracedRun,
    TracedStep,
    TracedThread,
)
from annotator.model.reference import Problem
from annotator.parity.call_graph import CallGraph
from annotator.parity.go_facts import originals_of
from annotator.parity.scope import scope_of
from annotator.subprocess_pool import Finished

_decode = msgspec.json.Decoder(list[TracedCall]).decode


def parse(text: bytes) -> list[TracedCall]:
    """Parse the calls that the recorder wrote.

    Raises:
        InvalidInput: It wrote something else.
    """
    try:
        return _decode(text)
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"what the traced run left behind cannot be read: {error}") from error


def with_lines(text: bytes, line_of: Callable[[str, int], int]) -> bytes:
    """Return what the recorder wrote with other lines, given by a file and its line.

    Raises:
        InvalidInput: It wrote something else.
    """
    return msgspec.json.encode(
        [msgspec.structs.replace(call, line=line_of(call.file, call.line)) for call in parse(text)]
    )


def build_run(
    calls: list[TracedCall],
    root: str,
    counterparts: Sequence[Counterpart],
    originals: Mapping[str, GoSymbol],
    python: Mapping[str, PythonObject],
) -> TracedRun:
    """Build the tree of counterparts that ran; calls of functions without original are left out."""
    by_place = {(ours.path, ours.line): ours for ours in python.values() if ours.kind == "function"}
    by_name = {counterpart.name: counterpart for counterpart in counterparts}
    graph = CallGraph(counterparts, originals, python)
    children: dict[int, list[int]] = defaultdict(list)
    for number, call in enumerate(calls):
        children[call.parent].append(number)

    def steps(number: int) -> list[TracedStep]:
        call = calls[number]
        path = call.file.removeprefix(f"{root.rstrip('/')}/")
        ours = by_place.get((path, call.line))
        counterpart = by_name.get(ours.name) if ours is not None else None
        within = [step for child in children.get(number, ()) for step in steps(child)]
        if ours is None or counterpart is None:
            return within
        go = tuple(f"{mirror.path}::{mirror.symbol}" for mirror in counterpart.mirrors)
        micros = call.end - call.start if call.end >= 0 else -1
        wanted = tuple(called for original in go for called in graph.go_calls(original))
        order = tuple(_out_of_order(counterpart, wanted, within, graph))
        return [TracedStep(ours.name, path, ours.line, go, micros, tuple(within), order, wanted)]

    threads: dict[str, list[TracedStep]] = defaultdict(list)
    for number in children[-1]:
        threads[calls[number].thread].extend(steps(number))
    return TracedRun(tuple(TracedThread(name, tuple(found)) for name, found in threads.items() if found))


def _out_of_order(
    counterpart: Counterpart, wanted: tuple[str, ...], within: list[TracedStep], graph: CallGraph
) -> Iterator[OutOfOrder]:
    """Yield neighbouring first calls that Go's text has in the other order."""
    places: dict[str, int] = {}
    for step in within:
        for place, called in enumerate(wanted):
            if any(graph.is_same(called, name) for name in step.go):
                places.setdefault(called, place)
                break
    for first, then in pairwise(places):
        if places[first] > places[then]:
            yield OutOfOrder(first, then, _reason(counterpart, first, then))


def _reason(counterpart: Counterpart, *calls: str) -> str:
    names = {call.rpartition("::")[2].rpartition(".")[2] for call in calls}
    for item in counterpart.differences:
        if item.kind == "order" and names & {part.rpartition(".")[2] for part in item.name.split(",")}:
            return item.reason
    return ""


def problems(found: TracedRun, counterparts: Iterable[Counterpart]) -> Iterator[Problem]:
    """Return a problem for each difference in order without a reason, once for each counterpart."""
    known = {counterpart.name: counterpart for counterpart in counterparts}
    seen: set[tuple[str, str, str]] = set()
    pending = [step for thread in found.threads for step in thread.steps]
    while pending:
        step = pending.pop()
        pending.extend(step.steps)
        for pair in step.order:
            key = (step.python, pair.first, pair.then)
            if pair.reason or key in seen:
                continue
            seen.add(key)
            at = known[step.python]
            message = f"{step.python}: order: {pair.first} ran before {pair.then}, which Go calls first"
            yield Problem(at.path, at.line, message, "parity-order")


def load_run(
    project: Project,
    calls: bytes,
    objects: Mapping[str, PythonObject],
    counterparts: Sequence[Counterpart],
) -> TracedRun:
    """Build the traced run from the calls that the recorder wrote.

    Raises:
        InvalidInput: The facts cannot be read.
    """
    originals = originals_of(recorded(project), scope_of(project))
    return build_run(parse(calls), str(project.root.resolve()), counterparts, originals, objects)


def trace_command(project: Project, out: Path) -> list[str]:
    """Return the command that traces the project's walk and writes its calls to a file."""
    folders = [str(project.root / package) for package in project.config.packages]
    script = str(project.root / project.config.walk)
    return [sys.executable, "-m", "annotator.parity.recorder", str(out), "-", *folders, "--", script]


def read_trace(project: Project, out: Path, finished: Finished) -> bytes:
    """Return what the recorder wrote.

    Raises:
        InvalidInput: The walk failed.
    """
    if finished.code or not out.is_file():
        raise InvalidInput(f"{project.config.walk}: the walk failed: {finished.complaint}")
    return out.read_bytes()
