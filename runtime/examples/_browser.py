"""Runs a program in a browser's Python, which has one thread, no processes and no sockets.

The page's worker calls `run`. The engine's defaults for what the browser lacks are replaced: workers, a clock
and connections. Tasks run when they are submitted, a plugin answers when it is called, a wait only sleeps.
"""

from __future__ import annotations

import errno
import fcntl
import inspect
import io
import json
import linecache
import os
import re
import socket
import stat
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, Self, TypeVar, cast

import httpcore

from runtime.golang.time import Clock

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

P = ParamSpec("P")
T = TypeVar("T")

SHOWN = 20_000
"""Characters of a file, and of a message to a plugin, that the page shows."""
MOST = 300
"""Files and messages that the page shows."""

files: list[dict[str, object]] = []
"""The files of the last run's temporary directories, as they were before they were removed."""
messages: list[dict[str, object]] = []
"""The messages between the engine and plugins in the last run."""


def run(name: str, source: str) -> str:
    """Run a program; return its files, its messages and its success as JSON.

    Its output and its traceback go to the standard output.

    Args:
        name: The path of its file, for tracebacks.
        source: Its text.
    """
    prepare()
    files.clear()
    messages.clear()
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    # A module that the next run does not share with the last one.
    module = sys.modules["__main__"] = ModuleType("__main__")
    succeeded = True
    try:
        exec(compile(source, name, "exec"), module.__dict__)  # noqa: S102 - the reader's own program
    except SystemExit as ending:
        succeeded = not ending.code
    except BaseException as error:  # noqa: BLE001 - the page shows it
        succeeded = False
        report(error, name)
    sys.stdout.flush()
    return json.dumps({"files": files[:MOST], "messages": messages[:MOST], "succeeded": succeeded})


def report(error: BaseException, name: str) -> None:
    """Print a traceback that begins in the program."""
    frame: TracebackType | None = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename != name:
        frame = frame.tb_next
    traceback.print_exception(error.with_traceback(frame), file=sys.stdout)


def prepare() -> None:
    """Supply what a browser's Python lacks, once."""
    if threading.Thread is Thread:
        return
    Path(tempfile.gettempdir()).chmod(0o1777)
    sys.modules["re2"] = patterns()
    substitutes: tuple[tuple[object, str, object], ...] = (
        (socket, "AF_UNIX", 1),
        (os, "geteuid", os.getuid),
        (os, "getegid", os.getgid),
        (os, "access", access),
        (fcntl, "flock", flock),
        (threading, "Thread", Thread),
        (tempfile, "TemporaryDirectory", Directory),
    )
    for owner, name, substitute in substitutes:
        setattr(owner, name, substitute)

    from runtime.daemon import daemon  # noqa: F401, PLC0415 - so that a run imports nothing
    from runtime.examples import plugin  # noqa: PLC0415 - the engine needs the names above
    from runtime.pkg.plugins.transport import DEFAULT, Timings  # noqa: PLC0415
    from runtime.plugin.executor import process, runc  # noqa: F401, PLC0415
    from runtime.workers import Threads  # noqa: PLC0415

    connections = {"network": Network, "clock": SleepingClock()}
    preset(Timings, **connections)
    for name, value in connections.items():  # it was made before
        object.__setattr__(DEFAULT, name, value)
    substitutes = ((Threads, "submit", at_once), (plugin, "Server", Server))
    for owner, name, substitute in substitutes:
        setattr(owner, name, substitute)


def preset(made: type, **arguments: object) -> None:
    """Change the defaults of a class's arguments."""
    original = cast("Callable[..., None]", made.__init__)  # type: ignore[misc]
    names = list(inspect.signature(original).parameters)[1:]

    def init(self: object, *args: object, **options: object) -> None:
        original(self, **{**arguments, **dict(zip(names, args, strict=False)), **options})

    made.__init__ = init  # type: ignore[misc]


def at_once(_: object, task: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> Future[T]:
    """Run a task in the only thread, and return its outcome as a future."""
    future: Future[T] = Future()
    # A profiler watches one thread, and elsewhere this would be another.
    profiler = sys.getprofile()
    sys.setprofile(None)
    try:
        future.set_result(task(*args, **options))
    except BaseException as error:  # noqa: BLE001 - the future has it
        future.set_exception(error)
    finally:
        sys.setprofile(profiler)
    return future


class Thread(threading.Thread):
    """A thread that has ended when `start` returns."""

    def start(self) -> None:
        """Run the task."""
        at_once(self, self.run).result()

    def join(self, timeout: float | None = None) -> None:
        """Return: the task has ended."""


class SleepingClock(Clock):
    """A clock whose waits sleep, since no other thread exists that could set an event."""

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Sleep, unless the event is set already."""
        if not event.is_set():
            time.sleep(seconds)
        return event.is_set()


def access(
    path: str | os.PathLike[str], mode: int, *, dir_fd: int | None = None, follow_symlinks: bool = True
) -> bool:
    """Return whether a file exists; the only user of the page may do everything."""
    del mode
    try:
        os.stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
    except OSError:
        return False
    return True


_locks: dict[tuple[int, int], int] = {}


def flock(file: int | io.IOBase, operation: int) -> None:
    """Lock a file like `fcntl.flock`, among the descriptors of this program."""
    descriptor = file if isinstance(file, int) else file.fileno()
    key = _identity(descriptor)
    holder = _locks.get(key, descriptor)
    if operation & fcntl.LOCK_UN:
        _locks.pop(key, None)
    elif holder != descriptor and _is_open(holder, key):
        raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK))
    else:
        _locks[key] = descriptor


def _identity(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def _is_open(descriptor: int, key: tuple[int, int]) -> bool:
    try:
        return _identity(descriptor) == key
    except OSError:
        return False


class Directory(tempfile.TemporaryDirectory[str]):
    """A temporary directory whose files are read before they are removed."""

    def cleanup(self) -> None:
        """Read the files and remove them."""
        if Path(self.name).exists():
            files.extend(described(Path(self.name)))
        super().cleanup()

    def __exit__(self, *_: object) -> None:
        self.cleanup()


def described(folder: Path) -> Iterator[dict[str, object]]:
    """Yield each file and directory below a folder, with its text."""
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        entry: dict[str, object] = {
            "path": f"example/{path.relative_to(folder)}",
            "size": path.lstat().st_size,
        }
        if stat.S_ISDIR(mode):
            yield {**entry, "kind": "directory"}
        elif stat.S_ISSOCK(mode):
            yield {**entry, "kind": "socket"}
        elif stat.S_ISREG(mode):
            yield {**entry, "kind": "file", "text": text_of(path)}


def text_of(path: Path) -> str:
    """Return the text of a file, the rows of a database, or an empty text for other bytes."""
    with path.open("rb") as file:
        data = file.read(SHOWN)
    if data.startswith(b"SQLite format 3\0"):
        return "\n".join(rows_of(path))[:SHOWN]
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in text else text


def rows_of(path: Path) -> Iterator[str]:
    """Yield the rows of all tables of a database, each as text."""
    import sqlite3  # noqa: PLC0415 - most runs leave no database

    connection = sqlite3.connect(path)
    try:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"').fetchmany(MOST):  # noqa: S608 - its own name
                yield f"{table}: {', '.join(map(str, row))}"
    except sqlite3.Error as error:
        yield str(error)
    finally:
        connection.close()


_servers: dict[str, Server] = {}


class Server:
    """Replaces the example plugin's server and answers each request at once."""

    def __init__(self, path: Path, volumes: Any, show: Callable[[str], object]) -> None:
        self.volumes = volumes
        self.show = show
        self._path = path
        make_socket(path)
        _servers[str(path)] = self

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        """Return: requests are answered as they arrive."""

    def shutdown(self) -> None:
        """Return: nothing is under way."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _servers.pop(str(self._path), None)

    def answer(self, request: bytes) -> bytes:
        """Return the reply to one request, both as bytes of HTTP."""
        from runtime.examples.plugin import Handler  # noqa: PLC0415 - needs what `prepare` supplies

        exchange = Exchange(request)
        Handler(cast("Any", exchange), ("", 0), cast("Any", self))
        method = request.partition(b" HTTP/")[0].decode(errors="replace").removeprefix("POST ")
        messages.append({"plugin": self._path.stem, "method": method, **exchange.bodies()})
        return bytes(exchange.reply)


class Exchange:
    """One request and its reply, with the method of a socket that a handler calls."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.reply = bytearray()

    def makefile(self, mode: str, *_: object) -> io.RawIOBase | io.BytesIO:
        """Return the request as a file to read, or a file whose writes append to the reply."""
        return Output(self.reply) if "w" in mode else io.BytesIO(self.request)

    def bodies(self) -> dict[str, str]:
        """Return the bodies of the request and of the reply."""
        pair = {"request": self.request, "reply": self.reply}
        return {
            name: bytes(data).partition(b"\r\n\r\n")[2][:SHOWN].decode(errors="replace")
            for name, data in pair.items()
        }


class Output(io.RawIOBase):
    """A file whose writes append to a bytearray."""

    def __init__(self, written: bytearray) -> None:
        self._written = written

    def writable(self) -> bool:
        """Return that the file can be written."""
        return True

    def write(self, data: ReadableBuffer) -> int:
        """Add to the bytes."""
        self._written += data
        return memoryview(data).nbytes


def make_socket(path: Path) -> None:
    """Create a file that is a socket for `stat`."""
    import pyodide_js  # type: ignore[import-not-found]  # noqa: PLC0415 - only a browser's Python has it

    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    pyodide_js.FS.lookupPath(str(path)).node.mode = stat.S_IFSOCK | 0o755


class Network(httpcore.NetworkBackend):
    """Connections to the plugins in the page; nothing else can be reached."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - httpcore's signature
        port: int,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Refuse: a page has no other machines."""
        refuse(errno.ECONNREFUSED)

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002 - httpcore's signature
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Connect to a plugin."""
        if path not in _servers:
            refuse(errno.ECONNREFUSED if Path(path).exists() else errno.ENOENT)
        return Connection(_servers[path])


def refuse(number: int) -> NoReturn:
    """Raise the error of a connection to a socket without a listener."""
    error = httpcore.ConnectError(os.strerror(number))
    # httpcore drops the cause of an error, and the engine looks for the system's own.
    error.__context__ = OSError(number, os.strerror(number))
    raise error


class Connection(httpcore.NetworkStream):
    """A connection to a plugin, for one exchange."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._request = b""
        self._reply: io.BytesIO | None = None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - httpcore's signature
        """Send bytes of the request."""
        self._request += buffer

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - httpcore's signature
        """Return bytes of the reply; the first call lets the plugin answer."""
        if self._reply is None:
            self._reply = io.BytesIO(self._server.answer(self._request))
        return self._reply.read(max_bytes)

    def close(self) -> None:
        """End the exchange."""

    def get_extra_info(self, info: str) -> object:
        """Return that the plugin has closed the connection once it has answered."""
        return self._reply is not None if info == "is_readable" else None


def patterns() -> ModuleType:
    """Return a module `re2` that searches with `re`."""
    module = ModuleType("re2")
    module.__dict__.update(
        Options=type("Options", (), {}), error=re.error, compile=lambda pattern, _: re.compile(pattern)
    )
    return module
