"""Work on all cores, in processes that are forked from this one and have all that it has read."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

T = TypeVar("T")
R = TypeVar("R")

_work: list[tuple[Callable[[Any], Any], Sequence[Any]]] = []
"""In a forked process: what it is to do, and with which shares; it came with the fork, not through a pipe."""


def cores() -> int:
    """How many processes are worth it."""
    return os.cpu_count() or 1


def shared(work: Callable[[T], R], shares: Sequence[T]) -> list[R]:
    """What `work` makes of each share, in order; one share alone is done in this process.

    Only the answers go through a pipe. What a process reads is its own, and ends with it.
    """
    if len(shares) < 2:  # noqa: PLR2004 - another process gains nothing
        return [work(share) for share in shares]
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(len(shares), get_context("fork"), _set, (work, shares)) as pool:
        return list(pool.map(_done, range(len(shares))))


@contextmanager
def beside(work: Callable[[], R]) -> Iterator[Callable[[], R]]:
    """Do some work in another process while this one goes on; what is yielded waits for the answer.

    Unlike a pool it has no threads in this process, which can go on forking others.

    Raises:
        ChildProcessError: The process ended without an answer.
    """
    from multiprocessing import get_context

    forked = get_context("fork")
    here, there = forked.Pipe(duplex=False)
    process = forked.Process(target=_answer, args=(there, work))
    process.start()
    there.close()
    try:
        yield lambda: _answered(here)
    finally:
        here.close()  # an answer that nobody waits for any more holds nobody up
        process.join()
        process.close()


def _answer(there: Connection, work: Callable[[], Any]) -> None:
    gc.freeze()  # a look at what came with the fork would make a copy of it
    answer: tuple[Any, Exception | None]
    try:
        answer = work(), None
    except Exception as error:  # noqa: BLE001 - it is raised again where the answer is waited for
        answer = None, error
    with suppress(BrokenPipeError):
        there.send(answer)


def _answered(here: Connection) -> Any:
    try:
        answer, error = here.recv()
    except EOFError:
        raise ChildProcessError("a process that worked beside this one ended without an answer") from None
    if error is not None:
        raise error
    return answer


def _set(work: Callable[[Any], Any], shares: Sequence[Any]) -> None:
    _work[:] = [(work, shares)]
    gc.freeze()  # a look at what came with the fork would make a copy of it


def _done(share: int) -> Any:
    work, shares = _work[0]
    return work(shares[share])


def dealt(groups: Mapping[str, Iterable[T]], weight: Callable[[T], int]) -> list[list[T]]:
    """Groups dealt out to the cores, each whole, so that all have about as much to do; none is empty."""
    hands: list[list[T]] = [[] for _ in range(cores())]
    loads = [0] * len(hands)
    weighed = [
        (sum(map(weight, found)), name, found) for name, given in groups.items() if (found := [*given])
    ]
    for total, _, found in sorted(weighed, key=lambda each: (-each[0], each[1])):
        lightest = loads.index(min(loads))
        hands[lightest] += found
        loads[lightest] += total
    return [hand for hand in hands if hand]
