"""Serves the API on unix sockets and TCP ports, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import grp
import logging
import os
import resource
import socket
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import uvicorn
import uvloop

from runtime import processors
from runtime.api.app import Server
from runtime.api.protocol import Protocol
from runtime.errors import EngineError, InvalidParameter
from runtime.signals import Signals

log = logging.getLogger(__name__)

SOCKET_MODE: Final = 0o660
"""Whoever may write to the socket is the master of the engine: the owner and a group."""

BACKLOG: Final = 2048
MOST_FILES: Final = 1 << 16
"""Open files that are enough for every client; more are not asked for, since plugins inherit the limit."""
LAST_SECOND: Final = 1
"""Seconds after which connections are closed whose clients do not read."""
KEEP_ALIVE: Final = 24 * 3600
"""Seconds that an idle connection is kept; moby keeps it for ever."""

MAX_UNIX_PATH: Final = 107
"""Bytes of a Unix socket's path that the kernel, and so every client, can take."""
LAST_PORT: Final = 65535

LOCAL: Final = ("127.0.0.1", "::1", "localhost")
"""Hosts that may be listened on: the API gives whoever reaches it the run of the machine."""


class Listener(contextlib.AbstractContextManager["Listener"]):
    """A socket that is listened on; leaving the context closes it, and removes what was made for it.

    Args:
        host: `unix://PATH` or `tcp://127.0.0.1:PORT`.
        group: The group that may use a unix socket, by name or number; none for the process's own.

    Raises:
        InvalidParameter: It cannot be listened on such a host.
        EngineError: Another engine listens there, or the system refuses.
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
        self._made = os.stat(address) if scheme == "unix" else None  # noqa: PTH116 - what the path is now
        if scheme == "tcp":
            host, port = self.socket.getsockname()[:2]
            self.host = f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        path = Path(self.host.partition("://")[2])
        with contextlib.suppress(OSError):
            if self._made is not None and os.path.samestat(path.lstat(), self._made):
                path.unlink()


def serve(
    app: Server,
    listeners: Sequence[Listener],
    *,
    patience: float,
    ready: Callable[[], None],
    stopping: Callable[[], None],
    signals: Signals,
) -> None:
    """Serve until a signal comes, and end the requests that are under way; a second one ends them at once.

    Args:
        app: What is served.
        listeners: Where.
        patience: Seconds that requests get to end, before their clients get an error.
        ready: Called once requests are answered.
        stopping: Called when the signal has come, before requests are waited for.
        signals: What catches signals.
    """
    _allow_many_files()
    with processors.staying():
        sockets = [listener.socket for listener in listeners]
        uvloop.run(_serve(app, sockets, patience, ready, stopping, signals))


class _Uvicorn(uvicorn.Server):
    """Leaves signals to its caller."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def _serve(
    app: Server,
    sockets: list[socket.socket],
    patience: float,
    ready: Callable[[], None],
    stopping: Callable[[], None],
    signals: Signals,
) -> None:
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=LAST_SECOND,
    )
    server = _Uvicorn(config)
    loop = asyncio.get_running_loop()

    def cancel() -> None:
        # An answer that is cut off now is no error.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        app.cancel_requests()

    def stop() -> None:
        if server.should_exit:
            cancel()
            return
        server.should_exit = True
        stopping()
        loop.call_later(patience, cancel)

    def receive() -> None:
        loop.call_soon_threadsafe(stop)

    signals.listen(receive)
    loop.call_soon(ready)
    try:
        await server.serve(sockets)
    finally:
        signals.listen(None)


def _allow_many_files() -> None:
    """Go's runtime does so too: each client has a connection, and systems begin with few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


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
        # Nobody else may connect before the mode and the group are set.
        before = os.umask(0o777)
        try:
            listener.bind(path)
        finally:
            os.umask(before)
        if group:
            os.chown(path, -1, _group_id(group))
        os.chmod(path, SOCKET_MODE)  # noqa: PTH101 - beside its neighbours
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
    # An answer's body follows its head at once; else it waits 40 ms for the head to be acknowledged.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _remove_stale(path: str) -> None:
    """Remove a socket that an engine left which is no more.

    Raises:
        EngineError: Somebody listens there.
        OSError: It is something else, or cannot be removed.
    """
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise FileExistsError(17, "there is something else at the path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)  # noqa: PTH108 - beside its neighbours
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
