"""A process that is known for sure: another that gets the same pid is never taken for it."""

from __future__ import annotations

import errno
import os
import select
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

_PROC = Path("/proc")
_BOOT_ID = _PROC / "sys/kernel/random/boot_id"
_STATE, _SESSION, _START_TIME = 0, 3, 19
"""Fields of /proc/PID/stat after the command's name."""


class ProcessIdentity(msgspec.Struct, frozen=True):
    """A process of this machine since it was booted; `start_time` is in clock ticks."""

    pid: int
    start_time: int
    boot_id: str

    def open(self) -> int | None:
        """A file descriptor that stands for the process, if it is alive."""
        if self.boot_id != _boot_id():
            return None
        try:
            pidfd = os.pidfd_open(self.pid)
        except (OSError, ValueError, OverflowError):
            return None
        # Only what is read after opening is known to be about the process that was opened.
        if _start_time(self.pid) != self.start_time or has_ended(pidfd):
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


def reap(pidfd: int) -> None:
    """Let a child of ours that has ended go; that of another is none of our business."""
    with suppress(ChildProcessError):
        os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG)


def kill_session(leader: ProcessIdentity) -> None:
    """Kill what a process that led a session has left behind in it."""
    for pid in _session_members(leader.pid):
        member = of(pid)
        if pid == leader.pid or member.start_time < leader.start_time:
            continue
        pidfd = member.open()
        if pidfd is None:
            continue
        try:
            if _field(pid, _SESSION) == leader.pid:
                send(pidfd, signal.SIGKILL)
        finally:
            os.close(pidfd)


def _session_members(session: int) -> Iterator[int]:
    """The processes of a session; none if its number belongs to a new process by now."""
    members = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    yield from (pid for pid in members if _field(pid, _SESSION) == session)


def _start_time(pid: int) -> int | None:
    return _field(pid, _START_TIME)


def _field(pid: int, index: int) -> int | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ESRCH):
            return None
        raise
    return int(text.rpartition(")")[2].split()[index])


def _boot_id() -> str:
    return _BOOT_ID.read_text().strip()
