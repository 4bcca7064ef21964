"""Real repositories made in a temporary folder, and a real git server that can be stopped or stalled."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from hashlib import md5, sha256
from pathlib import Path

import pytest

from annotator.config import Config

Git = Callable[..., str]

AUTHOR = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z",
}


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What git and apt are told on this machine stays out of the tests."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture(scope="session")
def git() -> Git:
    """Runs git in a folder, with nobody's settings; gives its output without the last newline."""

    def run(folder: Path, *arguments: str, given: bytes = b"") -> str:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            input=given,
            capture_output=True,
            check=True,
            env={**os.environ, **AUTHOR},
        )
        return done.stdout.decode().rstrip("\n")

    return run


@pytest.fixture
def repository(tmp_path: Path, made_repository: Path) -> Path:
    """A repository of three commits: v1.2.0 and v1.10.0 light, v2.0.0 annotated, branch `side` at v1.2.0."""
    return Path(shutil.copytree(made_repository, tmp_path / "origin", symlinks=True))


@pytest.fixture(scope="session")
def made_repository(tmp_path_factory: pytest.TempPathFactory, git: Git) -> Path:
    """The repository that each test gets a copy of."""
    folder = tmp_path_factory.mktemp("made") / "origin"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main", "--template=")
    git(folder, "config", "uploadpack.allowFilter", "true")
    for number, tag in enumerate(("v1.2.0", "v1.10.0", "v2.0.0")):
        (folder / "store").mkdir(exist_ok=True)
        (folder / "store" / "store.go").write_text(f"package store // {number}\n")
        (folder / f"file{number}.go").write_text(f"package main // {number}\n")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", f"Step {number}")
        git(folder, "tag", *(["-a", "-m", "Two"] if tag == "v2.0.0" else []), tag)
    git(folder, "branch", "side", "v1.2.0")
    return folder


class Server:
    """A git server on a local port: `git daemon` behind a relay that counts, and stalls if told to."""

    def __init__(self, base: Path) -> None:
        self.connections = 0
        self.stall_after: int | None = None
        self.stalled = threading.Event()
        self.resumed = threading.Event()
        self._base = base
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"git://127.0.0.1:{self._listener.getsockname()[1]}/origin"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self.resumed.set()
        if self._listener.fileno() >= 0:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        ours, theirs = socket.socketpair()
        command = ["git", "daemon", "--inetd", "--export-all", f"--base-path={self._base}", str(self._base)]
        with (
            connection,
            ours,
            subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL),
        ):
            theirs.close()
            asking = threading.Thread(target=_relay, args=(connection, ours))
            asking.start()
            self._answer(ours, connection)
            for end in (connection, ours):
                _shut(end)
            asking.join()

    def _answer(self, source: socket.socket, target: socket.socket) -> None:
        passed = 0
        while data := _received(source):
            if self.stall_after is not None and passed + len(data) > self.stall_after:
                _sent(target, data[: self.stall_after - passed])
                self.stalled.set()
                self.resumed.wait()
                return
            passed += len(data)
            if not _sent(target, data):
                return


def _relay(source: socket.socket, target: socket.socket) -> None:
    while data := _received(source):
        if not _sent(target, data):
            return
    try:
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


def _received(source: socket.socket) -> bytes:
    try:
        return source.recv(65536)
    except OSError:
        return b""


def _sent(target: socket.socket, data: bytes) -> bool:
    try:
        target.sendall(data)
    except OSError:
        return False
    return True


def _shut(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


@pytest.fixture
def server(repository: Path) -> Iterator[Server]:
    """The repository, served."""
    exec_path = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout
    if not (Path(exec_path.strip()) / "git-daemon").exists():
        pytest.skip("needs git-daemon (Debian's package git has it)")
    server = Server(repository.parent)
    yield server
    server.close()


@pytest.fixture
def config() -> Config:
    """Settings of a project that annotates the repository."""
    return Config(repository="https://example.org/origin", baseline="v1.2.0", debian="origin.go")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache folder that does not exist yet."""
    return tmp_path / "cache"


# ── A small mirror of Debian ─────────────────────────────────────────────────────────────────────


@pytest.fixture
def mirror(tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Adds a suite with versions of origin.go to a signed mirror, the one that apt's sources name here."""
    monkeypatch.setenv("GNUPGHOME", str(keys))
    root = tmp_path / "debian"
    parts = tmp_path / "parts"
    parts.mkdir()
    (parts / "own.list").write_text(f"deb [signed-by={keys / 'mirror.gpg'}] copy:{root} stable main\n")
    settings = tmp_path / "apt.conf"
    settings.write_text(f'Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "{parts}";\n')
    monkeypatch.setenv("APT_CONFIG", str(settings))
    return lambda suite, *versions: _publish(root, suite, versions)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A GnuPG home with one key, and the public half in `mirror.gpg`."""
    for tool, package in (("apt-get", "apt"), ("gpg", "gnupg"), ("gpgconf", "gnupg")):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool} (Debian's package {package})")
    home = tmp_path_factory.mktemp("gpg")
    home.chmod(0o700)
    gpg = ["gpg", "--quiet", "--homedir", str(home), "--batch"]
    key = ("--passphrase", "", "--quick-gen-key", "mirror@example.org", "rsa2048", "sign", "never")
    subprocess.run([*gpg, *key], check=True, capture_output=True)
    subprocess.run([*gpg, "--output", str(home / "mirror.gpg"), "--export"], check=True, capture_output=True)
    yield home
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True, capture_output=True)


def _publish(root: Path, suite: str, versions: tuple[str, ...]) -> None:
    sources = root / "dists" / suite / "main" / "source"
    sources.mkdir(parents=True)
    (root / "pool").mkdir(exist_ok=True)
    listing = "\n".join(_packaged(root / "pool", version) for version in versions).encode()
    (sources / "Sources").write_bytes(listing)
    release = (
        f"Origin: Test\nSuite: {suite}\nCodename: {suite}\nDate: Wed, 01 Jan 2020 00:00:00 UTC\n"
        f"Components: main\nArchitectures: amd64\nAcquire-By-Hash: no\nSHA256:\n"
        f" {sha256(listing).hexdigest()} {len(listing)} main/source/Sources\n"
    )
    sign = ["gpg", "--quiet", "--batch", "--clearsign"]
    signed = subprocess.run(sign, input=release.encode(), check=True, capture_output=True)
    (root / "dists" / suite / "InRelease").write_bytes(signed.stdout)


def _packaged(pool: Path, version: str) -> str:
    """Put a source package into the pool; its stanza for the list."""
    dsc, tarball = f"origin.go_{version}.dsc", f"origin.go_{version.rpartition('-')[0]}.orig.tar.gz"
    (pool / dsc).write_text(f"Source: origin.go\nVersion: {version}\n")
    (pool / tarball).write_bytes(_orig(version.rpartition("-")[0]))
    files = [(file, (pool / file).read_bytes()) for file in (dsc, tarball)]
    return (
        f"Package: origin.go\nFormat: 3.0 (quilt)\nBinary: origin.go\nArchitecture: any\n"
        f"Version: {version}\nDirectory: pool\nFiles:\n"
        + "".join(
            f" {md5(data, usedforsecurity=False).hexdigest()} {len(data)} {file}\n" for file, data in files
        )
        + "Checksums-Sha256:\n"
        + "".join(f" {sha256(data).hexdigest()} {len(data)} {file}\n" for file, data in files)
    )


def _orig(release: str) -> bytes:
    data = io.BytesIO()
    content = f"package main // {release}\n\nfunc main() {{}}\n".encode()
    info = tarfile.TarInfo(f"origin-{release}/engine/main.go")
    info.size = len(content)
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        archive.addfile(info, io.BytesIO(content))
    return data.getvalue()
