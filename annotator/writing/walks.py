"""A traced run as people and tools read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec

from annotator.errors import printable


class Pair(Protocol):
    """Two calls that Go makes in the other order."""

    @property
    def first(self) -> str: ...  # noqa: D102 - the names say it
    @property
    def then(self) -> str: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102


class Step(Protocol):
    """A call of a counterpart."""

    @property
    def python(self) -> str: ...  # noqa: D102
    @property
    def go(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def micros(self) -> int: ...  # noqa: D102
    @property
    def steps(self) -> Iterable[Step]: ...  # noqa: D102
    @property
    def order(self) -> Iterable[Pair]: ...  # noqa: D102
    @property
    def calls(self) -> tuple[str, ...]: ...  # noqa: D102


class Thread(Protocol):
    """What ran in one thread."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def steps(self) -> Iterable[Step]: ...  # noqa: D102


class Walk(Protocol):
    """A traced run."""

    @property
    def threads(self) -> Iterable[Thread]: ...  # noqa: D102


def json(found: Walk) -> str:
    """The walk for programs."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()


def text(found: Walk) -> Iterator[str]:
    """A line a step, deeper steps further in, thread by thread."""
    for thread in found.threads:
        yield f"thread {printable(thread.name)}"
        for step in thread.steps:
            yield from _step(step, 1)


def _step(step: Step, depth: int) -> Iterator[str]:
    took = f"{step.micros / 1000:.1f} ms" if step.micros >= 0 else "never ended"
    yield f"{'  ' * depth}{step.python}  {', '.join(step.go)}  {took}"
    for pair in step.order:
        reason = pair.reason or "no reason is stated"
        yield f"{'  ' * (depth + 1)}order: {pair.first} before {pair.then}: {reason}"
    for inner in step.steps:
        yield from _step(inner, depth + 1)
