"""Watching a plugin's process: its output is logged while it runs, and its end is noticed at once."""

from __future__ import annotations

import logging
import os
import select
import threading
from collections.abc import Callable, Sequence

from runtime.plugins.executor import identity
from runtime.plugins.executor.identity import ProcessIdentity
from runtime.plugins.executor.output import OutputFile

log = logging.getLogger(__name__)

DRAIN_EVERY = 0.2
"""Seconds between two looks at the output."""


class Watched:
    """A plugin's process and the thread that watches it.

    Args:
        process: The process.
        pidfd: A descriptor that stands for it; owned from now on.
        outputs: Where it prints; owned from now on.
        on_exit: Called once it has ended, in the thread.
    """

    def __init__(
        self,
        process: ProcessIdentity,
        pidfd: int,
        outputs: Sequence[OutputFile],
        on_exit: Callable[[Watched], None],
    ) -> None:
        self.process = process
        self._pidfd = pidfd
        self._outputs = outputs
        self._on_exit = on_exit
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC)
        self._mu = threading.Lock()
        self._open = True
        self.end = ""
        """How the process ended; empty while it runs."""
        self._thread = threading.Thread(target=self._watch, name=f"plugin-{process.pid}", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def is_running(self) -> bool:
        """Whether the process has not ended."""
        with self._mu:
            return self._open and not identity.has_ended(self._pidfd)

    def send(self, number: int) -> bool:
        """Send a signal to the process; whether it was there."""
        with self._mu:
            return self._open and not identity.has_ended(self._pidfd) and identity.send(self._pidfd, number)

    def detach(self) -> None:
        """Stop watching; the process runs on and nobody is told of its end."""
        with self._mu:
            if self._wake_write >= 0:
                os.write(self._wake_write, b"x")
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _watch(self) -> None:
        ended = self._wait()
        self._drain()
        for output in self._outputs:
            output.close()
        if ended:
            self.end = identity.reap(self._pidfd)
        with self._mu:
            self._open = False
            os.close(self._pidfd)
        if ended:
            try:
                self._on_exit(self)
            except Exception:
                log.exception("cannot handle the end of a plugin", extra={"pid": self.process.pid})
        with self._mu:
            os.close(self._wake_read)
            os.close(self._wake_write)
            self._wake_read = self._wake_write = -1

    def _wait(self) -> bool:
        """Log the output until the process ends; whether it did, or watching is to stop."""
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        while not (ready := poll.poll(DRAIN_EVERY * 1000)):
            self._drain()
        return any(descriptor == self._pidfd for descriptor, _ in ready)

    def _drain(self) -> None:
        for output in self._outputs:
            try:
                output.drain()
            except OSError:
                log.exception("cannot read the output of a plugin", extra={"pid": self.process.pid})
