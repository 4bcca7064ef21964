"""Runs a function over many items in worker processes, or on a Dask cluster."""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
import re
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

from annotator import errors
from annotator.errors import AnnotatorError, InvalidInput, shortened

T = TypeVar("T")
R = TypeVar("R")

SHARES_PER_WORKER = 6
"""Into how many shares work is split for each worker: enough that none waits long for the last one."""

LOST_WORKER = "a worker process was ended while it worked, perhaps for want of memory; run this again"

_CGROUPS = Path("/sys/fs/cgroup")


def parallel_map(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Return what a function makes of each item, in order.

    The function and the items are pickled. A single item, a machine with one core and a worker process
    itself do the work in this process. Workers begin with the first items while the next ones are made.

    Args:
        function: A function of a module.
        items: Its arguments.

    Raises:
        AnnotatorError: A worker process ended in the middle of its work.
    """
    remaining = iter(items)
    first = list(islice(remaining, 2))
    if len(first) <= 1 or not has_workers():
        return [function(argument) for argument in chain(first, remaining)]
    executor = _local_executor()
    futures: list[Future[R]] = []
    try:
        futures += (executor.submit(function, argument) for argument in chain(first, remaining))
        return [future.result() for future in futures]
    except BrokenProcessPool as error:
        _local_executor.cache_clear()
        raise AnnotatorError(LOST_WORKER) from error
    finally:
        for future in futures:
            future.cancel()


@contextmanager
def local_workers() -> Iterator[Executor]:
    """Yield an executor of this machine's worker processes; an error ends them and their tasks at once."""
    try:
        yield _local_executor()
    except BaseException:
        _end_workers()  # Python would wait for the running tasks before it exits
        _local_executor.cache_clear()
        raise


def _end_workers() -> None:
    for process in multiprocessing.active_children():
        process.kill()  # a process that is just being started can lose SIGTERM


def has_workers() -> bool:
    """Return whether `parallel_map` uses worker processes: not on one core, and not in a worker itself."""
    return usable_cores() > 1 and multiprocessing.parent_process() is None


def split(items: Sequence[T]) -> list[Sequence[T]]:
    """Deal items out into shares for `parallel_map`, none of them empty."""
    count = min(len(items), usable_cores() * SHARES_PER_WORKER)
    return [items[first::count] for first in range(count)]


def usable_cores() -> int:
    """Return how many cores this process may use, by its affinity and its control group."""
    # Not `os.cpu_count`, which knows of neither.
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(affinity, _cgroup_limit(_CGROUPS)))


def _cgroup_limit(root: Path) -> int:
    """Return how many cores the control groups of this process allow; more than any machine has if all."""
    unlimited = 1 << 20
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return unlimited
    own = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    folders = [folder for folder in (root / own, *(root / own).parents) if folder.is_relative_to(root)]
    return min(_cpu_quota(folder / "cpu.max", unlimited) for folder in folders)


def _cpu_quota(file: Path, unlimited: int) -> int:
    try:
        quota, period = file.read_text(encoding="utf-8").split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):  # no such file, or "max"
        return unlimited


@cache
def _local_executor() -> Executor:
    """Start the worker processes of this program; they serve all calls until it ends."""
    # Never fork: a forked copy of a process with threads can wait for ever for a lock that nobody holds.
    # A fork server saves 0.05 s, and fails where the path of temporary files is too long for its socket.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(usable_cores(), context, _initialise_worker)
    # If a signal ends the workers together with this process, its end would wait for ever: for the thread
    # that still sends them tasks, or for a worker that was just being started.
    pool._call_queue.cancel_join_thread()  # type: ignore[attr-defined]  # noqa: SLF001
    atexit.register(_end_workers)
    atexit.register(pool.shutdown, wait=False, cancel_futures=True)
    return pool


def _initialise_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    """End this worker when its parent has ended, however it did."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


PATIENCE = 10.0
"""Seconds in which a scheduler has to answer and to have a worker."""

_SCHEDULER = re.compile(r"(?:tcp|tls)://(?:[\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}", re.ASCII)


@contextmanager
def cluster_executor(address: str, patience: float = PATIENCE) -> Iterator[Executor]:
    """Connect to a Dask scheduler, whose workers run the submitted tasks; a lost worker's task is retried.

    Dask's own configuration says how often a task is retried (`distributed.scheduler.allowed-failures`)
    and names the certificates for `tls://` (`distributed.comm.tls`).

    Args:
        address: `tcp://HOST:PORT` or `tls://HOST:PORT`.
        patience: Seconds to wait for the scheduler and for its first worker.

    Raises:
        InvalidInput: It is not such an address, or the extra `cluster` is not installed.
        AnnotatorError: The scheduler does not answer, or has no worker.
    """
    if not _SCHEDULER.fullmatch(address):
        raise InvalidInput(f"`--scheduler {shortened(address)}`: write tcp://HOST:PORT or tls://HOST:PORT")
    errors.require_extra("cluster", "`--scheduler`")
    from distributed import Client, Security  # noqa: PLC0415 - of an extra, and takes half a second

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # the errors below say what it would log
    try:
        security = Security()  # type: ignore[no-untyped-call]
        if address.startswith("tls") and not security.get_connection_args("client")["ssl_context"]:  # type: ignore[no-untyped-call]
            raise InvalidInput(
                f"`--scheduler {address}` needs certificates; name them in Dask's configuration "
                "`distributed.comm.tls`, as with DASK_DISTRIBUTED__COMM__TLS__CA_FILE"
            )
        client = Client(address, security=security, timeout=patience, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise AnnotatorError(f"no Dask scheduler answers at {address}: {shortened(str(error))}") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=patience)
        except TimeoutError as error:
            raise AnnotatorError(
                f"the Dask scheduler at {address} has no worker; start one with `dask worker {address}`"
            ) from error
        yield client.get_executor(pure=False)  # type: ignore[no-untyped-call]
