"""Sockets of the API: unix sockets and TCP ports."""

from __future__ import annotations

import contextlib
import grp
import os
import socket
import stat
from pathlib import Path
from typing import Final

from runtime.errdefs import EngineError, InvalidParameter

SOCKET_MODE: Final = 0o660
"""Write access to the socket amounts to root on this machine: for the owner and a group only."""

BACKLOG: Final = 2048

MAX_UNIX_PATH: Final = 107
"""Bytes of the longest path of a unix socket that the kernel accepts."""
LAST_PORT: Final = 65535

LOCAL: Final = ("127.0.0.1", "::1", "localhost")
"""The hosts that are allowed: access to the API amounts to root on this machine."""


class Listener(contextlib.AbstractContextManager["Listener"]):
    """A listening socket, which the end of the context closes and, for a unix socket, removes.

    Args:
        host: `unix://PATH` or `tcp://127.0.0.1:PORT`.
        group: The group that may use a unix socket, by name or number; empty for the process's own.

    Raises:
        InvalidParameter: The host is not allowed.
        EngineError: Another process listens there, or the system call fails.
    """

    def __init__(self, host: str, group: str = "") -> None:
        scheme, separator, address = host.partition("://")
        listen = {"unix": _listen_unix, "tcp": _listen_tcp}.get(scheme)
        if listen is None or not separator or not address:
            raise InvalidParameter(f"{host!r}: expected unix://PATH or tcp://127.0.0.1:PORT")
        try:
            self.socket = listen(address, group)
        except OSError as error:
            raise EngineError(f"cannot listen on {host}: {error.strerror or error}", error) from error
        self.host = host
        self._made = os.stat(address) if scheme == "unix" else None  # noqa: PTH116 - text suffices
        if scheme == "tcp":
            host, port = self.socket.getsockname()[:2]
            self.host = f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        path = Path(self.host.partition("://")[2])
        with contextlib.suppress(OSError):
            if self._made is not None and os.path.samestat(path.lstat(), self._made):
                path.unlink()


def _listen_unix(path: str, group: str) -> socket.socket:
    size = len(os.fsencode(path))
    if size > MAX_UNIX_PATH:
        raise InvalidParameter(
            f"cannot listen on unix://{path}: the path of a Unix socket has at most {MAX_UNIX_PATH} bytes,"
            f" and this one has {size}; give a shorter one with --host unix://PATH"
        )
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # No other user may connect before the mode and the group are set.
        before = os.umask(0o777)
        try:
            listener.bind(path)
        finally:
            os.umask(before)
        if group:
            os.chown(path, -1, _group_id(group))
        os.chmod(path, SOCKET_MODE)  # noqa: PTH101 - text suffices
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def _listen_tcp(address: str, _group: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if host not in LOCAL or not _is_port(port):
        raise InvalidParameter(
            f"tcp://{address}: expected 127.0.0.1:PORT or [::1]:PORT, with a port of at most {LAST_PORT};"
            " whoever reaches the API is the master of the machine"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, int(port)), family=family, backlog=BACKLOG)
    # Else an answer's body waits 40 ms until its head is acknowledged.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _remove_stale(path: str) -> None:
    """Remove the socket of an engine that has ended.

    Raises:
        EngineError: A process listens there.
        OSError: It is not a socket, or cannot be removed.
    """
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        raise FileExistsError(17, "there is something else at the path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)  # noqa: PTH108 - text suffices
            return
    raise EngineError(f"somebody listens on {path} already")


def _group_id(group: str) -> int:
    if group.isdecimal():
        return int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError as error:
        raise EngineError(f"group {group} does not exist") from error


def _is_port(text: str) -> bool:
    return (
        text.isascii()
        and text.isdecimal()
        and len(text.lstrip("0")) <= len(str(LAST_PORT))
        and int(text) <= LAST_PORT
    )
