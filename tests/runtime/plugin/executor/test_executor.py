"""What both executors do alike."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import pytest

from runtime.errdefs import Conflict, EngineError, NotFound
from runtime.plugin.executor import executor
from runtime.plugin.executor.executor import BACKLOG_LIMIT

if TYPE_CHECKING:
    from conftest import Bench

SLEEP = """
import pathlib, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
pathlib.Path(sys.argv[1], "ready").touch()
while True:
    signal.pause()
"""


def wait_ready(bench: Bench) -> None:
    until((bench.out / "ready").exists)


def until(holds: Callable[[], object]) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def test_a_failed_start_leaves_nothing_so_that_another_works(bench: Bench) -> None:
    spec = bench.spec(SLEEP)
    spec.process.args = ["/no/such/program"]
    with pytest.raises(EngineError, match=r"^error creating plugin process: .*/no/such/program"):
        bench.executor.create("one", spec, bench.stdout, bench.stderr)
    assert bench.leftovers() == []
    bench.create(SLEEP)
    assert bench.executor.is_running("one")


def test_an_id_that_runs_is_taken_until_it_ends(bench: Bench) -> None:
    bench.create(SLEEP)
    with pytest.raises(Conflict, match="is running"):
        bench.create(SLEEP)
    bench.executor.signal("one", signal.SIGKILL)
    assert bench.exits.wait() == ["one"]
    assert not bench.executor.is_running("one")
    assert bench.leftovers() == []
    bench.create(SLEEP)
    assert bench.executor.is_running("one")


def test_a_plugin_that_is_not_there_neither_runs_nor_takes_signals(bench: Bench) -> None:
    assert not bench.executor.is_running("one")
    assert not bench.restore()
    with pytest.raises(NotFound, match="is not running"):
        bench.executor.signal("one", signal.SIGTERM)


def test_a_plugin_can_end_in_order_when_asked(bench: Bench) -> None:
    bench.create(SLEEP)
    wait_ready(bench)
    bench.executor.signal("one", signal.SIGTERM)
    assert bench.exits.wait() == ["one"]


def test_a_plugin_that_is_killed_from_outside_is_noticed(bench: Bench) -> None:
    bench.create(SLEEP)
    wait_ready(bench)
    os.kill(bench.pid(), signal.SIGKILL)
    assert bench.exits.wait() == ["one"]
    assert bench.leftovers() == []


@pytest.mark.parametrize(
    ("program", "end"),
    [
        ("raise SystemExit(3)", "exit code 3"),
        ("import os; os.kill(os.getpid(), 9)", "signal SIGKILL"),
        ("import signal; signal.raise_signal(signal.SIGRTMIN + 5)", "signal 39"),
    ],
)
def test_end_of_plugin_is_reported_with_its_status(bench: Bench, program: str, end: str) -> None:
    try:
        bench.create(program)
    except EngineError as error:
        assert "ended at once" in str(error)  # noqa: PT017 -- both are right for containers
    else:
        assert bench.exits.wait() == ["one"]
        # The first process of a container ignores what it sends itself.
        ignored = bench.kind == "runc" and end.startswith("signal")
        assert bench.exits.ends == ["exit code 0" if ignored else end]
    assert bench.leftovers() == []


def test_what_a_plugin_prints_arrives_before_its_end_is_told(bench: Bench) -> None:
    bench.create("""
import pathlib, sys, time
print("out", flush=True)
print("err", file=sys.stderr)
while not pathlib.Path(sys.argv[1], "seen").exists():  # one that ends before it is seen has not started
    time.sleep(0.01)
""")
    (bench.out / "seen").touch()
    bench.exits.wait()
    assert bench.stdout.data == b"out\n"
    assert b"err\n" in bench.stderr.data
    assert bench.stdout.closed


def test_a_plugin_that_prints_a_lot_is_never_blocked(bench: Bench) -> None:
    code = f"""
import pathlib, sys
for _ in range({BACKLOG_LIMIT >> 20} * 4):
    sys.stdout.write("x" * (1 << 20))
pathlib.Path(sys.argv[1], "ready").touch()
"""
    bench.create(code)
    bench.exits.wait()
    assert (bench.out / "ready").exists()
    assert b"x" * 100 in bench.stdout.data or b"output dropped" in bench.stdout.data


def test_a_plugin_outlives_its_executor_and_is_found_again(bench: Bench) -> None:
    bench.create(SLEEP)
    wait_ready(bench)
    pid = bench.pid()
    first_exits = bench.exits
    bench.new()
    assert bench.restore()
    assert bench.restore()
    assert bench.pid() == pid
    assert bench.executor.is_running("one")
    bench.executor.signal("one", signal.SIGTERM)
    assert bench.exits.wait() == ["one"]
    assert first_exits.seen == []


def test_what_was_printed_while_nobody_watched_is_logged_later(bench: Bench) -> None:
    code = """
import pathlib, sys, time
out = pathlib.Path(sys.argv[1])
(out / "ready").touch()
while not (out / "go").exists():
    time.sleep(0.01)
print("alone", flush=True)
(out / "said").touch()
while True:
    time.sleep(1)
"""
    bench.create(code)
    wait_ready(bench)
    bench.executor.close()
    (bench.out / "go").touch()
    until((bench.out / "said").exists)
    bench.new()
    assert bench.restore()
    until(lambda: bench.stdout.data == b"alone\n")


def test_a_plugin_that_ended_while_nobody_watched_is_cleared_away(bench: Bench) -> None:
    bench.create(SLEEP)
    wait_ready(bench)
    pid = bench.pid()
    process = executor.of(pid)
    bench.executor.close()
    os.kill(pid, signal.SIGKILL)
    until(lambda: _has_ended(process))
    bench.new()
    assert not bench.restore()
    assert bench.leftovers() == []
    bench.create(SLEEP)


def _has_ended(process: executor.ProcessIdentity) -> bool:
    pidfd = process.open()
    if pidfd is not None:
        os.close(pidfd)
    return pidfd is None


def test_what_a_plugin_leaves_behind_dies_with_it(bench: Bench) -> None:
    code = """
import os, pathlib, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
pathlib.Path(sys.argv[1], "ready").write_text(str(child.pid))
child.wait()
"""
    bench.create(code)
    until(lambda: (bench.out / "ready").exists() and (bench.out / "ready").read_text())
    children = _children(bench.pid())
    assert len(children) == 1
    os.kill(bench.pid(), signal.SIGKILL)
    bench.exits.wait()
    until(lambda: all(_has_ended(child) for child in children))


def _children(pid: int) -> list[executor.ProcessIdentity]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:  # noqa: PTH123 -- of the kernel
        return [executor.of(int(child)) for child in file.read().split()]


def test_two_plugins_do_not_know_of_each_other(bench: Bench) -> None:
    bench.create(SLEEP, "one")
    bench.create(SLEEP, "two")
    bench.executor.signal("one", signal.SIGKILL)
    assert bench.exits.wait() == ["one"]
    assert bench.executor.is_running("two")
    assert bench.leftovers() == ["two"]


@pytest.mark.parametrize(
    "state",
    [
        {"pid": os.getpid(), "start_time": 1, "boot_id": executor._boot_id()},
        {"pid": os.getpid(), "start_time": 1, "boot_id": "another boot"},
        {"pid": 2**31 - 1, "start_time": 1, "boot_id": executor._boot_id()},
        {"pid": -5, "start_time": 1, "boot_id": executor._boot_id()},
        {"pid": "1"},
        {},
        [],
    ],
)
def test_a_foreign_process_is_never_taken_for_a_plugin(bench: Bench, state: object) -> None:
    bundle = bench.exec_root / "plugins.moby" / "one"
    bundle.mkdir(parents=True)
    (bundle / "state.json").write_bytes(msgspec.json.encode(state))
    assert not bench.restore()
    assert bench.leftovers() == []
    with pytest.raises(NotFound):
        bench.executor.signal("one", signal.SIGKILL)
