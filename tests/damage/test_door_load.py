"""Local volumes through the engine's socket beside hostile plugins: nothing fails, nothing is left behind."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import door_load
import pytest
from door_load import Client, Engine

from tests.sockets import accepts

SECONDS = 10.0


@contextmanager
def engine_on(base: Path) -> Iterator[Engine]:
    command = [sys.executable, "-m", "runtime", "serve", "--root", str(base / "r"), "--log-level", "error"]
    hosts = ["--host", f"unix://{base / 's'}", "--plugins-dir", str(base / "p")]
    with (base / "log").open("wb") as log:
        process = subprocess.Popen([*command, *hosts], stdout=log, stderr=log)
    try:
        wait_until_it_answers(base / "s")
        yield Engine(process.pid, base / "s")
    finally:
        process.terminate()
        process.wait(door_load.PATIENCE)


def wait_until_it_answers(path: Path) -> None:
    end = time.monotonic() + door_load.PATIENCE
    while not accepts(path) and time.monotonic() < end:
        time.sleep(0.02)
    client = Client(path)
    assert client.ask("GET", "/_ping") == 200
    client.close()


@pytest.mark.slow
def test_no_local_request_fails_and_nothing_is_left_behind(base: Path) -> None:
    with engine_on(base) as engine:
        outcome = door_load.beside_hostile_plugins(engine, base / "p", SECONDS)
    assert outcome.load.failures == []
    assert len(outcome.load.seconds) > 0
    assert outcome.calls > 0
    assert outcome.kills > 0
    assert outcome.after.threads <= outcome.before.threads
    assert outcome.after.descriptors <= outcome.before.descriptors + door_load.KEPT
    assert door_load.checked(base / "r") == ()
