"""Asks several drivers at once, within one bound."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Generic, TypeVar

from runtime.errdefs import EngineError
from runtime.volume.volume import Unreachable
from runtime.workers import Workers

log = logging.getLogger(__name__)

T = TypeVar("T")


class Answer(Generic[T]):
    """A value, or an error."""

    __slots__ = ("error", "value")

    def __init__(self, value: T | None, error: EngineError | None = None) -> None:
        self.value = value
        self.error = error


class Probes:
    """Questions to drivers that may not answer.

    A driver that still owes an answer is skipped until it gives it: one hung plugin costs one wait and one
    thread, not one for each request.

    Args:
        workers: Run the questions.
        bound: How long all questions together may take, in seconds; `ask_all` has no bound.
        now: The clock.
    """

    def __init__(self, workers: Workers, bound: float, now: Callable[[], float] = time.monotonic) -> None:
        self.workers = workers
        self.bound = bound
        self._now = now
        self._mu = threading.Lock()
        self._open: dict[str, list[float]] = {}

    def ask(self, questions: Mapping[str, Callable[[], T]]) -> dict[str, Answer[T]]:
        """Ask all questions at once, and return the answers by name."""
        answers: dict[str, Answer[T]] = {}
        pending = {
            name: self._ask(name, question, answers)
            for name, question in questions.items()
            if not self.hangs(name)
        }
        wait(pending.values(), self.bound)
        late = Unreachable(f"no answer within {self.bound:g} s")
        return {name: answers.get(name) or Answer(None, late) for name in questions}

    def ask_all(
        self, questions: Mapping[str, Callable[[], T]], until: Callable[[Answer[T]], bool]
    ) -> dict[str, Answer[T]]:
        """Ask all questions, and wait until each is answered or has failed.

        Once `until` accepts an answer, the others are waited for no longer than the bound.

        Returns:
            The answers in the order of the questions; those that did not come in time are left out.
        """
        deadline = self._now() + self.bound
        answers: dict[str, Answer[T]] = {}
        pending = {self.workers.submit(_put, answers, name, question) for name, question in questions.items()}
        while pending:
            accepted = any(until(answer) for answer in tuple(answers.values()))
            left = max(0.0, deadline - self._now()) if accepted else None
            done, pending = wait(pending, left, FIRST_COMPLETED)
            if not done:
                break
        return {name: answers[name] for name in questions if name in answers}

    def hangs(self, name: str) -> bool:
        """Return whether a question has been open for longer than the bound."""
        with self._mu:
            since = self._open.get(name)
            return bool(since) and self._now() - min(since or [0.0]) > self.bound

    def _ask(self, name: str, question: Callable[[], T], answers: dict[str, Answer[T]]) -> Future[None]:
        start = self._now()
        with self._mu:
            self._open.setdefault(name, []).append(start)

        def run() -> None:
            try:
                answers[name] = _answer(question)
            finally:
                self._close(name, start)

        return self.workers.submit(run)

    def _close(self, name: str, start: float) -> None:
        with self._mu:
            self._open[name].remove(start)
            if not self._open[name]:
                del self._open[name]


def _put(answers: dict[str, Answer[T]], name: str, question: Callable[[], T]) -> None:
    answers[name] = _answer(question)


def _answer(question: Callable[[], T]) -> Answer[T]:
    try:
        return Answer(question())
    except EngineError as error:
        return Answer(None, error)
    except Exception as error:  # one that breaks must not stop the others
        log.exception("a question to a volume driver failed")
        return Answer(None, EngineError(error))
