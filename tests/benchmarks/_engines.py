"""Engines as processes: ours, and dockerd where it is installed."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from runtime.pkg import mount

sys.path.insert(0, str(Path(__file__).parents[1]))

from sockets import with_own_plugins

DOCKERD = "/usr/sbin/dockerd"
ANSWER = 20.0
"""Seconds that one answer may take."""
END = 30.0
"""Seconds that an engine has to end."""

_GET_FLAGS, _SET_FLAGS, _TOP_OF_TREES = 0x80086601, 0x40086602, 0x20000
_NO_DISK = ("tmpfs", "ramfs")


class Engine(NamedTuple):
    """An engine that can be run on the folder `r` of a folder; it listens on `s` beside it."""

    name: str
    command: Callable[[Path], Sequence[str]]


class Running(NamedTuple):
    """An engine that answers.

    Attributes:
        pid: Its process.
        socket: Where it listens.
        seconds: From exec to the answer to the first `/_ping`.
    """

    pid: int
    socket: Path
    seconds: float


class Ended(NamedTuple):
    """An engine that does not answer: its exit code, None if it still runs, and the seconds until then."""

    code: int | None
    seconds: float


def _ours(base: Path) -> Sequence[str]:
    return (
        *(sys.executable, "-m", "runtime", "serve", "--root", f"{base}/r", "--exec-root", f"{base}/x"),
        *("--host", f"unix://{base}/s", "--plugins-dir", f"{base}/p", "--log-level", "error"),
    )


def _dockerd(base: Path) -> Sequence[str]:
    command = [
        *(DOCKERD, "--config-file", f"{base}/empty.json", "-H", f"unix://{base}/s"),
        *("--data-root", f"{base}/r", "--exec-root", f"{base}/x", "--pidfile", f"{base}/pid"),
        *("--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs"),
    ]
    return with_own_plugins(base / "plugins", command)


OURS = Engine("ours", _ours)
PEER = Engine("dockerd", _dockerd)


def peer_is_installed() -> bool:
    """Whether dockerd can be run here."""
    return os.geteuid() == 0 and Path(DOCKERD).exists()


@contextmanager
def ground() -> Iterator[Path]:
    """A folder on a disk, for the folders of engines; what is left of them is removed."""
    base = Path(tempfile.mkdtemp(prefix="bench", dir=_on_disk()))
    try:
        _spread(base)
        yield base
    finally:
        mount.recursive_unmount(base)  # dockerd leaves its root mounted when it fails
        shutil.rmtree(base, ignore_errors=True)


def fresh(base: Path) -> Path:
    """A folder for one engine."""
    made = Path(tempfile.mkdtemp(dir=base))
    (made / "empty.json").write_text("{}")
    return made


@contextmanager
def run(engine: Engine, base: Path, bound: float = ANSWER) -> Iterator[Running | Ended]:
    """Run an engine until the end of the block; `bound` is the seconds that it has to answer first."""
    # What Python has compiled is kept for the next start, as where nothing forbids it.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with (base / "log").open("ab") as log:
        begin = time.perf_counter()
        process = subprocess.Popen(
            engine.command(base), stdout=log, stderr=log, start_new_session=True, env=env
        )
    try:
        yield _waited_for(process, base / "s", begin, bound)
    finally:
        _end(process)


def _waited_for(process: subprocess.Popen[bytes], path: Path, begin: float, bound: float) -> Running | Ended:
    while (passed := time.perf_counter() - begin) < bound:
        if process.poll() is not None:
            return Ended(process.returncode, passed)
        if _answers(path):
            return Running(process.pid, path, time.perf_counter() - begin)
        time.sleep(0.001)
    return Ended(None, passed)


def _answers(path: Path) -> bool:
    connection = http.client.HTTPConnection("localhost")
    with socket.socket(socket.AF_UNIX) as made, contextlib.suppress(OSError, http.client.HTTPException):
        made.settimeout(ANSWER)
        made.connect(str(path))
        connection.sock = made
        connection.request("GET", "/_ping")
        return bool(connection.getresponse().status == http.HTTPStatus.OK)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(END)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def resident(pid: int) -> float:
    """Bytes of a process's memory that are resident."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024.0


def _on_disk() -> str | None:
    """A folder for temporary files that is not in memory; None for the system's own."""
    places = (tempfile.gettempdir(), "/var/tmp", str(Path.cwd()))  # noqa: S108 - made anew in there
    return next((place for place in places if _file_system(Path(place)) not in _NO_DISK), None)


def _file_system(directory: Path) -> str:
    """The type of the file system that a directory is on; empty if that cannot be told."""
    device = directory.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    found = (
        line.split(" - ")[1].split(" ")[0] for line in lines if line.split(" ")[2] == wanted and " - " in line
    )
    return next(found, "")


def _spread(folder: Path) -> None:
    """Have each folder in this one begin in a part of the disk of its own, where the file system can.

    For a minute ext4 gives no inode again that was freed, and looks at them one by one: else each run would
    pay for what the one before it removed.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    with suppress(OSError):
        (flags,) = struct.unpack("i", fcntl.ioctl(descriptor, _GET_FLAGS, struct.pack("i", 0)))
        fcntl.ioctl(descriptor, _SET_FLAGS, struct.pack("i", flags | _TOP_OF_TREES))
    os.close(descriptor)
