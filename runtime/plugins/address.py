"""Where a plugin listens: the addresses that can be used, and why the others cannot."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from runtime.errors import EngineError

if TYPE_CHECKING:
    import socket  # specs are read where there are no sockets

MAX_UNIX_PATH: Final = 107
"""Bytes that the kernel takes for the path of a Unix socket."""
MAX_UNIX_NAME: Final = MAX_UNIX_PATH - len("/proc/self/fd/1234567/")
"""Bytes of a socket's name that can be reached whatever its directory."""
LONGEST_PATH: Final = 108
"""Bytes of a path that moby accepts, one more than the kernel."""
SCHEMES: Final = frozenset({"unix", "tcp", "http", "https"})


def parse(addr: str) -> SplitResult:
    """The parts of a plugin's address.

    Raises:
        EngineError: It is malformed, of an unknown protocol, or a path that no socket can have.
    """
    try:
        split = urlsplit(addr)
        reachable = _has_path(addr) if split.scheme == "unix" else _has_host(split)
    except ValueError as error:
        raise EngineError(f"parse {addr!r}: {error}") from error
    if split.scheme == "npipe":
        raise EngineError("protocol not available")
    if split.scheme not in SCHEMES:
        raise EngineError("Unknown protocol")
    if not reachable:
        raise EngineError(f"parse {addr!r}: invalid {'path' if split.scheme == 'unix' else 'host or port'}")
    return split


def unix_path(addr: str) -> str:
    """The path in the address of a unix socket, taken as it stands."""
    return addr.partition(":")[2].removeprefix("//")


def connect_unix(sock: socket.socket, path: str) -> None:
    """Connect to a Unix socket, whose directory's path may have any length.

    Raises:
        OSError: Nobody accepts.
    """
    if len(os.fsencode(path)) <= MAX_UNIX_PATH:
        sock.connect(path)
        return
    directory, name = os.path.split(path)
    descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sock.connect(f"/proc/self/fd/{descriptor}/{name}")
    finally:
        os.close(descriptor)


def http_scheme(url: SplitResult) -> str:
    """`https` for https, `http` for all else.

    Go:
        pkg/plugins/client.go::httpScheme

    Differs:
        param u: called `url`; one letter says too little.
    """
    return "https" if url.scheme == "https" else "http"


def _has_host(split: SplitResult) -> bool:
    host = split.hostname or ""
    return host.isascii() and host.isprintable() and bool(host.strip()) and split.port != 0


def _has_path(addr: str) -> bool:
    path = unix_path(addr)
    name = path.rpartition("/")[2]
    if len(os.fsencode(path)) > LONGEST_PATH and len(os.fsencode(name)) > MAX_UNIX_NAME:
        raise EngineError(f'Unix socket path "{path}" is too long')
    return bool(path) and "\0" not in path
