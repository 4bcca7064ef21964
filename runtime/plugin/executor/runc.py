"""Plugins as containers of runc, which outlive the engine and are found again by their id."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from runtime.errdefs import EngineError, Unavailable
from runtime.oci import Spec
from runtime.pkg.ioutils import make_directories
from runtime.plugin.defs import ExitHandler
from runtime.plugin.executor import executor
from runtime.plugin.executor.executor import PLUGIN_NAMESPACE, Executor, ProcessIdentity, Runtime

RUNTIME_ROOT = "runtime-runc"
"""The directory below the exec root that holds runc's own state."""

COMMAND_TIMEOUT = 30.0
"""Seconds that one call of runc may take."""

PR_SET_CHILD_SUBREAPER: Final = 36
"""The option of prctl(2)."""


def runtime(root_dir: Path, program: str = "runc") -> Runc | None:
    """Return what calls runc, or None if it is not installed."""
    found = shutil.which(program)
    return None if found is None else Runc(found, root_dir / RUNTIME_ROOT / PLUGIN_NAMESPACE)


def new(
    root_dir: Path, exit_handler: ExitHandler, program: str = "runc", others: Sequence[Runtime] = ()
) -> Executor:
    """Return an executor that runs plugins as containers; `others` may have left some in the root.

    Raises:
        Unavailable: there is no runc.
    """
    client = runtime(root_dir, program)
    if client is None:
        raise Unavailable(f"{program} is not installed; install it, or use the process executor")
    # Containers whose runc has ended become children of this process, as with containerd's shim: only the
    # parent learns the exit code.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    return Executor(root_dir, client, exit_handler, others)


class _State(msgspec.Struct):
    """What `runc state` answers."""

    pid: int = 0
    status: str = ""


class Runc:
    """Calls runc.

    Args:
        program: The path of runc.
        root: Where runc keeps its state.
    """

    def __init__(self, program: str, root: Path) -> None:
        self.program = program
        self.root = root

    def start(self, plugin_id: str, bundle: Path, spec: Spec, outputs: tuple[int, int], /) -> ProcessIdentity:
        """Run a container, detached.

        Raises:
            EngineError: runc refuses, with its own words, or the container ended at once.
            OSError: the bundle cannot be written.
        """
        (bundle / "config.json").write_bytes(msgspec.json.encode(spec))
        pid_file = bundle / "init.pid"
        self._call(
            ("run", "--detach", "--bundle", str(bundle), "--pid-file", str(pid_file), plugin_id),
            log=bundle / "runc.log",
            outputs=outputs,
        )
        return executor.of(int(pid_file.read_text()))

    def find(self, plugin_id: str, bundle: Path, /) -> ProcessIdentity | None:
        """Return the container's first process, if the container exists and has not ended."""
        try:
            answer = self._call(("state", plugin_id), log=bundle / "runc.log")
            state = msgspec.json.decode(answer, type=_State)
        except (EngineError, OSError, msgspec.MsgspecError):
            return None
        return executor.of(state.pid) if state.pid and state.status != "stopped" else None

    def delete(self, plugin_id: str, bundle: Path, /) -> None:
        """Kill and delete a container; one that does not exist is fine.

        Raises:
            EngineError: runc cannot.
        """
        if (self.root / plugin_id).exists():
            make_directories(bundle)
            self._call(("delete", "--force", plugin_id), log=bundle / "runc.log")

    def _call(self, arguments: Sequence[str], *, log: Path, outputs: tuple[int, int] | None = None) -> bytes:
        command = [
            self.program,
            "--root",
            str(self.root),
            "--log",
            str(log),
            "--log-format",
            "json",
            *arguments,
        ]
        stdout, stderr = outputs or (subprocess.PIPE, subprocess.DEVNULL)
        try:
            done = subprocess.run(  # noqa: S603 -- runc itself, with arguments of ours
                command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                timeout=COMMAND_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise EngineError(f"runc {arguments[0]}: no answer in {COMMAND_TIMEOUT:g} s", error) from error
        if done.returncode != 0:
            raise EngineError(f"runc {arguments[0]}: {_last_error(log)}")
        return done.stdout or b""


class _LogLine(msgspec.Struct):
    level: str = ""
    msg: str = ""


def _last_error(log: Path) -> str:
    """Return the last error in runc's log."""
    try:
        lines = log.read_bytes().splitlines()
    except OSError:
        return "failed without a word"
    for line in reversed(lines):
        try:
            said = msgspec.json.decode(line, type=_LogLine)
        except msgspec.MsgspecError:
            continue
        if said.level in ("error", "fatal"):
            return said.msg
    return "failed without a word"
