"""Real processes for tests: started, killed, and looked for afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from annotator.parallel import parallel_map

PATIENCE = 60.0


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so; AssertionError if it never is."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Whether a process runs: one that has ended and is only waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def noted(folder: Path, count: int) -> list[int]:
    """Wait until so many processes have noted their ids in a folder, each in a file."""
    wait_until(lambda: len([file for file in folder.iterdir() if file.name.isdigit()]) >= count)
    return [int(file.name) for file in folder.iterdir() if file.name.isdigit()]


def start(code: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start Python with some code in a session of its own."""
    # Where the tests run under nohup, SIGHUP is ignored by whatever they start.
    code = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL)\n{code}"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    return subprocess.Popen([sys.executable, "-c", code, *arguments], env=environment, start_new_session=True)


def note(folder: str) -> int:
    """Note this process's id in a folder, and go on for ever: work for a worker process."""
    Path(folder, str(os.getpid())).touch()
    time.sleep(3600)
    return os.getpid()


def note_briefly(pair: tuple[str, bytes]) -> int:
    """Note the time in a folder, and end soon; the bytes make a task larger than a pipe holds."""
    Path(pair[0], str(time.monotonic_ns())).touch()
    time.sleep(0.3)
    return os.getpid()


def squared(number: int) -> int:
    """Work for a worker process, as the following."""
    return number * number


def worker(_: int) -> int:
    return os.getpid()


def nested(_: int) -> list[int]:
    return [os.getpid(), *parallel_map(worker, range(3))]


def failing(number: int) -> int:
    raise ValueError(f"no {number}")


def ending(_: int) -> int:
    os._exit(1)
