"""Runs programs of the annotated project in the background, with a time limit; none outlives this process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO

import msgspec

from annotator import launcher
from annotator.errors import Interrupted, InvalidInput, installation_hint, printable
from annotator.parallel import usable_cores

TIME_LIMIT = 120.0
"""Seconds that a program of the project may take."""


class Finished(msgspec.Struct, frozen=True):
    """The exit code and the output of a program."""

    code: int
    output: bytes
    errors: bytes

    @property
    def complaint(self) -> str:
        """The last line of its error stream, with the command that installs a missing package."""
        last = "".join(self.errors.decode("utf-8", "replace").strip().splitlines()[-1:])
        return f"{printable(last) or 'it says nothing'}{installation_hint(last)}"


@contextmanager
def started(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, stdout: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command; it ends with the context, or with this process however that ends.

    `env` and `stdout`, for both output streams, are as in `subprocess.Popen`.
    """
    process, pipe = _launch(command, env=env, output=stdout)
    with process:
        try:
            yield process
        finally:
            pipe.close()


NOT_RUN = "not run here: this needs Linux or macOS\n"
"""What stands in place of a program's output where programs are not run."""


def are_run_here() -> bool:
    """Return whether the project's programs are run: a port of Unix code needs what Unix has."""
    return hasattr(os, "fork")


class SubprocessPool(AbstractContextManager["SubprocessPool"]):
    """Programs that run in a project's folder, as many at once as there are cores.

    Leaving the context ends those that still run, with all processes that they started.
    """

    def __init__(self, root: Path, *, time_limit: float = TIME_LIMIT) -> None:
        """Take the folder in which programs run and from which they import."""
        self._root, self._time_limit = root, time_limit
        self._threads = ThreadPoolExecutor(max_workers=usable_cores())
        self._lock = threading.Lock()
        self._running: dict[subprocess.Popen[bytes], IO[bytes]] = {}
        self._is_closed = False

    def start(self, name: str, command: Sequence[str]) -> Future[Finished]:
        """Run a command as soon as a core is free.

        The future raises InvalidInput, which begins with `name`, if the command cannot be started or does
        not end in time.
        """
        return self._threads.submit(self._run, name, command)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._is_closed = True
            for pipe in self._running.values():
                pipe.close()
        self._threads.shutdown(cancel_futures=True)

    def _run(self, name: str, command: Sequence[str]) -> Finished:
        with self._lock:
            if self._is_closed:
                raise Interrupted("the programs of the project were ended")
            process, pipe = _launch(
                command, env=_environment(self._root), output=subprocess.PIPE, folder=self._root
            )
            self._running[process] = pipe
        try:
            output, errors = process.communicate(timeout=self._time_limit)
        except subprocess.TimeoutExpired as error:
            pipe.close()
            process.communicate()
            raise InvalidInput(f"{name} did not end within {self._time_limit:g} s") from error
        finally:
            with self._lock:
                del self._running[process]
            pipe.close()
        return Finished(process.returncode, output, errors)


def _launch(
    command: Sequence[str], *, env: Mapping[str, str] | None, output: int | None, folder: Path | None = None
) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    """Start the launcher with a command; it kills the command when the returned pipe is closed."""
    process = subprocess.Popen(  # noqa: S603 - mkdocs, ourselves and what the project's settings name
        [sys.executable, "-I", "-S", launcher.__file__, *command],
        cwd=folder,
        env=env,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        start_new_session=True,  # a signal of the terminal is for this process, which closes the pipe
    )
    # Taken from the process, whose `communicate` would close it at once.
    pipe, process.stdin = process.stdin, None
    assert pipe is not None  # noqa: S101 - requested above
    return process, pipe


def _environment(root: Path) -> dict[str, str]:
    package = Path(__file__).resolve().parents[1]
    paths = [str(root), str(package), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "100",
    }
