"""Where background tasks run, and how their failures are reported."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from runtime import Config, workers
from runtime.errdefs import InvalidParameter
from runtime.workers import Threads


@pytest.mark.parametrize("workers", [ThreadPoolExecutor(1), ProcessPoolExecutor(1), object(), None])
def test_pool_of_fixed_size_is_refused(tmp_path: Path, workers: object) -> None:
    with pytest.raises(InvalidParameter, match="workers must "):
        Config(tmp_path, workers=workers)  # type: ignore[arg-type]  # which is the point


def test_failure_of_a_task_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ValueError("the cause")

    with caplog.at_level(logging.ERROR):
        assert workers.run(Threads(), fail).result(30) is None
    assert "ValueError: the cause" in caplog.text


def test_idle_thread_takes_the_next_task() -> None:
    threads = Threads()
    first = threads.submit(threading.get_ident).result(30)
    while not threads._idle:
        time.sleep(0.001)
    assert threads.submit(threading.get_ident).result(30) == first


def test_task_starts_while_others_hang() -> None:
    threads, go_on = Threads(), threading.Event()
    hanging = [threads.submit(go_on.wait, 30) for _ in range(8)]
    assert threads.submit(lambda: "done").result(30) == "done"
    go_on.set()
    assert all(future.result(30) for future in hanging)


def test_thread_ends_when_no_task_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "IDLE", 0.01)
    thread = Threads().submit(threading.current_thread).result(30)
    thread.join(30)
    assert not thread.is_alive()


def test_task_without_a_thread_never_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threads, ran = Threads(), threading.Event()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        with pytest.raises(RuntimeError):
            threads.submit(ran.set)
    threads.submit(lambda: None).result(30)
    assert not ran.is_set()
