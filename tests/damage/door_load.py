"""Clients that use local volumes through an engine's socket while hostile plugins are called."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

import hostile

CLIENTS: Final = 8
PATIENCE: Final = 60.0
"""Seconds that an engine has to answer, to come to rest, or to end."""
PAUSE: Final = 0.02
"""Seconds between two calls of a hostile plugin by one client."""
HOSTILE: Final = ("hang", "garbage", "killed")
KEPT: Final = len(HOSTILE)
"""Connections to plugins that an engine keeps for the next call, one for each."""
OF_LOCAL: Final = "/volumes?filters=" + quote(json.dumps({"driver": {"local": True}}))


class Resources(NamedTuple):
    """What a process has."""

    threads: int
    descriptors: int


class Engine(NamedTuple):
    """An engine under load."""

    pid: int
    socket: Path

    def resources(self) -> Resources:
        """The threads and descriptors that it has now."""
        process = Path(f"/proc/{self.pid}")
        return Resources(*(len(list((process / kind).iterdir())) for kind in ("task", "fd")))

    def rested(self) -> Resources:
        """What it has once it has made a volume, and the threads have ended that were at work."""
        client = Client(self.socket)
        client.ask("POST", "/volumes/create", {"Name": "first", "Driver": "local"})
        client.close()
        return self._once(lambda now: now.threads == 1)

    def settled(self, before: Resources) -> Resources:
        """What it has once what was going on has ended."""
        return self._once(
            lambda now: now.threads <= before.threads and now.descriptors <= before.descriptors + KEPT
        )

    def _once(self, condition: Callable[[Resources], bool]) -> Resources:
        end = time.monotonic() + PATIENCE
        while not condition(now := self.resources()) and time.monotonic() < end:
            time.sleep(0.05)
        return now


class Client(HTTPConnection):
    """A client on a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=2 * PATIENCE)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))

    def ask(self, method: str, path: str, document: object = None) -> int:
        """Send a request; the status of the answer, which is read to its end."""
        body = None if document is None else json.dumps(document)
        self.request(method, path, body, {} if body is None else {"Content-Type": "application/json"})
        with self.getresponse() as answer:
            answer.read()
            return answer.status


@dataclass
class Load:
    """What became of the requests to the local driver: seconds that each took, and those that failed."""

    path: Path
    ended: threading.Event = field(default_factory=threading.Event)
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def run(self, seconds: float) -> None:
        """Have all clients work for so long."""
        threads = [threading.Thread(target=self._work, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        self.ended.wait(seconds)
        self.ended.set()
        for thread in threads:
            thread.join()

    def _work(self, client: int) -> None:
        connection = Client(self.path)
        try:
            number = 0
            while not self.ended.is_set():
                self._round(connection, f"local-{client}-{number}")
                number += 1
        except (OSError, HTTPException) as error:
            self.failures.append(repr(error))
        finally:
            connection.close()

    def _round(self, connection: Client, name: str) -> None:
        for method, path, document in (
            ("POST", "/volumes/create", {"Name": name, "Driver": "local"}),
            ("GET", f"/volumes/{name}", None),
            ("GET", OF_LOCAL, None),
            ("DELETE", f"/volumes/{name}", None),
        ):
            begin = time.perf_counter()
            status = connection.ask(method, path, document)
            self.seconds.append(time.perf_counter() - begin)
            if status not in (200, 201, 204):
                self.failures.append(f"{status} to {method} {path}")


class Outcome(NamedTuple):
    """What a time under load was like.

    Attributes:
        load: The requests to the local driver.
        calls: How often hostile plugins were called.
        kills: How often one of them was killed.
        before: What the engine had before.
        after: What it had once all was over.
    """

    load: Load
    calls: int
    kills: int
    before: Resources
    after: Resources


def alone(engine: Engine, seconds: float) -> Load:
    """Use local volumes with no plugin there."""
    load = Load(engine.socket)
    load.run(seconds)
    return load


def beside_hostile_plugins(engine: Engine, plugins: Path, seconds: float) -> Outcome:
    """Use local volumes while one plugin hangs, one answers garbage and one is killed again and again.

    Args:
        engine: The engine.
        plugins: Where it looks for plugins.
        seconds: How long.
    """
    before = engine.rested()
    load = Load(engine.socket)
    with hostile_plugins(plugins) as (let_go, kills), _callers(engine.socket) as calls:
        load.run(seconds)
        counted = calls(), kills()
        let_go()
    return Outcome(load, *counted, before, engine.settled(before))


@contextmanager
def hostile_plugins(folder: Path) -> Iterator[tuple[Callable[[], None], Callable[[], int]]]:
    """The three plugins; what lets the hanging one go, and how often the third was killed."""
    hanging = hostile.Hanging()
    with ExitStack() as stack:
        for name, behaviour in (("hang", hanging), ("garbage", hostile.LIES["garbage"])):
            stack.callback(hostile.Plugin(folder / f"{name}.sock", behaviour).kill)
        stack.callback(hanging.let_go.set)
        kills = stack.enter_context(hostile.killed_again_and_again(folder / "killed.sock"))
        yield hanging.let_go.set, kills


@contextmanager
def _callers(path: Path) -> Iterator[Callable[[], int]]:
    """Threads that have each hostile plugin called, and all volumes listed; how often they did."""
    ended = threading.Event()
    counts: list[None] = []
    requests = [
        *(("POST", "/volumes/create", {"Name": f"of-{name}", "Driver": name}) for name in HOSTILE),
        ("GET", "/volumes", None),
    ]

    def call(method: str, address: str, document: object) -> None:
        connection = Client(path)
        while not ended.is_set():
            with suppress(OSError, HTTPException):
                connection.ask(method, address, document)
            counts.append(None)
            ended.wait(PAUSE)
        connection.close()

    threads = [threading.Thread(target=call, args=request) for request in requests]
    for thread in threads:
        thread.start()
    try:
        yield lambda: len(counts)
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def checked(root: Path) -> Sequence[str]:
    """What `python -m runtime check` finds in the root of an engine that has ended."""
    command = [sys.executable, "-m", "runtime", "check", "--root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return () if done.returncode == 0 else (done.stdout + done.stderr).splitlines()
