"""Where a plugin listens: the addresses that can be used, and why the others cannot."""

from __future__ import annotations

import os
from typing import Final
from urllib.parse import SplitResult, urlsplit

from runtime.errors import EngineError

MAX_UNIX_PATH: Final = 108
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
    if len(os.fsencode(path)) > MAX_UNIX_PATH:
        raise EngineError(f'Unix socket path "{path}" is too long')
    return bool(path) and "\0" not in path
