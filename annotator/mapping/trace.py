"""A traced run beside Go: which mapped functions ran, thread by thread, and whether in Go's order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

import msgspec

from annotator.errors import InvalidInput
from annotator.mapping.reach import Reach
from annotator.model import Counterpart, GoSymbol, PythonObject, Remark


class Call(msgspec.Struct, frozen=True):
    """A call as it was recorded: times in microseconds since the start, `end` -1 if it never ended."""

    thread: str
    parent: int
    file: str
    line: int
    name: str
    start: int
    end: int


class Step(msgspec.Struct, frozen=True):
    """A call of a counterpart: its originals, its time, and the steps within it.

    Attributes:
        python: Dotted name of the function that ran.
        path: Its file, from the project's root.
        line: Its first line.
        go: The originals, in the project's notation.
        micros: How long it took, -1 if it never ended.
        steps: The counterparts that ran within it, in order.
        order: What is out of Go's order within it, with the stated reason or without.
        calls: What its originals call, of what is mapped, in the order of Go's text.
    """

    python: str
    path: str
    line: int
    go: tuple[str, ...]
    micros: int
    steps: tuple[Step, ...] = ()
    order: tuple[OutOfOrder, ...] = ()
    calls: tuple[str, ...] = ()


class OutOfOrder(msgspec.Struct, frozen=True):
    """Two calls that Go makes in the other order; `reason` is empty where none is stated."""

    first: str
    then: str
    reason: str = ""


class Thread(msgspec.Struct, frozen=True):
    """What ran in one thread."""

    name: str
    steps: tuple[Step, ...]


class Walk(msgspec.Struct, frozen=True):
    """A traced run, thread by thread in the order in which the threads began."""

    threads: tuple[Thread, ...]


_decode = msgspec.json.Decoder(list[Call]).decode


def parse(text: bytes) -> list[Call]:
    """The calls that the tracer wrote.

    Raises:
        InvalidInput: It wrote something else.
    """
    try:
        return _decode(text)
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"what the traced run left behind cannot be read: {error}") from error


def walk(
    calls: list[Call],
    root: str,
    counterparts: Iterable[Counterpart],
    originals: Mapping[str, GoSymbol],
    python: Mapping[str, PythonObject],
) -> Walk:
    """The counterparts that ran; functions between them that mirror nothing are passed through."""
    every = tuple(counterparts)
    by_place = {(ours.path, ours.line): ours for ours in python.values() if ours.kind == "function"}
    mirrored = {each.name: each for each in every}
    reach = Reach(every, originals, python)
    children: dict[int, list[int]] = defaultdict(list)
    for number, call in enumerate(calls):
        children[call.parent].append(number)
    making = _Making(calls, root.rstrip("/") + "/", children, by_place, mirrored, reach)
    threads: dict[str, list[Step]] = defaultdict(list)
    for number in children[-1]:
        threads[calls[number].thread].extend(making.steps(number))
    return Walk(tuple(Thread(name, tuple(steps)) for name, steps in threads.items() if steps))


class _Making:
    def __init__(
        self,
        calls: list[Call],
        root: str,
        children: Mapping[int, list[int]],
        by_place: Mapping[tuple[str, int], PythonObject],
        mirrored: Mapping[str, Counterpart],
        reach: Reach,
    ) -> None:
        self._calls = calls
        self._root = root
        self._children = children
        self._by_place = by_place
        self._mirrored = mirrored
        self._reach = reach

    def steps(self, number: int) -> Iterator[Step]:
        """The step that a call is, or those within it."""
        call = self._calls[number]
        path = call.file.removeprefix(self._root)
        ours = self._by_place.get((path, call.line))
        counterpart = self._mirrored.get(ours.name) if ours is not None else None
        within = [step for child in self._children.get(number, ()) for step in self.steps(child)]
        if ours is None or counterpart is None:
            yield from within
            return
        go = tuple(f"{mirror.path}::{mirror.symbol}" for mirror in counterpart.mirrors)
        micros = call.end - call.start if call.end >= 0 else -1
        calls = tuple(called for original in go for called in self._reach.go_calls(original))
        order = tuple(self._out_of_order(counterpart, calls, within))
        yield Step(ours.name, path, ours.line, go, micros, tuple(within), order, calls)

    def _out_of_order(
        self, counterpart: Counterpart, wanted: tuple[str, ...], within: list[Step]
    ) -> Iterator[OutOfOrder]:
        """Neighbouring first calls that Go's text has in the other order."""
        places: dict[str, int] = {}
        for step in within:
            for place, called in enumerate(wanted):
                if any(self._reach.is_same(called, name) for name in step.go):
                    places.setdefault(called, place)
                    break
        ran = list(places)
        for first, then in pairwise(ran):
            if places[first] > places[then]:
                yield OutOfOrder(first, then, _reason(counterpart, first, then))


def _reason(counterpart: Counterpart, *calls: str) -> str:
    names = {call.rpartition("::")[2].rpartition(".")[2] for call in calls}
    for item in counterpart.differences:
        if item.kind == "order" and names & {part.rpartition(".")[2] for part in item.name.split(",")}:
            return item.reason
    return ""


def remarks(found: Walk, counterparts: Iterable[Counterpart]) -> Iterator[Remark]:
    """A remark for each difference in order without a reason, once for each counterpart."""
    known = {each.name: each for each in counterparts}
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
            yield Remark(at.path, at.line, message, "parity-order")
