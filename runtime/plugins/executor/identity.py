"""A process that is known for sure: another that gets the same pid is never taken for it."""

from __future__ import annotations

import errno
import os
import select
import signal
from contextlib import suppress
from pathlib import Path

import msgspec

_PROC = Path("/proc")
_BOOT_ID = _PROC / "sys/kernel/random/boot_id"
_PARENT, _SESSION, _START_TIME = 1, 3, 19
"""Fields of /proc/PID/stat after the command's name."""

MARK = "MOBY_ANNOTATED_PLUGIN"
"""The variable that a plugin's processes have in their environment, also those that leave its session."""

ROUNDS = 20
"""How often what a plugin has started is looked for; each round finds what the one before has missed."""

KILL_WAIT = 2.0
"""Seconds that a process gets to end after SIGKILL; one that hangs in the kernel takes longer."""


class ProcessIdentity(msgspec.Struct, frozen=True):
    """A process of this machine since it was booted; `start_time` is in clock ticks."""

    pid: int
    start_time: int
    boot_id: str

    def open(self, *, even_ended: bool = False) -> int | None:
        """Open a file descriptor that stands for the process; None if it has ended.

        Args:
            even_ended: Open one that has ended too, as long as its parent has not reaped it.
        """
        if self.boot_id != _boot_id():
            return None
        try:
            pidfd = os.pidfd_open(self.pid)
        except (OSError, ValueError, OverflowError):
            return None
        # Only what is read after opening is known to be about the process that was opened.
        if _start_time(self.pid) != self.start_time or (has_ended(pidfd) and not even_ended):
            os.close(pidfd)
            return None
        return pidfd


def of(pid: int) -> ProcessIdentity:
    """The identity of a process that is there now; one that is not there has none that could be opened."""
    start_time = _start_time(pid)
    return ProcessIdentity(pid, -1 if start_time is None else start_time, _boot_id())


def has_ended(pidfd: int) -> bool:
    """Whether a process has ended, even if nobody has asked how."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))


def send(pidfd: int, number: int) -> bool:
    """Send a signal to the very process; whether it was there."""
    try:
        signal.pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        return False
    return True


def reap(pidfd: int) -> str:
    """Reap a process that has ended and say how, as `exit code 1` or `signal SIGSEGV`.

    How a process ended that is not our child, such as one that an earlier engine started, is unknown.
    """
    with suppress(ChildProcessError):
        end = os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG)
        if end is not None and end.si_code == os.CLD_EXITED:
            return f"exit code {end.si_status}"
        if end is not None:
            return f"signal {_signal_name(end.si_status)}"
    return "exit code unknown"


def kill_all(leader: ProcessIdentity, mark: str) -> None:
    """Kill a process and all that it has started, also in other sessions; return when they have ended.

    A process belongs to the leader if it is in its session, if it has the mark in its environment, or if a
    process that belongs to it is its parent. One that has left the session, dropped the environment and lost
    its parent is not found; only containers end such ones.

    Args:
        leader: The process that led the session; it may have ended.
        mark: The value of `MARK` in the environment of the leader.
    """
    wanted = os.fsencode(f"{MARK}={mark}")
    for _ in range(ROUNDS):  # again, for what was started meanwhile
        opened = [pidfd for each in _belonging(leader, wanted) if (pidfd := each.open()) is not None]
        if not opened:
            return
        for pidfd in opened:
            with suppress(PermissionError):  # a program that has become another user's
                send(pidfd, signal.SIGKILL)
        for pidfd in opened:
            _wait(pidfd)
            os.close(pidfd)


def _belonging(leader: ProcessIdentity, wanted: bytes) -> list[ProcessIdentity]:
    if leader.boot_id != _boot_id():
        return []
    stats = {
        int(entry.name): stat for entry in _PROC.iterdir() if entry.name.isdigit() and (stat := _stat(entry))
    }
    younger = {pid: stat for pid, stat in stats.items() if int(stat[_START_TIME]) >= leader.start_time}
    leader_stat = stats.get(leader.pid)
    reused = leader_stat is not None and int(leader_stat[_START_TIME]) != leader.start_time
    found = {
        pid
        for pid, stat in younger.items()
        if (not reused and leader.pid in (pid, int(stat[_SESSION]))) or wanted in _environment(pid)
    }
    found.discard(os.getpid())
    while more := {pid for pid, stat in younger.items() if int(stat[_PARENT]) in found} - found:
        found |= more
    return [ProcessIdentity(pid, int(stats[pid][_START_TIME]), leader.boot_id) for pid in found]


def _environment(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:  # it has ended, or is another user's
        return []


def _wait(pidfd: int) -> None:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    poll.poll(KILL_WAIT * 1000)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # most real-time signals have no name
        return str(number)


def _start_time(pid: int) -> int | None:
    stat = _stat(_PROC / str(pid))
    return None if stat is None else int(stat[_START_TIME])


def _stat(process: Path) -> list[str] | None:
    """Read the fields of /proc/PID/stat after the command's name; None if there is no such process."""
    try:
        text = (process / "stat").read_text("utf-8", "replace")
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ESRCH):
            return None
        raise
    return text.rpartition(")")[2].split()


def _boot_id() -> str:
    return _BOOT_ID.read_text().strip()
