"""Unix sockets of servers and plugins that tests start."""

from __future__ import annotations

import socket
from pathlib import Path


def accepts(path: Path) -> bool:
    """Return whether a server accepts connections; its file is there a moment before it does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


SOCKETS = Path("/run/docker/plugins")
"""Where dockerd looks for the sockets of legacy plugins."""


def with_own_plugins(folder: Path, command: list[str]) -> list[str]:
    """Return a command that runs dockerd with a folder of plugin sockets of its own.

    dockerd knows one folder and asks every plugin in it, waiting up to 30 seconds for each that does not
    answer. In a mount namespace of its own it does not meet the plugins of tests that run beside it.
    """
    folder.mkdir(exist_ok=True)
    SOCKETS.mkdir(parents=True, exist_ok=True)
    script = f'mount --bind "$0" {SOCKETS} && exec "$@"'
    return ["unshare", "--mount", "--propagation", "slave", "sh", "-c", script, str(folder), *command]
