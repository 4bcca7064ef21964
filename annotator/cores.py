"""Work on all cores, in processes that are forked from this one and have all that it has read."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from heapq import heapreplace
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

T = TypeVar("T")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

_PORTIONS = 6
"""How many shares there are for each core: enough that none waits long for the last."""

_work: list[tuple[Callable[[Any], Any], Sequence[Any]]] = []
"""In a forked process: what it is to do, and with which shares; it came with the fork, not through a pipe."""


def cores() -> int:
    """How many processes are worth it."""
    return os.cpu_count() or 1


def shared(work: Callable[[T], R], shares: Sequence[T]) -> list[R]:
    """What `work` makes of each share, in order; one share, or all on one core, is done in this process.

    There are as many processes as cores, and each takes the next share when it is done with one.
    Only the answers go through a pipe. What a process reads is its own, and ends with it.
    """
    workers = min(len(shares), cores())
    if workers <= 1:  # another process gains nothing
        return [work(share) for share in shares]
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import current_process, get_context

    if current_process().daemon:  # work aside, which may start no others
        return [work(share) for share in shares]
    with ProcessPoolExecutor(workers, get_context("fork"), _set, (work, shares)) as pool:
        return list(pool.map(_done, range(len(shares))))


class Answer(Protocol[R_co]):
    """What work aside will give: calling it waits for it."""

    def __call__(self) -> R_co:
        """The answer."""
        ...

    @property
    def is_pending(self) -> bool:
        """Whether somebody else is at work on it, so that this process had better do something else."""
        ...


@contextmanager
def aside(work: Callable[[], R]) -> Iterator[Answer[R]]:
    """Work that is done in another process meanwhile; what this gives waits for the answer.

    Work that fails there is done once more in this process, where the error is raised.
    """
    if cores() == 1:  # it would only wait for its turn
        yield Unasked(work)
        return
    from multiprocessing import get_context

    context = get_context("fork")
    answers, told = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(work, told), daemon=True)
    process.start()
    told.close()

    try:
        yield _Asked(work, answers)
    finally:
        process.terminate()
        process.join()
        answers.close()


class Unasked(Generic[R]):
    """Work that nobody does before its answer is asked for."""

    is_pending = False

    def __init__(self, work: Callable[[], R]) -> None:
        self._work = work

    def __call__(self) -> R:
        """Do it."""
        return self._work()


class _Asked(Generic[R]):
    """Work that another process does."""

    def __init__(self, work: Callable[[], R], answers: Connection) -> None:
        self._work, self._answers = work, answers

    @property
    def is_pending(self) -> bool:
        return not self._answers.poll()

    def __call__(self) -> R:
        try:
            found: R = self._answers.recv()
        except EOFError:
            return self._work()
        return found


def _tell(work: Callable[[], object], told: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started this is interrupted too, and ends it
    gc.freeze()
    with suppress(Exception):  # the other process meets it again, and tells
        told.send(work())


def _set(work: Callable[[Any], Any], shares: Sequence[Any]) -> None:
    _work[:] = [(work, shares)]
    gc.freeze()  # a look at what came with the fork would make a copy of it


def _done(share: int) -> Any:
    work, shares = _work[0]
    return work(shares[share])


def portions() -> int:
    """In how many shares work is dealt: several for each core, as how long one takes is but guessed."""
    return cores() * _PORTIONS if cores() > 1 else 1


def dealt(groups: Mapping[str, Iterable[T]], weight: Callable[[T], int]) -> list[list[T]]:
    """Groups dealt out in shares, each whole, the heaviest share first; none is empty."""
    shares: list[tuple[int, int, list[T]]] = [(0, number, []) for number in range(portions())]
    weighed = [
        (sum(map(weight, found)), name, found) for name, given in groups.items() if (found := [*given])
    ]
    for total, _, found in sorted(weighed, key=lambda each: (-each[0], each[1])):
        load, number, share = shares[0]
        heapreplace(shares, (load + total, number, share + found))
    return [share for _, _, share in sorted(shares, key=lambda each: (-each[0], each[1])) if share]
