"""Runs a command that ends when its parent process ends: `python launcher.py COMMAND...`.

Standard input is a pipe of which only the starter has the other end. When that closes, because the starter
wants the command to end or was killed itself, the command is interrupted, so that it can remove its temporary
files, and then killed with all processes that it started. It runs by itself, without the package.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_GRACE = 2.0
"""Seconds in which an interrupted command can end by itself."""


def main(command: list[str]) -> int:
    """Run a command and return its exit code."""
    _adopt_orphans()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - the arguments of this program
    threading.Thread(target=_end_with_starter, args=(child,), daemon=True).start()
    code = child.wait()
    _kill(child)
    _kill_orphans()
    return code if code >= 0 else 128 - code


def _adopt_orphans() -> None:
    """On Linux, become the parent of processes whose own parent ends, so that they can be killed."""
    with contextlib.suppress(OSError, AttributeError, TypeError):  # not on Windows
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _end_with_starter(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1):
        pass
    _signal(child, signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(_GRACE)
    _kill(child)


def _kill(child: subprocess.Popen[bytes]) -> None:
    _signal(child, getattr(signal, "SIGKILL", signal.SIGTERM))


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, number)  # its whole session began with it
        else:
            child.send_signal(number)


def _kill_orphans() -> None:
    """Kill what the command left running in sessions of their own."""
    while orphans := _children():
        for orphan in orphans:
            with contextlib.suppress(OSError):
                os.kill(orphan, signal.SIGKILL)
            with contextlib.suppress(OSError):
                os.waitpid(orphan, 0)


def _children() -> list[int]:
    """Return the child processes of this one; none on a system that does not list them."""
    own, children = str(os.getpid()), []
    with contextlib.suppress(OSError):
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    stat = Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace")
                    # The second field, the program's name, may hold anything, also a closing bracket.
                    if stat.rpartition(")")[2].split()[1] == own:
                        children.append(int(entry.name))
    return children


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
