"""Work in worker processes: its results, its failures, and its end with the parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import processes
import pytest

from annotator import parallel
from annotator.errors import AnnotatorError
from annotator.parallel import parallel_map


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "usable_cores", lambda: 2)


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_results_come_in_the_order_of_the_items(count: int) -> None:
    assert parallel_map(processes.squared, range(count)) == [number * number for number in range(count)]


def test_work_is_done_in_other_processes() -> None:
    assert os.getpid() not in parallel_map(processes.worker, range(8))


def test_one_item_is_done_in_this_process() -> None:
    assert parallel_map(processes.worker, [1]) == [os.getpid()]


def test_work_in_a_worker_starts_no_further_workers() -> None:
    for own, *others in parallel_map(processes.nested, range(4)):
        assert set(others) == {own}


def test_an_error_of_the_function_is_raised() -> None:
    with pytest.raises(ValueError, match="no 0"):
        parallel_map(processes.failing, range(4))


def test_a_killed_worker_is_one_sentence_and_the_next_call_works() -> None:
    with pytest.raises(AnnotatorError, match="a worker process was ended"):
        parallel_map(processes.ending, range(4))

    assert parallel_map(processes.squared, range(4)) == [0, 1, 4, 9]


@pytest.mark.parametrize("items", [0, 1, 7, 100])
def test_every_item_is_in_one_share(items: int) -> None:
    shares = parallel.split(range(items))

    assert sorted(item for share in shares for item in share) == list(range(items))
    assert all(shares)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL, signal.SIGINT])
def test_no_worker_outlives_its_parent(tmp_path: Path, number: signal.Signals) -> None:
    code = (
        "import sys, signal, processes\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from annotator import parallel\n"
        "parallel.usable_cores = lambda: 2\n"
        "if __name__ == '__main__':\n"
        "    parallel.parallel_map(processes.note, [sys.argv[1]] * 4)\n"
    )
    parent = processes.start(code, str(tmp_path))
    workers = processes.noted(tmp_path, 2)

    parent.send_signal(number)
    if number is signal.SIGINT:  # which lets the workers end what they do
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
    parent.wait()

    processes.wait_until(lambda: not any(map(processes.is_running, workers)))


# The parent waited for ever in one of six runs: while it sent a task, or started a worker.
@pytest.mark.slow
@pytest.mark.parametrize("_run", range(6))
def test_signal_to_all_processes_ends_the_parent(tmp_path: Path, _run: int) -> None:
    code = (
        "import sys, signal, processes\n"
        "from annotator import parallel\n"
        "signal.signal(signal.SIGTERM, signal.default_int_handler)\n"
        "parallel.usable_cores = lambda: 2\n"
        "if __name__ == '__main__':\n"
        "    parallel.parallel_map(processes.note_briefly, [(sys.argv[1], bytes(5_000_000))] * 200)\n"
    )
    parent = processes.start(code, str(tmp_path))
    processes.noted(tmp_path, 4)

    os.killpg(parent.pid, signal.SIGTERM)

    assert parent.wait(processes.PATIENCE)


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("max 100000", 1 << 20), ("150000 100000", 1), ("400000 100000", 4), ("garbage", 1 << 20)],
)
def test_a_control_group_limits_the_cores(tmp_path: Path, quota: str, cores: int) -> None:
    (tmp_path / "cpu.max").write_text(quota)

    assert parallel._cgroup_limit(tmp_path) == cores


def test_a_long_path_of_temporary_files_is_no_hindrance(tmp_path):
    folder = tmp_path / ("d" * 120)
    folder.mkdir()
    program = "from annotator.parallel import parallel_map; print(parallel_map(abs, range(-4, 0)))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[4, 3, 2, 1]\n"
