"""A small real volume plugin: a server on a unix socket, and a directory for each volume.

It counts the mounts of each ID, since `docker cp` mounts the ID of a running container again, and keeps the
counts in a file, since the engine mounts nothing again after a restart of the plugin.

`python -m runtime.examples.plugin --socket PATH [--root DIR]` runs it, and
`python -m runtime.examples.plugin pack DIR` packs it as a managed plugin. It needs only Python and this file.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import functools
import json
import os
import re
import shutil
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol, cast

MIMETYPE = "application/vnd.docker.plugins.v1.2+json"
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,200}")
UNFINISHED = ".unfinished"
OPTIONS = "options.json"
MOUNTS = "mounts.json"
BOOT = Path("/proc/sys/kernel/random/boot_id")
MAX_SOCKET_PATH = 107
BODY_LIMIT = 1024 * 1024
SHOWN = 300
TOO_LONG = b"a body that is too long"

Json = dict[str, Any]


class Refused(Exception):
    """A request fails; the text is the `Err` of the reply."""


class NoSuchMethod(Refused):
    """The engine asked for a method that this plugin does not have."""


class Plugin(Protocol):
    """Answers the calls of the protocol."""

    def call(self, method: str, request: Json, /) -> Json:
        """Answer a call, or raise `Refused`."""
        ...


class Volumes:
    """The volumes in a directory.

    ROOT/NAME/data holds a volume's files, options.json its options, mounts.json the number of its mounts by
    ID since the machine was booted. Other files are ignored.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._unfinished = root / UNFINISHED
        shutil.rmtree(self._unfinished, ignore_errors=True)  # interrupted creations and removals
        self._unfinished.mkdir(parents=True)
        self._boot = BOOT.read_text().strip() if BOOT.exists() else ""
        self._lock = threading.Lock()
        self._methods: dict[str, Callable[[Json], Json]] = {
            "/Plugin.Activate": lambda _: {"Implements": ["VolumeDriver"]},
            "/VolumeDriver.Capabilities": lambda _: {"Capabilities": {"Scope": "local"}},
            "/VolumeDriver.List": self._list,
            "/VolumeDriver.Create": self._create,
            "/VolumeDriver.Get": lambda request: {"Volume": self._describe(self._existing(request))},
            "/VolumeDriver.Path": lambda request: {"Mountpoint": str(self._existing(request) / "data")},
            "/VolumeDriver.Mount": self._mount,
            "/VolumeDriver.Unmount": self._unmount,
            "/VolumeDriver.Remove": self._remove,
        }

    def call(self, method: str, request: Json) -> Json:
        """Call a method of the protocol, one at a time.

        Raises:
            Refused: There is no such method or volume, or the volume is in use.
        """
        if method not in self._methods:
            raise NoSuchMethod(f"no method {method}")
        with self._lock:
            return self._methods[method](request)

    def _list(self, _: Json) -> Json:
        paths = sorted(path.parent for path in self._root.glob(f"*/{OPTIONS}"))
        return {"Volumes": [self._describe(path) for path in paths]}

    def _create(self, request: Json) -> Json:
        path = self._path(request)
        if not (path / OPTIONS).exists():
            unfinished = self._unfinished / path.name
            (unfinished / "data").mkdir(parents=True, exist_ok=True)
            (unfinished / OPTIONS).write_text(json.dumps(request.get("Opts") or {}))
            unfinished.rename(path)
        return {}

    def _mount(self, request: Json) -> Json:
        path = self._existing(request)
        mounts = self._mounts(path)
        mounts[str(request.get("ID"))] += 1
        self._keep_mounts(path, mounts)
        return {"Mountpoint": str(path / "data")}

    def _unmount(self, request: Json) -> Json:
        path, ref = self._existing(request), str(request.get("ID"))
        mounts = self._mounts(path)
        if not mounts[ref]:
            raise Refused(f"volume {path.name} is not mounted for {ref}")
        mounts[ref] -= 1
        self._keep_mounts(path, mounts)
        return {}

    def _mounts(self, path: Path) -> Counter[str]:
        """Return the number of mounts of a volume by ID; a reboot ends all."""
        try:
            stored = json.loads((path / MOUNTS).read_text())
        except FileNotFoundError:
            return Counter()
        return Counter(stored["mounts"] if stored["boot"] == self._boot else {})

    def _keep_mounts(self, path: Path, mounts: Counter[str]) -> None:
        unfinished = path / f"{MOUNTS}{UNFINISHED}"
        unfinished.write_text(json.dumps({"boot": self._boot, "mounts": +mounts}))
        unfinished.rename(path / MOUNTS)

    def _remove(self, request: Json) -> Json:
        path = self._existing(request)
        if self._mounts(path).total():
            raise Refused(f"volume {path.name} is mounted")
        shutil.rmtree(path.rename(self._unfinished / path.name))
        return {}

    def _path(self, request: Json) -> Path:
        name = request.get("Name")
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise Refused(f"a volume cannot be called {json.dumps(name)}")
        return self._root / name

    def _existing(self, request: Json) -> Path:
        path = self._path(request)
        if not (path / OPTIONS).is_file():
            raise Refused(f"no volume {path.name}")
        return path

    def _describe(self, path: Path) -> Json:
        options = path / OPTIONS
        created = datetime.fromtimestamp(options.stat().st_mtime, UTC)
        return {
            "Name": path.name,
            "Mountpoint": str(path / "data"),
            "CreatedAt": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Status": {
                "options": json.loads(options.read_text()),
                "mounts": self._mounts(path).total(),
            },
        }


class Server(ThreadingHTTPServer):
    """Serves the protocol on a unix socket."""

    address_family = socket.AF_UNIX
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: Path, volumes: Plugin, show: Callable[[str], object]) -> None:
        self.volumes = volumes
        self.show = show
        path.parent.mkdir(parents=True, exist_ok=True)
        if _is_left_behind(path):
            path.unlink()
        super().__init__(cast("tuple[str, int]", str(path)), Handler)

    def server_bind(self) -> None:
        """Bind the socket; there is no host and no port to look up."""
        with _short(Path(str(self.server_address))) as path:
            self.socket.bind(path)


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """Yield a path of at most 107 bytes to a socket, through a descriptor of its directory if needed."""
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def _is_left_behind(path: Path) -> bool:
    """Return whether this is the socket of a plugin that was killed."""
    with socket.socket(socket.AF_UNIX) as probe, _short(path) as short:
        return path.is_socket() and probe.connect_ex(short) == errno.ECONNREFUSED


class Handler(BaseHTTPRequestHandler):
    """Handles the calls of one connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # the head and the body of a reply are sent together
    server: Server

    def do_POST(self) -> None:
        """Answer one call."""
        length = self.headers.get("Content-Length", "0")
        raw = self.rfile.read(int(length)) if length.isdecimal() and int(length) <= BODY_LIMIT else TOO_LONG
        try:
            request = json.loads(raw or b"{}")
            if not isinstance(request, dict):
                raise Refused("a request is an object of JSON")  # noqa: TRY301 - answered right below
            status, reply = HTTPStatus.OK, self.server.volumes.call(self.path, request)
        except NoSuchMethod as error:
            status, reply = HTTPStatus.NOT_FOUND, {"Err": str(error)}
        except (Refused, OSError, ValueError, RecursionError) as error:
            status, reply = HTTPStatus.INTERNAL_SERVER_ERROR, {"Err": str(error)}
        self.close_connection = self.close_connection or raw == TOO_LONG
        shown = raw[:SHOWN].decode("utf-8", "replace").strip()
        self.server.show(f"{self.path} {shown} -> {json.dumps(reply)[:SHOWN]}")
        self._send(status, json.dumps(reply).encode() + b"\n")

    def _send(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", MIMETYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing; `do_POST` prints the call."""


def serve(path: Path, root: Path) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        OSError: The socket is in use or cannot be created, or the root cannot be written.
    """
    with Server(path, Volumes(root), show=functools.partial(print, flush=True)) as server:
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, lambda *_: threading.Thread(target=server.shutdown).start())
        server.serve_forever(poll_interval=0.1)
    path.unlink(missing_ok=True)


def main(arguments: list[str] | None = None) -> None:
    """Run the plugin, or pack it."""
    parser = argparse.ArgumentParser(prog="runtime.examples.plugin", description=__doc__.partition("\n")[0])
    parser.add_argument("command", nargs="?", choices=["pack"], help="make a managed plugin instead")
    parser.add_argument("directory", nargs="?", type=Path, help="where to make it")
    parser.add_argument("--socket", type=Path, help="where to listen")
    parser.add_argument("--root", type=Path, help="where the volumes are; by default beside the socket")
    options = parser.parse_args(arguments)
    try:
        if options.command and options.directory:
            from runtime.examples import packing  # noqa: PLC0415 - packed, this file stands alone

            print(packing.pack(options.directory))  # noqa: T201 - a command says what it did
        elif options.socket and not options.command:
            serve(options.socket, options.root or options.socket.with_suffix(".volumes"))
        else:
            parser.error("either --socket PATH or pack DIRECTORY")
    except OSError as error:
        parser.exit(1, f"{parser.prog}: {error}\n")


if __name__ == "__main__":
    main()
