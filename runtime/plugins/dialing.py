"""Whether a plugin listens on its socket."""

from __future__ import annotations

import os
import posixpath
import socket
from pathlib import Path

from runtime.errors import EngineError
from runtime.plugins.address import connect_unix
from runtime.plugins.controller import Stopped
from runtime.plugins.patience import Clock, Timings


def socket_path(exec_root: Path, plugin_id: str, name: str) -> Path:
    """EXEC/ID/NAME; a name such as `../x` does not lead out of EXEC/ID."""
    return exec_root / plugin_id / posixpath.normpath(f"/{name}").lstrip("/")


def dial(path: Path, seconds: float) -> EngineError | None:
    """Connect to a socket and hang up; what went wrong, if anything did."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connect_unix(connection, str(path))
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        return EngineError(f"dial unix {path}: connect: {reason}", error)
    return None


def wait_until_listening(path: Path, gone: Stopped, timings: Timings, clock: Clock) -> EngineError | None:
    """Dial until someone listens; the last error, if nobody does in time or the plugin is gone."""
    end = clock.now() + timings.listening
    while True:
        last = gone.is_set() or clock.now() >= end
        error = dial(path, timings.next_dial)
        if error is None or last:
            return error
        clock.wait(gone.exit_chan, timings.probe)
