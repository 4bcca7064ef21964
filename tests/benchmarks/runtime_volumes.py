"""Volumes as library calls: durable creates, reads, lists and removals, on one thread and on eight."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from threading import Thread

from runtime.volume.service.service import VolumesService, new_volume_service

EACH = 400
REPEATS = 3
GOALS = {
    ("create (on disk)", 1): "≥ 1,100/s",
    ("create (on disk)", 8): "≥ 1,800/s",
}
"""What dockerd does on the machine that the goals were set on."""

Row = tuple[str, str, str, str, str]


class Nobody:
    """Nobody listens to events."""

    def log_volume_event(self, *_: object) -> None:
        """Nothing."""


def run() -> list[Row]:
    """Creates, gets, lists and removals per second, on 1 and 8 threads; the best of three runs each."""
    return [row for threads in (1, 8) for row in _rows(threads)]


def _rows(threads: int) -> list[Row]:
    runs = [_rates(threads) for _ in range(REPEATS)]
    word = "1 thread" if threads == 1 else f"{threads} threads"
    return [
        (
            f"volumes: {name}, {word}",
            f"{max(run[name] for run in runs):,.0f}/s",
            "",
            "",
            GOALS.get((name, threads), ""),
        )
        for name in OPERATIONS
    ]


def _rates(threads: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as root:
        service = new_volume_service(root, None, Nobody())
        try:
            return {name: _rate(service, operation, threads) for name, operation in OPERATIONS.items()}
        finally:
            service.shutdown()


def _rate(service: VolumesService, operation: Callable[[VolumesService, str], object], threads: int) -> float:
    shares: Sequence[Sequence[str]] = [
        [f"volume-{thread}-{number}" for number in range(EACH)] for thread in range(threads)
    ]
    workers = [Thread(target=_each, args=(service, operation, share)) for share in shares]
    begin = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return threads * EACH / (time.perf_counter() - begin)


def _each(
    service: VolumesService, operation: Callable[[VolumesService, str], object], names: Sequence[str]
) -> None:
    for name in names:
        operation(service, name)


OPERATIONS: dict[str, Callable[[VolumesService, str], object]] = {
    "create (on disk)": lambda service, name: service.create(name, "local", labels={"of": name}),
    "get": lambda service, name: service.get(name),
    "remove (on disk)": lambda service, name: service.remove(name),
}
