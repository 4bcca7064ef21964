"""Engines to talk to: ours as `python -m runtime serve`, and Debian's dockerd."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from runtime.examples.packing import pack
from tests.sockets import with_own_plugins

PROJECT = Path(__file__).resolve().parents[3]
START = 120.0
"""Seconds that an engine gets to start, answer and stop; far more than it needs, on a busy machine too."""


def program(name: str, package: str) -> str:
    """A program's path; a test that needs it is skipped where its package is not installed."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/bin")
    if found is None:
        pytest.skip(f"needs Debian's package {package}")
    return found


class Connection(HTTPConnection):
    """HTTP on a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("docker", timeout=START)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Engine:
    """A running engine: where it listens, where it keeps what it has, and its process."""

    command: Sequence[str]
    host: str
    root: Path
    log: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def plugins(self) -> Path:
        """Where it looks for the sockets of legacy plugins."""
        return Path(self.host.removeprefix("unix://")).parent / "plugins"

    def start(self, **options: Any) -> Engine:
        """Start it, and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, **{"cwd": PROJECT, **options}
            )
        self.wait_until(self.answers)
        return self

    def answers(self) -> bool:
        try:
            return self.ask("GET", "/_ping").status == 200
        except OSError:
            return False

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer to a request; what is neither bytes nor None is sent as JSON."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = Connection(self.host.removeprefix("unix://"))
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def wait_until(self, true: Callable[[], bool]) -> None:
        """Wait for something to become true while the engine runs."""
        assert self.process is not None
        end = time.monotonic() + START
        while not true():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.01)

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it by a signal, and return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        try:
            return self.process.wait(START)
        finally:
            self.process.kill()
            self.process = None


class Engines:
    """Makes engines in a directory with a short path, and stops those that still run at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: list[Engine] = []

    def ours(self, *options: str, name: str = "o", root: Path | None = None) -> Engine:
        """An engine of ours, by its options; one of the same name has the same root."""
        folder = self._folder(name)
        (folder / "plugins").mkdir(exist_ok=True)
        root = root or folder / "r"
        command = [
            sys.executable,
            "-m",
            "runtime",
            "serve",
            "--root",
            str(root),
            "--exec-root",
            f"{folder}/x",
        ]
        command += ["--host", f"unix://{folder}/s", "--plugins-dir", f"{folder}/plugins", *options]
        return self._keep(Engine(command, f"unix://{folder}/s", root, folder / "log"))

    def dockerd(self, *, name: str = "d", root: Path | None = None) -> Engine:
        """Debian's engine."""
        program("containerd", "containerd")
        dockerd = program("dockerd", "docker.io")
        if os.geteuid() != 0:
            pytest.skip("dockerd needs root")
        folder = self._folder(name)
        (folder / "empty.json").write_text("{}")
        root = root or folder / "r"
        command = [dockerd, "--config-file", f"{folder}/empty.json", "-H", f"unix://{folder}/s"]
        command += ["--data-root", str(root), "--exec-root", f"{folder}/x", "--pidfile", f"{folder}/pid"]
        command += ["--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs"]
        command = with_own_plugins(folder / "plugins", command)
        return self._keep(Engine(command, f"unix://{folder}/s", root, folder / "log"))

    def stop(self) -> None:
        for engine in self.made:
            if engine.process is not None:
                engine.stop()

    def _folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder

    def _keep(self, engine: Engine) -> Engine:
        self.made.append(engine)
        return engine


@contextmanager
def making_engines() -> Iterator[Engines]:
    with TemporaryDirectory(prefix="e", dir="/tmp") as made:
        engines = Engines(Path(made))
        try:
            yield engines
        finally:
            engines.stop()


@pytest.fixture
def engines() -> Iterator[Engines]:
    """What makes engines."""
    with making_engines() as made:
        yield made


@pytest.fixture(scope="module")
def shared_engine() -> Iterator[Engine]:
    with making_engines() as made:
        yield made.ours().start()


@pytest.fixture
def engine(shared_engine: Engine) -> Iterator[Engine]:
    """An engine of ours without volumes and plugins; its events are those of earlier tests too."""
    yield shared_engine
    for volume in shared_engine.ask("GET", "/volumes").json()["Volumes"]:
        shared_engine.ask("DELETE", f"/volumes/{volume['Name']}?force=1")
    for plugin in shared_engine.ask("GET", "/plugins").json():
        shared_engine.ask("DELETE", f"/plugins/{plugin['Name']}?force=1")


@pytest.fixture
def new_engine(engines: Engines) -> Engine:
    """An engine of ours for one test."""
    return engines.ours().start()


@dataclass(frozen=True)
class Watched:
    """An engine that is asked what no honest client asks, and every place it could reach by mistake."""

    engine: Engine
    port: int
    outside: Path

    def sizes(self) -> tuple[int, int]:
        """How many threads and how many open files the engine has."""
        assert self.engine.process is not None
        own = Path(f"/proc/{self.engine.process.pid}")
        return len(list((own / "task").iterdir())), len(list((own / "fd").iterdir()))


def contents(folder: Path) -> dict[str, tuple[int, bytes | None]]:
    """Everything below a folder: modes and what is in files."""
    return {
        str(path): (path.lstat().st_mode, path.read_bytes() if path.is_file() else None)
        for path in folder.rglob("*")
    }


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    """An engine on a socket and a port; in the end its root is sound, and nothing else has changed."""
    with making_engines() as made:
        engine = made.ours("--host", "tcp://127.0.0.1:0")
        outside = engine.root.parent / "outside"
        for name in ("work", "home", "own"):
            (outside / name).mkdir(parents=True)
            (outside / name / "precious").write_text("mine")
        before = contents(outside)
        places = {"HOME": f"{outside}/home", "TMPDIR": f"{outside}/own", "PYTHONPATH": str(PROJECT)}
        engine.start(cwd=outside / "work", env={**os.environ, **places})
        engine.wait_until(lambda: "tcp://127.0.0.1:" in engine.said())
        yield Watched(engine, int(engine.said().split("tcp://127.0.0.1:")[1].split('"')[0]), outside)
        assert engine.stop() == 0
        assert contents(outside) == before
        assert "Traceback" not in engine.said()
        check = [sys.executable, "-m", "runtime", "check", "--root", str(engine.root)]
        subprocess.run(check, cwd=PROJECT, check=True)


@pytest.fixture(scope="module")
def module_engines() -> Iterator[tuple[Engine, Engine]]:
    """Debian's engine and ours, for all tests of a module."""
    with making_engines() as made:
        yield made.dockerd().start(), made.ours().start()


@dataclass(frozen=True)
class Disks:
    """Disks that are files, with file systems on them; only root may mount them."""

    folder: Path

    def made(self, kind: str, package: str, size: int) -> Path:
        """A disk of so many bytes."""
        if os.geteuid() != 0:
            pytest.skip("file systems are mounted by root only")
        image = self.folder / "disk"
        with image.open("wb") as file:
            file.truncate(size)
        subprocess.run([program(f"mkfs.{kind}", package), "-q", str(image)], check=True)
        return image

    @contextmanager
    def mounted(self, image: Path, options: str = "") -> Iterator[Path]:
        """Where what is on a disk can be found meanwhile."""
        place = self.folder / "mounted"
        place.mkdir(exist_ok=True)
        told = ",".join(filter(None, ("loop", options)))
        done = subprocess.run(
            ["mount", "-o", told, str(image), str(place)], check=False, capture_output=True, text=True
        )
        if done.returncode:
            pytest.skip(f"{image.name} cannot be mounted here: {done.stderr.strip()}")
        try:
            yield place
        finally:
            subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def disks(tmp_path: Path) -> Disks:
    """What makes disks."""
    return Disks(tmp_path)


@pytest.fixture(scope="session")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example plugin, as `docker plugin create` takes it."""
    return pack(tmp_path_factory.mktemp("packed") / "plugin")


@dataclass(frozen=True)
class Docker:
    """The `docker` command, told to talk to one engine."""

    path: str
    config: Path

    def __call__(self, host: str, *words: str) -> subprocess.CompletedProcess[str]:
        environment = self.environment(host)
        command = [self.path, *words]
        return subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=60, check=False
        )

    def environment(self, host: str) -> dict[str, str]:
        return {**os.environ, "DOCKER_HOST": host, "DOCKER_CONFIG": str(self.config)}

    @contextmanager
    def open(self, host: str, *words: str) -> Iterator[subprocess.Popen[str]]:
        """A command that runs on."""
        with subprocess.Popen(
            [self.path, *words], stdout=subprocess.PIPE, text=True, env=self.environment(host)
        ) as running:
            try:
                yield running
            finally:
                running.kill()

    def says(self, host: str, *words: str) -> list[str]:
        """The lines of a command that must succeed."""
        done = self(host, *words)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout.splitlines()

    def refuses(self, host: str, *words: str) -> str:
        """The complaint of a command that must fail."""
        done = self(host, *words)
        assert done.returncode == 1, done
        return done.stderr.strip()


def clients() -> list[str]:
    """The `docker` commands here: the one on PATH, and that of Debian's docker.io if it is another."""
    found = [shutil.which("docker"), shutil.which("docker", path="/usr/bin")]
    return list(dict.fromkeys(path for path in found if path)) or ["docker"]


@pytest.fixture(params=clients())
def docker(request: pytest.FixtureRequest, tmp_path: Path) -> Docker:
    """Each `docker` command that there is."""
    return Docker(program(request.param, "docker.io"), tmp_path)
