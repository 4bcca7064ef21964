"""Where background tasks run, and how their failures are reported."""

from __future__ import annotations

import logging
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
