"""Where the engine's threads and the processes that it starts run."""

from __future__ import annotations

import os
import threading

import pytest

from runtime import processors


def where_a_new_thread_is() -> set[int]:
    found: set[int] = set()
    thread = threading.Thread(target=lambda: found.update(os.sched_getaffinity(0)))
    thread.start()
    thread.join()
    return found


def test_threads_stay_on_the_processor_of_the_one_that_starts_them() -> None:
    with processors.staying():
        there = os.sched_getaffinity(0)
        assert len(there) == 1
        assert there <= processors.ALLOWED
        assert where_a_new_thread_is() == there
    assert where_a_new_thread_is() == processors.ALLOWED


def test_what_is_started_from_a_thread_that_stays_may_run_anywhere() -> None:
    with processors.staying():
        there = os.sched_getaffinity(0)
        with processors.anywhere():
            assert where_a_new_thread_is() == processors.ALLOWED
        assert os.sched_getaffinity(0) == there


def test_an_engine_that_was_given_one_processor_keeps_to_it() -> None:
    given = {min(processors.ALLOWED)}
    os.sched_setaffinity(0, given)
    try:
        with processors.staying():
            assert os.sched_getaffinity(0) == given
        assert os.sched_getaffinity(0) == given
    finally:
        os.sched_setaffinity(0, processors.ALLOWED)


def test_where_a_sandbox_forbids_it_the_engine_runs_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setaffinity", forbidden)
    with processors.staying(), processors.anywhere():
        assert where_a_new_thread_is() == processors.ALLOWED
